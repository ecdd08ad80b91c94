// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/folder_plan.h"

#include <algorithm>
#include <optional>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/base/registry.h"
#include "core/train/resolve.h"
#include "core/train/run_folder.h"

namespace quantarium::cli {

namespace {

constexpr const char* kFormat = "quantarium-folder/1";
constexpr const char* kPlanFile = "runs.json";

struct PlannedRun {
    FolderPlan::Entry entry;
    RunConfig config;
};

/// Puts the runs in order, each shared float run once, before the first run that starts from it. A float run
/// that is asked for itself serves as the start of later ones.
class Planner {
public:
    explicit Planner(const train::Registries& registries) : m_registries(registries) {}

    void add(const RunConfig& config) {
        for (auto& repeat : train::repeats(train::resolve(config, m_registries))) {
            const std::string start = repeat.start.from == "float"
                                          ? floatRun(train::resolve(train::floatStart(repeat), m_registries))
                                          : "";
            append("run-" + std::to_string(++m_runs), std::move(repeat), start);
        }
    }

    std::vector<PlannedRun> take() { return std::move(m_planned); }

private:
    std::string floatRun(RunConfig config) {
        const Json identity = train::identity(config);
        for (const auto& run : m_planned)
            if (train::identity(run.config) == identity) return run.entry.id;
        append("float-" + std::to_string(++m_floats), std::move(config), "");
        return m_planned.back().entry.id;
    }

    void append(std::string id, RunConfig config, std::string start) {
        m_planned.push_back({{id, id, std::move(start)}, std::move(config)});
    }

    const train::Registries& m_registries;
    std::vector<PlannedRun> m_planned;
    int m_runs = 0;
    int m_floats = 0;
};

void requireUnused(const std::filesystem::path& root) {
    for (const char* const file : {kPlanFile, "config.json"})
        if (std::filesystem::exists(root / file))
            throw Error(ErrorKind::Storage, "this folder already holds runs", root.string(),
                        "Continue them with \"quantarium-cli resume --folder\" or name another folder.");
}

} // namespace

const FolderPlan::Entry& FolderPlan::at(const std::string& id) const {
    std::vector<std::string> ids;
    for (const auto& entry : entries) {
        if (entry.id == id) return entry;
        ids.push_back(entry.id);
    }
    failUnknownId("run", id, ids, root.string());
}

FolderPlan FolderPlan::read(const std::filesystem::path& root) {
    const auto file = root / kPlanFile;
    if (!std::filesystem::exists(file))
        throw Error(ErrorKind::Config, "this folder holds no runs", root.string(),
                    "\"quantarium-cli run … --folder\" makes them; runs of a workspace are continued with "
                    "--workspace.");
    const Json document = readJsonFile(file);
    FolderPlan plan{root, {}};
    try {
        if (document.at("format") != kFormat)
            throw Error(ErrorKind::Data, "not a list of runs of this version", file.string());
        for (const auto& run : document.at("runs"))
            plan.entries.push_back({run.at("id"), run.at("folder"), run.at("start_run")});
    } catch (const nlohmann::json::exception&) {
        throw Error(ErrorKind::Data, "not a list of runs", file.string(),
                    "The run folders beside it are still whole.");
    }
    return plan;
}

void FolderPlan::write() const {
    Json runs = Json::array();
    for (const auto& entry : entries)
        runs.push_back({{"id", entry.id}, {"folder", entry.folder}, {"start_run", entry.startRun}});
    writeFileAtomically(root / kPlanFile, dumpJson({{"format", kFormat}, {"runs", runs}}, 2) + "\n");
}

train::QueuedRun FolderPlan::queued(const Entry& entry, const RunConfig& config) const {
    train::QueuedRun run{entry.id, config, root / entry.folder, entry.startRun, {}};
    if (!entry.startRun.empty())
        run.startFile = train::RunFolder(root / at(entry.startRun).folder).modelFile();
    else if (config.start.from == "run")
        run.startFile = train::RunFolder(config.start.path).modelFile();
    else if (config.start.from == "file")
        run.startFile = config.start.path;
    return run;
}

FolderPlan createFolderPlan(const std::filesystem::path& root, const std::vector<RunConfig>& configs,
                            const train::Registries& registries) {
    requireUnused(root);
    Planner planner(registries);
    for (const auto& config : configs)
        planner.add(config);
    auto planned = planner.take();
    if (planned.size() == 1) planned.front().entry.folder = ".";
    createFolder(root);
    FolderPlan plan{root, {}};
    for (const auto& run : planned) {
        train::RunFolder(root / run.entry.folder).create(run.config);
        plan.entries.push_back(run.entry);
    }
    plan.write();
    return plan;
}

} // namespace quantarium::cli
