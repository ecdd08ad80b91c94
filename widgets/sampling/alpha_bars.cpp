// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/alpha_bars.h"

#include <algorithm>

#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr double kBarShare = 0.64; // of a bar's slot

QString valueText(double value) {
    return value >= 0.0005 ? QString::number(value, 'f', 3) : numberText(value, 2);
}

} // namespace

AlphaBars::AlphaBars(QWidget* parent) : DrawnWidget(parent) {
    setObjectName(QStringLiteral("alphaBars"));
    setAccessibleName(tr("Bars of α"));
    setToolTip(tr("Drag a bar, or choose it with ← → and change it with ↑ ↓"));
    setCursor(Qt::SizeVerCursor);
    describe();
}

void AlphaBars::setAlpha(const std::vector<double>& alpha) {
    m_alpha = alpha;
    m_selected = std::clamp(m_selected, 0, std::max(0, int(alpha.size()) - 1));
    describe();
    update();
    emit changed();
}

void AlphaBars::setNames(const QStringList& names) {
    m_names = names;
    update();
}

void AlphaBars::describe() {
    QStringList values;
    for (const double value : m_alpha)
        values.append(valueText(value));
    setAccessibleDescription(
        tr("α = %1; bar %2 is chosen").arg(values.join(QStringLiteral(", "))).arg(m_selected + 1));
}

QRectF AlphaBars::barArea(const QRectF& area) const {
    const double line = QFontMetricsF(font()).height();
    return area.adjusted(8, 2 * line + 4, -8, -line - 8);
}

QPointF AlphaBars::place(int bar, double value) const {
    const QRectF area = barArea(rect());
    const double slot = area.width() / double(m_alpha.size());
    return {area.left() + (bar + 0.5) * slot,
            area.bottom() - std::clamp(value, 0.0, kHighest) * area.height()};
}

void AlphaBars::draw(QPainter& painter, const QRectF& area) {
    const QRectF bars = barArea(area);
    const double line = QFontMetricsF(font()).height();
    const double slot = bars.width() / double(m_alpha.size());
    painter.setPen(theme().text);
    painter.drawText(QRectF(area.left() + 8, area.top() + 2, area.width() - 16, line), Qt::AlignLeft,
                     tr("α (weights of the categories)"));
    QFont small = font();
    const double widest = QFontMetricsF(font()).horizontalAdvance(QStringLiteral("0.000 "));
    if (widest > slot) small.setPointSizeF(std::max(6.0, small.pointSizeF() * slot / widest));
    painter.setFont(small);
    for (int k = 0; k < int(m_alpha.size()); ++k) {
        const double left = bars.left() + k * slot;
        const double height = std::clamp(m_alpha[std::size_t(k)], 0.0, kHighest) * bars.height();
        const QRectF bar(left + slot * (1 - kBarShare) / 2, bars.bottom() - height, slot * kBarShare, height);
        QColor colour = theme().runColour(k);
        painter.setPen(QPen(k == m_selected && hasFocus() ? theme().accent : colour,
                            k == m_selected && hasFocus() ? 2.5 : 1));
        colour.setAlphaF(0.55F);
        painter.setBrush(colour);
        painter.drawRect(bar);
        painter.setPen(theme().text);
        painter.drawText(QRectF(left, bar.top() - line - 1, slot, line), Qt::AlignCenter,
                         valueText(m_alpha[std::size_t(k)]));
        painter.setPen(theme().mutedText);
        const QString name = k < m_names.size() ? m_names[k] : QString::number(k + 1);
        painter.drawText(QRectF(left, bars.bottom() + 2, slot, line), Qt::AlignCenter, name);
    }
    painter.setPen(QPen(theme().axis, 1));
    painter.drawLine(bars.bottomLeft(), bars.bottomRight());
}

void AlphaBars::setValue(int bar, double value) {
    m_selected = bar;
    m_alpha[std::size_t(bar)] = std::clamp(value, kLowest, kHighest);
    describe();
    update();
    emit changed();
}

void AlphaBars::dragTo(const QPointF& position) {
    const QRectF area = barArea(rect());
    setValue(m_selected, (area.bottom() - position.y()) / area.height());
}

void AlphaBars::mousePressEvent(QMouseEvent* event) {
    if (event->button() != Qt::LeftButton) return;
    const QRectF area = barArea(rect());
    const int bar = int((event->position().x() - area.left()) / area.width() * double(m_alpha.size()));
    m_selected = std::clamp(bar, 0, int(m_alpha.size()) - 1);
    dragTo(event->position());
}

void AlphaBars::mouseMoveEvent(QMouseEvent* event) {
    if (event->buttons().testFlag(Qt::LeftButton)) dragTo(event->position());
}

void AlphaBars::keyPressEvent(QKeyEvent* event) {
    const double step = event->modifiers().testFlag(Qt::ShiftModifier) ? 0.005 : 0.05;
    const double value = m_alpha[std::size_t(m_selected)];
    switch (event->key()) {
    case Qt::Key_Left:
        m_selected = std::max(0, m_selected - 1);
        break;
    case Qt::Key_Right:
        m_selected = std::min(int(m_alpha.size()) - 1, m_selected + 1);
        break;
    case Qt::Key_Up:
        setValue(m_selected, value + step);
        break;
    case Qt::Key_Down:
        setValue(m_selected, value - step);
        break;
    case Qt::Key_PageUp:
        setValue(m_selected, value * 2);
        break;
    case Qt::Key_PageDown:
        setValue(m_selected, value / 2);
        break;
    default:
        DrawnWidget::keyPressEvent(event);
        return;
    }
    describe();
    update();
}

} // namespace quantarium::widgets
