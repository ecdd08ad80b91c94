// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QList>
#include <QProcess>
#include <QString>
#include <QStringList>

#include "core/base/json.h"

namespace quantarium::testing {

/// What quantarium-cli did.
struct CliOutcome {
    int code = -1;
    QByteArray out;
    QByteArray error;

    int errorLines() const { return static_cast<int>(error.count('\n')); }
};

/// quantarium-cli as a child process, with an environment that shows it neither the user's workspace nor
/// data.
class CliProcess {
public:
    explicit CliProcess(const QStringList& arguments);

    QProcess& process() { return m_process; }
    /// Waits until an event of this kind (and, for epochs, at least this number) was printed by `--json`.
    /// False when the program ended first.
    bool waitForEvent(const std::string& kind, int epoch = 0);
    CliOutcome finish();

    static QString program();

private:
    QProcess m_process;
    QByteArray m_out;
};

/// Runs it to its end.
CliOutcome runCli(const QStringList& arguments);

/// The lines of `--json`, parsed. A cut last line (after a kill) is left out.
QList<Json> jsonLines(const QByteArray& text);

/// Events of one kind.
QList<Json> eventsOf(const QByteArray& text, const std::string& kind);

/// A run of well under a second per epoch on the embedded data.
Json tinyConfig(const std::string& method, int bits, int epochs);

/// Writes a document into a folder and gives its path.
QString writeConfig(const QString& folder, const Json& document);

/// docs/reference.md of the source tree.
QString referenceFile();

/// What a run learned, without what depends on the clock: every recorded value by name and epoch.
Json learned(const Json& shownRun);

} // namespace quantarium::testing
