// SPDX-License-Identifier: GPL-3.0-or-later
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "core/run/examples.h"
#include "tests/cli/cli_process.h"
#include "tests/cli/in_process.h"

using namespace quantarium;
using namespace quantarium::testing;

namespace {

Json edited(Json document, const char* pointer, Json value) {
    document[Json::json_pointer(pointer)] = std::move(value);
    return document;
}

const QStringList kCommands{"run",       "resume",   "list",     "show",     "compare",
                            "export",    "networks", "methods",  "datasets", "optimizers",
                            "schedules", "tasks",    "examples", "config"};

} // namespace

/// Help, catalogs, configuration checks, and what is said about wrong input: no run is started here.
class TestCliUsage : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() { qputenv("QUANTARIUM_WORKSPACE", "/nonexistent/workspace"); }

    void theProgramSaysWhatIsTestedHere() {
        const auto outcome = runCli({"examples"});
        QCOMPARE(outcome.code, 0);
        QCOMPARE(outcome.out, runInProcess({"examples"}).out);
    }

    void helpNamesCommandsAndExitCodes() {
        const auto outcome = runInProcess({"--help"});
        QCOMPARE(outcome.code, 0);
        for (const auto& command : kCommands)
            QVERIFY2(outcome.out.contains("\n  " + command.toUtf8() + " "), qPrintable(command));
        QVERIFY(outcome.out.contains("130  interrupted"));
    }

    void everyCommandHasHelp() {
        for (const auto& command : kCommands) {
            const auto outcome = runInProcess({command, "--help"});
            QCOMPARE(outcome.code, 0);
            QVERIFY2(outcome.out.contains("Usage: quantarium-cli " + command.toUtf8()),
                     outcome.out.constData());
            QVERIFY(outcome.error.isEmpty());
        }
    }

    void versionIsPrinted() {
        const auto outcome = runInProcess({"--version"});
        QCOMPARE(outcome.code, 0);
        QVERIFY2(outcome.out.startsWith("quantarium-cli "), outcome.out.constData());
    }

    void wrongCommandLines_data() {
        QTest::addColumn<QStringList>("arguments");
        QTest::addColumn<QByteArray>("said");
        QTest::newRow("no command") << QStringList{} << QByteArray("--help");
        QTest::newRow("mistyped command") << QStringList{"lisst"} << QByteArray("Did you mean \"list\"?");
        QTest::newRow("mistyped example")
            << QStringList{"run", "first-lok"} << QByteArray("Did you mean \"first-look\"?");
        QTest::newRow("no such file")
            << QStringList{"run", "missing.json"} << QByteArray("missing.json: there is no such file");
        QTest::newRow("unknown option") << QStringList{"list", "--colour"} << QByteArray("--colour");
        QTest::newRow("unknown method")
            << QStringList{"methods", "inc"} << QByteArray("Did you mean \"inq\"?");
        QTest::newRow("unknown format") << QStringList{"export", "--format", "xml"} << QByteArray("xml");
        QTest::newRow("nothing to show") << QStringList{"show"} << QByteArray("run");
        QTest::newRow("setting without value")
            << QStringList{"config", "--check", "first-look", "--set", "seed"} << QByteArray("has no '='");
        QTest::newRow("config without a mode") << QStringList{"config"} << QByteArray("--help");
    }
    void wrongCommandLines() {
        QFETCH(QStringList, arguments);
        QFETCH(QByteArray, said);
        const auto outcome = runInProcess(arguments);
        QCOMPARE(outcome.code, 2);
        QCOMPARE(outcome.errorLines(), 1);
        QVERIFY2(outcome.error.contains(said), outcome.error.constData());
        QVERIFY(outcome.out.isEmpty());
    }

    void wrongConfigurations_data() {
        QTest::addColumn<QByteArray>("document");
        QTest::addColumn<QByteArray>("said");
        const auto row = [](const char* name, const Json& document, const char* said) {
            QTest::newRow(name) << QByteArray::fromStdString(dumpJson(document)) << QByteArray(said);
        };
        const Json good = tinyConfig("inq", 5, 1);
        row("unknown key", edited(good, "/weihgts", Json::object()),
            "weihgts: there is no such key. Did you mean \"weights\"?");
        row("unknown key inside", edited(good, "/training/epoch", 3),
            "training.epoch: there is no such key. Did you mean \"epochs\"?");
        row("unknown method option", edited(good, "/weights/options/portion", 3), "weights.options.portion");
        row("wrong type", edited(good, "/training/epochs", "many"),
            "training.epochs: \"many\" is not a number");
        row("bits outside the method", edited(good, "/weights/bits", 1),
            "weights.bits: 1 is outside what inq can do. Allowed for inq: 2 … 9 bits.");
        row("bits of float", edited(edited(good, "/weights/method", "float"), "/weights/bits", 4),
            "weights.bits");
        row("no dataset", edited(good, "/dataset", Json::object()), "dataset.id: no dataset is named");
        row("unknown network", edited(good, "/network/id", "resnet21"), "Did you mean");
        row("path without its start", edited(good, "/start", {{"path", "x"}}),
            "start.path: applies only when from is");
        row("nesterov without momentum",
            edited(good, "/training/optimizer/options", {{"nesterov", true}, {"momentum", 0}}), "nesterov");
        row("ensemble", edited(good, "/ensemble", {{"members", 2}}), "ensemble.members");
        row(
            "no format",
            [&] {
                Json one = good;
                one.erase("format");
                return one;
            }(),
            "format: the key is missing");
        row("other format", edited(good, "/format", "quantarium-run/2"), "quantarium-run/1");
        row("a list", Json::array(), "not a JSON object");
        row("override that fits nothing", edited(good, "/weights/overrides", {{"nothing.*", {{"bits", 3}}}}),
            "nothing.*");
        QTest::newRow("not JSON") << QByteArray("{\"format\": ") << QByteArray("line 1");
        QTest::newRow("the same key twice")
            << QByteArray("{\"format\": \"quantarium-run/1\", \"format\": \"quantarium-run/1\"}")
            << QByteArray("format");
        QTest::newRow("empty") << QByteArray() << QByteArray("config.json");
    }
    void wrongConfigurations() {
        QFETCH(QByteArray, document);
        QFETCH(QByteArray, said);
        const QTemporaryDir folder;
        QFile file(folder.filePath("config.json"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(document);
        file.close();
        for (const auto& arguments :
             {QStringList{"config", "--check", file.fileName()},
              QStringList{"run", file.fileName(), "--workspace", folder.filePath("w")}}) {
            const auto outcome = runInProcess(arguments);
            QVERIFY2(outcome.code == 2, outcome.error.constData());
            QCOMPARE(outcome.errorLines(), 1);
            QVERIFY2(outcome.error.contains(said), outcome.error.constData());
        }
    }

    void weightsAreReadBeforeTheRun_data() {
        QTest::addColumn<QByteArray>("weights");
        QTest::addColumn<QByteArray>("said");
        const QByteArray begin(
            "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.\x80\x02M\xe9\x03.\x80\x02}.", 25);
        QTest::newRow("command") << begin + "\x80\x02"
                                            "cos\nsystem\n)R."
                                 << QByteArray("weights.pt, byte 27: the file wants to run \"os.system\"");
        QTest::newRow("picture") << QByteArray("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16)
                                 << QByteArray("it begins with the bytes 89 50");
        const QByteArray header(R"({"head":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}} )");
        QTest::newRow("other network")
            << QByteArray(1, static_cast<char>(header.size())) + QByteArray(7, '\0') + header + "x"
            << QByteArray("4 tensors are missing (fc1.bias, fc1.weight, fc2.bias, fc2.weight); 1 tensor is "
                          "not in this network (head)");
    }
    void weightsAreReadBeforeTheRun() {
        QFETCH(QByteArray, weights);
        QFETCH(QByteArray, said);
        const QTemporaryDir folder;
        QFile file(folder.filePath("weights.pt"));
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(weights);
        file.close();
        const Json start{{"from", "file"}, {"path", file.fileName().toStdString()}};
        const auto path = writeConfig(folder.path(), edited(tinyConfig("inq", 5, 1), "/start", start));
        for (const auto& arguments : {QStringList{"run", path, "--workspace", folder.filePath("w")},
                                      QStringList{"config", "--check", path}}) {
            const auto outcome = runInProcess(arguments);
            QVERIFY2(outcome.code == 3, outcome.error.constData());
            QCOMPARE(outcome.errorLines(), 1);
            QVERIFY2(outcome.error.contains(said), outcome.error.constData());
            QVERIFY2(outcome.out.isEmpty(), outcome.out.constData());
        }
        QVERIFY(!QDir(folder.filePath("w")).exists());
    }

    void weightsThatAreNotThere() {
        const QTemporaryDir folder;
        const Json start{{"from", "file"}, {"path", "/nonexistent.pt"}};
        const auto path = writeConfig(folder.path(), edited(tinyConfig("inq", 5, 1), "/start", start));
        const auto outcome = runInProcess({"config", "--check", path});
        QCOMPARE(outcome.code, 3);
        QVERIFY2(outcome.error.contains("/nonexistent.pt: there is no such file"), outcome.error.constData());
    }

    /// The file has no such key: the recipe put it there.
    void aRecipesOwnSettingIsNotTheFiles() {
        const QTemporaryDir folder;
        const auto path = writeConfig(folder.path(), tinyConfig("float", 32, 1));
        const QStringList check{"config", "--check", path, "--recipe", "bnn"};
        QCOMPARE(runInProcess(check).code, 0);
        const auto recipe = runInProcess(check + QStringList{"--set", "network.options.nonlinearity=relu"});
        QCOMPARE(recipe.code, 2);
        QVERIFY2(recipe.error.contains(": recipe bnn: activations.method: sign would see no negative values"),
                 recipe.error.constData());
        const auto byHand = runInProcess(check + QStringList{"--set", "activations.method=sing"});
        QVERIFY2(byHand.error.contains((path + ": activations.method: ").toUtf8()), byHand.error.constData());
        const auto ownKey = runInProcess(check + QStringList{"--set", "network.options.width=3"});
        QVERIFY2(ownKey.error.contains((path + ": network.options.width: ").toUtf8()),
                 ownKey.error.constData());
    }

    void aWorkspaceThatIsNotThere() {
        const auto outcome = runInProcess({"list", "--workspace", "/nonexistent/workspace"});
        QCOMPARE(outcome.code, 4);
        QCOMPARE(outcome.errorLines(), 1);
        QVERIFY2(outcome.error.contains("/nonexistent/workspace"), outcome.error.constData());
    }

    void startingDocumentPassesItsCheck() {
        const auto example = runInProcess({"config", "--example"});
        QCOMPARE(example.code, 0);
        const QTemporaryDir folder;
        const auto path = writeConfig(folder.path(), parseJson(example.out.toStdString(), "example"));
        const auto check = runInProcess({"config", "--check", path});
        QVERIFY2(check.code == 0, check.error.constData());
        QVERIFY(check.out.contains("Memory reduction") && check.out.contains("layer1.0.conv1.weight"));
    }

    void checkPrintsTheResolvedConfiguration() {
        const QTemporaryDir folder;
        const auto path = writeConfig(folder.path(), tinyConfig("inq", 5, 1));
        const auto outcome = runInProcess(
            {"config", "--check", path, "--set", "weights.bits=3", "--set", "name=changed", "--json"});
        QVERIFY2(outcome.code == 0, outcome.error.constData());
        const auto document = jsonLines(outcome.out).first();
        QCOMPARE(document.at("config").at("weights").at("bits").get<int>(), 3);
        QCOMPARE(document.at("config").at("name").get<std::string>(), std::string("changed"));
        QVERIFY(document.at("config").at("weights").at("options").contains("portions"));
        QCOMPARE(document.at("report").at("layers").size(), std::size_t{2});
        // mlp 768-16-10
        QCOMPARE(document.at("report").at("memory").at("parameters").get<int>(), 12474);
        QCOMPARE(document.at("report").at("memory").at("quantized_weights").get<int>(), 12448);
    }

    void examplesPassTheirChecks() {
        QVERIFY(builtinExamples().size() >= 3);
        QCOMPARE(builtinExamples().front().id, std::string("first-look"));
        const auto listed = runInProcess({"examples"});
        for (const auto& example : builtinExamples()) {
            QVERIFY2(listed.out.contains(example.id.c_str()), example.id.c_str());
            const auto outcome =
                runInProcess({"config", "--check", QString::fromStdString(example.id), "--json"});
            QVERIFY2(outcome.code == 0, outcome.error.constData());
            QCOMPARE(jsonLines(outcome.out).size(), static_cast<qsizetype>(example.runs.size()));
        }
    }

    void catalogsShowOptionsAndRanges() {
        const auto inq = runInProcess({"methods", "inq"});
        QCOMPARE(inq.code, 0);
        for (const char* const part : {"2 … 9", "portions", "magnitude", "Source:"})
            QVERIFY2(inq.out.contains(part), inq.out.constData());
        QVERIFY(!inq.out.contains("rdhs"));
        const auto datasets = parseJson(runInProcess({"datasets", "--json"}).out.toStdString(), "datasets");
        const auto isShapes = [](const Json& entry) { return entry.at("id") == "shapes10"; };
        QVERIFY(std::any_of(datasets.begin(), datasets.end(), isShapes));
        QVERIFY(runInProcess({"networks"}).out.contains("resnet20"));
    }

    void referenceIsUpToDate() {
        QFile file(referenceFile());
        QVERIFY(file.open(QIODevice::ReadOnly));
        const auto printed = runInProcess({"config", "--reference"});
        QVERIFY2(file.readAll() == printed.out,
                 "Write it anew: quantarium-cli config --reference > docs/reference.md");
    }
};

QTEST_GUILESS_MAIN(TestCliUsage)
#include "tst_cli_usage.moc"
