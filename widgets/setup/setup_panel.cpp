// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/setup_panel.h"

#include <QCheckBox>
#include <QDir>
#include <QFontDatabase>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QRegularExpression>
#include <QVBoxLayout>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/run/recipes.h"
#include "widgets/theme/icons.h"

namespace quantarium::widgets {

namespace {

constexpr int kCheckDelayMs = 150; ///< after the last key

QToolButton* headerButton(const QString& text, const QString& name, const QString& help) {
    auto* button = new QToolButton;
    button->setText(text);
    button->setObjectName(name);
    button->setToolTip(help);
    button->setAccessibleName(text);
    button->setAutoRaise(true);
    button->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    button->setFocusPolicy(Qt::StrongFocus);
    return button;
}

QString presetFileName(const QString& name) {
    auto cleaned = name;
    cleaned.replace(QRegularExpression(QStringLiteral("[^\\w .+-]")), QStringLiteral("_"));
    return cleaned.trimmed() + QStringLiteral(".json");
}

} // namespace

SetupPanel::SetupPanel(SetupService* service, RunSource* source, QString presetFolder, QWidget* parent)
    : QWidget(parent), m_service(service), m_source(source), m_presetFolder(std::move(presetFolder)) {
    setObjectName(QStringLiteral("setup"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(0);
    layout->addWidget(makeHeader());
    m_form = new SetupForm(service);
    m_json = new QPlainTextEdit;
    m_json->setObjectName(QStringLiteral("json"));
    m_json->setAccessibleName(tr("Configuration as JSON"));
    m_json->setFont(QFontDatabase::systemFont(QFontDatabase::FixedFont));
    m_json->setLineWrapMode(QPlainTextEdit::NoWrap);
    m_pages = new QStackedWidget;
    m_pages->addWidget(m_form);
    m_pages->addWidget(m_json);
    layout->addWidget(m_pages, 1);
    auto* line = new QFrame; // the form scrolls away below it
    line->setFrameStyle(QFrame::HLine | QFrame::Sunken);
    layout->addWidget(line);
    m_plan = new PlanView;
    layout->addWidget(m_plan);
    m_reason = new QLabel;
    m_reason->setObjectName(QStringLiteral("reason"));
    m_reason->setProperty("role", QStringLiteral("problem"));
    m_reason->setWordWrap(true);
    m_reason->setContentsMargins(10, 0, 10, 0);
    layout->addWidget(m_reason);
    m_start = new QPushButton(tr("Start"));
    m_start->setObjectName(QStringLiteral("start"));
    m_start->setProperty("role", QStringLiteral("primary"));
    auto* bottom = new QHBoxLayout;
    bottom->setContentsMargins(10, 6, 10, 10);
    bottom->addWidget(m_start);
    layout->addLayout(bottom);

    m_checkTimer.setSingleShot(true);
    m_checkTimer.setInterval(kCheckDelayMs);
    connect(&m_checkTimer, &QTimer::timeout, this, &SetupPanel::check);
    connect(m_form, &SetupForm::edited, this, &SetupPanel::scheduleCheck);
    connect(m_json, &QPlainTextEdit::textChanged, this, &SetupPanel::scheduleCheck);
    connect(m_start, &QPushButton::clicked, this, &SetupPanel::start);
    connect(m_service, &SetupService::planned, m_plan, &PlanView::showReport);
    connect(m_service, &SetupService::planFailed, m_plan, &PlanView::showReason);
    connect(m_source, &RunSource::currentRunChanged, this,
            [this](const QString& id) { m_copy->setEnabled(!id.isEmpty()); });
    check();
}

QWidget* SetupPanel::makeHeader() {
    auto* header = new QWidget;
    auto* layout = new QHBoxLayout(header);
    layout->setContentsMargins(6, 4, 6, 2);
    layout->setSpacing(2);
    m_presets = headerButton(tr("Presets"), QStringLiteral("presets"),
                             tr("Load or save a configuration under a name"));
    m_presetMenu = new QMenu(m_presets);
    m_presets->setMenu(m_presetMenu);
    m_presets->setPopupMode(QToolButton::InstantPopup);
    connect(m_presetMenu, &QMenu::aboutToShow, this, &SetupPanel::fillPresetMenu);
    m_copy = headerButton(tr("Copy run"), QStringLiteral("copyFromRun"),
                          tr("Take over the configuration of the run selected below"));
    m_copy->setEnabled(!m_source->currentRun().isEmpty());
    connect(m_copy, &QToolButton::clicked, this, &SetupPanel::copyFromRun);
    m_showJson = headerButton(tr("JSON"), QStringLiteral("showJson"),
                              tr("Show the configuration as JSON, to edit, copy or paste"));
    m_showJson->setCheckable(true);
    connect(m_showJson, &QToolButton::toggled, this, &SetupPanel::showJson);
    auto* advanced = new QCheckBox(tr("All options"));
    advanced->setObjectName(QStringLiteral("advanced"));
    advanced->setToolTip(tr("Show the options that are seldom changed"));
    connect(advanced, &QCheckBox::toggled, this, [this](bool on) { m_form->setAdvancedShown(on); });
    layout->addWidget(m_presets);
    layout->addWidget(m_copy);
    layout->addWidget(m_showJson);
    layout->addStretch(1);
    layout->addWidget(advanced);
    return header;
}

void SetupPanel::setTheme(const Theme& theme) {
    m_start->setIcon(colouredIcon(QStringLiteral("play"), theme.accentText, theme.mutedText));
    m_showJson->setIcon(themedIcon(QStringLiteral("json"), theme));
    m_copy->setIcon(themedIcon(QStringLiteral("copy"), theme));
    m_presets->setIcon(themedIcon(QStringLiteral("save"), theme));
}

void SetupPanel::scheduleCheck() {
    m_checkTimer.start();
}

std::optional<RunConfig> SetupPanel::config() const {
    try {
        return RunConfig::fromJson(m_showJson->isChecked()
                                       ? parseJson(m_json->toPlainText().toStdString(), "JSON")
                                       : m_form->document());
    } catch (const Error&) {
        return std::nullopt;
    }
}

void SetupPanel::setConfig(const RunConfig& config) {
    m_form->setDocument(config.toJson());
    if (m_showJson->isChecked()) m_json->setPlainText(QString::fromStdString(dumpJson(config.toJson(), 2)));
    check();
}

void SetupPanel::checkJson() {
    try {
        const auto config = RunConfig::fromJson(parseJson(m_json->toPlainText().toStdString(), "JSON"));
        const auto problems = m_service->check(config);
        m_configProblem = problems.isEmpty()
                              ? QString()
                              : problems.front().key + QStringLiteral(": ") + problems.front().text;
    } catch (const Error& error) {
        m_configProblem = QString::fromUtf8(error.what());
    }
}

void SetupPanel::check() {
    m_checkTimer.stop();
    if (m_showJson->isChecked()) {
        checkJson();
    } else {
        const auto problems = m_form->validate();
        m_configProblem.clear();
        if (!problems.isEmpty()) {
            const auto* field = m_form->field(problems.front().key);
            const auto name = field ? QString::fromStdString(field->spec().title) : problems.front().key;
            m_configProblem = tr("%1: %2").arg(name, problems.front().text);
            if (problems.size() > 1) m_configProblem += tr(" (and %1 more)").arg(problems.size() - 1);
        }
    }
    if (m_configProblem.isEmpty())
        m_service->requestPlan(*config());
    else
        m_plan->showReason(tr("The plan appears when the configuration is complete."));
    setWorkspaceReady(m_ready);
}

void SetupPanel::setWorkspaceReady(bool ready) {
    m_ready = ready;
    if (!m_configProblem.isEmpty())
        setStartProblem(tr("Start is off. %1").arg(m_configProblem));
    else
        setStartProblem(ready ? QString() : tr("Start is off until a workspace is open."));
}

void SetupPanel::setStartProblem(const QString& problem) {
    m_reason->setText(problem);
    m_reason->setVisible(!problem.isEmpty());
    m_start->setEnabled(problem.isEmpty());
    m_start->setToolTip(problem.isEmpty() ? tr("Queue this run (Ctrl+R)") : problem);
    if (problem == m_startProblem) return;
    m_startProblem = problem;
    emit startProblemChanged(problem);
}

void SetupPanel::start() {
    check(); // what was typed within the last moment counts
    if (m_startProblem.isEmpty()) emit startRequested(*config());
}

void SetupPanel::showJson(bool shown) {
    if (shown) {
        m_json->setPlainText(QString::fromStdString(dumpJson(m_form->document(), 2)));
        m_pages->setCurrentWidget(m_json);
        m_json->setFocus();
        return;
    }
    try {
        m_form->setDocument(
            RunConfig::fromJson(parseJson(m_json->toPlainText().toStdString(), "JSON")).toJson());
    } catch (const Error& error) {
        emit message(tr("The form keeps its old values: %1").arg(QString::fromUtf8(error.what())));
    }
    m_pages->setCurrentWidget(m_form);
    check();
}

void SetupPanel::copyFromRun() {
    if (const auto run = m_source->run(m_source->currentRun())) {
        auto config = run->config;
        config.name.clear();
        setConfig(config);
    }
}

void SetupPanel::fillPresetMenu() {
    m_presetMenu->clear();
    const QDir folder(m_presetFolder);
    for (const auto& entry : folder.entryInfoList({QStringLiteral("*.json")}, QDir::Files, QDir::Name))
        m_presetMenu->addAction(entry.completeBaseName(), this,
                                [this, file = entry.filePath()] { loadPreset(file); });
    if (m_presetMenu->isEmpty()) m_presetMenu->addAction(tr("No presets yet"))->setEnabled(false);
    m_presetMenu->addSeparator();
    fillRecipeMenu(m_presetMenu->addMenu(tr("As published")));
    m_presetMenu->addAction(tr("Save as preset…"), this, [this] {
        auto* dialog = new QInputDialog(this); // open(), not exec(): training and the window go on
        dialog->setAttribute(Qt::WA_DeleteOnClose);
        dialog->setWindowTitle(tr("Save as preset"));
        dialog->setLabelText(tr("Name of the preset"));
        connect(dialog, &QInputDialog::textValueSelected, this, &SetupPanel::savePreset);
        dialog->open();
    });
}

void SetupPanel::fillRecipeMenu(QMenu* menu) {
    menu->setToolTipsVisible(true);
    for (const auto& recipe : builtinRecipes()) {
        auto* action = menu->addAction(QString::fromStdString(recipe.title), this,
                                       [this, &recipe] { applyRecipe(recipe); });
        const auto source = QString::fromStdString(recipe.source);
        const auto differs = QString::fromStdString(recipe.differs);
        action->setToolTip(differs.isEmpty() ? source : source + QLatin1Char('\n') + differs);
    }
}

void SetupPanel::applyRecipe(const Recipe& recipe) {
    const auto now = config();
    if (!now) {
        emit message(tr("Not applied: the configuration has mistakes. %1").arg(m_configProblem));
        return;
    }
    setConfig(RunConfig::fromJson(withRecipe(recipe, now->toJson())));
    if (!recipe.differs.empty())
        emit message(
            tr("Set as published, with this difference: %1").arg(QString::fromStdString(recipe.differs)));
}

void SetupPanel::savePreset(const QString& name) {
    const auto now = config();
    if (name.trimmed().isEmpty() || !now) {
        emit message(tr("Not saved: a preset needs a name and a configuration without mistakes."));
        return;
    }
    try {
        createFolder(m_presetFolder.toStdString());
        writeFileAtomically(QDir(m_presetFolder).filePath(presetFileName(name)).toStdString(),
                            dumpJson(now->toJson(), 2));
    } catch (const Error& error) {
        emit message(QString::fromUtf8(error.what()));
    }
}

void SetupPanel::loadPreset(const QString& file) {
    try {
        setConfig(RunConfig::fromJson(readJsonFile(file.toStdString()), file.toStdString()));
    } catch (const Error& error) {
        emit message(QString::fromUtf8(error.what()));
    }
}

} // namespace quantarium::widgets
