// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/panels.h"

#include "widgets/curves/curves_panel.h"
#include "widgets/sampling/sampling_panel.h"
#include "widgets/weights/weights_panel.h"

namespace quantarium::widgets {

namespace {

template <class Panel>
PanelEntry entry(const char* id, const QString& title, RunSource* source, QWidget* parent) {
    auto* panel = new Panel(source, parent);
    panel->setObjectName(QString::fromLatin1(id));
    return {QString::fromLatin1(id),
            title,
            QString::fromLatin1(id),
            panel,
            [panel](const Theme& theme) { panel->setTheme(theme); },
            panel};
}

} // namespace

std::vector<PanelEntry> makePanels(RunSource* source, QWidget* parent) {
    return {
        entry<CurvesPanel>("curves", QObject::tr("Curves"), source, parent),
        entry<WeightsPanel>("weights", QObject::tr("Weights"), source, parent),
        entry<SamplingPanel>("sampling", QObject::tr("Sampling"), source, parent),
    };
}

} // namespace quantarium::widgets
