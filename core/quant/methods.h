// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/weight_quantizer.h"

namespace quantarium::quant {

// One function a method; builtin.cpp lists them.
WeightMethod floatMethod();
WeightMethod inqMethod();
WeightMethod rdhsMethod();
WeightMethod sgtMethod();
WeightMethod binaryConnectMethod();
WeightMethod bwnMethod();
WeightMethod twnMethod();
WeightMethod minMaxMethod();
WeightMethod tsqMethod();
WeightMethod ttqMethod();
WeightMethod dorefaMethod();
WeightMethod lsqMethod();
WeightMethod dsqMethod();
WeightMethod apotMethod();
WeightMethod ptqMethod();
WeightMethod lqMethod();
WeightMethod abcMethod();
WeightMethod lossAwareMethod();
WeightMethod admmMethod();
WeightMethod qnnMethod();
WeightMethod ristrettoMethod();
WeightMethod integerMethod();

} // namespace quantarium::quant
