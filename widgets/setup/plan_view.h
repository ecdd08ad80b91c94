// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QTreeWidget>
#include <QWidget>

#include "core/run/events.h"

namespace quantarium::widgets {

/// Each layer of a planned run. The remark has all the width that the other columns leave, and never less
/// than can be read: the table scrolls sideways where it is narrow.
class LayerTable : public QTreeWidget {
    Q_OBJECT
public:
    LayerTable();

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void fitRemarks();
};

/// What the configured run will be like, before it starts: memory at these bits and MACs in two lines; on
/// demand parameters, multiplications, training memory, and each layer's method,
/// levels and what it multiplies.
class PlanView : public QWidget {
    Q_OBJECT
public:
    explicit PlanView(QWidget* parent = nullptr);

    void showReport(const RunReport& report);
    void showReason(const QString& reason); ///< instead of a plan
    QString text() const { return m_summary->text(); }
    QString details() const { return m_details->text(); }

private:
    void fillLayers(const RunReport& report);

    QLabel* m_summary = nullptr;
    QLabel* m_details = nullptr;
    LayerTable* m_layers = nullptr;
};

} // namespace quantarium::widgets
