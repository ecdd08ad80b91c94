// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/workspace_host.h"

#include <algorithm>
#include <atomic>

#include "app/cli/result_view.h"
#include "core/base/error.h"
#include "core/base/text.h"
#include "core/study/laboratory.h"

namespace quantarium::cli {

namespace {

constexpr std::size_t kListedRuns = 8; ///< of more, only the folder that holds them is shown

class WorkspaceHost : public RunHost {
public:
    WorkspaceHost(const std::filesystem::path& folder, const train::Registries& registries,
                  RunObserver& observer)
        : m_laboratory(folder, registries), m_observer(observer) {
        m_laboratory.addObserver(&m_observer);
    }
    ~WorkspaceHost() override {
        m_laboratory.stopAll();
        m_laboratory.waitIdle();
        m_laboratory.removeObserver(&m_observer);
    }

    std::vector<std::string> submit(const std::vector<RunConfig>& configs) override {
        std::vector<std::string> ids;
        for (const auto& config : configs) {
            if (m_stopping) break;
            for (auto& id : m_laboratory.submit(config))
                if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
        }
        if (m_stopping) m_laboratory.stopAll();
        return ids;
    }

    std::vector<std::string> resume(const std::vector<std::string>& ids) override {
        std::vector<std::string> resumed;
        const auto wanted = ids.empty() ? unfinished() : ids;
        if (wanted.empty())
            throw Error(ErrorKind::Config, "no run here is stopped or paused",
                        m_laboratory.workspace().folder().string(),
                        "\"quantarium-cli list\" shows the runs.");
        for (const auto& id : wanted) {
            if (m_stopping) break;
            resumed.push_back(m_laboratory.workspace().at(id).id);
            m_laboratory.resume(resumed.back());
        }
        if (m_stopping) m_laboratory.stopAll();
        return resumed;
    }

    void stopAll() override {
        m_stopping = true;
        m_laboratory.stopAll();
    }

    void waitIdle() override {
        m_laboratory.waitIdle();
        m_laboratory.flush();
    }

    std::string resultTable(const std::vector<std::string>& ids) override {
        std::vector<store::RunRecord> records;
        for (const auto& id : ids)
            records.push_back(m_laboratory.workspace().at(id));
        return shortResults(m_laboratory.workspace(), records);
    }

    std::string placeOf(const std::vector<std::string>& ids) override {
        const auto& workspace = m_laboratory.workspace();
        std::string text = "Written to the workspace " + workspace.folder().string() + ":\n";
        if (ids.size() > kListedRuns)
            return text + "  " + std::to_string(ids.size()) + " runs, each in a folder of its own below " +
                   workspace.runFolder(ids.front()).parent_path().string() + "\n";
        for (const auto& id : ids)
            text += "  " + workspace.runFolder(id).string() + "\n";
        return text;
    }

    std::string resumeCommand(const std::vector<std::string>& ids) override {
        // Without ids the command takes every unfinished run: shorter where exactly those are meant.
        const bool all = ids.size() > 1 && ids.size() == unfinished().size();
        return "quantarium-cli resume " + (all ? "" : join(ids, " ") + " ") + "--workspace " +
               shellQuoted(m_laboratory.workspace().folder().string());
    }

private:
    /// Oldest first, so that a float run comes before the runs that wait for it.
    std::vector<std::string> unfinished() {
        std::vector<std::string> ids;
        for (const auto& record : m_laboratory.workspace().list())
            if (record.state == RunState::Stopped || record.state == RunState::Paused)
                ids.push_back(record.id);
        std::reverse(ids.begin(), ids.end());
        return ids;
    }

    study::Laboratory m_laboratory;
    RunObserver& m_observer;
    std::atomic<bool> m_stopping = false;
};

} // namespace

std::unique_ptr<RunHost> openWorkspaceHost(const std::filesystem::path& workspace,
                                           const train::Registries& registries, RunObserver& observer) {
    return std::make_unique<WorkspaceHost>(workspace, registries, observer);
}

} // namespace quantarium::cli
