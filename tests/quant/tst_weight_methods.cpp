// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>
#include <numeric>
#include <set>

#include <torch/optim/sgd.h>

#include "core/base/error.h"
#include "tests/quant/quantizers.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::quant;
using namespace quantarium::testing;

namespace {

constexpr std::int64_t kEpochs = 6;

const WeightMethod& entryOf(const QString& method) {
    return builtinWeightMethods().at(method.toStdString(), "test");
}

Options defaults(const WeightMethod& method) {
    return Options::validated(method.schema.options, Json::object(), "test");
}

/// Every method at every width that needs no further options.
void addMethods() {
    QTest::addColumn<QString>("method");
    QTest::addColumn<int>("bits");
    for (const auto& method : builtinWeightMethods().entries())
        for (std::int64_t bits = method.minimumBits; bits <= method.maximumBits; ++bits) {
            try {
                if (method.check) method.check(bits, defaults(method), "test");
            } catch (const Error&) {
                continue;
            }
            QTest::addRow("%s, %d bits", method.schema.id.c_str(), int(bits))
                << QString::fromStdString(method.schema.id) << int(bits);
        }
}

Attached make(const QString& method, int bits, torch::ScalarType type = torch::kFloat32,
              std::uint64_t seed = 1, bool channelsLast = false) {
    auto weight = randomTensor({12, 5, 3, 3}, 3, type) * 0.2;
    if (channelsLast) weight = weight.contiguous(torch::MemoryFormat::ChannelsLast);
    return attach(method.toStdString(), bits, weight, Json::object(), false, seed);
}

/// Some steps of a training, each against its own gradient, with torch's SGD or the fused step.
void train(Attached& layer, std::int64_t firstEpoch, std::int64_t lastEpoch, bool fused,
           torch::optim::SGD& optimizer) {
    for (std::int64_t epoch = firstEpoch; epoch < lastEpoch; ++epoch) {
        layer.quantizer->onEpoch({epoch, kEpochs});
        for (std::int64_t step = 0; step < 3; ++step) {
            layer.materialize(Mode::Train);
            const auto g = randomTensor(layer.parameter.sizes(), 100 + epoch * 3 + step)
                               .to(layer.parameter.scalar_type());
            if (!fused || !layer.quantizer->tryFusedStep(g, {0.05, 0.9, 1e-4, false})) {
                layer.quantizer->backward(g);
                optimizer.step();
            }
            layer.quantizer->afterStep();
        }
        layer.quantizer->snapshot(true);
    }
}

torch::optim::SGD sgdOf(Attached& layer, double momentum = 0.9) {
    const auto options = torch::optim::SGDOptions(0.05).momentum(momentum);
    std::vector<torch::optim::OptimizerParamGroup> groups;
    for (const auto& group : layer.quantizer->parameterGroups()) {
        auto own = options;
        own.lr(options.lr() * group.learningRateMultiplier);
        groups.emplace_back(group.tensors, std::make_unique<torch::optim::SGDOptions>(own));
    }
    return torch::optim::SGD(std::move(groups), options);
}

std::set<float> distinct(const torch::Tensor& weight) {
    const auto flat = weight.to(torch::kFloat32).contiguous().view({-1});
    return {flat.data_ptr<float>(), flat.data_ptr<float>() + flat.numel()};
}

torch::OrderedDict<std::string, torch::Tensor> stateOf(const WeightQuantizer& quantizer, Json& numbers) {
    torch::OrderedDict<std::string, torch::Tensor> tensors;
    numbers = Json::object();
    quantizer.save(tensors, numbers);
    return tensors;
}

} // namespace

class TestWeightMethods : public QObject {
    Q_OBJECT

private slots:
    void describesItself() {
        QCOMPARE(builtinWeightMethods().ids().front(), std::string("float"));
        for (const auto& method : builtinWeightMethods().entries()) {
            QVERIFY(!method.schema.title.empty() && !method.schema.help.empty());
            QVERIFY(method.minimumBits <= method.defaultBits && method.defaultBits <= method.maximumBits);
            QVERIFY(method.multiplications && method.levels && method.sideBits &&
                    method.trainingFloatsPerWeight && method.make);
            for (const auto& option : method.schema.options) {
                QVERIFY2(!optionProblem(option, option.defaultValue), option.name.c_str());
                QVERIFY2(!option.help.empty() && !option.title.empty(), option.name.c_str());
            }
            QVERIFY(method.trainingFloatsPerWeight(method.defaultBits, defaults(method)) >= 1);
        }
    }

    void shapeAndTypeAreKept_data() { addMethods(); }
    void shapeAndTypeAreKept() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        for (const auto type : {torch::kFloat32, torch::kFloat64}) {
            auto layer = make(method, bits, type);
            layer.quantizer->onEpoch({0, kEpochs});
            const auto* storage = layer.parameter.data_ptr();
            for (const auto mode : {Mode::Train, Mode::Eval}) {
                layer.materialize(mode);
                QCOMPARE(layer.parameter.sizes().vec(), (std::vector<std::int64_t>{12, 5, 3, 3}));
                QVERIFY(layer.parameter.scalar_type() == type && layer.parameter.requires_grad() &&
                        layer.parameter.is_leaf());
                QVERIFY(layer.parameter.data_ptr() == storage); // in place
            }
        }
    }

    /// The same weights, gradients and trainables whatever the parameter's memory format.
    void memoryFormatDoesNotMatter_data() { addMethods(); }
    void memoryFormatDoesNotMatter() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto plain = make(method, bits);
        auto last = make(method, bits, torch::kFloat32, 1, true);
        auto plainSgd = sgdOf(plain);
        auto lastSgd = sgdOf(last);
        train(plain, 0, 4, true, plainSgd);
        train(last, 0, 4, true, lastSgd);
        QVERIFY(last.parameter.is_contiguous(torch::MemoryFormat::ChannelsLast));
        QVERIFY_SAME(bitDifference(last.weight(Mode::Train), plain.weight(Mode::Train)));
        QVERIFY_SAME(bitDifference(last.weight(), plain.weight()));
        QVERIFY(last.quantizer->snapshot(false) == plain.quantizer->snapshot(false));
    }

    void onlyAllowedLevels_data() { addMethods(); }
    void onlyAllowedLevels() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto layer = make(method, bits);
        auto optimizer = sgdOf(layer);
        train(layer, 0, 3, true, optimizer);
        const auto snapshot = layer.quantizer->snapshot(false);
        const auto& allowed = snapshot.valueSpace;
        const auto levels = entryOf(method).levels(bits, defaults(entryOf(method)));
        if (levels == 0) { // float
            QVERIFY(allowed.empty());
            return;
        }
        QVERIFY(levels <= std::int64_t{1} << bits);
        if (snapshot.codebooks == 1) QCOMPARE(static_cast<std::int64_t>(allowed.size()), levels);
        QVERIFY(std::is_sorted(allowed.begin(), allowed.end()));
        // Each filter, or the whole layer, has no more values than the method says.
        const auto weight = layer.weight().contiguous().view({snapshot.codebooks, -1});
        for (std::int64_t book = 0; book < snapshot.codebooks; ++book)
            QVERIFY(static_cast<std::int64_t>(distinct(weight[book]).size()) <= levels);
        for (const float value : distinct(weight))
            QVERIFY(std::binary_search(allowed.begin(), allowed.end(), double{value}));
    }

    void freezingIsEvaluation_data() { addMethods(); }
    void freezingIsEvaluation() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        for (const std::int64_t epochs : {0, 2, 6}) {
            auto layer = make(method, bits);
            auto optimizer = sgdOf(layer);
            train(layer, 0, epochs, true, optimizer);
            const auto frozen = layer.quantizer->freeze();
            QVERIFY_SAME(bitDifference(frozen.decode(), layer.weight()));
            QCOMPARE(frozen.bits, std::int64_t{bits});
            QCOMPARE(frozen.shape, layer.parameter.sizes().vec());
            if (bits < 32)
                QVERIFY(frozen.codes.min().item<int>() >= 0 && frozen.codes.max().item<int>() < 1 << bits);
            const auto again = layer.quantizer->freeze();
            QVERIFY_SAME(bitDifference(again.decode(), frozen.decode()));
            if (bits < 32) QVERIFY_SAME(bitDifference(again.codes, frozen.codes));
            QCOMPARE(again.codebook, frozen.codebook);
        }
    }

    /// What the method says of side data is what freezing stores, with and without a batch norm behind the
    /// layer.
    void sideBitsAreThoseStored_data() { addMethods(); }
    void sideBitsAreThoseStored() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto& entry = entryOf(method);
        for (const std::optional<bool> batchNorm :
             {std::optional(true), std::optional(false), std::optional<bool>()}) {
            QuantizerArguments arguments;
            arguments.parameter = randomTensor({12, 5, 3, 3}, 3).requires_grad_();
            arguments.layer.name = "layer.weight";
            arguments.layer.shape = {12, 5, 3, 3};
            arguments.layer.fanIn = 45;
            arguments.layer.fanOut = 108;
            arguments.layer.followedByBatchNorm = batchNorm;
            arguments.bits = bits;
            arguments.options = defaults(entry);
            const auto quantizer = entry.make(arguments);
            QCOMPARE(quantizer->freeze().sideBits, entry.sideBits(arguments.layer, bits, arguments.options));
            quantizer->materialize(Mode::Eval);
            QVERIFY_SAME(bitDifference(quantizer->freeze().decode(), arguments.parameter.detach()));
        }
    }

    void seedsDetermine_data() { addMethods(); }
    void seedsDetermine() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        torch::manual_seed(5);
        auto first = make(method, bits);
        auto firstSgd = sgdOf(first);
        train(first, 0, kEpochs, true, firstSgd);
        torch::manual_seed(6); // the process-wide generator has no say
        auto second = make(method, bits);
        auto secondSgd = sgdOf(second);
        train(second, 0, kEpochs, true, secondSgd);
        QVERIFY_SAME(bitDifference(second.weight(Mode::Train), first.weight(Mode::Train)));
        QVERIFY(second.quantizer->snapshot(false) == first.quantizer->snapshot(false));
        if (method == "rdhs" || method == "sgt" || method == "binaryconnect") // start from chance
            QVERIFY(
                !torch::equal(make(method, bits, torch::kFloat32, 2).weight(), make(method, bits).weight()));
    }

    void gradientsAreFinite_data() { addMethods(); }
    void gradientsAreFinite() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto layer = make(method, bits);
        for (const std::int64_t epoch : {0, 3, 5}) {
            layer.quantizer->onEpoch({epoch, kEpochs});
            layer.materialize(Mode::Train);
            for (const double size : {0.0, 1e-20, 1.0, 1e10}) {
                layer.quantizer->backward(randomTensor({12, 5, 3, 3}, 8) * size);
                for (const auto& group : layer.quantizer->parameterGroups())
                    for (const auto& tensor : group.tensors)
                        QVERIFY(tensor.grad().defined() && tensor.grad().isfinite().all().item<bool>());
            }
        }
    }

    void snapshotCounts_data() { addMethods(); }
    void snapshotCounts() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto layer = make(method, bits);
        auto optimizer = sgdOf(layer);
        train(layer, 0, 2, true, optimizer);
        const auto weight = layer.weight();
        const auto before = layer.weight(Mode::Train);
        const auto snapshot = layer.quantizer->snapshot(false);
        QVERIFY_SAME(bitDifference(layer.parameter.detach(), before)); // it writes nothing
        QCOMPARE(snapshot.elements, std::int64_t{540});
        QCOMPARE(snapshot.layer, std::string("layer.weight"));
        QCOMPARE(snapshot.method, method.toStdString());
        std::int64_t counted = 0;
        for (const auto& level : snapshot.levels) {
            QCOMPARE(level.count, (weight == level.value).sum().item<std::int64_t>());
            counted += level.count;
        }
        if (bits < 32) QCOMPARE(counted, std::int64_t{540});
        const auto inBins = [](const Histogram& h) {
            return std::accumulate(h.counts.begin(), h.counts.end(), h.below + h.above);
        };
        QCOMPARE(inBins(snapshot.latent) + (snapshot.latentFrozen ? inBins(*snapshot.latentFrozen) : 0),
                 std::int64_t{540});
        QCOMPARE(snapshot.zeroShare, (weight == 0).sum().item<double>() / 540);
        const double most = std::log2(std::max<double>(1, static_cast<double>(snapshot.valueSpace.size())));
        QVERIFY(snapshot.levelEntropyBits >= 0 && snapshot.levelEntropyBits <= most + 1e-9);
        QVERIFY(weightSnapshotFromJson(toJson(WeightSnapshot{1, 2, {snapshot}}), "test").layers.front() ==
                snapshot);
    }

    void flipsAreThoseSinceTheMark_data() { addMethods(); }
    void flipsAreThoseSinceTheMark() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto layer = make(method, bits);
        auto optimizer = sgdOf(layer);
        train(layer, 0, 1, true, optimizer);
        const auto marked = layer.quantizer->freeze().codes;
        QCOMPARE(layer.quantizer->snapshot(false).flips.value_or(0),
                 std::int64_t{0}); // train() has just marked
        for (int step = 0; step < 5; ++step) {
            layer.materialize(Mode::Train);
            layer.quantizer->backward(randomTensor({12, 5, 3, 3}, 60) * 9);
            optimizer.step();
            layer.quantizer->afterStep();
        }
        if (bits == 32) return;
        const auto flips = (layer.quantizer->freeze().codes != marked).sum().item<std::int64_t>();
        QCOMPARE(*layer.quantizer->snapshot(false).flips, flips);
        QCOMPARE(*layer.quantizer->snapshot(true).flips, flips);
        QCOMPARE(*layer.quantizer->snapshot(true).flips, std::int64_t{0});
        if (method != "ptq") QVERIFY(flips > 0); // weights that are not trained never flip
    }

    /// Saved in the middle of a training and loaded into a new quantizer, the rest of it gives the same bits.
    void stateContinues_data() { addMethods(); }
    void stateContinues() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto whole = make(method, bits);
        auto sgd = sgdOf(whole, 0); // the optimizer's own state is not the quantizer's
        train(whole, 0, 3, true, sgd);
        auto resumed = make(method, bits, torch::kFloat32, 1);
        { // other starting weights: all comes from the state
            const torch::NoGradGuard guard;
            resumed = attach(method.toStdString(), bits, randomTensor({12, 5, 3, 3}, 77));
        }
        copyState(*whole.quantizer, *resumed.quantizer);
        QVERIFY_SAME(bitDifference(resumed.weight(), whole.weight()));
        Json one, two;
        const auto first = stateOf(*whole.quantizer, one);
        const auto second = stateOf(*resumed.quantizer, two);
        QCOMPARE(two, one);
        QCOMPARE(second.keys(), first.keys());
        for (const auto& item : first)
            QVERIFY_SAME(bitDifference(second[item.key()], item.value()));
        auto resumedSgd = sgdOf(resumed, 0);
        train(whole, 3, kEpochs, true, sgd);
        train(resumed, 3, kEpochs, true, resumedSgd);
        QVERIFY_SAME(bitDifference(resumed.weight(Mode::Train), whole.weight(Mode::Train)));
        QVERIFY(resumed.quantizer->snapshot(false) == whole.quantizer->snapshot(false));
    }

    void foreignStateIsRefused_data() { addMethods(); }
    void foreignStateIsRefused() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto layer = make(method, bits);
        const auto before = layer.weight();
        Json numbers;
        auto tensors = stateOf(*layer.quantizer, numbers);
        QVERIFY_THROWS_EXCEPTION(
            Error, layer.quantizer->load(torch::OrderedDict<std::string, torch::Tensor>(), numbers));
        if (!numbers.empty()) QVERIFY_THROWS_EXCEPTION(Error, layer.quantizer->load(tensors, Json::object()));
        auto other = attach(method.toStdString(), bits, randomTensor({3, 4}, 1));
        QVERIFY_THROWS_EXCEPTION(Error, copyState(*other.quantizer, *layer.quantizer));
        QVERIFY_SAME(bitDifference(layer.weight(), before)); // nothing was half loaded
    }

    void evaluationChangesNothing_data() { addMethods(); }
    void evaluationChangesNothing() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        auto watched = make(method, bits);
        auto alone = make(method, bits);
        auto watchedSgd = sgdOf(watched);
        auto aloneSgd = sgdOf(alone);
        for (std::int64_t epoch = 0; epoch < kEpochs; ++epoch) {
            train(watched, epoch, epoch + 1, false, watchedSgd);
            train(alone, epoch, epoch + 1, false, aloneSgd);
            for (int i = 0; i < 3; ++i) {
                QVERIFY_SAME(bitDifference(watched.weight(), watched.weight()));
                watched.quantizer->snapshot(false);
            }
        }
        QVERIFY_SAME(bitDifference(watched.weight(Mode::Train), alone.weight(Mode::Train)));
    }

    /// INQ on a fixed grid: q(q(w)) = q(w) and q(−w) = −q(w).
    void idempotentAndOdd_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::addColumn<QString>("mode");
        QTest::newRow("float") << "float" << 32 << "";
        for (int bits = 2; bits <= 9; ++bits)
            for (const char* mode : {"cap", "fixed", "rescale"})
                QTest::addRow("inq, %d bits, %s", bits, mode) << "inq" << bits << mode;
    }

    void idempotentAndOdd() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        QFETCH(QString, mode);
        const Json options = mode.isEmpty() ? Json::object() : Json{{"max_value_mode", mode.toStdString()}};
        const auto weight = randomTensor({12, 5, 3, 3}, 3);
        auto layer = attach(method.toStdString(), bits, weight, options);
        const auto once = layer.weight();
        auto mirrored = attach(method.toStdString(), bits, -weight, options);
        QVERIFY_SAME(difference(mirrored.weight(), -once, 0));
        auto again = attach(method.toStdString(), bits, weight, options); // the same grid
        Json numbers;
        auto tensors = stateOf(*again.quantizer, numbers);
        tensors[method == "float" ? "weight" : "latent"] = once;
        again.quantizer->load(tensors, numbers);
        QVERIFY_SAME(bitDifference(again.weight(), once));
    }

    /// q(−w) = −q(w), away from the sign of 0 and from ties. Not so by definition (quantizers.md 25.3):
    /// affine grids, asymmetric clipping (LSQ, Ristretto), TTQ's two scales, DSQ's two bounds; nor trained
    /// logits.
    void oddSymmetry_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::newRow("binaryconnect") << "binaryconnect" << 1;
        QTest::newRow("bwn") << "bwn" << 1;
        QTest::newRow("twn") << "twn" << 2;
        QTest::newRow("tsq") << "tsq" << 2;
        for (int bits = 1; bits <= 4; ++bits) {
            QTest::addRow("dorefa, %d bits", bits) << "dorefa" << bits;
            QTest::addRow("lab, %d bits", bits) << "lab" << bits;
            QTest::addRow("lq, %d bits", bits) << "lq" << bits;
        }
        for (int bits = 2; bits <= 3; ++bits)
            QTest::addRow("admm, %d bits", bits) << "admm" << bits;
        for (int bits = 2; bits <= 4; ++bits) {
            QTest::addRow("minmax, %d bits", bits) << "minmax" << bits;
            QTest::addRow("ptq, %d bits", bits) << "ptq" << bits;
            QTest::addRow("apot, %d bits", bits) << "apot" << bits;
            QTest::addRow("abc, %d bases", bits) << "abc" << bits;
        }
    }

    void oddSymmetry() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto weight = randomTensor({12, 5, 3, 3}, 3) * 0.2;
        auto layer = attach(method.toStdString(), bits, weight, Json::object(), true);
        auto mirrored = attach(method.toStdString(), bits, -weight, Json::object(), true);
        QVERIFY(layer.weight().abs().max().item<double>() > 0);
        QVERIFY_SAME(difference(mirrored.weight(), -layer.weight(), 1e-6));
    }

    /// A quantized weight is its own quantization where no statistic of the others enters.
    void idempotent_data() {
        QTest::addColumn<QString>("method");
        QTest::addColumn<int>("bits");
        QTest::newRow("binaryconnect") << "binaryconnect" << 1;
        QTest::newRow("tsq") << "tsq" << 2;
        for (int bits = 2; bits <= 8; bits += 2)
            QTest::addRow("ptq, %d bits", bits) << "ptq" << bits;
    }

    void idempotent() {
        QFETCH(QString, method);
        QFETCH(int, bits);
        const auto weight = randomTensor({12, 5, 3, 3}, 3) * 0.2;
        const auto once = attach(method.toStdString(), bits, weight, Json::object(), true).weight().clone();
        const auto twice = attach(method.toStdString(), bits, once, Json::object(), true).weight();
        QVERIFY_SAME(difference(twice, once, 1e-6));
        QVERIFY(bits > 6 || !difference(once, weight, 1e-3).empty()); // something was rounded
    }
};

QTEST_GUILESS_MAIN(TestWeightMethods)
#include "tst_weight_methods.moc"
