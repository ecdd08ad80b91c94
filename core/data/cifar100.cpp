// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/cifar_binary.h"
#include "core/data/entries.h"

namespace quantarium::data {

DatasetEntry cifar100Entry() {
    return fileEntry(manifestOf("cifar100"), readCifarSplit);
}

} // namespace quantarium::data
