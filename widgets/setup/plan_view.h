// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QTreeWidget>
#include <QWidget>

#include "core/run/events.h"

namespace quantarium::widgets {

/// What the configured run will be like, before it starts: parameters, memory at these bits, MACs, whether
/// multipliers are needed, training memory, and on demand each layer's levels.
class PlanView : public QWidget {
    Q_OBJECT
public:
    explicit PlanView(QWidget* parent = nullptr);

    void showReport(const RunReport& report);
    void showReason(const QString& reason); ///< instead of a plan
    QString text() const { return m_summary->text(); }

private:
    QLabel* m_summary = nullptr;
    QTreeWidget* m_layers = nullptr;
};

} // namespace quantarium::widgets
