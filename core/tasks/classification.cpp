// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/tasks/classification.h"

#include <algorithm>
#include <limits>

namespace quantarium::tasks {

namespace {

class AccuracySum : public MetricSum {
public:
    void add(const torch::Tensor& predictions, const torch::Tensor& targets, double loss) override {
        const auto count = predictions.size(0);
        const auto width = std::min<std::int64_t>(5, predictions.size(1));
        const auto best = std::get<1>(predictions.topk(width, 1));
        const auto hits = best.eq(targets.unsqueeze(1));
        m_top1 += hits.select(1, 0).sum().item<std::int64_t>();
        m_top5 += hits.sum().item<std::int64_t>();
        m_loss += loss * static_cast<double>(count);
        m_samples += count;
    }

    std::map<std::string, double> values() const override {
        if (m_samples == 0) {
            const double nothing = std::numeric_limits<double>::quiet_NaN();
            return {{"loss", nothing}, {"top1", nothing}, {"top5", nothing}};
        }
        const auto samples = static_cast<double>(m_samples);
        return {{"loss", m_loss / samples},
                {"top1", 100.0 * static_cast<double>(m_top1) / samples},
                {"top5", 100.0 * static_cast<double>(m_top5) / samples}};
    }

    Json save() const override {
        return {{"samples", m_samples}, {"top1", m_top1}, {"top5", m_top5}, {"loss", numberToJson(m_loss)}};
    }

    void load(const Json& sums) override {
        sums.at("samples").get_to(m_samples);
        sums.at("top1").get_to(m_top1);
        sums.at("top5").get_to(m_top5);
        m_loss = numberFromJson(sums.at("loss"), "checkpoint");
    }

private:
    std::int64_t m_samples = 0;
    std::int64_t m_top1 = 0;
    std::int64_t m_top5 = 0;
    double m_loss = 0;
};

class Classification : public Task {
public:
    explicit Classification(bool squaredHinge) : m_squaredHinge(squaredHinge) {}

    torch::Tensor loss(const torch::Tensor& predictions, const torch::Tensor& targets) const override {
        if (!m_squaredHinge) return torch::cross_entropy_loss(predictions, targets);
        // Mean over samples and classes of max(0, 1 - t y)^2 with t = +1 for the true class, -1 for the
        // others.
        const auto signs = torch::full_like(predictions, -1.0).scatter_(1, targets.unsqueeze(1), 1.0);
        return (1.0 - signs * predictions).clamp_min(0.0).square().mean();
    }

    std::unique_ptr<MetricSum> newSum() const override { return std::make_unique<AccuracySum>(); }

    std::vector<MetricSpec> metrics() const override {
        return {{"top1", "Top-1 accuracy", "%", true}, {"top5", "Top-5 accuracy", "%", true}};
    }

private:
    bool m_squaredHinge;
};

} // namespace

TaskEntry classificationEntry() {
    TaskEntry entry;
    entry.schema.id = "classification";
    entry.schema.title = "Image classification";
    entry.schema.help = "One class for each image; measured by top-1 and top-5 accuracy";
    entry.schema.options = {
        OptionSpec::choice("loss", "Loss", "cross-entropy", {"cross-entropy", "squared-hinge"},
                           "Softmax cross-entropy, or the squared hinge of BinaryConnect and LAB")
            .withSource("Courbariaux et al. 2015, section 3.1 (squared hinge)")};
    entry.make = [](std::int64_t, const Options& options) -> std::unique_ptr<Task> {
        return std::make_unique<Classification>(options.text("loss") == "squared-hinge");
    };
    return entry;
}

} // namespace quantarium::tasks
