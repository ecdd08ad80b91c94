// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/integer_check.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>

#include "core/base/error.h"
#include "core/deploy/integer_builder.h"
#include "core/train/shaken_rounding.h"

namespace quantarium::study {

namespace {

using Clock = std::chrono::steady_clock;

deploy::IntegerNetwork integersOf(train::Session& session) {
    std::vector<deploy::QuantizedLayerParts> layers;
    for (const auto& layer : session.layers)
        layers.push_back({layer.node.layer, layer.quantizer.get(), layer.activation.get()});
    const auto image = session.splits.test->imageShape();
    return deploy::buildIntegerNetwork(*session.network, {image[0], image[1], image[2]}, layers);
}

torch::Tensor shakenLogits(train::Session& session, const torch::Tensor& images, std::uint64_t seed) {
    const train::ShakenRounding shaken(session, kShakenShare, seed);
    return session.network->forward(images);
}

/// Running sums over batches.
class Comparison {
public:
    void add(const torch::Tensor& simulated, const torch::Tensor& shaken, const torch::Tensor& integer,
             const torch::Tensor& targets) {
        const auto ours = simulated.argmax(1);
        const auto theirs = integer.argmax(1);
        m_images += targets.size(0);
        m_simulatedHits += count(ours == targets);
        m_integerHits += count(theirs == targets);
        m_same += count(ours == theirs);
        m_shakenSame += count(ours == shaken.argmax(1));
        const auto difference = (integer - simulated).abs();
        m_largest = std::max(m_largest, difference.max().item<double>());
        m_squares += difference.square().sum().item<double>();
        m_logits += difference.numel();
        m_low = std::min(m_low, simulated.min().item<double>());
        m_high = std::max(m_high, simulated.max().item<double>());
    }

    IntegerCheck result() const {
        const auto percent = [&](std::int64_t hits) {
            return 100.0 * static_cast<double>(hits) / static_cast<double>(m_images);
        };
        IntegerCheck check;
        check.images = m_images;
        check.simulatedTop1 = percent(m_simulatedHits);
        check.integerTop1 = percent(m_integerHits);
        check.agreement = percent(m_same);
        check.shakenAgreement = percent(m_shakenSame);
        check.largestDifference = m_largest;
        check.meanDifference = std::sqrt(m_squares / static_cast<double>(m_logits));
        check.outputStep = (m_high - m_low) / 255;
        return check;
    }

    std::int64_t images() const { return m_images; }

private:
    static std::int64_t count(const torch::Tensor& mask) { return mask.sum().item<std::int64_t>(); }

    std::int64_t m_images = 0;
    std::int64_t m_simulatedHits = 0;
    std::int64_t m_integerHits = 0;
    std::int64_t m_same = 0;
    std::int64_t m_shakenSame = 0;
    std::int64_t m_logits = 0;
    double m_largest = 0;
    double m_squares = 0;
    double m_low = std::numeric_limits<double>::infinity();
    double m_high = -std::numeric_limits<double>::infinity();
};

} // namespace

Json IntegerCheck::toJson() const {
    return {{"images", images},
            {"simulated_top1", simulatedTop1},
            {"integer_top1", integerTop1},
            {"agreement", agreement},
            {"shaken_agreement", shakenAgreement},
            {"largest_logit_difference", largestDifference},
            {"mean_logit_difference", meanDifference},
            {"output_step", outputStep},
            {"seconds_per_image", secondsPerImage},
            {"operations", operations},
            {"weight_bytes", weightBytes}};
}

IntegerCheck checkIntegers(train::Session& session, const std::function<void(std::int64_t)>& report) {
    if (!session.splits.test || session.splits.test->size() == 0)
        throw Error(ErrorKind::Config, "there are no test images to measure on", "dataset",
                    "Use a dataset with test images.");
    const torch::NoGradGuard guard;
    const auto integers = integersOf(session);
    session.network->eval();
    session.materialize(quant::Mode::Eval);
    Comparison comparison;
    double seconds = 0;
    const auto loader = session.loader(session.splits.test, train::LoaderUse::Evaluate);
    loader->start(0);
    while (auto batch = loader->next()) {
        const auto begin = Clock::now();
        const auto logits = integers.forward(batch->images);
        seconds += std::chrono::duration<double>(Clock::now() - begin).count();
        const auto targets = batch->targets;
        const auto images = session.onDevice(std::move(*batch)).images;
        const auto simulated = session.network->forward(images).to(torch::kCPU);
        const auto seed = session.config.seed + static_cast<std::uint64_t>(comparison.images());
        comparison.add(simulated, shakenLogits(session, images, seed).to(torch::kCPU),
                       logits.to(torch::kFloat32) * integers.logitScale(), targets);
        if (report) report(comparison.images());
    }
    auto check = comparison.result();
    check.secondsPerImage = seconds / static_cast<double>(check.images);
    check.operations = static_cast<std::int64_t>(integers.operations());
    check.weightBytes = integers.weightBytes();
    return check;
}

} // namespace quantarium::study
