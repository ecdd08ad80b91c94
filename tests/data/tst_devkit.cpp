// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <map>
#include <set>

#include "core/base/random.h"
#include "core/data/mat_file.h"
#include "tests/data/devkit_files.h"
#include "tests/data/picture_folders.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

namespace fs = std::filesystem;

} // namespace

/// Labels and names that come from ILSVRC2012's development kit.
class TestDevkit : public QObject {
    Q_OBJECT

private slots:
    void flatValidationFollowsTheDevkit_data();
    void flatValidationFollowsTheDevkit();
    void flatValidationProblems();
    void wordsNameTheClasses();
    void matFilesMayBeAnything();
};

void TestDevkit::flatValidationFollowsTheDevkit_data() {
    QTest::addColumn<bool>("compressed");
    QTest::addColumn<QString>("place");
    QTest::newRow("in the folder") << false << "data/ILSVRC2012_devkit_t12/data";
    QTest::newRow("beside the folder, compressed") << true << "ILSVRC2012_devkit_t12/data";
}

/// Ids follow meta.mat's order (1: kit fox n02119789, the last of the sorted folders), labels the sorted
/// folders.
void TestDevkit::flatValidationFollowsTheDevkit() {
    QFETCH(bool, compressed);
    QFETCH(QString, place);
    const TemporaryFolder folder;
    const auto root = folder.path() / "data";
    writeFolder(root, 1);
    fs::remove_all(root / "val");
    const auto devkit = folder.path() / place.toStdString();
    writeFile(devkit / "meta.mat", metaMat({{1, "n02119789", "kit fox, Vulpes macrotis"},
                                            {2, "n01440764", "tench, Tinca tinca"},
                                            {3, "n01443537", "goldfish"},
                                            {4, "n09999999", "a class that train doesn't have"},
                                            {1001, "n00001740", "entity"}},
                                           compressed));
    const std::vector<int> ids{2, 1, 1, 3, 4, 2};
    writeFile(devkit / "ILSVRC2012_validation_ground_truth.txt", groundTruth(ids));
    const std::map<int, int> labelOf{{1, 2}, {2, 0}, {3, 1}, {4, 0}};
    for (int i = 0; i < 6; ++i)
        writeFile(root / "val" / ("ILSVRC2012_val_0000000" + std::to_string(i + 1) + ".JPEG"),
                  pictureOf(labelOf.at(ids[static_cast<std::size_t>(i)]), i));
    const auto splits = openFolder(folderRequest(root));
    QCOMPARE(splits.classNames, (std::vector<std::string>{"tench", "goldfish", "kit fox"}));
    QCOMPARE(splits.notes,
             std::vector<std::string>{"val: 1 image of classes that train doesn't have left out"});
    std::multiset<int> numbers;
    for (const auto& [shown, number, label] : contentOf(*splits.test)) {
        QCOMPARE(shown, label);
        numbers.insert(number);
    }
    QCOMPARE(numbers, (std::multiset<int>{0, 1, 2, 3, 5}));
}

void TestDevkit::flatValidationProblems() {
    const TemporaryFolder folder;
    const auto& root = folder.path();
    writeFolder(root, 1);
    fs::remove_all(root / "val");
    const auto picture = root / "val" / "ILSVRC2012_val_00000002.JPEG";
    writeFile(picture, pictureOf(0, 0));
    const auto problem = [&] {
        const auto error = folderError(folderRequest(root));
        return error ? error->problem() : std::string("none");
    };
    QCOMPARE(problem(), std::string("its images lie in no class folders, and "
                                    "ILSVRC2012_validation_ground_truth.txt is missing"));
    writeFile(root / "ILSVRC2012_validation_ground_truth.txt", groundTruth({1}));
    QVERIFY2(problem().find("meta.mat") != std::string::npos, problem().c_str());
    writeFile(root / "meta.mat", metaMat({{1, "n01440764", "tench"}}, true));
    QVERIFY2(problem().starts_with("the name ends in no number of 1 … 1"), problem().c_str());
    writeFile(root / "ILSVRC2012_validation_ground_truth.txt", groundTruth({1, 7}));
    QVERIFY2(problem().starts_with("line 2 has the id 7, which is not in "), problem().c_str());
    writeFile(root / "ILSVRC2012_validation_ground_truth.txt", "1\nfox\n");
    QCOMPARE(problem(), std::string("line 2, \"fox\", is no class number"));
    writeFile(root / "ILSVRC2012_validation_ground_truth.txt", groundTruth({1, 1}));
    QCOMPARE(problem(), std::string("none"));
    fs::rename(picture, root / "val" / "photo.JPEG");
    QVERIFY2(problem().starts_with("the name ends in no number"), problem().c_str());
}

void TestDevkit::wordsNameTheClasses() {
    const TemporaryFolder folder;
    writeFolder(folder.path(), 1);
    writeFile(folder.path() / "LOC_synset_mapping.txt",
              "n01440764 crane, a bird\r\nn01443537 goldfish, Carassius auratus\r\nn02119789 crane\r\n");
    QCOMPARE(openFolder(folderRequest(folder.path())).classNames,
             (std::vector<std::string>{"crane (n01440764)", "goldfish", "crane (n02119789)"}));
    writeFile(folder.path() / "synset_words.txt", "n01440764 tench, Tinca tinca\n");
    QCOMPARE(openFolder(folderRequest(folder.path())).classNames,
             (std::vector<std::string>{"tench", "n01443537", "n02119789"}));
}

/// Cut and damaged meta.mat files are errors or read; never more.
void TestDevkit::matFilesMayBeAnything() {
    const TemporaryFolder folder;
    const auto file = folder.path() / "meta.mat";
    RandomStream random(3);
    for (const bool compressed : {false, true}) {
        const auto whole = metaMat({{1, "n01440764", "tench"}, {2, "n01443537", "goldfish"}}, compressed);
        writeFile(file, whole);
        auto records = data::readMatRecords(file, "synsets");
        QCOMPARE(records.size(), std::size_t{2});
        QCOMPARE(records[1]["ILSVRC2012_ID"].number, 2.0);
        QCOMPARE(records[1]["WNID"].text, std::string("n01443537"));
        QVERIFY(records[0]["children"].kind == data::MatValue::Kind::Other);
        QVERIFY_EXCEPTION_THROWN(data::readMatRecords(file, "none"), Error);
        for (std::size_t i = 0; i < 300; ++i) {
            std::string damaged = whole;
            if (i % 2 == 0)
                damaged.resize(random.below(whole.size()));
            else
                damaged[random.below(whole.size())] = static_cast<char>(random.below(256));
            writeFile(file, damaged);
            try {
                (void)data::readMatRecords(file, "synsets");
            } catch (const Error& error) {
                QCOMPARE(error.kind(), ErrorKind::Data);
            }
        }
    }
}

QTEST_GUILESS_MAIN(TestDevkit)
#include "tst_devkit.moc"
