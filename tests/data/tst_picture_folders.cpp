// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <algorithm>
#include <map>
#include <set>

#include "core/data/loader.h"
#include "tests/data/picture_files.h"
#include "tests/data/picture_folders.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

namespace fs = std::filesystem;

data::LoaderSettings settings(std::int64_t decoders, std::int64_t prefetch = 2) {
    data::LoaderSettings settings;
    settings.batch = 8;
    settings.augmentation = {2, true, true, true, 0.3};
    settings.normalization = {{0.485, 0.456, 0.406}, {0.229, 0.224, 0.225}};
    settings.seed = 5;
    settings.decoders = decoders;
    settings.prefetch = prefetch;
    settings.channelsLast = true;
    return settings;
}

std::vector<data::Batch> epochOf(data::Loader& loader, std::int64_t epoch, std::int64_t firstBatch = 0) {
    loader.start(epoch, firstBatch);
    std::vector<data::Batch> batches;
    while (auto batch = loader.next())
        batches.push_back(std::move(*batch));
    return batches;
}

std::string sameBatches(const std::vector<data::Batch>& a, const std::vector<data::Batch>& b) {
    if (a.size() != b.size())
        return std::to_string(a.size()) + " and " + std::to_string(b.size()) + " batches";
    for (std::size_t i = 0; i < a.size(); ++i)
        for (const auto& problem :
             {bitDifference(a[i].images, b[i].images), bitDifference(a[i].targets, b[i].targets)})
            if (!problem.empty()) return "batch " + std::to_string(i) + ": " + problem;
    return {};
}

} // namespace

/// Folders like ImageNet's: classes, labels, what is left out and what is said about it.
class TestPictureFolders : public QObject {
    Q_OBJECT

private slots:
    void classesAreSortedFolders();
    void describesTheFolder();
    void limitsTakeAllClasses();
    void holdsOutForValidation();
    void filesOfEveryName();
    void brokenOnesAreLeftOutAndNamedOnce();
    void aWholeBatchOfBrokenOnesIsAnError();
    void pixelsDependOnTheSeedAlone_data();
    void pixelsDependOnTheSeedAlone();
    void resumesWithTheSameBits();
    void trainingSeesWindowsOfTheWholePicture();
    void unevenFolders();
    void missingFolders();
    void sizesMustFit();
};

void TestPictureFolders::classesAreSortedFolders() {
    const TemporaryFolder folder;
    writeFolder(folder.path());
    writeFile(folder.path() / "train" / ".cache" / "x.JPEG", "hidden");
    const auto splits = openFolder(folderRequest(folder.path()));
    QCOMPARE(splits.classNames, kClasses);
    QVERIFY(splits.notes.empty());
    QCOMPARE(splits.train->imageShape(), (std::array<std::int64_t, 3>{3, 16, 16}));
    const auto train = contentOf(*splits.train);
    QCOMPARE(train.size(), std::size_t{12});
    for (int i = 0; i < 12; ++i)
        QCOMPARE(train[static_cast<std::size_t>(i)], (std::array{i / 4, i % 4, i / 4}));
    const auto test = contentOf(*splits.test);
    QCOMPARE(test.size(), std::size_t{6});
    for (int i = 0; i < 6; ++i)
        QCOMPARE(test[static_cast<std::size_t>(i)], (std::array{i / 2, 10 + i % 2, i / 2}));
    QCOMPARE(splits.normalization.mean, (std::vector<double>{0.485, 0.456, 0.406}));
}

void TestPictureFolders::describesTheFolder() {
    const TemporaryFolder folder;
    writeFolder(folder.path() / "ImageNet", 1);
    const auto& entry = data::builtinDatasets().at("imagenet", "test");
    const auto facts = entry.describe(folderRequest(folder.path()));
    QCOMPARE(facts.classes, std::int64_t{3});
    QCOMPARE(facts.imageShape, (std::array<std::int64_t, 3>{3, 16, 16}));
    QVERIFY(!facts.inMemory);
    QCOMPARE(entry.describe(folderRequest(folder.path(), {})).imageShape[1], std::int64_t{224});
    QCOMPARE(entry.published.classes, std::int64_t{1000});
    QVERIFY(entry.lacking.empty());
    QVERIFY(entry.available(folder.path()) && !entry.available(folder.path() / "ImageNet" / "val"));
}

void TestPictureFolders::limitsTakeAllClasses() {
    const TemporaryFolder folder;
    writeFolder(folder.path());
    auto some = folderRequest(folder.path());
    some.limit = 7;
    some.testLimit = 3;
    const auto splits = openFolder(some);
    std::map<int, int> ofClass;
    for (const auto& [shown, number, label] : contentOf(*splits.train)) {
        QCOMPARE(shown, label);
        ++ofClass[label];
    }
    QCOMPARE(ofClass, (std::map<int, int>{{0, 3}, {1, 2}, {2, 2}}));
    const auto test = contentOf(*splits.test);
    QCOMPARE(test, (std::vector<std::array<int, 3>>{{0, 10, 0}, {1, 10, 1}, {2, 10, 2}}));
}

void TestPictureFolders::holdsOutForValidation() {
    const TemporaryFolder folder;
    writeFolder(folder.path());
    auto held = folderRequest(folder.path());
    held.validationShare = 0.25;
    const auto splits = openFolder(held);
    std::set<std::array<int, 3>> all;
    for (const auto& part : {splits.train, splits.validation})
        for (const auto& sample : contentOf(*part)) {
            QCOMPARE(sample[0], sample[2]);
            QVERIFY(all.insert(sample).second);
        }
    QCOMPARE(all.size(), std::size_t{12});
    QCOMPARE(splits.validation->size(), std::int64_t{3});
    QVERIFY(splits.validation->decodes());
}

/// A PNG that is called .JPEG, other endings, folders below a class, links, and files that are no images.
void TestPictureFolders::filesOfEveryName() {
    const TemporaryFolder folder;
    writeFolder(folder.path(), 1);
    const auto first = folder.path() / "train" / kClasses[0];
    const auto png = pngFile(30, 40, 2, 8, [](int, int, int c) {
        return std::uint8_t(c == 0 ? 20 : c == 1 ? 10 : 0);
    });
    writeFile(first / "n02105855_2933.JPEG", png);
    writeFile(first / "upper.PNG", png);
    writeFile(first / "lower.jpg", pictureOf(0, 2));
    writeFile(first / "images" / "below.jpeg", pictureOf(0, 3));
    writeFile(first / "notes.txt", "text");
    writeFile(first / "._n.JPEG", "a resource fork");
    writeFile(folder.path() / "elsewhere.jpg", pictureOf(0, 4));
    fs::create_symlink(folder.path() / "elsewhere.jpg", first / "link.jpg");
    fs::create_directory_symlink(folder.path(), first / "loop");
    const auto splits = openFolder(folderRequest(folder.path()));
    QCOMPARE(splits.notes,
             std::vector<std::string>{"1 file (train/n01440764/notes.txt) left out: images end in "
                                      ".jpg, .jpeg or .png"});
    std::multiset<int> numbers;
    for (const auto& [shown, number, label] : contentOf(*splits.train))
        if (label == 0) numbers.insert(number);
    QCOMPARE(numbers, (std::multiset<int>{0, 1, 1, 2, 3, 4}));
    QVERIFY(splits.remarks->take().empty());
}

void TestPictureFolders::brokenOnesAreLeftOutAndNamedOnce() {
    const TemporaryFolder folder;
    writeFolder(folder.path(), 8);
    const auto first = folder.path() / "train" / kClasses[0];
    writeFile(first / "broken_1.JPEG", "");
    writeFile(first / "broken_2.JPEG", pictureOf(0, 1).substr(0, 300));
    writeFile(first / "broken_3.png", "<html>");
    writeFile(first / "broken_4.jpg", pngClaiming(50000, 50000));
    fs::create_symlink(folder.path() / "nowhere", first / "broken_5.jpg");
    const auto splits = openFolder(folderRequest(folder.path()));
    QCOMPARE(splits.train->size(), std::int64_t{29});
    auto how = settings(2);
    how.dropLast = false;
    data::Loader loader(splits.train, how);
    for (std::int64_t epoch = 0; epoch < 2; ++epoch) {
        std::int64_t samples = 0;
        std::vector<std::int64_t> ofClass(3);
        for (const auto& batch : epochOf(loader, epoch)) {
            QCOMPARE(batch.images.size(0), batch.targets.size(0));
            QVERIFY(batch.images.is_contiguous(torch::MemoryFormat::ChannelsLast));
            samples += batch.targets.size(0);
            for (std::int64_t i = 0; i < batch.targets.size(0); ++i) {
                const auto label = batch.targets[i].item<std::int64_t>();
                const double red = batch.images[i][0].max().item<double>() * 0.229 + 0.485;
                QCOMPARE(static_cast<std::int64_t>(std::lround((255 * red - 20) / 40)), label);
                ++ofClass[static_cast<std::size_t>(label)];
            }
        }
        QCOMPARE(samples, std::int64_t{24});
        QCOMPARE(ofClass, (std::vector<std::int64_t>{8, 8, 8}));
    }
    auto remarks = splits.remarks->take();
    std::sort(remarks.begin(), remarks.end());
    QCOMPARE(remarks.size(), std::size_t{5});
    const std::string start = "train/n01440764/broken_";
    QCOMPARE(remarks[0], start + "1.JPEG is left out: the file is empty");
    QVERIFY(remarks[1].starts_with(start + "2.JPEG is left out: "));
    QVERIFY(remarks[2].starts_with(start + "3.png is left out: it is text"));
    QVERIFY(remarks[3].starts_with(start + "4.jpg is left out: it claims 50000 x 50000 pixels"));
    QCOMPARE(remarks[4], start + "5.jpg is left out: can't be opened: No such file or directory");
}

void TestPictureFolders::aWholeBatchOfBrokenOnesIsAnError() {
    const TemporaryFolder folder;
    writeFolder(folder.path());
    const auto splits = openFolder(folderRequest(folder.path()));
    fs::rename(folder.path() / "train", folder.path() / "gone");
    for (const std::int64_t prefetch : {0, 2}) {
        data::Loader loader(splits.train, settings(2, prefetch));
        loader.start(0);
        try {
            loader.next();
            QFAIL("no error");
        } catch (const Error& error) {
            QCOMPARE(error.kind(), ErrorKind::Data);
            QCOMPARE(error.problem(), std::string("none of the 8 images of a batch can be read"));
        }
    }
    // 12 images in batches of 8: when only those of the last batch are broken, the epoch ends before it.
    fs::rename(folder.path() / "gone", folder.path() / "train");
    auto inOrder = settings(2);
    inOrder.shuffle = inOrder.dropLast = false;
    for (const auto& item : fs::directory_iterator(folder.path() / "train" / kClasses[2]))
        writeFile(item.path(), "");
    data::Loader loader(splits.train, inOrder);
    QCOMPARE(epochOf(loader, 0).size(), std::size_t{1});
}

void TestPictureFolders::pixelsDependOnTheSeedAlone_data() {
    QTest::addColumn<int>("decoders");
    QTest::addColumn<int>("prefetch");
    for (const int decoders : {1, 2, 5})
        for (const int prefetch : {1, 2, 3})
            QTest::addRow("%d threads, %d ahead", decoders, prefetch) << decoders << prefetch;
}

void TestPictureFolders::pixelsDependOnTheSeedAlone() {
    QFETCH(int, decoders);
    QFETCH(int, prefetch);
    const TemporaryFolder folder;
    for (const auto& name : kClasses)
        for (int i = 0; i < 20; ++i)
            for (const char* split : {"train", "val"})
                writeFile(folder.path() / split / name / (std::to_string(i) + ".jpg"),
                          jpegFile(20 + i, 50 - i, gradient));
    writeFile(folder.path() / "train" / kClasses[1] / "3.jpg", "broken");
    const auto splits = openFolder(folderRequest(folder.path()));
    data::Loader reference(splits.train, settings(1, 0));
    data::Loader loader(splits.train, settings(decoders, prefetch));
    for (std::int64_t epoch = 0; epoch < 2; ++epoch)
        QVERIFY_SAME(sameBatches(epochOf(loader, epoch), epochOf(reference, epoch)));
    auto other = settings(decoders, prefetch);
    other.seed = 6;
    data::Loader elsewhere(splits.train, other);
    QVERIFY(!sameBatches(epochOf(elsewhere, 0), epochOf(reference, 0)).empty());
}

void TestPictureFolders::resumesWithTheSameBits() {
    const TemporaryFolder folder;
    writeFolder(folder.path(), 12);
    const auto splits = openFolder(folderRequest(folder.path()));
    data::Loader loader(splits.train, settings(2));
    const auto whole = epochOf(loader, 3);
    QCOMPARE(whole.size(), std::size_t{4});
    loader.start(1); // abandoned in the middle
    QVERIFY(loader.next());
    data::Loader resumed(splits.train, settings(3));
    QVERIFY_SAME(sameBatches(epochOf(resumed, 3, 2), {whole.begin() + 2, whole.end()}));
    QVERIFY_SAME(sameBatches(epochOf(loader, 3), whole));
}

/// A picture whose middle is black and whose border is white: the middle window never shows white, random
/// ones of the whole picture do.
void TestPictureFolders::trainingSeesWindowsOfTheWholePicture() {
    const TemporaryFolder folder;
    const auto framed = [](int y, int x, int) {
        return std::uint8_t(y < 30 || y >= 70 || x < 30 || x >= 70 ? 255 : 0);
    };
    for (const char* split : {"train", "val"})
        for (int i = 0; i < 8; ++i)
            writeFile(folder.path() / split / "a" / (std::to_string(i) + ".png"),
                      pngFile(100, 100, 0, 8, framed));
    const auto splits = openFolder(folderRequest(folder.path(), {{"size", 20}, {"resize", 60}}));
    auto plain = settings(1);
    plain.normalization = {{0, 0, 0}, {1, 1, 1}};
    auto cropped = plain;
    plain.augmentation = {};
    cropped.augmentation = {0, false, false, true, 0.5};
    data::Loader middle(splits.train, plain);
    data::Loader random(splits.train, cropped);
    QCOMPARE(epochOf(middle, 0).at(0).images.max().item<float>(), 0.0F);
    const auto images = epochOf(random, 0).at(0).images;
    QVERIFY((images.amax({1, 2, 3}) > 0.9).all().item<bool>());
}

void TestPictureFolders::unevenFolders() {
    const TemporaryFolder folder;
    writeFolder(folder.path(), 1);
    fs::create_directories(folder.path() / "train" / "n00000001");
    fs::remove_all(folder.path() / "val" / kClasses[1]);
    writeFile(folder.path() / "val" / "n99999999" / "x.JPEG", pictureOf(0, 0));
    const auto splits = openFolder(folderRequest(folder.path()));
    QCOMPARE(splits.notes,
             (std::vector<std::string>{"train has no images of 1 class (n00000001)",
                                       "val: 1 folder (n99999999) left out: train has no such class",
                                       "val has no images of 2 classes (n00000001, n01443537)"}));
    // An empty class keeps its place, so that trained weights fit.
    QCOMPARE(splits.classNames.size(), std::size_t{4});
    for (const auto& [shown, number, label] : contentOf(*splits.test))
        QCOMPARE(label, shown + 1);
}

void TestPictureFolders::missingFolders() {
    const TemporaryFolder folder;
    const DataVariable variable(std::nullopt);
    const auto problem = [&](const fs::path& root) {
        const auto error = folderError(folderRequest(root));
        return error ? QString::fromStdString(error->what()) : QString();
    };
    const auto& root = folder.path();
    QVERIFY2(problem({}).contains("QUANTARIUM_DATA is not set"), qPrintable(problem({})));
    QVERIFY2(problem(root / "none").contains("there is no folder "), qPrintable(problem(root / "none")));
    QVERIFY2(problem(root).contains("no folder train in "), qPrintable(problem(root)));
    fs::create_directories(root / "train");
    QVERIFY2(problem(root).contains("has no folders; each class is a folder"), qPrintable(problem(root)));
    fs::create_directories(root / "train" / "a");
    QVERIFY2(problem(root).contains("its folders have no images"), qPrintable(problem(root)));
    writeFile(root / "train" / "a" / "x.jpg", pictureOf(0, 0));
    QVERIFY2(problem(root).contains("test images is missing"), qPrintable(problem(root)));
    fs::create_directories(root / "val" / "b");
    QVERIFY2(problem(root).contains("has no images of train's classes"), qPrintable(problem(root)));
    writeFile(root / "val" / "a" / "x.jpg", pictureOf(0, 0));
    QVERIFY2(problem(root).isEmpty(), qPrintable(problem(root)));
}

void TestPictureFolders::sizesMustFit() {
    const TemporaryFolder folder;
    writeFolder(folder.path(), 1);
    const auto error = folderError(folderRequest(folder.path(), {{"size", 64}, {"resize", 32}}));
    QVERIFY(error);
    QCOMPARE(error->where(), std::string("dataset.options.resize"));
    QCOMPARE(error->kind(), ErrorKind::Config);
    QVERIFY(!folderError(folderRequest(folder.path(), {{"size", 1024}}))); // null: 8/7 of it
}

QTEST_GUILESS_MAIN(TestPictureFolders)
#include "tst_picture_folders.moc"
