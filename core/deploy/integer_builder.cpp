// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/deploy/integer_builder.h"

#include <memory>
#include <utility>

#include "core/deploy/graph_translation.h"
#include "core/deploy/layer_weights.h"
#include "core/nn/trace.h"

namespace quantarium::deploy {

namespace {

/// Takes the transforms off all sites for the life of the object, so that a traced pass has none of their
/// operations.
class BareSites {
public:
    explicit BareSites(nn::Network& network) {
        for (const auto& named : network.sites()) {
            m_former.emplace_back(named.site, named.site->transform());
            named.site->attach(nullptr);
        }
    }
    ~BareSites() {
        for (auto& [site, transform] : m_former)
            site->attach(std::move(transform));
    }
    BareSites(const BareSites&) = delete;
    BareSites& operator=(const BareSites&) = delete;

private:
    std::vector<std::pair<nn::LayerSite*, std::shared_ptr<nn::SiteTransform>>> m_former;
};

} // namespace

IntegerNetwork buildIntegerNetwork(nn::Network& network, const nn::InputShape& shape,
                                   const std::vector<QuantizedLayerParts>& layers) {
    const auto grids = gridsOf(layers);
    ParameterNames names;
    for (const auto& item : network.named_parameters())
        names.emplace(item.value().data_ptr(), item.key());
    const BareSites bare(network);
    const auto graph = nn::traceForward(network, shape);
    return IntegerNetwork(translateGraph(*graph, names, grids, {shape.channels, shape.height, shape.width}));
}

} // namespace quantarium::deploy
