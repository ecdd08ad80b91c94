// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/folder_host.h"

#include <atomic>
#include <optional>

#include "app/cli/folder_plan.h"
#include "app/cli/progress_line.h"
#include "app/cli/text_table.h"
#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/text.h"
#include "core/train/run_folder.h"
#include "core/train/run_queue.h"

namespace quantarium::cli {

namespace {

class FolderHost : public RunHost {
public:
    FolderHost(std::filesystem::path folder, const train::Registries& registries, RunObserver& observer)
        : m_folder(std::move(folder)), m_registries(registries), m_queue(registries, observer) {}

    std::vector<std::string> submit(const std::vector<RunConfig>& configs) override {
        createFolder(m_folder);
        m_lock.emplace(m_folder / "lock");
        m_plan = createFolderPlan(m_folder, configs, m_registries);
        std::vector<std::string> ids;
        for (const auto& entry : m_plan.entries)
            ids.push_back(entry.id);
        return start(ids);
    }

    std::vector<std::string> resume(const std::vector<std::string>& ids) override {
        m_plan = FolderPlan::read(m_folder);
        m_lock.emplace(m_folder / "lock");
        std::vector<std::string> unfinished;
        for (const auto& entry : m_plan.entries) {
            const auto result = runFolder(entry).result();
            if (!result || result->state != RunState::Finished) unfinished.push_back(entry.id);
        }
        if (ids.empty() && unfinished.empty())
            throw Error(ErrorKind::Config, "every run here is finished", m_folder.string());
        return start(ids.empty() ? unfinished : ids);
    }

    void stopAll() override {
        m_stopping = true;
        m_queue.stopAll();
    }

    void waitIdle() override { m_queue.waitIdle(); }

    std::string resultTable(const std::vector<std::string>& ids) override {
        std::vector<std::vector<std::string>> rows;
        for (const auto& id : ids)
            rows.push_back(resultRow(m_plan.at(id)));
        return textTable({"Run", "Name", "State", "Bits", "Last", "Best", "Best epoch"}, rows);
    }

    std::string placeOf(const std::vector<std::string>& ids) override {
        std::string text = "Written to " + m_folder.string() + ":\n";
        for (const auto& id : ids)
            text += "  " + runFolder(m_plan.at(id)).path().lexically_normal().string() + "\n";
        return text;
    }

    std::string resumeCommand(const std::vector<std::string>&) override {
        return "quantarium-cli resume --folder " + shellQuoted(m_folder.string());
    }

private:
    train::RunFolder runFolder(const FolderPlan::Entry& entry) const {
        return train::RunFolder(m_folder / entry.folder);
    }

    std::vector<std::string> start(const std::vector<std::string>& ids) {
        for (const auto& id : ids) {
            const auto& entry = m_plan.at(id);
            m_queue.submit(m_plan.queued(entry, runFolder(entry).config()));
        }
        if (m_stopping) m_queue.stopAll();
        return ids;
    }

    std::vector<std::string> resultRow(const FolderPlan::Entry& entry) const {
        const auto folder = runFolder(entry);
        const auto config = folder.config();
        const auto result = folder.result();
        std::string last;
        std::string best;
        std::string bestEpoch;
        for (const auto& epoch : folder.epochs()) {
            const auto shown = headline(epoch.values);
            if (!shown) continue;
            last = shown->name + " " + fixedNumber(shown->value, 2) + " %";
            if (!epoch.best) continue;
            best = fixedNumber(shown->value, 2) + " %";
            bestEpoch = std::to_string(epoch.epoch);
        }
        if (last.empty() && result) // a run of no epochs
            if (const auto shown = headline(result->result, "best")) {
                last = shown->name + " " + fixedNumber(shown->value, 2) + " %";
                best = fixedNumber(shown->value, 2) + " %";
            }
        return {entry.id,
                config.name,
                result ? toString(result->state) : "stopped",
                std::to_string(config.weights.bits),
                last,
                best,
                bestEpoch};
    }

    std::filesystem::path m_folder;
    const train::Registries& m_registries;
    std::optional<FileLock> m_lock;
    FolderPlan m_plan;
    train::RunQueue m_queue;
    std::atomic<bool> m_stopping = false;
};

} // namespace

std::unique_ptr<RunHost> openFolderHost(const std::filesystem::path& folder,
                                        const train::Registries& registries, RunObserver& observer) {
    return std::make_unique<FolderHost>(folder, registries, observer);
}

} // namespace quantarium::cli
