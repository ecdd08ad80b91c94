// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/tasks/classification.h"

namespace quantarium::tasks {

const Tasks& builtinTasks() {
    static const Tasks tasks("task", {classificationEntry()});
    return tasks;
}

} // namespace quantarium::tasks
