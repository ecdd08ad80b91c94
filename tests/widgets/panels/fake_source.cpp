// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/widgets/panels/fake_source.h"

#include <algorithm>
#include <cmath>

namespace quantarium::test {
namespace {

constexpr int kBins = 64;

/// About N(0, 1): twelve uniform numbers.
double normal(std::uint64_t index) {
    double sum = -6;
    for (std::uint64_t i = 0; i < 12; ++i)
        sum += noise(index * 12 + i);
    return sum;
}

std::vector<double> valuesOf(const QString& method, int bits) {
    if (method == QLatin1String("rdhs"))
        return bits == 1 ? std::vector<double>{-1, 1} : std::vector<double>{-1, -0.5, 0.5, 1};
    std::vector<double> values{0};
    const int exponents = 1 << (bits - 2);
    for (int i = 0; i < exponents; ++i) {
        values.push_back(std::ldexp(0.5, -i));
        values.push_back(-std::ldexp(0.5, -i));
    }
    std::sort(values.begin(), values.end());
    return values;
}

double nearest(const std::vector<double>& values, double weight) {
    return *std::min_element(values.begin(), values.end(), [weight](double a, double b) {
        return std::abs(a - weight) < std::abs(b - weight);
    });
}

void count(Histogram& histogram, double weight) {
    const double place = (weight - histogram.low) / (histogram.high - histogram.low) * kBins;
    if (place < 0) {
        ++histogram.below;
    } else if (place >= kBins) {
        ++histogram.above;
    } else {
        ++histogram.counts[std::size_t(place)];
    }
}

SearchState makeSearch(const std::vector<double>& values, qint64 epoch, std::uint64_t seed) {
    SearchState search;
    search.temperature = std::pow(0.97, double(epoch));
    search.noise = 0;
    search.meanPathEntropy = 0.65 * std::exp(-0.15 * double(epoch)) * (0.8 + 0.4 * noise(seed));
    search.meanLargestProbability = 1 - 0.4 * std::exp(-0.15 * double(epoch));
    search.flipRate = 0.2 * std::exp(-0.25 * double(epoch));
    search.values = values;
    for (int i = 0; i < 4; ++i) {
        WeightLogits example;
        example.index = 137 * i;
        for (std::size_t k = 0; k < values.size(); ++k)
            example.logits.push_back(normal(seed * 31 + std::uint64_t(i) * 7 + k));
        search.examples.push_back(example);
    }
    return search;
}

LayerSnapshot makeLayer(const std::string& name, const QString& method, int bits, std::int64_t elements,
                        qint64 epoch, std::uint64_t seed) {
    LayerSnapshot layer;
    layer.layer = name;
    layer.method = method.toStdString();
    layer.bits = bits;
    layer.elements = elements;
    const bool quantized = method != QLatin1String("float");
    const double spread = method == QLatin1String("rdhs") ? 0.35 : 0.13;
    layer.latent = {-5 * spread, 5 * spread, std::vector<std::int64_t>(kBins, 0), 0, 0};
    const bool freezes = method == QLatin1String("inq");
    const double frozenShare = std::min(1.0, 0.25 * double(epoch));
    if (freezes) layer.latentFrozen = layer.latent;
    if (freezes) layer.frozenShare = frozenShare;
    if (quantized) layer.valueSpace = valuesOf(method, bits);
    std::map<double, std::int64_t> levels;
    double signal = 0, error = 0;
    for (std::int64_t i = 0; i < elements; ++i) {
        double weight = spread * normal(seed * 100003 + std::uint64_t(i));
        if (method == QLatin1String("rdhs"))
            weight += (weight > 0 ? 1 : -1) * 0.8 * (1 - std::exp(-0.3 * double(epoch)));
        const bool frozen = freezes && double(i % 100) < 100 * frozenShare;
        const double used = quantized ? nearest(layer.valueSpace, weight) : weight;
        if (frozen) weight = used;
        count(frozen ? *layer.latentFrozen : layer.latent, weight);
        if (quantized) ++levels[used];
        signal += weight * weight;
        error += (weight - used) * (weight - used);
    }
    for (const auto& [value, n] : levels) {
        layer.levels.push_back({value, n});
        const double share = double(n) / double(elements);
        layer.levelEntropyBits -= share * std::log2(share);
        if (value == 0) layer.zeroShare = share;
    }
    if (quantized && error > 0) layer.sqnrDb = 10 * std::log10(signal / error);
    if (quantized && epoch > 0)
        layer.flips = std::int64_t(double(elements) * 0.1 * std::exp(-0.2 * double(epoch)));
    if (method == QLatin1String("rdhs")) layer.search = makeSearch(layer.valueSpace, epoch, seed);
    return layer;
}

QVector<FakeSource::Run> makeFirstLook() {
    QVector<FakeSource::Run> runs{
        makeRun(QStringLiteral("float"), QStringLiteral("Float ResNet-20"), QStringLiteral("float"), 32, 12,
                1),
        makeRun(QStringLiteral("inq5"), QStringLiteral("INQ 5 bits"), QStringLiteral("inq"), 5, 12, 2),
        makeRun(QStringLiteral("inq3"), QStringLiteral("INQ 3 bits"), QStringLiteral("inq"), 3, 3, 3),
        makeRun(QStringLiteral("rdhs-a"), QStringLiteral("RDHS 1 bit, seed 1"), QStringLiteral("rdhs"), 1, 12,
                4),
        makeRun(QStringLiteral("rdhs-b"), QStringLiteral("RDHS 1 bit, seed 2"), QStringLiteral("rdhs"), 1, 12,
                5)};
    runs[3].row.group = QStringLiteral("rdhs");
    runs[4].row.group = QStringLiteral("rdhs");
    return runs;
}

} // namespace

double noise(std::uint64_t index) {
    std::uint64_t z = (index + 1) * 0x9E3779B97F4A7C15ULL;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return double((z ^ (z >> 31)) >> 11) * 0x1.0p-53;
}

std::shared_ptr<const WeightSnapshot> makeSnapshot(const QString& method, int bits, qint64 epoch,
                                                   std::uint64_t seed) {
    auto snapshot = std::make_shared<WeightSnapshot>();
    snapshot->epoch = epoch;
    snapshot->step = epoch * kStepsPerEpoch;
    snapshot->layers.push_back(makeLayer("conv1.weight", QStringLiteral("float"), 32, 432, epoch, seed));
    for (int block = 0; block < 3; ++block) {
        for (int conv = 1; conv <= 2; ++conv) {
            const std::string name =
                "layer" + std::to_string(block + 1) + ".0.conv" + std::to_string(conv) + ".weight";
            snapshot->layers.push_back(
                makeLayer(name, method, bits, 2304 << block, epoch, seed + std::uint64_t(10 * block + conv)));
        }
    }
    snapshot->layers.push_back(makeLayer("fc.weight", QStringLiteral("float"), 32, 640, epoch, seed + 99));
    return snapshot;
}

FakeSource::Run makeRun(const QString& id, const QString& name, const QString& method, int bits, int epochs,
                        std::uint64_t seed) {
    FakeSource::Run run;
    run.row.id = id;
    run.row.name = name;
    run.row.state = RunState::Running;
    run.row.epochsDone = epochs;
    run.row.epochsTotal = 20;
    run.row.config.weights.method = method.toStdString();
    const double ceiling = method == QLatin1String("float") ? 89.5 : 84.0 + bits;
    for (int epoch = 1; epoch <= epochs; ++epoch) {
        const double progress = 1 - std::exp(-0.35 * epoch);
        const auto add = [&](const char* series, double value) {
            run.series[QLatin1String(series)].x.append(epoch);
            run.series[QLatin1String(series)].y.append(value);
        };
        const double wobble = noise(seed * 1000 + std::uint64_t(epoch)) - 0.5;
        add("train_loss", 2.2 - 1.9 * progress + 0.02 * wobble);
        add("validation_loss", 2.25 - 1.8 * progress + 0.06 * wobble);
        add("train_top1", 10 + (ceiling - 8) * progress + wobble);
        add("validation_top1", 10 + (ceiling - 10) * progress + 2 * wobble);
        add("learning_rate", 0.05 * (1 + std::cos(3.14159265 * epoch / 20.0)));
        if (method == QLatin1String("rdhs")) add("temperature", std::pow(0.97, epoch));
        run.seconds.x.append(epoch);
        run.seconds.y.append(4.5 * epoch + 0.5 * wobble);
    }
    for (int step = 1; step <= epochs * kStepsPerEpoch; ++step) {
        const double progress = 1 - std::exp(-0.35 * step / double(kStepsPerEpoch));
        run.steps.x.append(step);
        run.steps.y.append(2.3 - 1.95 * progress + 0.35 * (noise(seed * 77777 + std::uint64_t(step)) - 0.5));
    }
    for (int epoch = 0; epoch <= epochs; ++epoch)
        run.snapshots[epoch] = makeSnapshot(method, bits, epoch, seed);
    run.live = run.snapshots.rbegin()->second;
    return run;
}

void fillFirstLook(FakeSource& source, const QString& current) {
    static const QVector<FakeSource::Run> kRuns = makeFirstLook(); // making them takes longer than the tests
    for (const FakeSource::Run& run : kRuns)
        source.add(run);
    for (const char* id : {"float", "inq5", "rdhs-a", "rdhs-b"})
        source.setChecked(QString::fromLatin1(id), true);
    source.setCurrentRun(current);
}

QVector<widgets::RunRow> FakeSource::runs() const {
    QVector<widgets::RunRow> rows;
    for (auto id = m_order.rbegin(); id != m_order.rend(); ++id)
        rows.append(*run(*id));
    return rows;
}

std::optional<widgets::RunRow> FakeSource::run(const QString& id) const {
    if (!m_runs.contains(id)) return std::nullopt;
    widgets::RunRow row = m_runs[id].row;
    row.checked = m_checked.contains(id);
    return row;
}

void FakeSource::setChecked(const QString& id, bool checked) {
    m_checked.removeAll(id);
    if (checked) m_checked.append(id);
    emit checkedRunsChanged();
}

void FakeSource::setCurrentRun(const QString& id) {
    m_current = id;
    emit currentRunChanged(id);
}

QVector<qint64> FakeSource::snapshotEpochs(const QString& id) const {
    QVector<qint64> epochs;
    for (const auto& [epoch, snapshot] : m_runs.value(id).snapshots)
        epochs.append(epoch);
    return epochs;
}

std::shared_ptr<const WeightSnapshot> FakeSource::snapshot(const QString& id, qint64 epoch) const {
    const Run run = m_runs.value(id);
    if (epoch < 0) return run.live;
    if (m_background && !m_read.contains({id, epoch})) {
        m_read.insert({id, epoch});
        auto* self = const_cast<FakeSource*>(this); // as a source that reads in a thread does, it emits later
        QMetaObject::invokeMethod(
            self, [self, id] { emit self->snapshotChanged(id); }, Qt::QueuedConnection);
        return nullptr;
    }
    const auto found = run.snapshots.find(epoch);
    return found == run.snapshots.end() ? nullptr : found->second;
}

void FakeSource::watchWeights(const QString& id, bool watch) {
    if (watch) {
        m_watched.insert(id);
    } else {
        m_watched.remove(id);
    }
}

void FakeSource::add(const Run& run) {
    Run kept = run;
    kept.row.colour = int(m_order.size());
    m_order.append(run.row.id);
    m_runs.insert(run.row.id, kept);
    emit runsChanged();
}

void FakeSource::addEpoch(const QString& id, std::shared_ptr<const WeightSnapshot> snapshot) {
    m_runs[id].live = snapshot;
    m_runs[id].snapshots[snapshot->epoch] = snapshot;
    emit snapshotChanged(id);
}

} // namespace quantarium::test
