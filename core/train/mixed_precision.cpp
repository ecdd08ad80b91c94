// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/mixed_precision.h"

#include <ATen/autocast_mode.h>
#include <torch/version.h>

namespace quantarium::train {

namespace {

#if TORCH_VERSION_MAJOR > 2 || (TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 4)
bool isOn(torch::DeviceType device) {
    return at::autocast::is_autocast_enabled(device);
}
void set(torch::DeviceType device, bool on) {
    at::autocast::set_autocast_enabled(device, on);
    if (on) at::autocast::set_autocast_dtype(device, torch::kBFloat16);
}
#else
bool isOn(torch::DeviceType device) {
    return device == torch::kCUDA ? at::autocast::is_enabled() : at::autocast::is_cpu_enabled();
}
void set(torch::DeviceType device, bool on) {
    if (device == torch::kCUDA) {
        at::autocast::set_enabled(on);
        if (on) at::autocast::set_autocast_gpu_dtype(torch::kBFloat16);
    } else {
        at::autocast::set_cpu_enabled(on);
        if (on) at::autocast::set_autocast_cpu_dtype(torch::kBFloat16);
    }
}
#endif

} // namespace

MixedPrecision::MixedPrecision(bool on, torch::DeviceType device) : m_on(on), m_device(device) {
    if (!m_on) return;
    m_before = isOn(m_device);
    set(m_device, true);
    at::autocast::increment_nesting();
}

MixedPrecision::~MixedPrecision() {
    if (!m_on) return;
    if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
    set(m_device, m_before);
}

void MixedPrecision::forgetCopies() {
    at::autocast::clear_cache();
}

} // namespace quantarium::train
