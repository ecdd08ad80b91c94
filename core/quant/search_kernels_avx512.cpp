// SPDX-License-Identifier: GPL-3.0-or-later
#define QUANTARIUM_KERNELS_NAME "avx512"
#include "core/quant/search_kernels_body.h"

namespace quantarium::quant {

extern const SearchKernels kAvx512Kernels;
const SearchKernels kAvx512Kernels = kKernels;

} // namespace quantarium::quant
