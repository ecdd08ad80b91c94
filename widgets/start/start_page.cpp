// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/start/start_page.h"

#include <cmath>

#include <QDir>
#include <QFrame>
#include <QHBoxLayout>

#include "widgets/theme/icons.h"

namespace quantarium::widgets {

namespace {

constexpr int kWidth = 820;

QLabel* label(const QString& text, const char* role) {
    auto* result = new QLabel(text);
    result->setProperty("role", QLatin1String(role));
    result->setWordWrap(true);
    return result;
}

QFrame* card() {
    auto* frame = new QFrame;
    frame->setProperty("role", QStringLiteral("card"));
    return frame;
}

QString minutesText(double minutes) {
    if (minutes < 1) return QObject::tr("about %1 s").arg(std::ceil(minutes * 60));
    return QObject::tr("about %1 min").arg(std::ceil(minutes));
}

} // namespace

StartPage::StartPage(RunDesk* desk, std::vector<Example> examples, QWidget* parent)
    : QScrollArea(parent), m_desk(desk), m_examples(std::move(examples)) {
    setObjectName(QStringLiteral("startPage"));
    setWidgetResizable(true);
    setFrameShape(QFrame::NoFrame);
    auto* outer = new QWidget;
    auto* centring = new QHBoxLayout(outer);
    auto* column = new QWidget;
    column->setMaximumWidth(kWidth);
    auto* layout = new QVBoxLayout(column);
    layout->setSpacing(10);
    layout->setContentsMargins(16, 16, 16, 16);

    auto* heading = new QHBoxLayout;
    m_logo = new QLabel;
    heading->addWidget(m_logo);
    auto* titles = new QVBoxLayout;
    titles->setSpacing(0);
    titles->addWidget(label(tr("Quantarium"), "title"));
    titles->addWidget(
        label(tr("Train quantized networks and watch their weights, sampling and accuracy live."), "muted"));
    heading->addLayout(titles, 1);
    layout->addLayout(heading);
    m_problemCard = makeProblemCard();
    layout->addWidget(m_problemCard);

    layout->addSpacing(4);
    layout->addWidget(label(tr("Examples: one click runs them"), "heading"));
    for (const auto& example : m_examples)
        layout->addWidget(makeExampleCard(example, &example == &m_examples.front()));
    if (m_examples.empty())
        layout->addWidget(label(tr("This build has no examples. Set up a run of your own."), "muted"));

    auto* own = new QPushButton(tr("Set up a run of your own"));
    own->setObjectName(QStringLiteral("newRun"));
    connect(own, &QPushButton::clicked, this, &StartPage::newRunWanted);
    layout->addWidget(own, 0, Qt::AlignLeft);

    layout->addSpacing(8);
    layout->addWidget(label(tr("Workspaces"), "heading"));
    m_workspace = label({}, "muted");
    m_workspace->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(m_workspace);
    m_recent = new QVBoxLayout;
    m_recent->setSpacing(4);
    layout->addLayout(m_recent);
    auto* other = new QPushButton(tr("Open another workspace…"));
    other->setObjectName(QStringLiteral("otherWorkspace"));
    connect(other, &QPushButton::clicked, this, &StartPage::otherWorkspaceWanted);
    layout->addWidget(other, 0, Qt::AlignLeft);
    layout->addStretch(1);

    centring->addStretch(1);
    centring->addWidget(column, 100);
    centring->addStretch(1);
    setWidget(outer);
    connect(desk, &RunDesk::workspaceStateChanged, this, &StartPage::showWorkspaceState);
    showWorkspaceState();
}

QWidget* StartPage::makeProblemCard() {
    auto* frame = card();
    auto* layout = new QVBoxLayout(frame);
    layout->addWidget(label(tr("The workspace can't be opened"), "heading"));
    m_problem = label({}, "problem");
    m_problem->setObjectName(QStringLiteral("workspaceProblem"));
    m_problem->setTextInteractionFlags(Qt::TextSelectableByMouse);
    layout->addWidget(m_problem);
    auto* buttons = new QHBoxLayout;
    auto* choose = new QPushButton(tr("Choose another folder…"));
    choose->setObjectName(QStringLiteral("chooseAnother"));
    choose->setProperty("role", QStringLiteral("primary"));
    connect(choose, &QPushButton::clicked, this, &StartPage::otherWorkspaceWanted);
    auto* again = new QPushButton(tr("Try again"));
    again->setObjectName(QStringLiteral("tryAgain"));
    connect(again, &QPushButton::clicked, this, [this] { emit workspaceChosen(m_desk->workspaceFolder()); });
    buttons->addWidget(choose);
    buttons->addWidget(again);
    buttons->addStretch(1);
    layout->addLayout(buttons);
    return frame;
}

QWidget* StartPage::makeExampleCard(const Example& example, bool first) {
    auto* frame = card();
    auto* layout = new QHBoxLayout(frame);
    layout->setContentsMargins(14, 12, 14, 12);
    auto* texts = new QVBoxLayout;
    texts->setSpacing(3);
    texts->addWidget(label(QString::fromStdString(example.title), "heading"));
    texts->addWidget(label(QString::fromStdString(example.shows), ""));
    const auto runs = example.runCount() == 1 ? tr("one run") : tr("%1 runs").arg(example.runCount());
    texts->addWidget(label(tr("%1, %2 on two cores").arg(runs, minutesText(example.minutes)), "muted"));
    layout->addLayout(texts, 1);
    auto* buttons = new QVBoxLayout;
    auto* run = new QPushButton(tr("Run"));
    run->setObjectName(QStringLiteral("run-") + QString::fromStdString(example.id));
    run->setAccessibleName(tr("Run the example %1").arg(QString::fromStdString(example.title)));
    if (first) run->setProperty("role", QStringLiteral("primary"));
    connect(run, &QPushButton::clicked, this, [this, example] { emit exampleChosen(example); });
    m_runButtons.push_back(run);
    auto* edit = new QPushButton(tr("Edit first"));
    edit->setToolTip(tr("Put its first run into Setup, to change it before it starts"));
    edit->setAccessibleName(tr("Edit the example %1").arg(QString::fromStdString(example.title)));
    connect(edit, &QPushButton::clicked, this, [this, example] { emit setUpWanted(example); });
    buttons->addWidget(run);
    buttons->addWidget(edit);
    buttons->addStretch(1);
    layout->addLayout(buttons);
    return frame;
}

void StartPage::setTheme(const Theme& theme) {
    m_logo->setPixmap(
        themedIcon(QStringLiteral("quantarium"), theme).pixmap(QSize(44, 44), devicePixelRatioF()));
    for (auto* button : m_runButtons) {
        const bool primary = button->property("role") == QLatin1String("primary");
        button->setIcon(
            colouredIcon(QStringLiteral("play"), primary ? theme.accentText : theme.text, theme.mutedText));
    }
}

void StartPage::setRecentWorkspaces(const QStringList& folders) {
    while (auto* item = m_recent->takeAt(0)) {
        item->widget()->deleteLater();
        delete item;
    }
    for (const auto& folder : folders) {
        if (folder == m_desk->workspaceFolder()) continue;
        auto* button = new QPushButton(QDir::toNativeSeparators(folder));
        button->setFlat(true);
        button->setProperty("role", QStringLiteral("link"));
        button->setAccessibleName(tr("Open the workspace %1").arg(folder));
        connect(button, &QPushButton::clicked, this, [this, folder] { emit workspaceChosen(folder); });
        m_recent->addWidget(button, 0, Qt::AlignLeft);
    }
}

void StartPage::showWorkspaceState() {
    const auto state = m_desk->workspaceState();
    m_problemCard->setVisible(state == WorkspaceState::Failed);
    m_problem->setText(m_desk->workspaceProblem());
    const auto folder = QDir::toNativeSeparators(m_desk->workspaceFolder());
    m_workspace->setText(state == WorkspaceState::Open      ? tr("Runs are kept in %1").arg(folder)
                         : state == WorkspaceState::Opening ? tr("Opening %1…").arg(folder)
                         : state == WorkspaceState::Failed  ? tr("%1 can't be opened").arg(folder)
                                                            : tr("No workspace is open."));
    for (auto* button : m_runButtons)
        button->setEnabled(state == WorkspaceState::Open);
}

} // namespace quantarium::widgets
