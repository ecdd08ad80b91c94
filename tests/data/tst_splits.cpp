// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <set>

#include "core/data/memory_dataset.h"
#include "core/data/splits.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

/// Image i is all bytes i; labels as given.
data::Batch numbered(const std::vector<std::int64_t>& labels) {
    const auto count = static_cast<std::int64_t>(labels.size());
    return {
        torch::arange(count).to(torch::kUInt8).view({count, 1, 1, 1}).expand({count, 3, 2, 2}).contiguous(),
        torch::tensor(labels, torch::kInt64)};
}

std::vector<std::int64_t> cyclicLabels(std::int64_t count, std::int64_t classes) {
    std::vector<std::int64_t> labels;
    for (std::int64_t i = 0; i < count; ++i)
        labels.push_back(i % classes);
    return labels;
}

std::vector<std::int64_t> imageNumbers(const data::Dataset& dataset) {
    const auto samples = allSamples(dataset);
    std::vector<std::int64_t> numbers;
    for (std::int64_t i = 0; i < dataset.size(); ++i)
        numbers.push_back(samples.images[i][0][0][0].item<std::uint8_t>());
    return numbers;
}

data::DatasetRequest request(double share) {
    data::DatasetRequest result;
    result.validationShare = share;
    return result;
}

data::Splits split(const data::DatasetRequest& wanted, std::int64_t train = 100, std::int64_t test = 30) {
    return data::makeSplits(numbered(cyclicLabels(train, 10)), numbered(cyclicLabels(test, 10)),
                            data::manifestOf("cifar10"), wanted, {"a note"});
}

} // namespace

/// Limits, the validation split, and selections of a dataset.
class TestSplits : public QObject {
    Q_OBJECT

private slots:
    void splitIsStratified();
    void unevenClassesKeepTheirProportion();
    void splitDependsOnTheSeedAlone();
    void trainAndValidationAreDisjointAndComplete();
    void limitsTakeTheFirst();
    void testImagesAreNeverHeldOut();
    void noShareNoValidation();
    void badRequests();
    void subsets();
};

void TestSplits::splitIsStratified() {
    const auto labels = cyclicLabels(1000, 10);
    const auto indices = data::stratifiedSplit(labels, 10, 0.1, 7);
    QCOMPARE(indices.validation.size(), std::size_t{100});
    std::vector<int> count(10);
    for (const auto i : indices.validation)
        ++count[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])];
    QCOMPARE(count, std::vector<int>(10, 10));
    QVERIFY(std::is_sorted(indices.train.begin(), indices.train.end()));
}

void TestSplits::unevenClassesKeepTheirProportion() {
    std::vector<std::int64_t> labels(50, 0);
    labels.insert(labels.end(), 30, 1);
    labels.insert(labels.end(), 7, 2); // quotas of 10 %: 5, 3, 0.7; class 3 is absent
    const auto indices = data::stratifiedSplit(labels, 4, 0.1, 1);
    std::vector<int> count(4);
    for (const auto i : indices.validation)
        ++count[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])];
    QCOMPARE(count, (std::vector<int>{5, 3, 1, 0}));
    QCOMPARE(data::stratifiedSplit(labels, 4, 0.001, 1).validation.size(), std::size_t{1});
}

void TestSplits::splitDependsOnTheSeedAlone() {
    const auto labels = cyclicLabels(500, 10);
    QCOMPARE(data::stratifiedSplit(labels, 10, 0.2, 3).validation,
             data::stratifiedSplit(labels, 10, 0.2, 3).validation);
    QVERIFY(data::stratifiedSplit(labels, 10, 0.2, 3).validation !=
            data::stratifiedSplit(labels, 10, 0.2, 4).validation);
}

void TestSplits::trainAndValidationAreDisjointAndComplete() {
    const auto splits = split(request(0.25));
    auto numbers = imageNumbers(*splits.train);
    QCOMPARE(numbers.size(), std::size_t{75});
    const auto held = imageNumbers(*splits.validation);
    numbers.insert(numbers.end(), held.begin(), held.end());
    const std::set<std::int64_t> distinct(numbers.begin(), numbers.end());
    QCOMPARE(distinct.size(), std::size_t{100});
    QCOMPARE(splits.notes, std::vector<std::string>{"a note"});
}

void TestSplits::limitsTakeTheFirst() {
    auto wanted = request(0);
    wanted.limit = 12;
    wanted.testLimit = 5;
    const auto splits = split(wanted);
    QCOMPARE(imageNumbers(*splits.train), cyclicLabels(12, 100));
    QCOMPARE(imageNumbers(*splits.test), cyclicLabels(5, 100));
    wanted.limit = 1000000;
    QCOMPARE(split(wanted).train->size(), std::int64_t{100});
    wanted.limit = 50;
    wanted.validationShare = 0.2;
    QCOMPARE(split(wanted).train->size(), std::int64_t{40});
}

void TestSplits::testImagesAreNeverHeldOut() {
    QCOMPARE(imageNumbers(*split(request(0.5)).test), cyclicLabels(30, 100));
}

void TestSplits::noShareNoValidation() {
    const auto splits = split(request(0));
    QVERIFY(splits.validation == nullptr);
    QCOMPARE(imageNumbers(*splits.train), cyclicLabels(100, 1000));
}

void TestSplits::badRequests() {
    const auto whereOf = [](data::DatasetRequest wanted, std::int64_t train) -> std::string {
        try {
            split(wanted, train);
        } catch (const Error& error) {
            return error.kind() == ErrorKind::Config ? error.where() : "another kind";
        }
        return "accepted";
    };
    QCOMPARE(whereOf(request(1), 100), std::string("dataset.validation"));
    QCOMPARE(whereOf(request(-0.1), 100), std::string("dataset.validation"));
    QCOMPARE(whereOf(request(std::nan("")), 100), std::string("dataset.validation"));
    QCOMPARE(whereOf(request(0.1), 1), std::string("dataset.validation"));
    auto wanted = request(0.1);
    wanted.limit = 0;
    QCOMPARE(whereOf(wanted, 100), std::string("dataset.limit"));
    wanted = request(0.1);
    wanted.testLimit = -1;
    QCOMPARE(whereOf(wanted, 100), std::string("dataset.test_limit"));
    wanted = request(0.1);
    wanted.normalization = "own";
    QCOMPARE(whereOf(wanted, 100), std::string("dataset.normalization"));
}

void TestSplits::subsets() {
    const auto whole = data::memoryDataset(numbered(cyclicLabels(10, 10)));
    const auto part = data::subset(whole, {7, 7, 2});
    QCOMPARE(part->size(), std::int64_t{3});
    QCOMPARE(part->imageShape(), (std::array<std::int64_t, 3>{3, 2, 2}));
    QCOMPARE(imageNumbers(*part), (std::vector<std::int64_t>{7, 7, 2}));
    QCOMPARE(imageNumbers(*data::subset(part, {2, 0})), (std::vector<std::int64_t>{2, 7}));
    QVERIFY_EXCEPTION_THROWN(data::subset(whole, {10}), std::out_of_range);
    const std::vector<std::int64_t> outside{3};
    QVERIFY_EXCEPTION_THROWN(part->fetch(outside), std::out_of_range);
    const std::vector<std::int64_t> negative{-1};
    QVERIFY_EXCEPTION_THROWN(whole->fetch(negative), std::out_of_range);
}

QTEST_GUILESS_MAIN(TestSplits)
#include "tst_splits.moc"
