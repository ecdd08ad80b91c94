// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/progress_line.h"
#include "core/run/events.h"

namespace quantarium::cli {

/// Follows the runs of one command and lets a derived class show them. Events may arrive from several runs'
/// threads; the derived class is called for one at a time.
class RunLog : public RunObserver {
public:
    struct Run {
        std::string id;
        RunProgress line; ///< what is known of it, for a progress line
        std::int64_t epochsDone = 0;
        std::optional<RunEnded> ended;
    };

    /// How many runs will come, for "2/4".
    void announce(std::size_t runs);

    /// A sentence for the person, above whatever is drawn.
    void note(const std::string& sentence);

    void onEvent(const std::string& runId, const RunEvent& event) final;

    /// In order of their first event.
    std::vector<Run> runs() const;

protected:
    virtual void show(const Run& run, const RunEvent& event) = 0;
    virtual void showNote(const std::string& sentence) = 0;
    /// Runs that were heard of and have not ended; to be called from show() and showNote() only.
    std::vector<Run> activeRuns() const;

private:
    Run& find(const std::string& runId);
    void number(Run& run, std::size_t position) const;

    mutable std::mutex m_mutex;
    std::size_t m_announced = 0;
    std::vector<Run> m_runs;
};

} // namespace quantarium::cli
