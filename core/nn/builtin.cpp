// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/entries.h"
#include "core/nn/network.h"

namespace quantarium::nn {

const Networks& builtinNetworks() {
    // The first one is what a new run proposes.
    static const Networks networks("network",
                                   {resnetEntry(20), resnetEntry(32), resnetEntry(44), resnetEntry(56),
                                    imageNetResnetEntry(18), imageNetResnetEntry(34), vggSmallEntry(),
                                    vgg16Entry(), vgg16EightConvEntry(), vgg16FiveConvEntry(),
                                    mobilenetV1Entry(), mobilenetV2Entry(), lenet5Entry(), mlpEntry()});
    return networks;
}

} // namespace quantarium::nn
