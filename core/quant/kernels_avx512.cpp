// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kernels.h"
#include "core/quant/rounding_kernels_body.h"
#include "core/quant/search_kernels_body.h"

namespace quantarium::quant {

extern const Kernels kAvx512Kernels;
const Kernels kAvx512Kernels{"avx512", kSearchKernels, kRoundingKernels};

} // namespace quantarium::quant
