// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/memory.h"

#include <algorithm>
#include <fstream>
#include <limits>
#include <mutex>
#include <string>

#include <malloc.h>

#include "core/train/tensor_count.h"

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

/// The process has one peak; this is who measures it.
struct Meters {
    std::mutex mutex;
    std::int64_t alive = 0;
    std::int64_t meetings = 0; ///< times a meter began while another one lived
};
Meters meters;
constexpr std::int64_t kMetAtOnce = -1;

} // namespace

double availableMemory() {
    double available = procBytes("/proc/meminfo", "MemAvailable");
    if (available < 0) available = std::numeric_limits<double>::infinity();
    const double limit = numberIn("/sys/fs/cgroup/memory.max");
    const double used = numberIn("/sys/fs/cgroup/memory.current");
    if (limit > 0 && used >= 0) available = std::min(available, limit - used);
    return available;
}

PeakMeter::PeakMeter() {
    const std::lock_guard lock(meters.mutex);
    m_before = tensor_count::now();
    if (meters.alive++ > 0) {
        ++meters.meetings;
    } else {
        malloc_trim(0);                                // what the runs before freed goes back to the system
        std::ofstream("/proc/self/clear_refs") << "5"; // the peak begins anew, where the system allows it
        tensor_count::beginAnew();
    }
    m_meetings = meters.alive > 1 ? kMetAtOnce : meters.meetings;
}

PeakMeter::~PeakMeter() {
    const std::lock_guard lock(meters.mutex);
    --meters.alive;
}

std::optional<double> PeakMeter::peak() const {
    const std::lock_guard lock(meters.mutex);
    if (m_meetings != meters.meetings) return std::nullopt;
    const double bytes = procBytes("/proc/self/status", "VmHWM");
    return bytes > 0 ? std::optional(bytes) : std::nullopt;
}

std::optional<double> PeakMeter::tensors() const {
    const std::lock_guard lock(meters.mutex);
    if (m_meetings != meters.meetings) return std::nullopt;
    return static_cast<double>(tensor_count::most() - m_before);
}

void keepFreedMemory() {
    mallopt(M_MMAP_THRESHOLD, 1 << 30);
    mallopt(M_TRIM_THRESHOLD, std::numeric_limits<int>::max());
    mallopt(M_TOP_PAD, 64 << 20);
}

} // namespace quantarium::train
