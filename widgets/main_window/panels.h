// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>
#include <vector>

#include <QString>

#include "widgets/bridge/run_source.h"
#include "widgets/plot/exportable.h"
#include "widgets/theme/theme.h"

class QWidget;

namespace quantarium::widgets {

/// A view of the centre, as the main window needs it.
struct PanelEntry {
    QString id; ///< "curves"; also for --panel
    QString title;
    QString icon;
    QWidget* widget = nullptr;
    std::function<void(const Theme&)> setTheme;
    Exportable* exportable = nullptr; ///< null: nothing to export
};

/// All views, in the order of the tabs. One line in panels.cpp adds one more. The widgets belong to `parent`.
std::vector<PanelEntry> makePanels(RunSource* source, QWidget* parent);

} // namespace quantarium::widgets
