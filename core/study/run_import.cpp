// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/run_import.h"

#include <set>

#include "core/base/error.h"
#include "core/train/resolve.h"
#include "core/train/run_folder.h"

namespace quantarium::study {

namespace {

RunStarted startedFromJson(const Json& document, const std::string& where) {
    try {
        return {document.at("config"),
                document.at("environment"),
                runReportFromJson(document.at("report"), where),
                document.at("total_epochs").get<std::int64_t>(),
                document.at("steps_per_epoch").get<std::int64_t>(),
                document.at("first_epoch").get<std::int64_t>()};
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Data, std::string("not a start record: ") + error.what(), where);
    }
}

void importFolder(store::Workspace& workspace, const store::RunRecord& run, const train::RunFolder& folder) {
    const std::string where = folder.path().string();
    if (!run.report)
        if (const auto started = folder.started())
            workspace.recordStarted(run.id, startedFromJson(*started, where));
    for (const auto& epoch : folder.epochs())
        if (epoch.epoch > run.epochsDone) workspace.recordEpoch(run.id, epoch);
    if (const auto ended = folder.result()) {
        workspace.recordEnded(run.id, *ended);
        return;
    }
    std::error_code ignored;
    const bool begun = std::filesystem::exists(folder.checkpointFile(), ignored);
    workspace.recordState(
        run.id, RunState::Stopped,
        begun ? "Quantarium ended while it ran; it can be resumed from its last finished epoch."
              : "Quantarium ended before its first epoch; resuming starts it anew.");
}

/// A run folder made elsewhere, or just before a crash.
void adopt(store::Workspace& workspace, const std::string& id) {
    const train::RunFolder folder(workspace.runFolder(id));
    store::RunRecord record;
    record.id = id;
    record.config = folder.config();
    record.name = record.config.name;
    record.identity = train::identity(record.config);
    record.state = RunState::Stopped;
    workspace.addRun(record);
    importFolder(workspace, record, folder);
}

} // namespace

void importRuns(store::Workspace& workspace) {
    std::set<std::string> known;
    for (const auto& run : workspace.list()) {
        known.insert(run.id);
        if (run.state != RunState::Running && run.state != RunState::Queued) continue;
        try {
            importFolder(workspace, run, train::RunFolder(workspace.runFolder(run.id)));
        } catch (const Error& error) {
            workspace.recordState(run.id, RunState::Failed, error.what());
        }
    }
    std::error_code code;
    for (const auto& item : std::filesystem::directory_iterator(workspace.folder() / "runs", code)) {
        const auto id = item.path().filename().string();
        if (known.contains(id) || !std::filesystem::exists(item.path() / "config.json")) continue;
        try {
            adopt(workspace, id);
        } catch (const Error&) {
            continue; // not a run of ours; it stays where it is
        }
    }
}

} // namespace quantarium::study
