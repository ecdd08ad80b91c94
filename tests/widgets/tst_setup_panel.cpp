// SPDX-License-Identifier: GPL-3.0-or-later
#include <QCheckBox>
#include <QComboBox>
#include <QHeaderView>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "tests/widgets/fake_desk.h"
#include "widgets/setup/segmented_number.h"
#include "widgets/setup/setup_panel.h"

using namespace quantarium;
using namespace quantarium::widgets;

class SetupPanelTest : public QObject {
    Q_OBJECT
private slots:
    void init();
    void cleanup();
    void everyOptionOfTheSchemaIsThere();
    void wrongNumberIsMarkedAtTheField();
    void checkOfTheWholeConfigurationMarksItsField();
    void onlyApplicableOptionsAreShown();
    void methodBringsItsBitsAndStart();
    void activationsAreChosenLikeWeights();
    void whatMattersComesFirst();
    void aMarkedFieldIsUnfolded();
    void thePlanIsShortUntilAskedFor();
    void thePlanTellsEachLayersMethod();
    void remarksHaveTheWidthThatIsLeft();
    void missingFilesAreExplained();
    void startNeedsAWorkspace();
    void startHandsOverTheConfiguration();
    void jsonCanBePasted();
    void wrongJsonIsExplained();
    void copiesFromARun();
    void presetsComeBack();
    void setsWhatTheAuthorsTrainedWith();
    void documentRoundTrips();

private:
    QLineEdit* line(const char* key) const {
        return m_panel->findChild<QLineEdit*>(QString::fromLatin1(key) + QStringLiteral(".editor"));
    }
    QComboBox* choice(const char* key) const {
        return m_panel->findChild<QComboBox*>(QString::fromLatin1(key) + QStringLiteral(".editor"));
    }
    OptionField* field(const char* key) const { return m_panel->form()->field(QString::fromLatin1(key)); }
    void choose(const char* key, const char* id) {
        choice(key)->setCurrentIndex(choice(key)->findData(QString::fromLatin1(id)));
    }
    void type(QLineEdit* edit, const QString& text) {
        edit->setFocus();
        edit->selectAll();
        QTest::keyClick(edit, Qt::Key_Delete);
        QTest::keyClicks(edit, text);
    }
    void settle() { QTRY_VERIFY(!m_panel->checkPending()); }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<FakeDesk> m_desk;
    std::unique_ptr<FakeSetup> m_service;
    std::unique_ptr<SetupPanel> m_panel;
};

void SetupPanelTest::init() {
    m_folder = std::make_unique<QTemporaryDir>();
    m_desk = std::make_unique<FakeDesk>();
    m_service = std::make_unique<FakeSetup>();
    m_panel = std::make_unique<SetupPanel>(m_service.get(), m_desk.get(),
                                           m_folder->filePath(QStringLiteral("presets")));
    m_panel->setWorkspaceReady(true);
    m_panel->resize(360, 900);
    m_panel->show();
}

void SetupPanelTest::cleanup() {
    m_panel.reset();
    m_service.reset();
    m_desk.reset();
}

void SetupPanelTest::everyOptionOfTheSchemaIsThere() {
    m_panel->findChild<QCheckBox*>(QStringLiteral("advanced"))->click();
    for (const auto& section : runConfigSchema()) {
        if (section.key == "ensemble") continue; // nothing to choose in this version
        for (const auto& option : section.options) {
            if (option.type == OptionType::Object && option.name != "overrides")
                continue; // shown by their parts
            const auto key = section.key.empty() ? option.name : section.key + "." + option.name;
            QVERIFY2(field(key.c_str()), key.c_str());
        }
    }
    for (const char* key : {"task.options.loss", "dataset.augment.pad", "training.optimizer.options.lr",
                            "training.schedule.id", "weights.overrides"})
        QVERIFY2(field(key), key);
}

void SetupPanelTest::wrongNumberIsMarkedAtTheField() {
    QVERIFY(m_panel->startProblem().isEmpty());
    type(line("training.epochs"), QStringLiteral("many"));
    settle();
    QVERIFY(field("training.epochs")->shownProblem().contains(QStringLiteral("many")));
    auto* start = m_panel->findChild<QPushButton*>(QStringLiteral("start"));
    QVERIFY(!start->isEnabled());
    QVERIFY(m_panel->startProblem().contains(QStringLiteral("Epochs")));
    type(line("training.epochs"), QStringLiteral("-1"));
    settle();
    QVERIFY(field("training.epochs")->shownProblem().contains(QStringLiteral("outside")));
    type(line("training.epochs"), QStringLiteral("3"));
    settle();
    QCOMPARE(field("training.epochs")->shownProblem(), QString());
    QVERIFY(start->isEnabled());
}

void SetupPanelTest::checkOfTheWholeConfigurationMarksItsField() {
    type(line("training.batch"), QStringLiteral("13"));
    settle();
    QCOMPARE(field("training.batch")->shownProblem(), QStringLiteral("13 brings bad luck."));
    QVERIFY(!m_panel->startProblem().isEmpty());
}

void SetupPanelTest::onlyApplicableOptionsAreShown() {
    choose("weights.method", "inq");
    QVERIFY(field("weights.options.shuffles")->isHidden());
    choose("weights.options.partition", "random");
    QVERIFY(!field("weights.options.shuffles")->isHidden());
    QVERIFY(m_panel->form()->document()["weights"]["options"].contains("shuffles"));
    choose("weights.options.partition", "magnitude");
    QVERIFY(!m_panel->form()->document()["weights"]["options"].contains("shuffles"));
    QVERIFY(field("weights.options.tau")->isHidden()); // advanced
    m_panel->findChild<QCheckBox*>(QStringLiteral("advanced"))->click();
    QVERIFY(!field("weights.options.tau")->isHidden());
    choose("weights.method", "float");
    QVERIFY(field("weights.bits")->isHidden());
    line("training.epochs")->setText(QStringLiteral("4")); // editing beside it doesn't bring it back
    QVERIFY(field("weights.bits")->isHidden());
}

void SetupPanelTest::methodBringsItsBitsAndStart() {
    choose("weights.method", "inq");
    auto* bits = m_panel->findChild<SegmentedNumber*>(QStringLiteral("weights.bits.segments"));
    QVERIFY(bits && bits->isVisible());
    QCOMPARE(bits->value(), 5);
    QCOMPARE(choice("start.from")->currentData().toString(), QStringLiteral("float"));
    auto* three = bits->findChild<QAbstractButton*>(QStringLiteral("bits3"));
    QTest::mouseClick(three, Qt::LeftButton);
    QCOMPARE(m_panel->config()->weights.bits, std::int64_t{3});
    choose("weights.method", "rdhs");
    QCOMPARE(bits->value(), 1);
    choose("weights.method", "float");
    QCOMPARE(choice("start.from")->currentData().toString(), QStringLiteral("scratch"));
    QCOMPARE(m_panel->config()->weights.bits, std::int64_t{32});
}

void SetupPanelTest::activationsAreChosenLikeWeights() {
    QVERIFY(field("activations.bits")->isHidden() && field("activations.policy")->isHidden());
    QCOMPARE(m_panel->config()->activations, QuantizationConfig{"none"});
    choose("activations.method", "dorefa");
    auto* bits = m_panel->findChild<SegmentedNumber*>(QStringLiteral("activations.bits.segments"));
    QVERIFY(bits && bits->isVisible());
    QCOMPARE(bits->value(), 4);
    choose("activations.policy", "all");
    QCOMPARE(m_panel->config()->activations.method, std::string("dorefa"));
    QCOMPARE(m_panel->config()->activations.bits, std::int64_t{4});
    QCOMPARE(m_panel->config()->activations.policy, std::string("all"));
    choose("activations.method", "pact"); // more widths than buttons: typed
    QCOMPARE(line("activations.bits")->text(), QStringLiteral("8"));
    type(line("activations.bits"), QStringLiteral("12"));
    type(line("activations.options.clip"), QStringLiteral("4.5"));
    QCOMPARE(m_panel->config()->activations.bits, std::int64_t{12});
    QCOMPARE(m_panel->config()->activations.options["clip"].get<double>(), 4.5);
    choose("activations.method", "none");
    QCOMPARE(m_panel->config()->activations.bits, std::int64_t{32});
    QVERIFY(m_panel->config()->activations.options.empty());
}

void SetupPanelTest::whatMattersComesFirst() {
    choose("weights.method", "inq");
    QCoreApplication::processEvents(); // the layout is done when its request is handled
    int above = -1;
    for (const char* key : {"network.id", "weights.method", "weights.bits", "weights.options.partition",
                            "dataset.id", "training.epochs", "start.from", "activations.method",
                            "training.optimizer.id", "task.options.loss", "name", "seed"}) {
        const int top = field(key)->mapTo(m_panel->form()->widget(), QPoint(0, 0)).y();
        QVERIFY2(top > above, key);
        above = top;
    }
}

void SetupPanelTest::aMarkedFieldIsUnfolded() {
    for (auto* header : m_panel->form()->findChildren<QToolButton*>())
        header->setChecked(false);
    QVERIFY(!field("training.batch")->isVisible());
    auto config = madeUpRow(1).config;
    config.training.batch = 13;
    m_panel->setConfig(config);
    QVERIFY(field("training.batch")->isVisible());
    QVERIFY(!field("name")->isVisible());
}

void SetupPanelTest::thePlanIsShortUntilAskedFor() {
    auto* plan = m_panel->findChild<PlanView*>(QStringLiteral("plan"));
    RunReport report;
    report.memory.parameters = 269722;
    report.memory.storedBits = 8 * 1024.0 * 42;
    report.memory.floatBits = 32.0 * 269722;
    report.memory.reductionEverything = 25;
    report.macs = 10140000;
    plan->showReport(report);
    QVERIFY(plan->text().contains(QStringLiteral("25.0×")));
    QVERIFY(plan->text().contains(QStringLiteral("10.14 M MACs")));
    const int low = plan->sizeHint().height();
    m_panel->findChild<QToolButton*>(QStringLiteral("planDetails"))->click();
    QVERIFY(plan->details().contains(QStringLiteral("269,722")));
    QVERIFY(plan->sizeHint().height() > low + 80);
}

void SetupPanelTest::thePlanTellsEachLayersMethod() {
    auto* plan = m_panel->findChild<PlanView*>(QStringLiteral("plan"));
    RunReport report;
    LayerReport kept;
    kept.layer = "conv1.weight";
    kept.kind = "conv";
    kept.method = "float";
    kept.weights = 432;
    kept.remark = "kept in float: the policy keeps the first layer";
    LayerReport binary;
    binary.layer = "layer1.0.conv1.weight";
    binary.method = "bwn";
    binary.bits = 1;
    binary.levels = 2;
    binary.macMultiplies = false;
    binary.postScale = true;
    binary.activationMethod = "pact";
    binary.activationBits = 4;
    report.layers = {kept, binary};
    plan->showReport(report);
    m_panel->findChild<QToolButton*>(QStringLiteral("planDetails"))->click();
    auto* table = plan->findChild<LayerTable*>(QStringLiteral("planLayers"));
    const auto row = [&](int index) {
        QMap<QString, QString> cells;
        for (int column = 0; column < table->columnCount(); ++column)
            cells[table->headerItem()->text(column)] = table->topLevelItem(index)->text(column);
        return cells;
    };
    QCOMPARE(row(0)["Method"], QStringLiteral("float"));
    QCOMPARE(row(0)["Multiplies"], QStringLiteral("yes"));
    QCOMPARE(row(0)["Scales"], QStringLiteral("no"));
    QCOMPARE(row(0)["Levels"], QStringLiteral("any"));
    QCOMPARE(row(0)["Remark"], QStringLiteral("kept in float: the policy keeps the first layer"));
    QCOMPARE(row(1)["Method"], QStringLiteral("bwn"));
    QCOMPARE(row(1)["Multiplies"], QStringLiteral("no"));
    QCOMPARE(row(1)["Scales"], QStringLiteral("yes"));
    QCOMPARE(row(1)["Input"], QStringLiteral("4"));
    QCOMPARE(row(1)["Remark"], QString());
}

void SetupPanelTest::remarksHaveTheWidthThatIsLeft() {
    LayerTable table;
    auto* item = new QTreeWidgetItem(&table);
    item->setText(0, QStringLiteral("layer1.0.conv1.weight"));
    table.resize(1400, 120);
    table.show();
    QVERIFY(QTest::qWaitForWindowExposed(&table));
    const auto* header = table.header();
    const int remark = header->count() - 1;
    QTRY_COMPARE(header->length(), table.viewport()->width());
    item->setText(0, QStringLiteral("features.denseblock4.denselayer16.conv2.weight")); // another plan
    QTRY_VERIFY(header->sectionSize(0) > 40 * table.fontMetrics().averageCharWidth());
    QTRY_COMPARE(header->length(), table.viewport()->width());
    table.resize(300, 120); // too narrow for all: the remark stays readable, the table scrolls
    QTRY_VERIFY(header->length() > table.viewport()->width());
    QVERIFY(header->sectionSize(remark) >= table.fontMetrics().averageCharWidth() * 30);
    for (int column = 0; column < remark; ++column)
        QVERIFY(header->sectionSize(column) >= header->sectionSizeHint(column));
}

void SetupPanelTest::missingFilesAreExplained() {
    choose("dataset.id", "cifar10");
    settle();
    QVERIFY(field("dataset.root")->shownProblem().contains(QStringLiteral("QUANTARIUM_DATA")));
    type(line("dataset.root"), QStringLiteral("/data/cifar"));
    settle();
    QCOMPARE(m_panel->startProblem(), QString());
    choose("dataset.id", "shapes10");
    QVERIFY(field("dataset.root")->isHidden());
}

void SetupPanelTest::startNeedsAWorkspace() {
    m_panel->setWorkspaceReady(false);
    QVERIFY(m_panel->startProblem().contains(QStringLiteral("workspace")));
    QVERIFY(!m_panel->findChild<QPushButton*>(QStringLiteral("start"))->isEnabled());
}

void SetupPanelTest::startHandsOverTheConfiguration() {
    const QSignalSpy spy(m_panel.get(), &SetupPanel::startRequested);
    type(line("name"), QStringLiteral("first"));
    choose("network.id", "mlp");
    type(line("network.options.width"), QStringLiteral("128"));
    QTest::mouseClick(m_panel->findChild<QPushButton*>(QStringLiteral("start")), Qt::LeftButton);
    QCOMPARE(spy.size(), 1);
    const auto config = spy.front().front().value<RunConfig>();
    QCOMPARE(config.name, std::string("first"));
    QCOMPARE(config.network.options["width"].get<int>(), 128);
    QCOMPARE(m_service->planRequests.back().network.id, std::string("mlp"));
}

void SetupPanelTest::jsonCanBePasted() {
    auto* toggle = m_panel->findChild<QToolButton*>(QStringLiteral("showJson"));
    auto* text = m_panel->findChild<QPlainTextEdit*>(QStringLiteral("json"));
    toggle->click();
    QVERIFY(text->isVisible());
    QVERIFY(text->toPlainText().contains(QStringLiteral("quantarium-run/1")));
    text->setPlainText(QStringLiteral(
        R"({"format":"quantarium-run/1","dataset":{"id":"shapes10"},"network":{"id":"mlp"},"training":{"epochs":7}})"));
    settle();
    QCOMPARE(m_panel->startProblem(), QString());
    toggle->click();
    QCOMPARE(line("training.epochs")->text(), QStringLiteral("7"));
    QCOMPARE(choice("network.id")->currentData().toString(), QStringLiteral("mlp"));
}

void SetupPanelTest::wrongJsonIsExplained() {
    m_panel->findChild<QToolButton*>(QStringLiteral("showJson"))->click();
    m_panel->findChild<QPlainTextEdit*>(QStringLiteral("json"))
        ->setPlainText(QStringLiteral("{\"format\": "));
    settle();
    QVERIFY(m_panel->startProblem().contains(QStringLiteral("JSON")));
    QVERIFY(!m_panel->config());
}

void SetupPanelTest::copiesFromARun() {
    auto* copy = m_panel->findChild<QToolButton*>(QStringLiteral("copyFromRun"));
    QVERIFY(!copy->isEnabled());
    auto row = madeUpRow(1, "rdhs", 2);
    row.config.name = "old name";
    row.config.training.epochs = 42;
    m_desk->add(row);
    m_desk->setCurrentRun(row.id);
    copy->click();
    QCOMPARE(line("training.epochs")->text(), QStringLiteral("42"));
    QCOMPARE(m_panel->config()->weights.bits, std::int64_t{2});
    QCOMPARE(line("name")->text(), QString());
}

void SetupPanelTest::presetsComeBack() {
    type(line("training.epochs"), QStringLiteral("11"));
    m_panel->savePreset(QStringLiteral("short / fast"));
    type(line("training.epochs"), QStringLiteral("12"));
    auto* menu = m_panel->findChild<QToolButton*>(QStringLiteral("presets"))->menu();
    emit menu->aboutToShow();
    QCOMPARE(menu->actions().front()->text(), QStringLiteral("short _ fast"));
    menu->actions().front()->trigger();
    QCOMPARE(line("training.epochs")->text(), QStringLiteral("11"));
}

void SetupPanelTest::setsWhatTheAuthorsTrainedWith() {
    QSignalSpy messages(m_panel.get(), &SetupPanel::message);
    auto* menu = m_panel->findChild<QToolButton*>(QStringLiteral("presets"))->menu();
    emit menu->aboutToShow();
    QMenu* recipes = nullptr;
    for (auto* action : menu->actions())
        if (action->menu() != nullptr) recipes = action->menu();
    QVERIFY(recipes != nullptr);
    QCOMPARE(recipes->actions().size(), qsizetype(builtinRecipes().size()));
    const auto before = *m_panel->config();
    const auto& recipe = builtinRecipe("inq");
    for (auto* action : recipes->actions())
        if (action->text() == QString::fromStdString(recipe.title)) {
            QVERIFY(action->toolTip().contains(QString::fromStdString(recipe.source)));
            action->trigger();
        }
    const auto after = *m_panel->config();
    QCOMPARE(after.weights.method, std::string("inq"));
    QCOMPARE(after.training.batch, std::int64_t{256});
    QCOMPARE(after.dataset.id, before.dataset.id);
    QCOMPARE(messages.size(), qsizetype(1)); // what the recipe can't repeat
    QVERIFY(messages.front().front().toString().contains(QString::fromStdString(recipe.differs)));
}

void SetupPanelTest::documentRoundTrips() {
    auto config = madeUpRow(1, "inq", 4).config;
    config.weights.options = {{"partition", "random"}, {"shuffles", 3}, {"tau", 2.5}};
    config.weights.overrides["layer1.*"] = {{"bits", 2}};
    config.dataset.limit = 500;
    config.dataset.augment = {{"pad", 4}, {"flip", true}};
    config.training.gradientClip = 2.5;
    config.training.optimizer = {"adam", {{"lr", 0.002}}};
    config.task.options = {{"loss", "squared-hinge"}};
    config.activations = {.method = "pact",
                          .bits = 6,
                          .options = {{"clip", 3.5}},
                          .policy = "all",
                          .shortcuts = "float",
                          .overrides = {{"layer2.*", {{"bits", 3}}}}};
    m_panel->setConfig(config);
    QCOMPARE(m_panel->config()->toJson().dump(2), config.toJson().dump(2));
}

QTEST_MAIN(SetupPanelTest)
#include "tst_setup_panel.moc"
