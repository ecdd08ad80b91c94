// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/theme/icons.h"

#include <QFile>
#include <QIconEngine>
#include <QPainter>
#include <QSvgRenderer>

namespace quantarium::widgets {

namespace {

/// Draws one SVG whose black is replaced by a colour; vectors all the way, so it is crisp at 200 %.
class SvgIconEngine : public QIconEngine {
public:
    SvgIconEngine(QByteArray normal, QByteArray disabled)
        : m_normal(std::move(normal)), m_disabled(std::move(disabled)) {}

    void paint(QPainter* painter, const QRect& rect, QIcon::Mode mode, QIcon::State) override {
        QSvgRenderer renderer(mode == QIcon::Disabled ? m_disabled : m_normal);
        renderer.render(painter, rect);
    }

    QPixmap pixmap(const QSize& size, QIcon::Mode mode, QIcon::State state) override {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(0, 0), size), mode, state);
        return pixmap;
    }

    QIconEngine* clone() const override { return new SvgIconEngine(m_normal, m_disabled); }

private:
    QByteArray m_normal;
    QByteArray m_disabled;
};

QByteArray inColour(QByteArray svg, const QColor& colour) {
    return svg.replace("#000000", colour.name().toUtf8());
}

} // namespace

QIcon colouredIcon(const QString& name, const QColor& normal, const QColor& disabled) {
    QFile file(QStringLiteral(":/quantarium/icons/%1.svg").arg(name));
    if (!file.open(QIODevice::ReadOnly)) return {};
    const auto svg = file.readAll();
    return QIcon(new SvgIconEngine(inColour(svg, normal), inColour(svg, disabled)));
}

QIcon themedIcon(const QString& name, const Theme& theme) {
    return colouredIcon(name, theme.text, theme.palette().color(QPalette::Disabled, QPalette::Text));
}

} // namespace quantarium::widgets
