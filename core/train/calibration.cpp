// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/calibration.h"

#include <limits>

#include "core/train/evaluation.h"

namespace quantarium::train {

namespace {

constexpr std::int64_t kActivationBatches = 8; ///< that ranges are taken from

/// Keeps what passes through a site: what the layer itself gets and gives, with the site's own transform
/// (an activation quantizer) at work.
class Capture : public nn::SiteTransform {
public:
    explicit Capture(std::shared_ptr<nn::SiteTransform> own) : m_own(std::move(own)) {}
    torch::Tensor before(const torch::Tensor& input) override {
        m_input = m_own ? m_own->before(input) : input;
        return m_input;
    }
    torch::Tensor after(const torch::Tensor& output) override {
        m_output = output;
        return m_own ? m_own->after(output) : output;
    }
    torch::Tensor m_input;
    torch::Tensor m_output;

private:
    std::shared_ptr<nn::SiteTransform> m_own;
};

/// Runs the network with a capture at one layer's site, which then has its former transform again.
std::shared_ptr<Capture> capture(Session& session, const std::string& layer, const torch::Tensor& images) {
    torch::NoGradGuard guard;
    for (auto& quantized : session.layers)
        if (quantized.activation) quantized.activation->setMode(quant::Mode::Eval);
    auto taken = std::make_shared<Capture>(nullptr);
    for (auto& named : session.network->sites()) {
        if (named.layer != layer) continue;
        const auto former = named.site->transform();
        taken = std::make_shared<Capture>(former);
        named.site->attach(taken);
        session.network->eval();
        session.network->forward(images);
        named.site->attach(former);
    }
    return taken;
}

} // namespace

void SessionCalibration::forEachBatch(
    std::int64_t batches, const std::function<void(const torch::Tensor&, const torch::Tensor&)>& use) {
    const auto loader = m_session.loader(m_session.splits.train, LoaderUse::Calibrate);
    loader->start(0);
    for (std::int64_t i = 0; i < batches; ++i) {
        auto batch = loader->next();
        if (!batch) break;
        const auto [images, targets] = m_session.onDevice(std::move(*batch));
        use(images, targets);
    }
}

torch::Tensor SessionCalibration::siteInput(const std::string& layer, const torch::Tensor& images) {
    return capture(m_session, layer, images)->m_input;
}

torch::Tensor SessionCalibration::siteOutput(const std::string& layer, const torch::Tensor& images) {
    return capture(m_session, layer, images)->m_output;
}

double SessionCalibration::evaluate() {
    const auto metric = m_session.task->metrics().front().name;
    const auto values = train::evaluate(m_session, m_session.splits.validation, quant::Mode::Eval, "");
    const auto found = values.find(metric);
    return found == values.end() ? std::numeric_limits<double>::quiet_NaN() : found->second;
}

void SessionCalibration::reestimateBatchNorm(std::int64_t batches) {
    train::reestimateBatchNorm(m_session, batches);
}

void calibrateActivations(Session& session) {
    const torch::NoGradGuard guard;
    session.network->eval();
    SessionCalibration(session).forEachBatch(kActivationBatches,
                                             [&](const torch::Tensor& images, const torch::Tensor&) {
                                                 session.materialize(quant::Mode::Eval);
                                                 for (auto& layer : session.layers)
                                                     if (layer.activation)
                                                         layer.activation->setMode(quant::Mode::Train);
                                                 session.network->forward(images);
                                             });
    session.materialize(quant::Mode::Eval);
}

} // namespace quantarium::train
