// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/store/workspace.h"

namespace quantarium::study {

/// Brings the store up to the run folders: epochs and outcomes that were written there while no one recorded
/// them (a crash, a job on another machine), runs that the store doesn't know. Runs left as running become
/// stopped. A folder that can't be read is noted in its run's reason; it never stops the others.
void importRuns(store::Workspace& workspace);

} // namespace quantarium::study
