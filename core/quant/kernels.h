// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/quant/rounding_kernels.h"
#include "core/quant/search_kernels.h"

// No torch headers here or in what is included: the files that implement these loops are compiled for several
// instruction sets, and an inline function of a shared header compiled for AVX-512 must not reach a program
// that runs without it.

namespace quantarium::quant {

/// The vectorized loops, compiled for one instruction set. All sets give the same bits.
struct Kernels {
    const char* name;
    SearchKernels search;
    RoundingKernels rounding;
};

/// The best that this machine runs; chosen once.
const Kernels& kernels();

/// For tests and benchmarks: "avx512", "avx2" or "portable"; null when this machine or build lacks it.
const Kernels* kernels(const char* name);

} // namespace quantarium::quant
