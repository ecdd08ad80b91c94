// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <QColor>
#include <QSize>
#include <QString>
#include <QStringList>

class QCPPainter;
class QWidget;

namespace quantarium::widgets {

/// Something that paints itself into any painter: plots and our own drawn widgets.
class Figure {
public:
    virtual ~Figure() = default;
    virtual void paintFigure(QCPPainter& painter, const QSize& size) = 0;
};

/// A figure to be written: how large it is in logical pixels and how it paints itself into any painter.
struct FigurePage {
    QString title; ///< document title of SVG and PDF
    QSize size;
    QColor background;
    std::function<void(QCPPainter&)> paint;
};

/// All visible figures inside `container` (widgets that are a Figure), placed as on the screen.
FigurePage pageOf(QWidget& container, const QString& title, const QColor& background);

/// Writes a figure as PNG (at `scale` pixels for each logical one), SVG or PDF, picked by the file's ending;
/// SVG and PDF stay vectors. Throws Error(Storage) naming the file when it can't be written or the ending is
/// another one.
void writeFigure(const FigurePage& page, const QString& file, double scale = 2);

/// Writes a text file whole or not at all. Throws Error(Storage) naming the file.
void writeText(const QString& text, const QString& file);

/// One field of a CSV line, quoted where it must be (RFC 4180).
QString csvField(const QString& text);
/// A line from fields, with its end.
QString csvLine(const QStringList& fields);

} // namespace quantarium::widgets
