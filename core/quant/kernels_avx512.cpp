// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/activation_kernels_body.h"
#include "core/quant/kernels.h"
#include "core/quant/search_kernels_body.h"

namespace quantarium::quant {

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels{"avx512", kSearchKernels, kActivationKernels};

} // namespace quantarium::quant
