// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/search_kernels.h"

#include <string_view>

namespace quantarium::quant {

extern const SearchKernels kPortableKernels;
#ifdef QUANTARIUM_X86_KERNELS
extern const SearchKernels kAvx2Kernels;
extern const SearchKernels kAvx512Kernels;
#endif

namespace {

bool machineRuns(std::string_view name) {
#ifdef QUANTARIUM_X86_KERNELS
    if (name == "avx512")
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (name == "avx2") return __builtin_cpu_supports("avx2");
#endif
    return name == "portable";
}

const SearchKernels* built(std::string_view name) {
#ifdef QUANTARIUM_X86_KERNELS
    if (name == "avx512") return &kAvx512Kernels;
    if (name == "avx2") return &kAvx2Kernels;
#endif
    return name == "portable" ? &kPortableKernels : nullptr;
}

const SearchKernels& best() {
    for (const char* name : {"avx512", "avx2"})
        if (const auto* kernels = searchKernels(name)) return *kernels;
    return kPortableKernels;
}

} // namespace

const SearchKernels* searchKernels(const char* name) {
    return machineRuns(name) ? built(name) : nullptr;
}

const SearchKernels& searchKernels() {
    static const SearchKernels& chosen = best();
    return chosen;
}

} // namespace quantarium::quant
