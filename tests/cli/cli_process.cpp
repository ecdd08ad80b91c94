// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/cli/cli_process.h"

#include <QDir>
#include <QFile>
#include <QProcessEnvironment>

namespace quantarium::testing {

namespace {

constexpr int kTimeoutMs = 240000;

bool isEvent(const Json& document, const std::string& kind, int epoch) {
    return document.at("event") == kind && (kind != "epoch" || document.at("epoch").get<int>() >= epoch);
}

} // namespace

QString CliProcess::program() {
    return QUANTARIUM_CLI;
}

CliProcess::CliProcess(const QStringList& arguments) {
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.remove("QUANTARIUM_DATA");
    environment.insert("QUANTARIUM_WORKSPACE", "/nonexistent/workspace");
    m_process.setProcessEnvironment(environment);
    m_process.start(program(), arguments);
    m_process.waitForStarted(kTimeoutMs);
}

bool CliProcess::waitForEvent(const std::string& kind, int epoch) {
    for (;;) {
        for (const auto& line : jsonLines(m_out))
            if (isEvent(line, kind, epoch)) return true;
        if (!m_process.waitForReadyRead(kTimeoutMs)) return false;
        m_out += m_process.readAllStandardOutput();
    }
}

CliOutcome CliProcess::finish() {
    m_process.waitForFinished(kTimeoutMs);
    m_out += m_process.readAllStandardOutput();
    const bool normal =
        m_process.exitStatus() == QProcess::NormalExit && m_process.state() == QProcess::NotRunning;
    return {normal ? m_process.exitCode() : -1, m_out, m_process.readAllStandardError()};
}

CliOutcome runCli(const QStringList& arguments) {
    return CliProcess(arguments).finish();
}

QList<Json> jsonLines(const QByteArray& text) {
    QList<Json> lines;
    for (qsizetype begin = 0, end = 0; (end = text.indexOf('\n', begin)) >= 0; begin = end + 1)
        if (end > begin)
            lines.append(parseJson(
                std::string(text.constData() + begin, static_cast<std::size_t>(end - begin)), "line"));
    return lines;
}

QList<Json> eventsOf(const QByteArray& text, const std::string& kind) {
    QList<Json> found;
    for (const auto& line : jsonLines(text))
        if (line.at("event") == kind) found.append(line);
    return found;
}

Json tinyConfig(const std::string& method, int bits, int epochs) {
    return {
        {"format", "quantarium-run/1"},
        {"name", "tiny " + method},
        {"machine", {{"threads", 1}}},
        {"dataset", {{"id", "shapes10"}, {"limit", 200}, {"test_limit", 50}, {"validation", 0.2}}},
        {"network", {{"id", "mlp"}, {"options", {{"widths", {16}}}}}},
        {"weights", {{"method", method}, {"bits", bits}, {"policy", "all"}}},
        {"training",
         {{"epochs", epochs}, {"batch", 16}, {"optimizer", {{"id", "sgd"}, {"options", {{"lr", 0.05}}}}}}}};
}

QString writeConfig(const QString& folder, const Json& document) {
    const QString path = QDir(folder).filePath("config.json");
    QFile file(path);
    if (!file.open(QIODevice::WriteOnly)) return {};
    file.write(QByteArray::fromStdString(dumpJson(document, 2)));
    return path;
}

QString referenceFile() {
    return QUANTARIUM_REFERENCE;
}

Json learned(const Json& shownRun) {
    Json result = shownRun.at("series");
    result.erase("seconds");
    return result;
}

} // namespace quantarium::testing
