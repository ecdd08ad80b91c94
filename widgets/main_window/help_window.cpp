// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/help_window.h"

#include <QDialogButtonBox>
#include <QTextBrowser>
#include <QVBoxLayout>

namespace quantarium::widgets {

namespace {

QString helpHtml() {
    const std::pair<QString, QString> keys[] = {
        {QStringLiteral("Ctrl+N"), HelpWindow::tr("Set up a new run")},
        {QStringLiteral("Ctrl+R"), HelpWindow::tr("Start the run that Setup describes")},
        {QStringLiteral("Space"), HelpWindow::tr("Pause or resume the selected runs")},
        {QStringLiteral("Ctrl+1 … Ctrl+9"), HelpWindow::tr("Go to a view")},
        {QStringLiteral("Ctrl+F"), HelpWindow::tr("Filter the runs")},
        {QStringLiteral("F2"), HelpWindow::tr("Rename the selected run")},
        {QStringLiteral("Delete, Ctrl+Z"), HelpWindow::tr("Move runs to the bin, bring them back")},
        {QStringLiteral("Ctrl+C"), HelpWindow::tr("Copy the selected rows as TSV")},
        {QStringLiteral("Ctrl+E"), HelpWindow::tr("Export")},
        {QStringLiteral("F1"), HelpWindow::tr("This help")}};
    QString html = HelpWindow::tr("<h3>How it goes</h3>"
                                  "<p><b>Setup</b> describes a run and checks it as you type. <b>Start</b> "
                                  "queues it; it trains in the background. "
                                  "<b>Runs</b> lists everything in the workspace: checked rows are drawn in "
                                  "Curves, the selected row is the one that "
                                  "Weights and Sampling show. Everything is recorded; after closing you find "
                                  "it again, and a stopped run resumes from its "
                                  "checkpoint.</p>"
                                  "<p>Rest the pointer on a field to see what it means, what is allowed and "
                                  "which paper it comes from.</p>"
                                  "<h3>Keys</h3><table cellspacing='4'>");
    for (const auto& [key, meaning] : keys)
        html += QStringLiteral("<tr><td><b>%1</b></td><td>&nbsp;&nbsp;%2</td></tr>").arg(key, meaning);
    return html + QStringLiteral("</table>");
}

} // namespace

HelpWindow::HelpWindow(QWidget* parent) : QDialog(parent) {
    setObjectName(QStringLiteral("helpWindow"));
    setWindowTitle(tr("Help"));
    resize(560, 520);
    auto* layout = new QVBoxLayout(this);
    auto* text = new QTextBrowser;
    text->setFrameShape(QFrame::NoFrame);
    text->setHtml(helpHtml());
    layout->addWidget(text);
    auto* buttons = new QDialogButtonBox(QDialogButtonBox::Close);
    connect(buttons, &QDialogButtonBox::rejected, this, &QDialog::close);
    layout->addWidget(buttons);
}

} // namespace quantarium::widgets
