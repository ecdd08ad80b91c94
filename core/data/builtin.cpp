// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/entries.h"

namespace quantarium::data {

const Datasets& builtinDatasets() {
    static const Datasets datasets("dataset", {
                                                  shapes10Entry(),
                                                  mnistEntry(),
                                                  fashionMnistEntry(),
                                                  cifar10Entry(),
                                                  cifar100Entry(),
                                                  imagenetEntry(),
                                              });
    return datasets;
}

} // namespace quantarium::data
