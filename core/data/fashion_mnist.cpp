// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/entries.h"
#include "core/data/idx.h"

namespace quantarium::data {

DatasetEntry fashionMnistEntry() {
    return fileEntry(manifestOf("fashion-mnist"), readIdxSplit);
}

} // namespace quantarium::data
