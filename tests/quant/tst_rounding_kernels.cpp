// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>
#include <functional>
#include <limits>

#include <ATen/Parallel.h>

#include "core/quant/kernels.h"
#include "core/quant/rounding_passes.h"
#include "core/quant/soft_staircase.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

constexpr std::int64_t kCount = 1000; // no multiple of a block
constexpr auto kInfinity = std::numeric_limits<float>::infinity();

/// Ordinary values, values on borders and ties, and what isn't a number.
torch::Tensor awkwardInputs() {
    auto x = randomTensor({kCount}, 1).mul_(2);
    x.slice(0, 0, 64).copy_(torch::arange(-32, 32, torch::kFloat32).div_(8));
    auto* values = x.data_ptr<float>();
    for (const float value : {0.0F, -0.0F, kInfinity, -kInfinity, std::nanf(""), 1e30F, -1e30F, 1e-42F})
        *values++ = value;
    return x;
}

std::vector<UniformRule> uniformRules() {
    return {{1, 15, 0, 15},
            {0.3, 1, 0, 7},
            {0.125, 1, -8, 7},
            {.step = 0.25, .lowest = -5, .highest = 10, .rounding = Rounding::HalfUp},
            {.step = 0.25, .lowest = -128, .highest = 127, .rounding = Rounding::HalfAway},
            {.step = 0.5, .lowest = 1, .highest = 3, .threshold = 0.4}};
}

Levels evenLevels(std::int64_t count) {
    return Levels::nearest(torch::linspace(-1, 2, count, torch::kFloat64));
}

SoftStaircase staircaseFor(torch::ScalarType type) {
    const auto value = [&](double number) { return torch::full({1}, number, type); };
    return {value(-1), value(1.25), value(0.2), 3};
}

StaircaseRule staircaseRule() {
    return {-1, 1.25, 0.75, 3, 1.25, std::log(9.0), 2 * 1.25 / (0.2 * 1.8)};
}

using Outputs = std::map<std::string, torch::Tensor>;

/// Everything that one set of loops computes.
Outputs outputsOf(const RoundingKernels& loops) {
    const auto x = awkwardInputs();
    const auto g = randomTensor({kCount}, 2);
    const auto* in = x.data_ptr<float>();
    const auto* gradient = g.data_ptr<float>();
    Outputs out;
    const auto make = [&](const std::string& name) {
        return (out[name] = torch::full({kCount}, 7.0F)).data_ptr<float>();
    };
    const auto keep = [&](const std::string& name, const std::vector<double>& sums) {
        out[name] = torch::tensor(sums, torch::kFloat64);
    };
    int number = 0;
    for (const auto& rule : uniformRules())
        loops.roundUniform(rule, in, make("uniform " + std::to_string(number++)), kCount);
    for (const std::int64_t count : {2, 5, 16, 33, 256}) {
        const auto levels = evenLevels(count);
        const auto values = levels.values.to(torch::kFloat32);
        const auto borders = levels.borders.to(torch::kFloat32);
        const LevelRule rule{values.data_ptr<float>(), borders.data_ptr<float>(), count};
        const auto name = "levels " + std::to_string(count);
        loops.takeLevels(rule, in, make(name), {}, kCount);
        if (count > kLargestSummed) continue;
        std::vector<double> counts(16, 0.0);
        std::vector<double> sums(16, 0.0);
        const auto finite = randomTensor({kCount}, 5);
        loops.takeLevels(rule, finite.data_ptr<float>(), make(name + ", summed"),
                         {counts.data(), sums.data()}, kCount);
        keep(name + " counts", counts);
        keep(name + " sums", sums);
    }
    loops.passInside(-0.5F, 1, in, gradient, make("inside"), kCount);
    ClipSums clipped;
    const auto finite = randomTensor({kCount}, 6);
    const auto q = randomTensor({kCount}, 7);
    loops.clipped(-0.5F, 1, finite.data_ptr<float>(), q.data_ptr<float>(), gradient, make("clipped"), clipped,
                  kCount);
    keep("clipped sums", {clipped.inside, clipped.below, clipped.above});
    StaircaseSums stairs;
    loops.staircase(staircaseRule(), in, make("staircase"), kCount);
    loops.staircaseGradient(staircaseRule(), finite.data_ptr<float>(), gradient, make("staircase gradient"),
                            stairs, kCount);
    keep("staircase sums", {stairs.lower, stairs.upper, stairs.gap});
    const std::vector<float> shifts{0.4F, 0.0F, -0.25F};
    const std::vector<float> scales{0.5F, 0.25F, 0.125F};
    const BasesRule bases{shifts.data(), scales.data(), 3};
    std::vector<double> byShift(3, 0.0);
    std::vector<double> byScale(3, 0.0);
    loops.bases(bases, in, make("bases"), kCount);
    loops.basesGradient(bases, in, gradient, make("bases gradient"), byShift.data(), byScale.data(), kCount);
    keep("bases by shift", byShift);
    keep("bases by scale", byScale);
    return out;
}

/// The passes as one list: their values and sums for x and g.
std::vector<torch::Tensor> passesOf(const torch::Tensor& x, const torch::Tensor& g) {
    std::vector<torch::Tensor> all;
    for (const auto& rule : uniformRules())
        all.push_back(roundedUniform(x, rule));
    for (const std::int64_t count : {2, 16, 33})
        all.push_back(levelsOf(x, evenLevels(count)));
    LevelTotals totals;
    all.push_back(levelsOf(x, evenLevels(9), totals));
    all.insert(all.end(), {totals.counts, totals.sums});
    all.push_back(insideGradient(x, g, -0.5, 1));
    const auto q = roundedUniform(x, uniformRules()[2]);
    for (const auto& values : {q, torch::Tensor()}) {
        const auto clipped = clippedGradient(x, values, g, -0.5, 1);
        all.insert(all.end(), {clipped.input, clipped.inside, clipped.below, clipped.above});
    }
    const auto staircase = staircaseFor(x.scalar_type());
    all.push_back(staircase.hard(x));
    const auto soft = staircase.backward(x, g, true);
    all.insert(all.end(), {soft.input, soft.lower, soft.upper, soft.gap});
    return all;
}

} // namespace

/// The vectorized passes of quantizers that round: one result on every processor, the one that ATen gives.
class TestRoundingKernels : public QObject {
    Q_OBJECT

private slots:
    void allInstructionSetsGiveTheSameBits() {
        const auto expected = outputsOf(kernels("portable")->rounding);
        for (const char* name : {"avx2", "avx512"}) {
            const auto* found = kernels(name);
            if (found == nullptr) continue; // this processor lacks it
            for (const auto& [what, tensor] : outputsOf(found->rounding)) {
                const auto problem = bitDifference(tensor, expected.at(what));
                QVERIFY2(problem.empty(), (what + " with " + name + ": " + problem).c_str());
            }
        }
    }

    void loopsFollowAtenInDoublePrecision() {
        const auto x = randomTensor({3, 8, 37, 31}, 3).mul_(1.5);
        const auto g = randomTensor({3, 8, 37, 31}, 4);
        const auto loops = passesOf(x, g);
        const auto aten = passesOf(x.to(torch::kFloat64), g.to(torch::kFloat64));
        for (std::size_t i = 0; i < loops.size(); ++i) {
            const double scale = std::max(1.0, aten[i].abs().max().item<double>());
            const auto problem = difference(loops[i].to(torch::kFloat64), aten[i].to(torch::kFloat64),
                                            (loops[i].dim() > 1 ? 2e-6 : 1e-5) * scale);
            QVERIFY2(problem.empty(), ("pass " + std::to_string(i) + ": " + problem).c_str());
        }
    }

    void layoutsAndStridesChangeNothing() {
        const auto x = randomTensor({2, 6, 10, 12}, 3);
        const auto g = randomTensor({2, 6, 10, 12}, 4);
        const auto expected = passesOf(x, g);
        const auto last = x.contiguous(at::MemoryFormat::ChannelsLast);
        const auto sliced = torch::cat({x, x}, 3).slice(3, 0, 12); // not dense: ATen's operations
        const auto slicedG = torch::cat({g, g}, 3).slice(3, 0, 12);
        const std::vector<std::vector<torch::Tensor>> others{
            passesOf(last, g), passesOf(last, g.contiguous(at::MemoryFormat::ChannelsLast)),
            passesOf(sliced, slicedG), passesOf(x, slicedG)};
        for (const auto& other : others)
            for (std::size_t i = 0; i < expected.size(); ++i) {
                const auto problem =
                    difference(other[i].to(torch::kFloat64), expected[i].to(torch::kFloat64), 2e-5);
                QVERIFY2(problem.empty(), ("pass " + std::to_string(i) + ": " + problem).c_str());
            }
        QCOMPARE(roundedUniform(last, uniformRules()[0]).strides(), last.strides());
    }

    void sumsDontDependOnThreads() {
        const auto x = randomTensor({70000}, 3);
        const auto g = randomTensor({70000}, 4);
        const int threads = at::get_num_threads();
        at::set_num_threads(1);
        const auto alone = passesOf(x, g);
        at::set_num_threads(3);
        const auto shared = passesOf(x, g);
        at::set_num_threads(threads);
        for (std::size_t i = 0; i < alone.size(); ++i)
            QVERIFY_SAME(bitDifference(shared[i], alone[i]));
    }

    void whatIsNoNumberStaysNone() {
        const auto x = torch::full({100}, std::nanf(""));
        for (const auto& rule : uniformRules())
            QVERIFY(roundedUniform(x, rule).isnan().all().item<bool>());
        for (const std::int64_t count : {2, 33, 256})
            QVERIFY(levelsOf(x, evenLevels(count)).isnan().all().item<bool>());
        QVERIFY(staircaseFor(torch::kFloat32).hard(x).isnan().all().item<bool>());
        QVERIFY(levelsOf(x.to(torch::kFloat64), evenLevels(5)).isnan().all().item<bool>());
    }

    void aBorderBelongsToTheValueBelow() {
        const Levels levels{torch::tensor({0.0, 1.0, 3.0}, torch::kFloat64),
                            torch::tensor({0.5, 2.0}, torch::kFloat64)};
        for (const auto type : {torch::kFloat32, torch::kFloat64}) {
            const auto x = torch::tensor({0.5, 0.75, 2.0, 2.5}, type);
            LevelTotals totals;
            QVERIFY_SAME(
                bitDifference(levelsOf(x, levels, totals), torch::tensor({0.0, 1.0, 1.0, 3.0}, type)));
            QVERIFY_SAME(bitDifference(totals.counts, torch::tensor({1.0, 2.0, 1.0}, torch::kFloat64)));
            QVERIFY_SAME(bitDifference(totals.sums, torch::tensor({0.5, 2.75, 2.5}, torch::kFloat64)));
        }
    }
};

QTEST_GUILESS_MAIN(TestRoundingKernels)
#include "tst_rounding_kernels.moc"
