// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QStackedWidget>
#include <QTableView>
#include <QWidget>

#include "widgets/models/runs_model.h"
#include "widgets/runs/progress_delegate.h"

namespace quantarium::widgets {

/// The Runs dock: all runs of the workspace, sortable and filterable, with what can be done to them in a
/// context menu. The row that is current is the run that Weights and Sampling show; checked rows are shown in
/// Curves.
class RunsPanel : public QWidget {
    Q_OBJECT
public:
    explicit RunsPanel(RunDesk* desk, QWidget* parent = nullptr);

    void setTheme(const Theme& theme);
    QStringList selectedRuns() const; ///< in the order shown
    QStringList shownRuns() const;    ///< what the filter leaves, in the order shown
    QString selectionAsTsv() const;   ///< selected rows, or all shown, with a heading
    QTableView* table() const { return m_table; }

    void focusFilter() { m_filter->setFocus(); }
    void pauseSelected();
    void resumeSelected();
    void stopSelected();
    void deleteSelected();

signals:
    void firstRunWanted(); ///< the button of the empty table

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    QWidget* makeEmptyPage();
    void makeTable();
    void fillMenu(QMenu& menu);
    void showEmptyOrTable();
    void followCurrent(const QString& id);
    void copySelection() const;
    QStringList selectedIn(std::initializer_list<RunState> states) const;

    RunDesk* m_desk;
    RunsModel* m_model = nullptr;
    RunsProxy* m_proxy = nullptr;
    QTableView* m_table = nullptr;
    ProgressDelegate* m_progress = nullptr;
    QLineEdit* m_filter = nullptr;
    QLabel* m_count = nullptr;
    QLabel* m_nothing = nullptr;
    QStackedWidget* m_pages = nullptr;
    Theme m_theme;
};

} // namespace quantarium::widgets
