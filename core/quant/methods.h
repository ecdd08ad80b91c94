// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/weight_quantizer.h"

namespace quantarium::quant {

// One function a method; builtin.cpp lists them.
WeightMethod floatMethod();
WeightMethod inqMethod();
WeightMethod rdhsMethod();
WeightMethod sgtMethod();

} // namespace quantarium::quant
