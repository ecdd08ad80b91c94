// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <string>

#include <torch/types.h>

#include <ATen/CPUGeneratorImpl.h>

#include <QMetaType>

#include "core/nn/network.h"

namespace quantarium::nn {

inline const InputShape kDigits{1, 28, 28};
inline const InputShape kCifar{3, 32, 32};
inline const InputShape kImageNet{3, 224, 224};

/// A network of the registry, with options as a run's configuration gives them.
inline std::shared_ptr<Network> make(const std::string& id, const InputShape& shape,
                                     const Json& given = Json::object(), std::uint64_t seed = 1,
                                     std::int64_t classes = 10) {
    const NetworkEntry& entry = builtinNetworks().at(id, "network");
    const auto options = Options::validated(entry.schema.options, given, "network.options");
    return entry.make(shape, classes, options, seed);
}

/// Reproducible images that don't depend on torch's own generator.
inline torch::Tensor images(std::int64_t count, const InputShape& shape) {
    auto generator = at::make_generator<at::CPUGeneratorImpl>(7);
    return torch::empty({count, shape.channels, shape.height, shape.width}).normal_(0.0, 1.0, generator);
}

} // namespace quantarium::nn

Q_DECLARE_METATYPE(quantarium::nn::InputShape)
