// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include "core/run/events.h"
#include "core/store/workspace.h"

namespace quantarium::study {

/// Writes runs' events into the workspace on a thread of its own; the runs never wait for the database. What
/// can't be written (a full disk) is not lost: the run folder has it, and the workspace imports it when it is
/// opened again.
class RunRecorder : public RunObserver {
public:
    explicit RunRecorder(store::Workspace& workspace);
    ~RunRecorder() override; ///< writes what is left, then joins

    void onEvent(const std::string& runId, const RunEvent& event) override;

    /// Waits until everything seen so far is written.
    void flush();

    /// The last write that failed, or empty.
    std::string lastError() const;

private:
    struct State;
    std::unique_ptr<State> m_state;
};

} // namespace quantarium::study
