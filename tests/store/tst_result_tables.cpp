// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <cmath>

#include "core/base/error.h"
#include "core/store/export.h"
#include "tests/store/records.h"

using namespace quantarium;
using namespace quantarium::store;
using namespace quantarium::testing;

namespace {

Json at(const ResultTable& table, std::size_t row, const std::string& key) {
    for (std::size_t c = 0; c < table.columns.size(); ++c)
        if (table.columns[c].key == key) return table.rows.at(row).at(c);
    return "no column " + key;
}

bool near(const Json& cell, double expected, double tolerance = 1e-9) {
    return cell.is_number() && std::fabs(cell.get<double>() - expected) <= tolerance;
}

RunConfig started(RunConfig config, const std::string& from, const std::string& path = {}) {
    config.start.from = from;
    config.start.path = path;
    return config;
}

} // namespace

#define QVERIFY_CELL(condition, cell) QVERIFY2(condition, dumpJson(cell).c_str())

class TestResultTables : public QObject {
    Q_OBJECT

private slots:
    void init() {
        m_folder = std::make_unique<QTemporaryDir>();
        m_workspace = std::make_unique<Workspace>(pathOf(*m_folder), Access::Write);
    }
    void cleanup() {
        m_workspace.reset();
        m_folder.reset();
    }

    void describesARun() {
        const auto reference = addFinished(*m_workspace, "f", sampleConfig(1), 90, 0.1);
        const auto run = addFinished(*m_workspace, "q", sampleConfig(1, "rdhs", 3), 88.25, 0.115);
        const auto table = runTable(*m_workspace, {reference, run});
        QCOMPARE(table.rows.size(), 2u);
        for (const auto& row : table.rows)
            QCOMPARE(row.size(), table.columns.size());
        const std::vector<std::pair<std::string, Json>> expected{
            {"run", "q"},
            {"name", "rdhs 3 bit"},
            {"dataset", "shapes10"},
            {"network", "mlp"},
            {"start", "scratch"},
            {"method", "rdhs"},
            {"bits", 3},
            {"first_last", "as-published: float, 3 bits"},
            {"inputs", "float"},
            {"epochs", 3},
            {"seed", 1},
            {"state", "finished"},
            {"last_top1", 87.75},
            {"best_top1", 88.25},
            {"measured_on", "test"},
            {"best_epoch", 1},
            {"delta_to_float", -1.75},
            {"float_run", "f"},
            {"float_by", "same data, network, training and seed"},
            {"memory_reduction_weights", 32.0 / 3},
            {"memory_reduction_all", 1.8816},
            {"mac_multiplies", false},
            {"post_scale", true},
            {"seconds", 12.25},
            {"step_seconds", 0.115},
            {"tensor_bytes", 524288.0},
            {"tensors_to_float", 1.0},
            {"peak_bytes", 1048576.0},
            {"snapshot_share", 0.001},
            {"batch", 50},
            {"training_images", 1000},
            {"config", run.config.toJson()}};
        for (const auto& [key, value] : expected)
            QVERIFY2(at(table, 1, key) == value, (key + ": " + dumpJson(at(table, 1, key))).c_str());
        QVERIFY(near(at(table, 1, "time_to_float"), 1.15));
        QVERIFY(at(table, 0, "delta_to_float").is_null());
        QVERIFY(at(table, 0, "float_run").is_null());
        QCOMPARE(at(table, 0, "mac_multiplies"), Json(true));
        QCOMPARE(at(table, 0, "bits"), Json(32));
    }

    void keepsTheColumnsAskedFor() {
        auto config = sampleConfig(1, "rdhs", 3);
        config.activations = {.method = "pact", .bits = 4};
        const auto run = addFinished(*m_workspace, "q", config, 88.25, 0.115);
        const auto all = runTable(*m_workspace, {run});
        const auto some = withColumns(all, {"best_top1", "inputs", "batch"});
        QCOMPARE(some.columns.size(), std::size_t{3});
        QCOMPARE(some.columns[1].key, std::string("inputs"));
        QVERIFY(!some.columns[2].detail); // asked for, so people see it
        QVERIFY(some.rows.front() == (std::vector<Json>{88.25, "pact, 4 bits", 50}));
        QVERIFY(some.notes == all.notes);
        QCOMPARE(withColumns(all, {}).columns.size(), all.columns.size());
        QVERIFY_THROWS_EXCEPTION(Error, withColumns(all, {"best_top2"}));
    }

    void comparesWithTheRunItStartedFrom() {
        addFinished(*m_workspace, "same-training", sampleConfig(1), 95);
        addFinished(*m_workspace, "start", sampleConfig(77), 90);
        const auto between =
            addFinished(*m_workspace, "between", sampleConfig(1, "inq", 5), 89, 0.1, "start");
        const auto run = addFinished(*m_workspace, "q", sampleConfig(1, "inq", 3), 88, 0.1, "between");
        const auto table = runTable(*m_workspace, {between, run});
        QCOMPARE(at(table, 0, "float_run"), Json("start"));
        QVERIFY(near(at(table, 0, "delta_to_float"), -1));
        QCOMPARE(at(table, 1, "float_run"), Json("start")); // through the run between
        QVERIFY(near(at(table, 1, "delta_to_float"), -2));
        QCOMPARE(at(table, 1, "float_by"), Json("started from it"));
    }

    /// A float run has no counterpart, but one that goes on from another shows what longer training brings.
    void comparesAFloatRunWithItsStartAlone() {
        const auto start = addFinished(*m_workspace, "start", sampleConfig(1), 90);
        auto longer = started(sampleConfig(1), "float");
        const auto run = addFinished(*m_workspace, "longer", longer, 91.5, 0.1, "start");
        const auto table = runTable(*m_workspace, {start, run});
        QVERIFY(at(table, 0, "float_run").is_null() && at(table, 0, "delta_to_float").is_null());
        QCOMPARE(at(table, 1, "float_run"), Json("start"));
        QVERIFY(near(at(table, 1, "delta_to_float"), 1.5));
        const auto groups = groupTable(*m_workspace, {start, run});
        QCOMPARE(groups.rows.size(), 2u);
    }

    void picksTheCounterpart() {
        auto otherTraining = sampleConfig(1);
        otherTraining.training.epochs = 9;
        addFinished(*m_workspace, "other-training", otherTraining, 91);
        addFinished(*m_workspace, "other-seed", sampleConfig(2), 92);
        const auto tuned = started(sampleConfig(1), "file", "x.safetensors");
        addFinished(*m_workspace, "tuned", tuned, 93);
        m_workspace->addRun(sampleRun("unfinished", sampleConfig(1)));
        const auto run = addFinished(*m_workspace, "q", sampleConfig(1, "rdhs", 1), 80);
        QCOMPARE(at(runTable(*m_workspace, {run}), 0, "float_run"), Json("tuned"));
        addFinished(*m_workspace, "scratch", sampleConfig(1), 90);
        QCOMPARE(at(runTable(*m_workspace, {run}), 0, "float_run"),
                 Json("scratch")); // the same start goes first
        auto fromFile = sampleConfig(1, "rdhs", 1);
        fromFile.start = tuned.start;
        QCOMPARE(at(runTable(*m_workspace, {addFinished(*m_workspace, "q2", fromFile, 80)}), 0, "float_run"),
                 Json("tuned"));
        m_workspace->moveToBin({"scratch", "tuned"});
        QVERIFY(at(runTable(*m_workspace, {run}), 0, "float_run").is_null());
        QVERIFY(at(runTable(*m_workspace, {run}), 0, "delta_to_float").is_null());
    }

    void survivesACircleOfStarts() {
        const auto a = addFinished(*m_workspace, "a", sampleConfig(1, "inq", 3), 80, 0.1, "b");
        const auto b = addFinished(*m_workspace, "b", sampleConfig(1, "inq", 4), 80, 0.1, "a");
        QVERIFY(at(runTable(*m_workspace, {a, b}), 0, "float_run").is_null());
    }

    void fallsBackToValidation() {
        auto reference = addFinished(*m_workspace, "f", sampleConfig(1), 90);
        auto run = addFinished(*m_workspace, "q", sampleConfig(1, "sgt", 2), 88);
        m_workspace->recordEnded("q", {RunState::Finished, "", nullptr});
        m_workspace->recordEpoch(
            "q", sampleEpoch(3, true)); // 51 % on validation; the float run's best has 50.33 %
        const auto table = runTable(*m_workspace, {m_workspace->at("q")});
        QCOMPARE(at(table, 0, "measured_on"), Json("validation"));
        QVERIFY(near(at(table, 0, "best_top1"), 51));
        QVERIFY(near(at(table, 0, "delta_to_float"), 51 - (50 + 1.0 / 3)));
        QVERIFY(at(table, 0, "seconds").is_null());
    }

    void showsARunWithNothingYet() {
        m_workspace->addRun(sampleRun("q", sampleConfig(1, "rdhs", 2)));
        const auto table = runTable(*m_workspace, m_workspace->list());
        QVERIFY(at(table, 0, "best_top1").is_null() && at(table, 0, "mac_multiplies").is_null());
        const auto groups = groupTable(*m_workspace, m_workspace->list());
        QVERIFY(at(groups, 0, "best_top1").is_null());
        QCOMPARE(at(groups, 0, "finished"), Json(0));
        for (const auto& format : {toCsv, toTsv, toJsonText, toMarkdown, toLatex, toText}) {
            QVERIFY(!format(table).empty());
            QVERIFY(!format(groups).empty());
            QVERIFY(!format(runTable(*m_workspace, {})).empty());
        }
    }

    /// Differences −1.0, −0.5, 0.0 against an own float run each: interval −0.5 ± 1.242069 (see
    /// tst_statistics).
    void groupsRepeatsPaired() {
        const double best[3][2] = {{90, 89}, {91, 90.5}, {89, 89}};
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            const auto s = std::to_string(seed);
            addFinished(*m_workspace, "f" + s, sampleConfig(seed), best[seed - 1][0], 0.1);
            auto config = started(sampleConfig(seed, "inq", 5), "float");
            config.name = "INQ · seed " + s;
            addFinished(*m_workspace, "q" + s, config, best[seed - 1][1],
                        0.1 + 0.01 * static_cast<double>(seed), "f" + s);
        }
        const auto failed = started(sampleConfig(4, "inq", 5), "float");
        m_workspace->addRun(sampleRun("q4", failed));
        const auto table = groupTable(*m_workspace, m_workspace->list());
        QCOMPARE(table.rows.size(), 2u);
        const std::size_t row = at(table, 0, "method") == "inq" ? 0 : 1;
        QVERIFY_CELL(at(table, row, "seeds") == "1, 2, 3", Json(table.rows));
        QCOMPARE(at(table, row, "name"), Json("INQ"));
        QCOMPARE(at(table, row, "finished"), Json(3));
        QCOMPARE(at(table, row, "runs"), Json(4));
        const auto top1 = at(table, row, "best_top1");
        QVERIFY_CELL(
            near(top1.at("mean"), 89.5) && near(top1.at("std"), std::sqrt(0.75)) && top1.at("n") == 3, top1);
        const auto delta = at(table, row, "delta_to_float");
        QVERIFY_CELL(near(delta.at("mean"), -0.5) && near(delta.at("std"), 0.5), delta);
        QVERIFY_CELL(near(at(table, row, "delta_low"), -1.7420687, 1e-6), at(table, row, "delta_low"));
        QVERIFY_CELL(near(at(table, row, "delta_high"), 0.7420687, 1e-6), at(table, row, "delta_high"));
        QCOMPARE(at(table, row, "within_noise"), Json(true));
        QVERIFY(near(at(table, row, "time_to_float").at("mean"), 1.2));
        QCOMPARE(at(table, row, "float_runs"), Json("f1, f2, f3"));
        QVERIFY(at(table, 1 - row, "within_noise").is_null()); // the float row itself
        QVERIFY(at(table, 1 - row, "delta_to_float").is_null());
    }

    /// All start from one float run: its repeats are the other sample. Means 85 and 90, clearly apart.
    void groupsRepeatsWelch() {
        for (std::uint64_t seed = 1; seed <= 3; ++seed) {
            const auto s = std::to_string(seed);
            addFinished(*m_workspace, "f" + s, sampleConfig(seed), 89 + static_cast<double>(seed) / 2, 0.1);
            const auto config = started(sampleConfig(seed, "inq", 2), "run", "f1");
            addFinished(*m_workspace, "q" + s, config, 84 + static_cast<double>(seed) / 2, 0.1, "f1");
        }
        std::vector<RunRecord> quantized;
        for (const char* id : {"q1", "q2", "q3"})
            quantized.push_back(m_workspace->at(id));
        const auto table = groupTable(*m_workspace, quantized);
        QCOMPARE(table.rows.size(), 1u);
        const auto delta = at(table, 0, "delta_to_float");
        QVERIFY_CELL(near(delta.at("mean"), -5) && delta.at("std").is_null(), delta);
        // s = 0.5 in both, 4 degrees of freedom: half width 2.776445 · 0.5 · sqrt(2 / 3)
        QVERIFY_CELL(near(at(table, 0, "delta_low"), -5 - 2.776445 * 0.5 * std::sqrt(2.0 / 3), 1e-5),
                     at(table, 0, "delta_low"));
        QCOMPARE(at(table, 0, "within_noise"), Json(false));
    }

    void claimsNothingFromOneSeed() {
        addFinished(*m_workspace, "f", sampleConfig(1), 90);
        const auto run = addFinished(*m_workspace, "q", sampleConfig(1, "rdhs", 1), 80);
        const auto table = groupTable(*m_workspace, {run});
        QVERIFY(near(at(table, 0, "delta_to_float").at("mean"), -10));
        QVERIFY(at(table, 0, "delta_to_float").at("std").is_null());
        QVERIFY(at(table, 0, "within_noise").is_null());
    }

    void groupsOnlyEqualConfigurations() {
        auto noRepeats = sampleConfig(1, "rdhs", 1);
        auto repeats = sampleConfig(2, "rdhs", 1);
        repeats.training.repeats = 3;
        auto otherOptions = sampleConfig(3, "rdhs", 1);
        otherOptions.weights.options = {{"tau", 0.5}};
        int id = 0;
        for (const auto& config : {noRepeats, repeats, otherOptions, sampleConfig(1, "rdhs", 2)})
            m_workspace->addRun(sampleRun("r" + std::to_string(++id), config));
        QCOMPARE(groupTable(*m_workspace, m_workspace->list()).rows.size(), 3u);
    }

private:
    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Workspace> m_workspace;
};

QTEST_GUILESS_MAIN(TestResultTables)
#include "tst_result_tables.moc"
