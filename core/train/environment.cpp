// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/environment.h"

#include <fstream>

#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include "build_info.h"

namespace quantarium::train {

namespace {

std::string processorName() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);)
        if (line.starts_with("model name")) {
            const auto colon = line.find(": ");
            if (colon != std::string::npos) return line.substr(colon + 2);
        }
    return "unknown";
}

/// The widest vector instructions that the kernels can use here.
std::string instructionSet() {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) return "AVX-512";
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "AVX2";
#endif
    return "baseline";
}

} // namespace

Json environment(std::int64_t threads) {
    utsname system{};
    ::uname(&system);
    return {{"quantarium", QUANTARIUM_VERSION},
            {"commit", QUANTARIUM_COMMIT},
            {"libtorch", TORCH_VERSION},
            {"processor", processorName()},
            {"cores", ::sysconf(_SC_NPROCESSORS_ONLN)},
            {"instruction_set", instructionSet()},
            {"threads", threads},
            {"system", std::string(system.sysname) + " " + system.release},
            {"host", std::string(system.nodename)}};
}

std::string versionText() {
    return std::string(QUANTARIUM_VERSION) + " (commit " + QUANTARIUM_COMMIT + ")";
}

} // namespace quantarium::train
