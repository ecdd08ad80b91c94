// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/tasks/task.h"

namespace quantarium::tasks {

/// Image classification: softmax cross-entropy or squared hinge; top-1 and top-5 accuracy in percent.
TaskEntry classificationEntry();

} // namespace quantarium::tasks
