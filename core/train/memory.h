// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace quantarium::train {

/// Bytes this process may still take: the smaller of the machine's available memory and its control group's
/// limit.
double availableMemory();

/// Measures the largest resident size of this process while it lives. The system counts for the whole
/// process, so with two meters at once neither can tell its own share. Before it begins, memory that was
/// freed earlier goes back to the system. Thread: any.
class PeakMeter {
public:
    PeakMeter();
    ~PeakMeter();
    PeakMeter(const PeakMeter&) = delete;
    PeakMeter& operator=(const PeakMeter&) = delete;

    /// Bytes; nothing when another meter lived at the same time.
    std::optional<double> peak() const;

    /// Bytes that came on top of what the process held when this meter began; nothing where peak() is.
    std::optional<double> taken() const;

private:
    double m_before = 0; ///< resident bytes
    std::int64_t m_meetings; ///< of meters in this process, when this one began
};

/// Makes the allocator keep the large blocks that a training step frees and takes again at once, instead of
/// handing them to the system and paying for fresh zeroed pages at each step. Call once per process, before
/// the first run.
void keepFreedMemory();

} // namespace quantarium::train
