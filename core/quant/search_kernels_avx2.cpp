// SPDX-License-Identifier: GPL-3.0-or-later
#define QUANTARIUM_KERNELS_NAME "avx2"
#include "core/quant/search_kernels_body.h"

namespace quantarium::quant {

extern const SearchKernels kAvx2Kernels;
const SearchKernels kAvx2Kernels = kKernels;

} // namespace quantarium::quant
