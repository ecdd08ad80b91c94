// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <algorithm>
#include <atomic>

#include "core/nn/tensor_file.h"
#include "core/train/resolve.h"
#include "core/train/run_folder.h"
#include "core/train/session.h"
#include "core/train/trainer.h"
#include "tests/data/picture_files.h"
#include "tests/data/picture_folders.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

RunConfig pictureRun(const std::filesystem::path& root) {
    auto config = smallRun();
    config.dataset = {};
    config.dataset.id = "imagenet";
    config.dataset.root = root.string();
    config.dataset.options = {{"size", 16}};
    config.dataset.augment = {{"resized_crop", true}, {"flip", true}};
    config.dataset.validation = 0.25;
    config.network.id = "mlp";
    config.training.batch = 8;
    return train::resolve(config, train::Registries::builtin());
}

/// Pauses in the middle of the first epoch: the first poll follows the first optimizer step.
class PauseEarly : public EventLog {
public:
    bool watchesWeights(const std::string&) const override {
        pause = true;
        return false;
    }
    mutable std::atomic<bool> pause = false;
};

std::vector<std::string> sorted(std::vector<std::string> texts) {
    std::sort(texts.begin(), texts.end());
    return texts;
}

} // namespace

/// Runs on folders of pictures.
class TestPictureRun : public QObject {
    Q_OBJECT

private slots:
    void init() { m_folder = std::make_unique<TemporaryFolder>(); }

    void networkFitsTheFolder() {
        writeFolder(m_folder->path());
        const auto config = pictureRun(m_folder->path());
        const auto& registries = train::Registries::builtin();
        QCOMPARE(train::describeData(config, registries).classes, std::int64_t{3});
        const auto report = train::planRun(config, registries);
        QCOMPARE(report.layers.back().weightShape.front(), std::int64_t{3});
        QCOMPARE(report.layers.front().weightShape.back(), std::int64_t{3 * 16 * 16});
    }

    /// 36 images, two of them broken, one of which is a test image.
    void brokenImagesAreNotedOnce() {
        writeFolder(m_folder->path(), 12);
        writeFile(m_folder->path() / "train" / kClasses[1] / "empty.jpg", "");
        writeFile(m_folder->path() / "val" / kClasses[2] / "text.jpg", "text");
        writeFile(m_folder->path() / "train" / "readme.txt", "no class");
        EventLog log;
        const auto ended = train("a", log);
        QCOMPARE(QString::fromStdString(ended.reason), QString());
        std::vector<std::string> notes;
        for (const auto& noted : log.all<Noted>())
            notes.insert(notes.end(), noted.notes.begin(), noted.notes.end());
        const std::vector<std::string> expected{
            "train/n01443537/empty.jpg is left out: the file is empty",
            "val/n02119789/text.jpg is left out: it is neither JPEG nor PNG"};
        QCOMPARE(sorted(notes), expected);
        const auto kept = folder("a").started()->at("report").at("notes").get<std::vector<std::string>>();
        QCOMPARE(sorted(kept), expected);
    }

    void goesOnWithTheSameBits() {
        writeFolder(m_folder->path(), 12);
        writeFile(m_folder->path() / "train" / kClasses[1] / "empty.jpg", "");
        EventLog log;
        QVERIFY(train("whole", log).state == RunState::Finished);
        PauseEarly pausing;
        QVERIFY(train("paused", pausing, &pausing.pause).state == RunState::Paused);
        QVERIFY(train("paused", log).state == RunState::Finished);
        const auto whole = nn::readTensorFile(folder("whole").modelFile()).tensors;
        const auto paused = nn::readTensorFile(folder("paused").modelFile()).tensors;
        QCOMPARE(paused.size(), whole.size());
        for (const auto& [name, tensor] : whole)
            QVERIFY_SAME(bitDifference(paused.at(name), tensor));
    }

    void aFolderThatVanishesEndsTheRun() {
        writeFolder(m_folder->path(), 12);
        const auto config = pictureRun(m_folder->path());
        auto session = train::openSession(config, train::Registries::builtin());
        std::filesystem::remove_all(m_folder->path() / "train");
        const auto loader = session.loader(session.splits.train, train::LoaderUse::Train);
        loader->start(0);
        QVERIFY_EXCEPTION_THROWN(loader->next(), Error);
        QVERIFY(session.splits.remarks->take().size() >= 8);
    }

private:
    train::RunFolder folder(const std::string& name) const {
        return train::RunFolder(m_folder->path() / "runs" / name);
    }

    RunEnded train(const std::string& name, RunObserver& observer, std::atomic<bool>* pause = nullptr) const {
        return train::runTraining(name, pictureRun(m_folder->path()), folder(name), {},
                                  train::Registries::builtin(), observer, {{}, pause});
    }

    std::unique_ptr<TemporaryFolder> m_folder;
};

QTEST_GUILESS_MAIN(TestPictureRun)
#include "tst_picture_run.moc"
