// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <atomic>
#include <thread>

#include <ATen/Parallel.h>

#include "core/base/error.h"
#include "core/data/loader.h"
#include "core/data/memory_dataset.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

/// Label i for sample i, random pixels.
std::shared_ptr<const data::Dataset> sampleDataset(std::int64_t count) {
    torch::manual_seed(1);
    return data::memoryDataset(
        {torch::randint(0, 256, {count, 3, 8, 8}, torch::kUInt8), torch::arange(count)});
}

data::LoaderSettings settingsWith(std::int64_t prefetch) {
    data::LoaderSettings settings;
    settings.batch = 16;
    settings.augmentation = {2, true, true};
    settings.normalization = {{0.5, 0.4, 0.3}, {0.2, 0.3, 0.4}};
    settings.seed = 42;
    settings.prefetch = prefetch;
    return settings;
}

std::vector<data::Batch> epochOf(data::Loader& loader, std::int64_t epoch, std::int64_t firstBatch = 0) {
    std::vector<data::Batch> batches;
    loader.start(epoch, firstBatch);
    while (auto batch = loader.next())
        batches.push_back(*batch);
    return batches;
}

torch::Tensor labelsOf(const std::vector<data::Batch>& batches) {
    std::vector<torch::Tensor> labels;
    for (const auto& batch : batches)
        labels.push_back(batch.targets);
    return torch::cat(labels);
}

std::string batchesDifference(const std::vector<data::Batch>& actual,
                              const std::vector<data::Batch>& expected) {
    if (actual.size() != expected.size())
        return std::to_string(actual.size()) + " batches, expected " + std::to_string(expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
        auto problem = bitDifference(actual[i].images, expected[i].images);
        if (problem.empty()) problem = bitDifference(actual[i].targets, expected[i].targets);
        if (!problem.empty()) return "batch " + std::to_string(i) + ": " + problem;
    }
    return {};
}

/// Fails at one sample; notes which threads fetched.
class FailingDataset : public data::Dataset {
public:
    FailingDataset(std::int64_t size, std::int64_t badSample)
        : m_whole(sampleDataset(size)), m_badSample(badSample) {}

    std::int64_t size() const override { return m_whole->size(); }
    std::array<std::int64_t, 3> imageShape() const override { return m_whole->imageShape(); }

    data::Batch fetch(std::span<const std::int64_t> indices) const override {
        m_fetchedElsewhere = std::this_thread::get_id() != m_creator;
        for (const auto index : indices)
            if (index == m_badSample)
                throw Error(ErrorKind::Data, "sample " + std::to_string(index) + " can't be read",
                            "file.bin");
        return m_whole->fetch(indices);
    }

    bool fetchedElsewhere() const { return m_fetchedElsewhere; }

private:
    std::shared_ptr<const data::Dataset> m_whole;
    std::int64_t m_badSample;
    std::thread::id m_creator = std::this_thread::get_id();
    mutable std::atomic<bool> m_fetchedElsewhere = false;
};

} // namespace

/// Batches: how many, in which order, whatever the threads do.
class TestLoader : public QObject {
    Q_OBJECT

private slots:
    void batchCounts_data();
    void batchCounts();
    void anEpochIsAPermutation();
    void withoutShufflingInOrder();
    void prefetchChangesNothing_data();
    void prefetchChangesNothing();
    void epochsAndSeedsDiffer();
    void resumesInTheMiddle_data();
    void resumesInTheMiddle();
    void startingAnewDropsWhatWasPrepared();
    void endsInTheMiddleOfAnEpoch();
    void rethrowsInNext_data();
    void rethrowsInNext();
    void preparesInTheBackground();
    void leavesTheThreadCountAlone();
    void misuse();
};

void TestLoader::batchCounts_data() {
    QTest::addColumn<int>("samples");
    QTest::addColumn<bool>("dropLast");
    QTest::addColumn<QVector<int>>("sizes");
    QTest::newRow("whole") << 32 << true << QVector<int>{16, 16};
    QTest::newRow("rest dropped") << 37 << true << QVector<int>{16, 16};
    QTest::newRow("rest kept") << 37 << false << QVector<int>{16, 16, 5};
    QTest::newRow("only a rest") << 5 << true << QVector<int>{5};
    QTest::newRow("empty") << 0 << true << QVector<int>{};
}

void TestLoader::batchCounts() {
    QFETCH(int, samples);
    QFETCH(bool, dropLast);
    QFETCH(QVector<int>, sizes);
    auto settings = settingsWith(2);
    settings.dropLast = dropLast;
    data::Loader loader(sampleDataset(samples), settings);
    QCOMPARE(loader.batchesPerEpoch(), static_cast<std::int64_t>(sizes.size()));
    QVector<int> found;
    for (const auto& batch : epochOf(loader, 0)) {
        found.push_back(static_cast<int>(batch.targets.size(0)));
        QCOMPARE(batch.images.size(0), batch.targets.size(0));
    }
    QCOMPARE(found, sizes);
    QVERIFY(!loader.next());
}

void TestLoader::anEpochIsAPermutation() {
    auto settings = settingsWith(2);
    settings.dropLast = false;
    data::Loader loader(sampleDataset(100), settings);
    const auto labels = labelsOf(epochOf(loader, 3));
    QVERIFY(!torch::equal(labels, torch::arange(100)));
    QVERIFY_SAME(bitDifference(std::get<0>(labels.sort()), torch::arange(100)));
}

void TestLoader::withoutShufflingInOrder() {
    auto settings = settingsWith(2);
    settings.dropLast = settings.shuffle = false;
    settings.augmentation = {};
    const auto dataset = sampleDataset(50);
    data::Loader loader(dataset, settings);
    const auto batches = epochOf(loader, 3);
    QVERIFY_SAME(bitDifference(labelsOf(batches), torch::arange(50)));
    QVERIFY_SAME(batchesDifference(epochOf(loader, 4), batches));
}

void TestLoader::prefetchChangesNothing_data() {
    QTest::addColumn<int>("prefetch");
    for (const int prefetch : {1, 2, 5, 100})
        QTest::addRow("%d", prefetch) << prefetch;
}

void TestLoader::prefetchChangesNothing() {
    QFETCH(int, prefetch);
    const auto dataset = sampleDataset(100);
    data::Loader plain(dataset, settingsWith(0));
    data::Loader ahead(dataset, settingsWith(prefetch));
    for (std::int64_t epoch = 0; epoch < 3; ++epoch)
        QVERIFY_SAME(batchesDifference(epochOf(ahead, epoch), epochOf(plain, epoch)));
}

void TestLoader::epochsAndSeedsDiffer() {
    const auto dataset = sampleDataset(100);
    data::Loader loader(dataset, settingsWith(2));
    auto other = settingsWith(2);
    other.seed = 43;
    data::Loader otherLoader(dataset, other);
    const auto first = labelsOf(epochOf(loader, 0));
    QVERIFY(!torch::equal(labelsOf(epochOf(loader, 1)), first));
    QVERIFY(!torch::equal(labelsOf(epochOf(otherLoader, 0)), first));
    auto inOrder = settingsWith(2);
    inOrder.shuffle = false;
    data::Loader augmented(dataset, inOrder);
    QVERIFY(!torch::equal(epochOf(augmented, 0)[0].images, epochOf(augmented, 1)[0].images));
}

void TestLoader::resumesInTheMiddle_data() {
    QTest::addColumn<int>("firstBatch");
    for (const int first : {0, 1, 4, 6})
        QTest::addRow("batch %d", first) << first;
}

void TestLoader::resumesInTheMiddle() {
    QFETCH(int, firstBatch);
    const auto dataset = sampleDataset(100);
    data::Loader loader(dataset, settingsWith(3));
    auto rest = epochOf(loader, 7);
    rest.erase(rest.begin(), rest.begin() + firstBatch);
    data::Loader resumed(dataset, settingsWith(2));
    QVERIFY_SAME(batchesDifference(epochOf(resumed, 7, firstBatch), rest));
}

void TestLoader::startingAnewDropsWhatWasPrepared() {
    const auto dataset = sampleDataset(100);
    data::Loader fresh(dataset, settingsWith(0));
    const auto expected = epochOf(fresh, 2);
    data::Loader loader(dataset, settingsWith(3));
    for (int i = 0; i < 50; ++i) {
        loader.start(1, i % 6);
        if (i % 2 == 0) QVERIFY(loader.next());
    }
    QVERIFY_SAME(batchesDifference(epochOf(loader, 2), expected));
}

void TestLoader::endsInTheMiddleOfAnEpoch() {
    const auto dataset = sampleDataset(200);
    for (int i = 0; i < 200; ++i) {
        data::Loader loader(dataset, settingsWith(1 + i % 4));
        if (i % 3 == 0) continue;
        loader.start(i);
        if (i % 3 == 1) QVERIFY(loader.next());
    }
    QCOMPARE(dataset.use_count(), 1L);
}

void TestLoader::rethrowsInNext_data() {
    QTest::addColumn<int>("prefetch");
    for (const int prefetch : {0, 1, 4})
        QTest::addRow("%d", prefetch) << prefetch;
}

void TestLoader::rethrowsInNext() {
    QFETCH(int, prefetch);
    auto settings = settingsWith(prefetch);
    settings.shuffle = false;
    data::Loader loader(std::make_shared<FailingDataset>(100, 40), settings);
    loader.start(0);
    QVERIFY(loader.next());
    QVERIFY(loader.next());
    for (int i = 0; i < 2; ++i) {
        try {
            loader.next();
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Data);
            QCOMPARE(error.problem(), std::string("sample 40 can't be read"));
        }
    }
    loader.start(1, 3);
    QVERIFY_SAME(bitDifference(loader.next()->targets, torch::arange(48, 64)));
}

void TestLoader::preparesInTheBackground() {
    for (const std::int64_t prefetch : {0, 2}) {
        const auto dataset = std::make_shared<FailingDataset>(100, -1);
        data::Loader loader(dataset, settingsWith(prefetch));
        QCOMPARE(epochOf(loader, 0).size(), std::size_t{6});
        QCOMPARE(dataset->fetchedElsewhere(), prefetch > 0);
    }
}

void TestLoader::leavesTheThreadCountAlone() {
    const int before = torch::get_num_threads();
    torch::set_num_threads(2);
    data::Loader loader(sampleDataset(100), settingsWith(2));
    QCOMPARE(epochOf(loader, 0).size(), std::size_t{6});
    QCOMPARE(torch::get_num_threads(), 2);
    torch::set_num_threads(before);
}

void TestLoader::misuse() {
    auto settings = settingsWith(2);
    settings.batch = 0;
    QVERIFY_EXCEPTION_THROWN(data::Loader(sampleDataset(10), settings), std::invalid_argument);
    QVERIFY_EXCEPTION_THROWN(data::Loader(sampleDataset(10), settingsWith(-1)), std::invalid_argument);
    data::Loader loader(sampleDataset(100), settingsWith(2));
    QVERIFY_EXCEPTION_THROWN(loader.next(), std::logic_error);
    QVERIFY_EXCEPTION_THROWN(loader.start(0, 7), std::out_of_range);
    QVERIFY_EXCEPTION_THROWN(loader.start(-1), std::out_of_range);
    loader.start(0, 6);
    QVERIFY(!loader.next());
}

QTEST_GUILESS_MAIN(TestLoader)
#include "tst_loader.moc"
