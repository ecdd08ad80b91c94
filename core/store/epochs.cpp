// SPDX-License-Identifier: GPL-3.0-or-later
#include <bit>
#include <cstring>

#include "core/store/run_rows.h"
#include "core/store/snapshot_codec.h"
#include "core/store/workspace_state.h"

namespace quantarium::store {

namespace {

static_assert(std::endian::native == std::endian::little, "step losses are stored as little-endian doubles");

void insertEpoch(Database& database, std::int64_t run, const EpochDone& epoch) {
    auto remove = database.query("DELETE FROM epochs WHERE run = ? AND epoch = ?");
    remove.bind(run).bind(epoch.epoch);
    remove.run();
    auto insert =
        database.query("INSERT INTO epochs (run, epoch, step, best, step_losses) VALUES (?,?,?,?,?)");
    insert.bind(run).bind(epoch.epoch).bind(epoch.step).bind(std::int64_t{epoch.best});
    insert.bindBlob(epoch.stepLosses.data(), epoch.stepLosses.size() * sizeof(double));
    insert.run();
}

void insertValues(Database& database, std::int64_t run, const EpochDone& epoch) {
    for (const auto& [name, value] : epoch.values) {
        auto query = database.query("INSERT INTO metrics (run, name, epoch, value) VALUES (?,?,?,?)");
        query.bind(run).bind(name).bind(epoch.epoch).bind(value);
        query.run();
    }
}

void insertSnapshot(Database& database, std::int64_t run, const EpochDone& epoch) {
    if (!epoch.weights) return;
    const auto body = encodeSnapshot(*epoch.weights);
    auto query = database.query("INSERT INTO snapshots (run, epoch, body) VALUES (?,?,?)");
    query.bind(run).bind(epoch.epoch).bindBlob(body.data(), body.size());
    query.run();
}

std::map<std::string, double> valuesOf(Database& database, std::int64_t run, std::int64_t epoch) {
    std::map<std::string, double> values;
    auto query = database.query("SELECT name, value FROM metrics WHERE run = ? AND epoch = ?");
    query.bind(run).bind(epoch);
    while (query.next())
        values[query.text(0)] = query.real(1);
    return values;
}

std::int64_t newestEpoch(Database& database, std::int64_t run, const std::string& condition) {
    auto query = database.query("SELECT coalesce(max(epoch), 0) FROM epochs WHERE run = ?" + condition);
    query.bind(run);
    query.next();
    return query.integer(0);
}

/// Brings the row's summary in step with the recorded epochs.
void summarize(Database& database, std::int64_t run) {
    const auto last = newestEpoch(database, run, "");
    const auto best = newestEpoch(database, run, " AND best = 1");
    auto query = database.query(
        "UPDATE runs SET epochs_done = ?, last_values = ?, best_epoch = ?, best_values = ? WHERE key = ?");
    query.bind(last).bind(valuesToText(valuesOf(database, run, last)));
    query.bind(best).bind(valuesToText(valuesOf(database, run, best))).bind(run);
    query.run();
}

} // namespace

void Workspace::recordEpoch(const std::string& id, const EpochDone& epoch) {
    m_state->write([&](Database& database) {
        const auto run = runKey(database, id);
        insertEpoch(database, run, epoch);
        insertValues(database, run, epoch);
        insertSnapshot(database, run, epoch);
        summarize(database, run);
    });
}

void Workspace::dropEpochsAfter(const std::string& id, std::int64_t epoch) {
    m_state->write([&](Database& database) {
        const auto run = runKey(database, id);
        auto query = database.query("DELETE FROM epochs WHERE run = ? AND epoch > ?");
        query.bind(run).bind(epoch);
        query.run();
        summarize(database, run);
    });
}

std::vector<std::pair<std::int64_t, double>> Workspace::series(const std::string& id,
                                                               const std::string& name) const {
    return m_state->read([&](Database& database) {
        std::vector<std::pair<std::int64_t, double>> values;
        auto query =
            database.query("SELECT epoch, value FROM metrics WHERE run = ? AND name = ? ORDER BY epoch");
        query.bind(runKey(database, id)).bind(name);
        while (query.next())
            values.emplace_back(query.integer(0), query.real(1));
        return values;
    });
}

std::vector<std::string> Workspace::seriesNames(const std::string& id) const {
    return m_state->read([&](Database& database) {
        std::vector<std::string> names;
        auto query = database.query("SELECT DISTINCT name FROM metrics WHERE run = ? ORDER BY name");
        query.bind(runKey(database, id));
        while (query.next())
            names.push_back(query.text(0));
        return names;
    });
}

std::vector<std::pair<std::int64_t, double>> Workspace::stepLosses(const std::string& id) const {
    return m_state->read([&](Database& database) {
        std::vector<std::pair<std::int64_t, double>> losses;
        auto query = database.query("SELECT step, step_losses FROM epochs WHERE run = ? ORDER BY epoch");
        query.bind(runKey(database, id));
        while (query.next()) {
            const auto bytes = query.blob(1);
            const auto count = static_cast<std::int64_t>(bytes.size() / sizeof(double));
            for (std::int64_t i = 0; i < count; ++i) {
                double loss = 0;
                std::memcpy(&loss, bytes.data() + i * sizeof(double), sizeof loss);
                losses.emplace_back(query.integer(0) - count + 1 + i, loss);
            }
        }
        return losses;
    });
}

std::vector<std::int64_t> Workspace::snapshotEpochs(const std::string& id) const {
    return m_state->read([&](Database& database) {
        std::vector<std::int64_t> epochs;
        auto query = database.query("SELECT epoch FROM snapshots WHERE run = ? ORDER BY epoch");
        query.bind(runKey(database, id));
        while (query.next())
            epochs.push_back(query.integer(0));
        return epochs;
    });
}

std::shared_ptr<const WeightSnapshot> Workspace::snapshot(const std::string& id, std::int64_t epoch) const {
    std::string body;
    m_state->read([&](Database& database) {
        auto query = database.query("SELECT body FROM snapshots WHERE run = ? AND epoch = ?");
        query.bind(runKey(database, id)).bind(epoch);
        if (query.next()) body = query.blob(0);
    });
    if (body.empty()) return nullptr;
    const std::string where = "weights of run " + id + " after epoch " + std::to_string(epoch);
    return std::make_shared<const WeightSnapshot>(
        decodeSnapshot(body, where)); // outside the lock: decoding takes time
}

} // namespace quantarium::store
