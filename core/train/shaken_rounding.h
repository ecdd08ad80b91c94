// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "core/train/session.h"

namespace quantarium::train {

/// For the life of the object, every value at a layer's input is moved by a random share of its grid's step
/// before it is rounded. It shows how much of a network's output hangs on which side of a border single
/// values fall: a yardstick for other ways to compute the same network. Layers without a grid stay as they
/// are. Thread: the session's.
class ShakenRounding {
public:
    /// @param reach of the moves, uniform in ± this share of a step
    ShakenRounding(Session& session, double reach, std::uint64_t seed);
    ~ShakenRounding();
    ShakenRounding(const ShakenRounding&) = delete;
    ShakenRounding& operator=(const ShakenRounding&) = delete;

private:
    std::vector<std::pair<nn::LayerSite*, std::shared_ptr<nn::SiteTransform>>> m_former;
};

} // namespace quantarium::train
