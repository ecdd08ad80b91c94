// SPDX-License-Identifier: GPL-3.0-or-later
#define QUANTARIUM_KERNELS_NAME "portable"
#include "core/quant/search_kernels_body.h"

namespace quantarium::quant {

extern const SearchKernels kPortableKernels;
const SearchKernels kPortableKernels = kKernels;

} // namespace quantarium::quant
