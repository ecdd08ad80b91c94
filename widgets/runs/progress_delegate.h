// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStyledItemDelegate>

#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// Draws RunsModel::ProgressRole as a bar with its percentage.
class ProgressDelegate : public QStyledItemDelegate {
    Q_OBJECT
public:
    explicit ProgressDelegate(QObject* parent = nullptr)
        : QStyledItemDelegate(parent), m_theme(Theme::current()) {}

    void setTheme(const Theme& theme) { m_theme = theme; }
    void paint(QPainter* painter, const QStyleOptionViewItem& option,
               const QModelIndex& index) const override;

private:
    Theme m_theme;
};

} // namespace quantarium::widgets
