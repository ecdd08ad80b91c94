// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <string>

#include <malloc.h>

namespace quantarium::train {

namespace {

/// A "Name:   123 kB" line of a /proc file, in bytes; negative if absent.
double procBytes(const char* file, const std::string& name) {
    std::ifstream stream(file);
    for (std::string line; std::getline(stream, line);)
        if (line.starts_with(name + ":")) return 1024.0 * std::stod(line.substr(name.size() + 1));
    return -1;
}

double numberIn(const char* file) {
    std::ifstream stream(file);
    double value = -1;
    return stream >> value ? value : -1;
}

} // namespace

double availableMemory() {
    double available = procBytes("/proc/meminfo", "MemAvailable");
    if (available < 0) available = std::numeric_limits<double>::infinity();
    const double limit = numberIn("/sys/fs/cgroup/memory.max");
    const double used = numberIn("/sys/fs/cgroup/memory.current");
    if (limit > 0 && used >= 0) available = std::min(available, limit - used);
    return available;
}

double peakMemory() {
    return std::max(0.0, procBytes("/proc/self/status", "VmHWM"));
}

void resetPeakMemory() {
    std::ofstream file("/proc/self/clear_refs");
    file << "5";
}

void keepFreedMemory() {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
}

} // namespace quantarium::train
