// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <torch/types.h>

namespace quantarium::train {

/// Within its life convolutions and matrix products of this thread run in bfloat16 (autocast); does nothing
/// when off. The one place that knows how LibTorch 1.13 and 2.x spell it.
class MixedPrecision {
public:
    MixedPrecision(bool on, torch::DeviceType device);
    ~MixedPrecision();
    MixedPrecision(const MixedPrecision&) = delete;
    MixedPrecision& operator=(const MixedPrecision&) = delete;

    /// Forgets cached low-precision copies of parameters; needed after weights were written in place.
    static void forgetCopies();

private:
    bool m_on;
    torch::DeviceType m_device;
    bool m_before = false;
};

} // namespace quantarium::train
