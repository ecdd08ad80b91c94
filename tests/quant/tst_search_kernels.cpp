// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include <ATen/Parallel.h>

#include "core/quant/kernels.h"
#include "core/quant/parallel.h"
#include "core/quant/search_passes.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

constexpr std::int64_t kWeights = 1000; // no multiple of a block

struct Example {
    SearchLogits search;
    torch::Tensor g = randomTensor({kWeights}, 3);

    Example(std::int64_t values, bool noisy, torch::ScalarType type = torch::kFloat32) {
        search.logits = randomTensor({values, kWeights}, 1, type);
        search.logits.slice(1, 0, 40).fill_(0.25); // ties
        if (noisy) {
            search.noise = randomTensor({values, kWeights}, 2, type);
            search.noiseWeight = 0.5;
        }
        search.values = torch::linspace(-1, 1, values, torch::kFloat64).to(type);
        g = g.to(type);
    }
};

using Outputs = std::map<std::string, torch::Tensor>;

/// Everything that the loops compute, in parts of at most `part` weights.
Outputs outputs(const SearchKernels& kernels, const Example& example, std::int64_t part, float tau) {
    const auto planes = planesOf(example.search);
    const auto parts = [&](auto work) {
        for (std::int64_t begin = 0; begin < planes.n; begin += part)
            work(begin, std::min(planes.n, begin + part));
    };
    Outputs out;
    const auto make = [&](const char* name, torch::IntArrayRef shape) {
        return (out[name] = torch::full(shape, 7.0F)).data_ptr<float>();
    };
    const auto* g = example.g.data_ptr<float>();
    auto* weight = make("weight", {planes.n});
    out["codes"] = torch::empty({planes.n}, torch::kInt16);
    auto* codes = out["codes"].data_ptr<std::int16_t>();
    auto* rdhs = make("rdhs gradient", {planes.m, planes.n});
    auto* sgt = make("sgt gradient", {planes.m, planes.n});
    auto* far = make("sgt gradient by distance", {planes.m, planes.n});
    auto* rows = make("description", {4, planes.n});
    auto* difference = make("difference", {planes.n});
    const SearchDescription description{rows, rows + planes.n, rows + 2 * planes.n, rows + 3 * planes.n};
    parts([&](auto begin, auto end) {
        kernels.chooseValues(planes, weight, begin, end);
        kernels.chooseCodes(planes, codes, begin, end);
        kernels.rdhsGradient(planes, tau, g, rdhs, begin, end);
        kernels.sgtGradient(planes, false, g, sgt, begin, end);
        kernels.sgtGradient(planes, true, g, far, begin, end);
        kernels.describe(planes, tau, description, begin, end);
        kernels.differenceValues(planes.logits, -2, 3, difference, begin, end);
    });
    int variant = 0;
    for (const StepRule& rule : {StepRule{0.1F, 0, 0, false, 0}, StepRule{0.1F, 0.9F, 0.01F, false, 0.5F},
                                 StepRule{0.1F, 0.9F, 0.01F, true, 0}})
        for (const std::string method : {"rdhs", "sgt", "difference"}) {
            const auto name = method + " step " + std::to_string(variant++);
            auto view = planes;
            auto logits = out[name] = example.search.logits.clone();
            auto momentum = out[name + " momentum"] = randomTensor({planes.m, planes.n}, 9);
            view.logits = logits.data_ptr<float>();
            auto* velocity = rule.momentumFactor == 0 ? nullptr : momentum.data_ptr<float>();
            parts([&](auto begin, auto end) {
                if (method == "rdhs")
                    kernels.rdhsStep(view, tau, g, rule, logits.data_ptr<float>(), velocity, begin, end);
                else if (method == "sgt")
                    kernels.sgtStep(view, false, g, rule, logits.data_ptr<float>(), velocity, begin, end);
                else
                    kernels.differenceStep(g, 1.5F, rule, logits.data_ptr<float>(), velocity, begin, end);
            });
        }
    return out;
}

void addCases() {
    QTest::addColumn<int>("values");
    QTest::addColumn<bool>("noisy");
    QTest::addColumn<double>("tau");
    for (const int values : {2, 3, 4, 8, 17, 512})
        for (const bool noisy : {false, true})
            for (const double tau : {1.0, 1e-4})
                QTest::addRow("%d values, %s, tau %g", values, noisy ? "noise" : "no noise", tau)
                    << values << noisy << tau;
}

} // namespace

class TestSearchKernels : public QObject {
    Q_OBJECT

private slots:
    void portableIsThere() {
        QVERIFY(kernels("portable") != nullptr);
        QVERIFY(kernels("no such set") == nullptr);
        qInfo("this machine takes %s", kernels().name);
    }

    void setsGiveTheSameBits_data() { addCases(); }

    void setsGiveTheSameBits() {
        QFETCH(int, values);
        QFETCH(bool, noisy);
        QFETCH(double, tau);
        const Example example(values, noisy);
        const auto expected =
            outputs(kernels("portable")->search, example, kWeights, static_cast<float>(tau));
        for (const char* name : {"avx2", "avx512"}) {
            const auto* found = kernels(name);
            if (found == nullptr) continue; // this processor lacks it
            for (const auto& [what, tensor] :
                 outputs(found->search, example, kWeights, static_cast<float>(tau))) {
                const auto problem = bitDifference(tensor, expected.at(what));
                QVERIFY2(problem.empty(), (std::string(name) + ", " + what + ": " + problem).c_str());
            }
        }
    }

    void partsDoNotMatter_data() { addCases(); }

    void partsDoNotMatter() {
        QFETCH(int, values);
        QFETCH(bool, noisy);
        QFETCH(double, tau);
        const Example example(values, noisy);
        const auto whole = outputs(kernels().search, example, kWeights, static_cast<float>(tau));
        for (const std::int64_t part :
             values > 100 ? std::vector<std::int64_t>{333} : std::vector<std::int64_t>{1, 7, 64, 333})
            for (const auto& [what, tensor] :
                 outputs(kernels().search, example, part, static_cast<float>(tau))) {
                const auto problem = bitDifference(tensor, whole.at(what));
                QVERIFY2(problem.empty(),
                         (what + " in parts of " + std::to_string(part) + ": " + problem).c_str());
            }
    }

    void loopsAgreeWithAten_data() { addCases(); }

    /// The loops in float32 against ATen in float64, relative to the largest gradient.
    void loopsAgreeWithAten() {
        QFETCH(int, values);
        QFETCH(bool, noisy);
        QFETCH(double, tau);
        const Example fast(values, noisy);
        Example exact(values, noisy);
        for (auto* tensor : {&exact.search.logits, &exact.search.noise, &exact.search.values, &exact.g})
            if (tensor->defined()) *tensor = tensor->to(torch::kFloat64);
        QVERIFY_SAME(bitDifference(chosenCodes(fast.search), aten::chosenCodes(fast.search)));
        QVERIFY_SAME(bitDifference(chosenValues(fast.search), aten::chosenValues(fast.search)));
        auto gradient = torch::empty({values, kWeights});
        sgtGradient(fast.search, false, fast.g, gradient);
        QVERIFY_SAME(difference(gradient, aten::sgtGradient(fast.search, false, fast.g), 0));
        sgtGradient(fast.search, true, fast.g, gradient);
        QVERIFY_SAME(difference(gradient, aten::sgtGradient(exact.search, true, exact.g), 1e-5));
        rdhsGradient(fast.search, tau, fast.g, gradient);
        const auto expected = aten::rdhsGradient(exact.search, tau, exact.g);
        // float32 logits near 4 carry 2e-7, which (u − max) / tau multiplies
        const double tolerance = (1e-6 + 3e-7 / tau) * expected.abs().max().item<double>();
        QVERIFY_SAME(difference(gradient, expected, tolerance));
    }

    void exponentialIsAccurate() {
        std::vector<float> x;
        for (double v = 0; v > -87; v -= 0.00037)
            x.push_back(static_cast<float>(v));
        std::vector<float> y(x.size());
        for (const char* name : {"portable", "avx2", "avx512"}) {
            const auto* found = kernels(name);
            if (found == nullptr) continue;
            found->search.exponential(x.data(), y.data(), static_cast<std::int64_t>(x.size()));
            double worst = 0;
            for (std::size_t i = 0; i < x.size(); ++i)
                worst = std::max(worst, std::abs(y[i] / std::exp(static_cast<double>(x[i])) - 1));
            QVERIFY2(worst < 2e-7, qPrintable(QString::number(worst)));
            const float far[] = {-87.5F, -1e4F, -1e30F, -INFINITY};
            found->search.exponential(far, y.data(), 4);
            for (int i = 0; i < 4; ++i)
                QCOMPARE(y[i], 0.0F);
        }
    }

    void threadsDoNotMatter() {
        const auto logits = randomTensor({8, 100000}, 1);
        const SearchLogits search{logits, {}, 0, torch::linspace(-1, 1, 8)};
        const auto g = randomTensor({100000}, 2);
        auto one = torch::empty({8, 100000}), two = torch::empty({8, 100000});
        const int before = at::get_num_threads();
        at::set_num_threads(1);
        rdhsGradient(search, 0.7, g, one);
        at::set_num_threads(3);
        rdhsGradient(search, 0.7, g, two);
        at::set_num_threads(before);
        QVERIFY_SAME(bitDifference(one, two));
    }

    void parallelForUsesThreads() {
        const int before = at::get_num_threads();
        at::set_num_threads(2);
        std::atomic<int> parts = 0;
        std::atomic<std::int64_t> covered = 0;
        parallelFor(1000000, [&](auto begin, auto end) {
            ++parts;
            covered += end - begin;
        });
        at::set_num_threads(before);
        QCOMPARE(covered.load(), std::int64_t{1000000});
        QCOMPARE(parts.load(), 2);
    }

    void summary() {
        const Example example(4, false);
        const auto result = summarize(example.search, 0.5);
        const auto y = torch::softmax(example.search.logits.to(torch::kFloat64) / 0.5, 0);
        QVERIFY_SAME(difference(result.soft, (y * example.search.values.unsqueeze(1)).sum(0), 1e-6));
        const auto entropy = -(y * y.log()).sum(0).mean().item<double>();
        QVERIFY(std::abs(result.meanEntropy - entropy) < 1e-6);
        QVERIFY(std::abs(result.meanLargest - std::get<0>(y.max(0)).mean().item<double>()) < 1e-6);
        const auto sorted = std::get<0>(example.search.logits.sort(0, true));
        QVERIFY(std::abs(result.meanGap - (sorted[0] - sorted[1]).mean().item<double>()) < 1e-5);
    }
};

QTEST_GUILESS_MAIN(TestSearchKernels)
#include "tst_search_kernels.moc"
