// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/shaken_rounding.h"

#include <map>
#include <string>

#include <ATen/CPUGeneratorImpl.h>

#include "core/base/random.h"

namespace quantarium::train {

namespace {

class Shaker : public nn::SiteTransform {
public:
    /// @param reach in the units of the values
    Shaker(std::shared_ptr<nn::SiteTransform> shaken, double reach, std::uint64_t seed)
        : m_shaken(std::move(shaken)), m_reach(reach),
          m_generator(at::make_generator<at::CPUGeneratorImpl>(seed)) {}

    torch::Tensor before(const torch::Tensor& input) override {
        const auto moves =
            torch::empty(input.sizes(), torch::kFloat32).uniform_(-m_reach, m_reach, m_generator);
        return m_shaken->before(input + moves.to(input.options()));
    }
    torch::Tensor after(const torch::Tensor& output) override { return m_shaken->after(output); }

private:
    std::shared_ptr<nn::SiteTransform> m_shaken;
    double m_reach;
    at::Generator m_generator;
};

} // namespace

ShakenRounding::ShakenRounding(Session& session, double reach, std::uint64_t seed) {
    std::map<std::string, double> steps;
    for (const auto& layer : session.layers)
        if (layer.activation)
            if (const auto grid = layer.activation->grid()) steps[layer.node.layer] = grid->step;
    for (const auto& named : session.network->sites()) {
        const auto step = steps.find(named.layer);
        if (step == steps.end()) continue;
        m_former.emplace_back(named.site, named.site->transform());
        named.site->attach(std::make_shared<Shaker>(named.site->transform(), reach * step->second,
                                                    deriveSeed(seed, named.layer)));
    }
}

ShakenRounding::~ShakenRounding() {
    for (auto& [site, transform] : m_former)
        site->attach(std::move(transform));
}

} // namespace quantarium::train
