// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/cifar_binary.h"
#include "core/data/entries.h"

namespace quantarium::data {

DatasetEntry cifar10Entry() {
    return fileEntry(manifestOf("cifar10"), readCifarSplit);
}

} // namespace quantarium::data
