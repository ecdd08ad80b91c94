// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/runs/progress_delegate.h"

#include <algorithm>

#include <QApplication>
#include <QPainter>

#include "widgets/models/runs_model.h"

namespace quantarium::widgets {

void ProgressDelegate::paint(QPainter* painter, const QStyleOptionViewItem& option,
                             const QModelIndex& index) const {
    QStyleOptionViewItem background = option;
    initStyleOption(&background, index);
    background.text.clear();
    const auto* style = option.widget ? option.widget->style() : QApplication::style();
    style->drawControl(QStyle::CE_ItemViewItem, &background, painter, option.widget);

    const double share = std::clamp(index.data(RunsModel::ProgressRole).toDouble(), 0.0, 1.0);
    const int textWidth = option.fontMetrics.horizontalAdvance(QStringLiteral("100 %")) + 6;
    QRectF track(option.rect.adjusted(6, 0, -textWidth - 6, 0));
    track = QRectF(track.left(), track.center().y() - 3, std::max(0.0, track.width()), 6);
    painter->save();
    painter->setRenderHint(QPainter::Antialiasing);
    painter->setPen(Qt::NoPen);
    painter->setBrush(m_theme.border);
    painter->drawRoundedRect(track, 3, 3);
    if (share > 0) {
        painter->setBrush(share >= 1 ? m_theme.good : m_theme.accent);
        painter->drawRoundedRect(
            QRectF(track.left(), track.top(), std::max(6.0, track.width() * share), track.height()), 3, 3);
    }
    painter->setPen(m_theme.text);
    painter->drawText(option.rect.adjusted(0, 0, -6, 0), Qt::AlignRight | Qt::AlignVCenter,
                      index.data().toString());
    painter->restore();
}

} // namespace quantarium::widgets
