// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/entries.h"
#include "core/nn/network.h"

namespace quantarium::nn {

const Networks& builtinNetworks() {
    static const Networks networks("network", {
                                                  mlpEntry(),
                                                  lenet5Entry(),
                                                  vggSmallEntry(),
                                                  resnetEntry(20),
                                                  resnetEntry(32),
                                                  resnetEntry(44),
                                                  resnetEntry(56),
                                              });
    return networks;
}

} // namespace quantarium::nn
