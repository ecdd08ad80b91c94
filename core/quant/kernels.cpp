// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/quant/kernels.h"

#include <string_view>

namespace quantarium::quant {

extern const Kernels kPortableKernels;
#ifdef QUANTARIUM_X86_KERNELS
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
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

const Kernels* built(std::string_view name) {
#ifdef QUANTARIUM_X86_KERNELS
    if (name == "avx512") return &kAvx512Kernels;
    if (name == "avx2") return &kAvx2Kernels;
#endif
    return name == "portable" ? &kPortableKernels : nullptr;
}

const Kernels& best() {
    for (const char* name : {"avx512", "avx2"})
        if (const auto* found = kernels(name)) return *found;
    return kPortableKernels;
}

} // namespace

const Kernels* kernels(const char* name) {
    return machineRuns(name) ? built(name) : nullptr;
}

const Kernels& kernels() {
    static const Kernels& chosen = best();
    return chosen;
}

} // namespace quantarium::quant
