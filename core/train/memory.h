// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

namespace quantarium::train {

/// Bytes this process may still take: the smaller of the machine's available memory and its control group's
/// limit.
double availableMemory();

/// Measures the memory of this process while it lives. The system and LibTorch count for the whole process,
/// so with two meters at once neither can tell its own share. Thread: any.
class PeakMeter {
public:
    PeakMeter();
    ~PeakMeter();
    PeakMeter(const PeakMeter&) = delete;
    PeakMeter& operator=(const PeakMeter&) = delete;

    /// The largest resident size in bytes; nothing when another meter lived at the same time.
    std::optional<double> peak() const;

    /// The most bytes of main memory that tensors took at once, beyond those before; nothing where peak() is.
    std::optional<double> tensors() const;

private:
    std::int64_t m_before;   ///< bytes of tensors
    std::int64_t m_meetings; ///< of meters in this process, when this one began
};

/// Makes the allocator keep the large blocks that a training step frees and takes again at once, instead of
/// handing them to the system and paying for fresh zeroed pages at each step. Call once per process, before
/// the first run.
void keepFreedMemory();

} // namespace quantarium::train
