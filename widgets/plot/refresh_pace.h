// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

#include <QElapsedTimer>
#include <QTimer>

class QWidget;

namespace quantarium::widgets {

/// When a panel redraws: soon after a person changed something, at a calm pace while a run reports news, not
/// at all while nobody sees it. Every redraw takes time from the training threads; two a second look alive.
///
/// Thread: the GUI's.
class RefreshPace {
public:
    static constexpr int kSoonMs = 40;  ///< after a person's action; collects what happens together
    static constexpr int kLiveMs = 500; ///< least time between two redraws for news from a run

    /// `refresh` is called while `panel` is visible, or when it is shown.
    RefreshPace(QWidget* panel, std::function<void()> refresh);

    /// A person changed something.
    void request() { schedule(kSoonMs); }
    /// A run reported something.
    void requestLive();
    /// To be called from the panel's showEvent: redraws if something changed meanwhile.
    void shown();
    /// To be called where the panel redraws for a reason of its own.
    void refreshed();

private:
    void schedule(int ms);

    QWidget* m_panel;
    std::function<void()> m_refresh;
    QTimer m_timer;
    QElapsedTimer m_sinceRefresh;
    bool m_stale = true;
};

} // namespace quantarium::widgets
