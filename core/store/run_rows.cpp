// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/run_rows.h"

#include <ctime>

#include "core/base/error.h"

namespace quantarium::store {

namespace {

enum Column {
    Id,
    Name,
    Group,
    State,
    Reason,
    Method,
    Network,
    Dataset,
    Config,
    Identity,
    StartRun,
    CreatedAt,
    StartedAt,
    EndedAt,
    EpochsDone,
    Last,
    Best,
    BestEpoch,
    Result,
    Report,
    Environment,
    Note
};

std::map<std::string, double> valuesFromJson(const Json& document, const std::string& where) {
    std::map<std::string, double> values;
    for (const auto& [name, value] : document.items())
        values[name] = numberFromJson(value, where);
    return values;
}

/// Documents that this program wrote; those from people go through parseJson.
Json parsed(const std::string& text) {
    return Json::parse(text);
}

} // namespace

const char* const kRunColumns = "id, name, repeat_group, state, reason, method, network, dataset, config, "
                                "identity, start_run, created_at, "
                                "started_at, ended_at, epochs_done, last_values, best_values, best_epoch, "
                                "result, report, environment, note";

void RunReader::readDocuments(RunRecord& run, const Query& row) {
    const std::string where = "run " + run.id;
    run.state = runStateFromString(row.text(State), where);
    run.config =
        m_configs.at(row.text(Config), [&](auto& text) { return RunConfig::fromJson(parsed(text), where); });
    run.identity = m_identities.at(row.text(Identity), parsed);
    run.last = valuesFromJson(parsed(row.text(Last)), where);
    run.best = valuesFromJson(parsed(row.text(Best)), where);
    run.result = parsed(row.text(Result));
    run.environment = m_environments.at(row.text(Environment), parsed);
    run.report = m_reports.at(row.text(Report), [&](auto& text) {
        const Json report = parsed(text);
        return report.is_null() ? std::optional<RunReport>() : runReportFromJson(report, where);
    });
}

RunRecord RunReader::read(const Query& row) {
    RunRecord run;
    run.id = row.text(Id);
    run.name = row.text(Name);
    run.group = row.text(Group);
    run.reason = row.text(Reason);
    run.startRun = row.text(StartRun);
    run.createdAt = row.text(CreatedAt);
    run.startedAt = row.text(StartedAt);
    run.endedAt = row.text(EndedAt);
    run.epochsDone = row.integer(EpochsDone);
    run.bestEpoch = row.integer(BestEpoch);
    run.note = row.text(Note);
    try {
        readDocuments(run, row);
    } catch (const std::exception& error) {
        run.state = RunState::Failed;
        run.reason = std::string("its record can't be read: ") + error.what();
        run.config.name = run.name;
        run.config.weights.method = row.text(Method);
        run.config.network.id = row.text(Network);
        run.config.dataset.id = row.text(Dataset);
    }
    return run;
}

void insertRun(Database& database, const RunRecord& run) {
    auto query = database.query(
        "INSERT INTO runs (id, name, repeat_group, state, reason, method, network, dataset, config, "
        "identity, start_run, created_at, started_at, ended_at, epochs_done, last_values, best_values, "
        "best_epoch, result, report, environment, note, identity_hash) "
        "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
    query.bind(run.id).bind(run.name).bind(run.group).bind(toString(run.state)).bind(run.reason);
    query.bind(run.config.weights.method).bind(run.config.network.id).bind(run.config.dataset.id);
    query.bind(dumpJson(run.config.toJson())).bind(dumpJson(run.identity)).bind(run.startRun);
    query.bind(run.createdAt.empty() ? utcNow() : run.createdAt).bind(run.startedAt).bind(run.endedAt);
    query.bind(run.epochsDone).bind(valuesToText(run.last)).bind(valuesToText(run.best)).bind(run.bestEpoch);
    query.bind(dumpJson(run.result))
        .bind(dumpJson(run.report ? toJson(*run.report) : Json()))
        .bind(dumpJson(run.environment));
    query.bind(run.note).bind(hashJson(run.identity));
    query.run();
}

std::int64_t runKey(Database& database, const std::string& id) {
    auto query = database.query("SELECT key FROM runs WHERE id = ?");
    query.bind(id);
    if (!query.next())
        throw Error(ErrorKind::Config, "there is no run \"" + id + "\"",
                    database.file().parent_path().string(),
                    "\"quantarium-cli list\" shows those that exist.");
    return query.integer(0);
}

std::string valuesToText(const std::map<std::string, double>& values) {
    Json document = Json::object();
    for (const auto& [name, value] : values)
        document[name] = numberToJson(value);
    return dumpJson(document);
}

std::string utcNow() {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    gmtime_r(&now, &parts);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return text;
}

} // namespace quantarium::store
