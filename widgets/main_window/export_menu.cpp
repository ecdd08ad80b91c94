// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/export_menu.h"

#include <QDir>
#include <QFileDialog>

#include "core/base/error.h"

namespace quantarium::widgets {

namespace {

struct TableFormat {
    const char* id;
    const char* title;
    const char* ending;
};

constexpr TableFormat kTableFormats[] = {{"csv", "CSV", "csv"},
                                         {"tsv", "TSV", "tsv"},
                                         {"json", "JSON", "json"},
                                         {"markdown", "Markdown", "md"},
                                         {"latex", "LaTeX (booktabs)", "tex"}};

} // namespace

ExportMenu::ExportMenu(QMenu* menu, RunDesk* desk, std::function<QStringList()> runs,
                       std::function<View()> view)
    : QObject(menu), m_menu(menu), m_desk(desk), m_runs(std::move(runs)), m_view(std::move(view)),
      m_folder(QDir::homePath()) {
    connect(menu, &QMenu::aboutToShow, this, &ExportMenu::fill);
}

void ExportMenu::fill() {
    m_menu->clear();
    m_menu->addSection(tr("Table of results"));
    const bool any = !m_runs().isEmpty();
    for (const auto& format : kTableFormats) {
        const auto id = QString::fromLatin1(format.id);
        m_menu
            ->addAction(
                QString::fromLatin1(format.title), this,
                [this, id, ending = QString::fromLatin1(format.ending)] {
                    ask(tr("Export the table of results"), QStringLiteral("results"), ending,
                        [this, id](const QString& file) { m_desk->exportResults(m_runs(), id, file); });
                })
            ->setEnabled(any);
    }
    const auto view = m_view();
    m_menu->addSection(view.title.isEmpty() ? tr("What is shown") : tr("What %1 shows").arg(view.title));
    const auto formats = view.exportable ? view.exportable->exportFormats() : QStringList();
    for (const auto& ending : formats)
        m_menu->addAction(ending.toUpper(), this, [this, ending, title = view.title] {
            ask(tr("Export what is shown"), title.toLower(), ending,
                [this](const QString& file) { writeView(file); });
        });
    if (formats.isEmpty()) m_menu->addAction(tr("Nothing to export here yet"))->setEnabled(false);
}

void ExportMenu::ask(const QString& title, const QString& name, const QString& ending,
                     std::function<void(const QString&)> write) {
    auto* dialog = new QFileDialog(m_menu->parentWidget(), title, m_folder);
    dialog->setAttribute(Qt::WA_DeleteOnClose);
    dialog->setAcceptMode(QFileDialog::AcceptSave);
    dialog->setDefaultSuffix(ending);
    dialog->setNameFilter(QStringLiteral("*.") + ending);
    dialog->selectFile(name + QLatin1Char('.') + ending);
    connect(dialog, &QFileDialog::fileSelected, this, [this, write](const QString& file) {
        m_folder = QFileInfo(file).path();
        write(file);
    });
    dialog->open(); // the window stays alive
}

void ExportMenu::writeView(const QString& file) {
    const auto view = m_view();
    if (!view.exportable) {
        emit message(MessageKind::Warning,
                     tr("Choose a view with something to export: Curves, Weights or Sampling."));
        return;
    }
    try {
        view.exportable->exportTo(file);
        emit message(MessageKind::Note, tr("Wrote %1").arg(QDir::toNativeSeparators(file)));
    } catch (const std::exception& error) {
        emit message(MessageKind::Problem, QString::fromUtf8(error.what()));
    }
}

} // namespace quantarium::widgets
