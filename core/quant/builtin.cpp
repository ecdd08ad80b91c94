// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_methods.h"
#include "core/quant/methods.h"

namespace quantarium::quant {

const WeightMethods& builtinWeightMethods() {
    static const WeightMethods methods(
        "weight method",
        {
            floatMethod(),     inqMethod(),     rdhsMethod(),      sgtMethod(),  binaryConnectMethod(),
            bwnMethod(),       twnMethod(),     minMaxMethod(),    ttqMethod(),  tsqMethod(),
            dorefaMethod(),    lsqMethod(),     dsqMethod(),       apotMethod(), ptqMethod(),
            lqMethod(),        abcMethod(),     lossAwareMethod(), admmMethod(), qnnMethod(),
            ristrettoMethod(), integerMethod(),
        });
    return methods;
}

const ActivationMethods& builtinActivationMethods() {
    static const ActivationMethods methods("activation method", {
                                                                    dorefaActivation(),
                                                                    pactActivation(),
                                                                    lsqActivation(),
                                                                    dsqActivation(),
                                                                    apotActivation(),
                                                                    lqActivation(),
                                                                    abcActivation(),
                                                                    sparseActivation(),
                                                                    qnnActivation(),
                                                                    fixedPointActivation(),
                                                                    minMaxActivation(),
                                                                    signActivation(),
                                                                });
    return methods;
}

} // namespace quantarium::quant
