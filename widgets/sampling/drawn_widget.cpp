// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/drawn_widget.h"

#include <qcustomplot.h>

namespace quantarium::widgets {

DrawnWidget::DrawnWidget(QWidget* parent) : QWidget(parent), m_theme(Theme::current()) {
    setFocusPolicy(Qt::StrongFocus);
}

void DrawnWidget::setTheme(const Theme& theme) {
    m_theme = theme;
    update();
}

void DrawnWidget::paintFigure(QCPPainter& painter, const QSize& size) {
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setFont(font());
    draw(painter, QRectF(QPointF(0, 0), size));
}

void DrawnWidget::paintEvent(QPaintEvent*) {
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.fillRect(rect(), m_theme.base);
    draw(painter, rect());
    if (!hasFocus()) return;
    painter.setPen(QPen(m_theme.accent, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawRect(QRectF(rect()).adjusted(0.5, 0.5, -0.5, -0.5));
}

} // namespace quantarium::widgets
