// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/figure_file.h"

#include <QFileInfo>
#include <QImage>
#include <QMarginsF>
#include <QPageSize>
#include <QPdfWriter>
#include <QSaveFile>
#include <QSvgGenerator>
#include <QVector>
#include <QWidget>
#include <qcustomplot.h>

#include "core/base/error.h"

namespace quantarium::widgets {
namespace {

constexpr int kDotsPerInch = 96; // logical pixels

[[noreturn]] void fail(const QString& problem, const QString& file) {
    throw Error(ErrorKind::Storage, problem.toStdString(), file.toStdString(),
                "Choose a folder that exists, is writable and has room.");
}

void paintInto(QPaintDevice* device, const FigurePage& page, const QString& file, bool vector) {
    QCPPainter painter;
    if (!painter.begin(device)) fail(QStringLiteral("the file can't be written"), file);
    painter.setMode(QCPPainter::pmVectorized, vector);
    painter.setMode(QCPPainter::pmNoCaching);
    painter.fillRect(QRect(QPoint(0, 0), page.size), page.background);
    page.paint(painter);
    if (!painter.end()) fail(QStringLiteral("the picture was not written whole"), file);
}

void writePng(const FigurePage& page, QIODevice& device, const QString& file, double scale) {
    QImage image(page.size * scale, QImage::Format_ARGB32_Premultiplied);
    image.setDevicePixelRatio(scale);
    image.setDotsPerMeterX(qRound(kDotsPerInch * scale / 0.0254));
    image.setDotsPerMeterY(qRound(kDotsPerInch * scale / 0.0254));
    paintInto(&image, page, file, false);
    if (!image.save(&device, "PNG")) fail(QStringLiteral("the picture was not written whole"), file);
}

void writeSvg(const FigurePage& page, QIODevice& device, const QString& file) {
    QSvgGenerator generator;
    generator.setOutputDevice(&device);
    generator.setResolution(kDotsPerInch);
    generator.setSize(page.size);
    generator.setViewBox(QRect(QPoint(0, 0), page.size));
    generator.setTitle(page.title);
    generator.setDescription(QStringLiteral("Made with Quantarium"));
    paintInto(&generator, page, file, true);
}

void writePdf(const FigurePage& page, QIODevice& device, const QString& file) {
    QPdfWriter writer(&device);
    writer.setResolution(kDotsPerInch);
    writer.setTitle(page.title);
    writer.setCreator(QStringLiteral("Quantarium"));
    const QSizeF points = QSizeF(page.size) * 72.0 / kDotsPerInch;
    writer.setPageSize(QPageSize(points, QPageSize::Point, QString(), QPageSize::ExactMatch));
    writer.setPageMargins(QMarginsF(0, 0, 0, 0));
    paintInto(&writer, page, file, true);
}

} // namespace

FigurePage pageOf(QWidget& container, const QString& title, const QColor& background) {
    struct Placed {
        Figure* figure;
        QRect place;
    };
    QVector<Placed> placed;
    QRect all;
    for (QWidget* widget : container.findChildren<QWidget*>()) {
        auto* figure = dynamic_cast<Figure*>(widget);
        if (!figure || !widget->isVisibleTo(&container)) continue;
        const QRect place(widget->mapTo(&container, QPoint(0, 0)), widget->size());
        placed.append({figure, place});
        all |= place;
    }
    const auto paint = [placed, all](QCPPainter& painter) {
        for (const Placed& one : placed) {
            painter.save();
            painter.translate(one.place.topLeft() - all.topLeft());
            one.figure->paintFigure(painter, one.place.size());
            painter.restore();
        }
    };
    return {title, all.size(), background, paint};
}

void writeFigure(const FigurePage& page, const QString& file, double scale) {
    const QString ending = QFileInfo(file).suffix().toLower();
    QSaveFile device(file);
    if (!device.open(QIODevice::WriteOnly)) fail(device.errorString(), file);
    if (ending == QLatin1String("png")) {
        writePng(page, device, file, scale);
    } else if (ending == QLatin1String("svg")) {
        writeSvg(page, device, file);
    } else if (ending == QLatin1String("pdf")) {
        writePdf(page, device, file);
    } else {
        throw Error(ErrorKind::Storage, "pictures can't be written as '" + ending.toStdString() + "'",
                    file.toStdString(), "Use a name that ends in .png, .svg or .pdf.");
    }
    if (!device.commit()) fail(device.errorString(), file);
}

void writeText(const QString& text, const QString& file) {
    QSaveFile device(file);
    if (!device.open(QIODevice::WriteOnly)) fail(device.errorString(), file);
    const QByteArray bytes = text.toUtf8();
    if (device.write(bytes) != bytes.size() || !device.commit()) fail(device.errorString(), file);
}

QString csvField(const QString& text) {
    const bool quote = text.contains(QLatin1Char(',')) || text.contains(QLatin1Char('"')) ||
                       text.contains(QLatin1Char('\n'));
    if (!quote) return text;
    QString escaped = text;
    return QLatin1Char('"') + escaped.replace(QLatin1Char('"'), QLatin1String("\"\"")) + QLatin1Char('"');
}

QString csvLine(const QStringList& fields) {
    QStringList quoted;
    for (const QString& field : fields)
        quoted.append(csvField(field));
    return quoted.join(QLatin1Char(',')) + QLatin1Char('\n');
}

} // namespace quantarium::widgets
