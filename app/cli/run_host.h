// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <vector>

#include "core/run/run_config.h"

namespace quantarium::cli {

/// Where runs live and what carries them out: a workspace (WorkspaceHost) or plain run folders (FolderHost).
/// The one thing in which the program with a store and the one without differ. Functions throw Error.
class RunHost {
public:
    virtual ~RunHost() = default;

    /// Queues runs; the ids come back in order, shared float runs included.
    virtual std::vector<std::string> submit(const std::vector<RunConfig>& configs) = 0;

    /// Queues runs that were stopped. No ids: all that are not finished.
    virtual std::vector<std::string> resume(const std::vector<std::string>& ids) = 0;

    virtual void stopAll() = 0;  ///< any thread; runs queued later end at once too
    virtual void waitIdle() = 0; ///< until everything has ended and is on disk

    virtual std::string resultTable(const std::vector<std::string>& ids) = 0;
    virtual std::string
    placeOf(const std::vector<std::string>& ids) = 0; ///< a sentence: where everything was written
    virtual std::string resumeCommand(const std::vector<std::string>& ids) = 0;
};

} // namespace quantarium::cli
