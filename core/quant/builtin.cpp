// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/methods.h"

namespace quantarium::quant {

const WeightMethods& builtinWeightMethods() {
    static const WeightMethods methods("weight method", {
                                                            floatMethod(),
                                                            inqMethod(),
                                                            rdhsMethod(),
                                                            sgtMethod(),
                                                        });
    return methods;
}

} // namespace quantarium::quant
