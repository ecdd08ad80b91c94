// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include <set>

#include "core/base/error.h"
#include "core/run/recipes.h"
#include "core/train/resolve.h"
#include "core/train/session.h"
#include "tests/support/compare.h"
#include "tests/support/small_run.h"

using namespace quantarium;
using quantarium::testing::smallRun;

namespace {

const train::Registries& registries() {
    return train::Registries::builtin();
}

Recipe recipe(const std::string& config) {
    return recipeFromJson(Json{{"format", "quantarium-recipe/1"},
                               {"id", "own"},
                               {"title", "Own"},
                               {"source", ""},
                               {"differs", ""},
                               {"config", Json::parse(config)}},
                          "own.json");
}

} // namespace

/// Recipes: what each replaces in a configuration, and that every built-in one can be trained.
class TestRecipes : public QObject {
    Q_OBJECT

private slots:
    void eachOneCanBeTrained_data() {
        QTest::addColumn<QString>("id");
        for (const auto& one : builtinRecipes())
            QTest::newRow(one.id.c_str()) << QString::fromStdString(one.id);
    }
    void eachOneCanBeTrained() {
        QFETCH(QString, id);
        auto document = smallRun().toJson();
        document["network"] = {{"id", "lenet5"}};
        document = withRecipe(builtinRecipe(id.toStdString()), document);
        const auto config = train::resolve(RunConfig::fromJson(document), registries());
        const auto report = train::planRun(config, registries());
        QCOMPARE(config.network.id, std::string("lenet5"));
        QVERIFY(report.layers.size() == 5);
        QCOMPARE(report.layers[1].method, config.weights.method); // neither first nor last
        QCOMPARE(report.layers[1].activationMethod, config.activations.method);
        (void)registries()
            .schedules.at(config.training.schedule.id, "test")
            .make(Options::validated(
                registries().schedules.at(config.training.schedule.id, "test").schema.options,
                config.training.schedule.options, "test"));
    }

    /// Recipes that set the network's non-linearity find that option in every network.
    void eachNetworkTakesSignInputs_data() {
        QTest::addColumn<QString>("id");
        for (const auto& id : registries().networks.ids())
            QTest::newRow(id.c_str()) << QString::fromStdString(id);
    }
    void eachNetworkTakesSignInputs() {
        QFETCH(QString, id);
        auto document = smallRun().toJson();
        document["dataset"] = {{"id", "cifar10"}};
        document["network"] = {{"id", id.toStdString()}};
        document = withRecipe(builtinRecipe("xnor-net"), document);
        const auto config = train::resolve(RunConfig::fromJson(document), registries());
        const auto report = train::planRun(config, registries());
        QCOMPARE(report.layers[1].activationMethod, std::string("sign"));
    }

    void noMethodIsWithoutOne() {
        std::set<std::string> weights{"float"};
        std::set<std::string> activations;
        for (const auto& one : builtinRecipes()) {
            weights.insert(one.config.at("weights").at("method").get<std::string>());
            if (one.config.contains("activations"))
                activations.insert(one.config.at("activations").at("method").get<std::string>());
            QVERIFY(!one.title.empty() && !one.source.empty());
        }
        for (const auto& id : registries().methods.ids())
            QVERIFY2(weights.contains(id), id.c_str());
        for (const auto& id : registries().activations.ids())
            QVERIFY2(activations.contains(id), id.c_str());
    }

    void replacesWhatItIsAbout() {
        const auto own =
            recipe(R"({"weights": {"method": "twn"}, "network": {"options": {"nonlinearity": "none"}},
                                    "training": {"epochs": 7}, "dataset": {"augment": {"flip": false}}})");
        auto before = smallRun("inq", 5).toJson();
        before["training"]["repeats"] = 3;
        before["start"] = {{"from", "float"}};
        before["activations"] = {{"method", "pact"}, {"bits", 4}};
        const auto after = RunConfig::fromJson(withRecipe(own, before));
        QCOMPARE(after.weights.method, std::string("twn"));
        QVERIFY(after.weights.options.empty());
        QCOMPARE(after.start.from, std::string("scratch"));
        QCOMPARE(after.activations.method, std::string("none"));
        QCOMPARE(after.training.epochs, std::int64_t{7});
        QCOMPARE(after.training.batch, TrainingConfig{}.batch);
        QCOMPARE(after.training.repeats, std::int64_t{3}); // not the authors' matter
        QCOMPARE(after.dataset.id, before["dataset"]["id"].get<std::string>());
        QCOMPARE(after.dataset.augment.value("flip", true), false);
        QCOMPARE(after.network.options.value("nonlinearity", ""), std::string("none"));
        QCOMPARE(after.seed, before["seed"].get<std::uint64_t>());
    }

    void refusesWhatIsNoRecipe() {
        QVERIFY_THROWS_EXCEPTION(Error, recipe(R"({"seed": 3})"));
        QVERIFY_THROWS_EXCEPTION(Error, recipeFromJson(Json::object(), "x"));
        QVERIFY_THROWS_EXCEPTION(Error, builtinRecipe("tqq"));
    }
};

QTEST_GUILESS_MAIN(TestRecipes)
#include "tst_recipes.moc"
