// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/sampling/simplex_view.h"

#include <algorithm>
#include <cmath>

#include <QPainter>
#include <QPolygonF>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

constexpr double kLargestDisc = 24; // radius at a share of 100 %
constexpr int kRoom = 74;           // around the triangle, for corners and their labels

} // namespace

SimplexView::SimplexView(QWidget* parent) : DrawnWidget(parent) {
    setObjectName(QStringLiteral("simplex"));
    setAccessibleName(tr("Samples on the 3-simplex"));
}

void SimplexView::setResult(std::shared_ptr<const GumbelResult> result) {
    m_result = std::move(result);
    update();
}

QPointF SimplexView::place(const QRectF& area, const std::vector<double>& y) const {
    const QRectF room = area.adjusted(kRoom, kRoom, -kRoom, -kRoom);
    const double side = std::max(10.0, std::min(room.width(), room.height() * 2 / std::sqrt(3.0)));
    const double height = side * std::sqrt(3.0) / 2;
    const QPointF left(room.center().x() - side / 2, room.center().y() + height / 2);
    const QPointF top = left + QPointF(side / 2, -height), right = left + QPointF(side, 0);
    return left * y[0] + top * y[1] + right * y[2];
}

void SimplexView::drawCorners(QPainter& painter, const QRectF& area) const {
    const double line = QFontMetricsF(font()).height();
    const auto total = double(m_result->request.samples);
    for (std::size_t k = 0; k < 3; ++k) {
        std::vector<double> corner(3, 0.0);
        corner[k] = 1;
        const QPointF at = place(area, corner);
        const double share = double(m_result->counts[k]) / total;
        QColor colour = theme().runColour(int(k));
        painter.setPen(QPen(colour, 1.5));
        colour.setAlphaF(0.45F);
        painter.setBrush(colour);
        painter.drawEllipse(at, kLargestDisc * std::sqrt(share), kLargestDisc * std::sqrt(share));
        painter.setPen(theme().text);
        const double y = k == 1 ? at.y() - kLargestDisc - line - 4 : at.y() + kLargestDisc + 4;
        painter.drawText(QRectF(at.x() - 110, y, 220, line), Qt::AlignCenter,
                         tr("category %1: %2").arg(k + 1).arg(percentText(share)));
    }
}

void SimplexView::draw(QPainter& painter, const QRectF& area) {
    if (!m_result || m_result->request.logits.size() != 3) return;
    painter.setPen(QPen(theme().axis, 1));
    painter.setBrush(Qt::NoBrush);
    painter.drawPolygon(QPolygonF({place(area, {1, 0, 0}), place(area, {0, 1, 0}), place(area, {0, 0, 1})}));
    painter.setPen(Qt::NoPen);
    for (std::size_t i = 0; i < m_result->points.size(); ++i) {
        QColor colour = theme().runColour(int(m_result->pointChoices[i]));
        colour.setAlphaF(0.35F);
        painter.setBrush(colour);
        painter.drawEllipse(place(area, m_result->points[i]), 1.6, 1.6);
    }
    drawCorners(painter, area);
    const QPointF expected = place(area, m_result->probabilities);
    painter.setPen(QPen(theme().text, 2));
    painter.drawLine(expected - QPointF(7, 0), expected + QPointF(7, 0));
    painter.drawLine(expected - QPointF(0, 7), expected + QPointF(0, 7));
    const double line = QFontMetricsF(font()).height();
    painter.setPen(theme().mutedText);
    painter.drawText(
        QRectF(area.left() + 8, area.top() + 4, area.width() - 16, line), Qt::AlignLeft,
        tr("dots: %1 samples of Gumbel-Softmax · discs: shares of Gumbel-Max · cross: P(argmax), closed form")
            .arg(countText(std::int64_t(m_result->points.size()))));
}

} // namespace quantarium::widgets
