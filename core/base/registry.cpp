// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/registry.h"

#include "core/base/error.h"
#include "core/base/text.h"

namespace quantarium {

void failUnknownId(const std::string& kind, const std::string& id, const std::vector<std::string>& ids,
                   const std::string& where) {
    const auto near = nearestWord(id, ids);
    throw Error(ErrorKind::Config, "there is no " + kind + " \"" + id + "\"", where,
                (near.empty() ? "" : "Did you mean \"" + near + "\"? ") + "Known: " + join(ids) + ".");
}

} // namespace quantarium
