// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/study/laboratory.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "core/base/error.h"
#include "core/study/run_import.h"
#include "core/study/run_recorder.h"
#include "core/train/resolve.h"
#include "core/train/run_folder.h"
#include "core/train/run_queue.h"
#include "core/train/session.h"
#include "core/train/start_weights.h"

namespace quantarium::study {

namespace {

/// Hands events to the recorder first, then to whoever watches.
class Distributor : public RunObserver {
public:
    explicit Distributor(RunRecorder& recorder) : m_recorder(recorder) {}

    void onEvent(const std::string& runId, const RunEvent& event) override {
        m_recorder.onEvent(runId, event);
        const std::shared_lock lock(m_mutex);
        for (auto* observer : m_observers)
            observer->onEvent(runId, event);
    }

    bool watchesWeights(const std::string& runId) const override {
        const std::shared_lock lock(m_mutex);
        return std::any_of(m_observers.begin(), m_observers.end(),
                           [&](const RunObserver* o) { return o->watchesWeights(runId); });
    }

    void add(RunObserver* observer) {
        const std::unique_lock lock(m_mutex);
        m_observers.push_back(observer);
    }

    void remove(RunObserver* observer) {
        const std::unique_lock lock(m_mutex);
        std::erase(m_observers, observer);
    }

private:
    RunRecorder& m_recorder;
    mutable std::shared_mutex m_mutex;
    std::vector<RunObserver*> m_observers;
};

} // namespace

struct Laboratory::State {
    State(std::filesystem::path folder, const train::Registries& entries, int cores)
        : registries(entries), workspace(std::move(folder), store::Access::Write), recorder(workspace),
          distributor(recorder), queue(entries, distributor, cores) {
        importRuns(workspace);
    }

    const train::Registries& registries;
    store::Workspace workspace;
    RunRecorder recorder;
    Distributor distributor;
    train::RunQueue queue; ///< ends first: its runs report to the members above
    std::mutex submitting;
    std::vector<std::pair<Json, std::string>> queued; ///< identity and id of what this laboratory has queued

    /// A run with this identity that is queued, running or finished, or empty.
    std::string findEqual(const Json& identity) const {
        const auto active = queue.active();
        for (const auto& [known, id] : queued)
            if (known == identity && std::find(active.begin(), active.end(), id) != active.end()) return id;
        const auto finished = workspace.findFinished(identity);
        return finished ? finished->id : std::string();
    }

    /// The run whose weights `config` starts from; adds the shared float run to `added` when there is none
    /// yet.
    std::string startRun(const RunConfig& config, std::vector<store::RunRecord>& added) {
        if (config.start.from == "run") {
            const auto record = workspace.at(config.start.path);
            const auto active = queue.active();
            if (record.state != RunState::Finished &&
                std::find(active.begin(), active.end(), record.id) == active.end())
                throw Error(ErrorKind::Config,
                            "run " + record.id + " is " + toString(record.state) + ", not finished",
                            "start.path", "Resume it first, or choose a finished run.");
            return record.id;
        }
        if (config.start.from != "float") return {};
        const auto floatConfig = train::resolve(train::floatStart(config), registries);
        const auto identity = train::identity(floatConfig);
        for (const auto& other : added)
            if (other.identity == identity) return other.id;
        const auto equal = findEqual(identity);
        if (!equal.empty()) return equal;
        added.push_back(newRecord(floatConfig, ""));
        return added.back().id;
    }

    store::RunRecord newRecord(const RunConfig& config, const std::string& group) const {
        store::RunRecord record;
        record.id = workspace.newRunId();
        record.name = config.name;
        record.group = group;
        record.state = RunState::Queued;
        record.config = config;
        record.identity = train::identity(config);
        return record;
    }

    bool isActive(const std::string& id) const {
        const auto active = queue.active();
        return std::find(active.begin(), active.end(), id) != active.end();
    }

    /// The runs that this one still needs the weights of, first to last; none once it has a checkpoint of its
    /// own.
    std::vector<store::RunRecord> unfinishedStarts(const store::RunRecord& record) const {
        std::vector<store::RunRecord> starts;
        std::error_code ignored;
        auto next = record;
        while (!next.startRun.empty() && starts.size() < 64 && // a damaged workspace may have a circle
               !std::filesystem::exists(train::RunFolder(workspace.runFolder(next.id)).checkpointFile(),
                                        ignored)) {
            next = workspace.at(next.startRun);
            if (next.state == RunState::Finished || isActive(next.id)) break;
            starts.insert(starts.begin(), next);
        }
        return starts;
    }

    void queueAgain(const store::RunRecord& record) {
        train::RunFolder(workspace.runFolder(record.id)).removeResult();
        workspace.recordState(record.id, RunState::Queued);
        queue.submit(queuedRun(record));
    }

    train::QueuedRun queuedRun(const store::RunRecord& record) const {
        train::QueuedRun run;
        run.id = record.id;
        run.config = record.config;
        run.folder = workspace.runFolder(record.id);
        run.startRun = record.startRun;
        if (!record.startRun.empty())
            run.startFile = train::RunFolder(workspace.runFolder(record.startRun)).modelFile();
        else if (record.config.start.from == "file")
            run.startFile = record.config.start.path;
        return run;
    }
};

Laboratory::Laboratory(std::filesystem::path workspaceFolder, const train::Registries& registries, int cores)
    : m_state(std::make_unique<State>(std::move(workspaceFolder), registries, cores)) {}

Laboratory::~Laboratory() = default;

store::Workspace& Laboratory::workspace() {
    return m_state->workspace;
}

const train::Registries& Laboratory::registries() const {
    return m_state->registries;
}

std::vector<std::string> Laboratory::submit(const RunConfig& config) {
    const std::lock_guard lock(m_state->submitting);
    const auto resolved = train::resolve(config, m_state->registries);
    train::requireMemory(train::planRun(
        resolved, m_state->registries)); // what can't be built or can't fit is refused here, at once
    if (resolved.start.from == "file")
        train::requireStartFits(resolved, m_state->registries, resolved.start.path);
    const auto configs = train::repeats(resolved);
    const std::string group = configs.size() > 1 ? m_state->workspace.newRunId() : std::string();
    std::vector<store::RunRecord> added;
    for (const auto& one : configs) {
        const auto start = m_state->startRun(one, added);
        auto record = m_state->newRecord(one, group);
        record.startRun = start;
        added.push_back(std::move(record));
    }
    std::vector<std::string> ids;
    for (const auto& record : added) {
        train::RunFolder(m_state->workspace.runFolder(record.id)).create(record.config);
        m_state->workspace.addRun(record);
        ids.push_back(record.id);
    }
    for (const auto& record : added) {
        m_state->queued.emplace_back(record.identity, record.id);
        m_state->queue.submit(m_state->queuedRun(record));
    }
    return ids;
}

void Laboratory::resume(const std::string& id) {
    const std::lock_guard lock(m_state->submitting);
    m_state->recorder.flush();
    const auto record = m_state->workspace.at(id);
    if (m_state->isActive(record.id)) return;
    if (record.state == RunState::Finished)
        throw Error(ErrorKind::Config, "the run has finished; there is nothing to resume", "run " + record.id,
                    "To train further, start a new run from it (start.from = \"run\").");
    for (const auto& start : m_state->unfinishedStarts(record))
        m_state->queueAgain(start);
    m_state->queueAgain(record);
}

void Laboratory::pause(const std::string& id) {
    m_state->queue.pause(m_state->workspace.at(id).id);
}
void Laboratory::stop(const std::string& id) {
    m_state->queue.stop(m_state->workspace.at(id).id);
}
void Laboratory::stopAll() {
    m_state->queue.stopAll();
}
bool Laboratory::idle() const {
    return m_state->queue.idle();
}
void Laboratory::waitIdle() {
    m_state->queue.waitIdle();
}
std::vector<std::string> Laboratory::active() const {
    return m_state->queue.active();
}
void Laboratory::addObserver(RunObserver* observer) {
    m_state->distributor.add(observer);
}
void Laboratory::removeObserver(RunObserver* observer) {
    m_state->distributor.remove(observer);
}
void Laboratory::flush() {
    m_state->recorder.flush();
}

} // namespace quantarium::study
