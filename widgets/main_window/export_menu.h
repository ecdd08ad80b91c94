// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <QMenu>
#include <QObject>

#include "widgets/bridge/run_desk.h"
#include "widgets/plot/exportable.h"

namespace quantarium::widgets {

/// Fills the Export menu each time it opens: the table of results in five formats, and what the current view
/// shows in the formats it offers. File dialogs don't block.
class ExportMenu : public QObject {
    Q_OBJECT
public:
    struct View {
        QString title;
        Exportable* exportable = nullptr;
    };

    /// @param runs the runs that the table of results has, in order; asked when it is written
    /// @param view the view shown now
    ExportMenu(QMenu* menu, RunDesk* desk, std::function<QStringList()> runs, std::function<View()> view);

    /// Writes the current view; what fails becomes message().
    void writeView(const QString& file);

signals:
    void message(quantarium::widgets::MessageKind kind, const QString& text);

private:
    void fill();
    void ask(const QString& title, const QString& name, const QString& ending,
             std::function<void(const QString&)> write);

    QMenu* m_menu;
    RunDesk* m_desk;
    std::function<QStringList()> m_runs;
    std::function<View()> m_view;
    QString m_folder; ///< where the last file went
};

} // namespace quantarium::widgets
