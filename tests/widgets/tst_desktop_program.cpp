// SPDX-License-Identifier: GPL-3.0-or-later
#include <memory>

#include <QFileInfo>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

namespace {

constexpr int kPatienceMs = 60000; ///< for slow machines; everything returns as soon as it happens

} // namespace

/// The program `quantarium` as a process.
class DesktopProgramTest : public QObject {
    Q_OBJECT
private slots:
    void init();
    void helpNamesWhatToGive();
    void pictureOfAMissingWorkspaceIsAnError();
    void withoutADisplayItSaysWhatToUse();
    void aSignalEndsItLikeClosing();

private:
    /// Starts it with settings of its own.
    void prepare(QProcess& program, const QStringList& arguments, const QString& platform) const;
    QString path(const char* name) const { return m_folder->filePath(QString::fromLatin1(name)); }

    std::unique_ptr<QTemporaryDir> m_folder;
};

void DesktopProgramTest::init() {
    m_folder = std::make_unique<QTemporaryDir>();
}

void DesktopProgramTest::prepare(QProcess& program, const QStringList& arguments,
                                 const QString& platform) const {
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("QT_QPA_PLATFORM"), platform);
    environment.insert(QStringLiteral("DISPLAY"), QStringLiteral(":9871")); // nobody is there
    environment.remove(QStringLiteral("WAYLAND_DISPLAY"));
    environment.insert(QStringLiteral("HOME"), m_folder->path());
    environment.insert(QStringLiteral("XDG_CONFIG_HOME"), m_folder->path());
    environment.insert(QStringLiteral("XDG_DATA_HOME"), m_folder->path());
    program.setProcessEnvironment(environment);
    program.start(QStringLiteral(QUANTARIUM_DESKTOP), arguments);
}

void DesktopProgramTest::helpNamesWhatToGive() {
    QProcess program;
    prepare(program, {QStringLiteral("--help")}, QStringLiteral("offscreen"));
    QVERIFY(program.waitForFinished(kPatienceMs));
    QCOMPARE(program.exitCode(), 0);
    const auto help = program.readAllStandardOutput();
    for (const char* word : {"--workspace FOLDER", "--render FILE", "--size WIDTHxHEIGHT"})
        QVERIFY2(help.contains(word), help.constData());
    QVERIFY2(!help.contains("TEXT"), help.constData());
}

void DesktopProgramTest::pictureOfAMissingWorkspaceIsAnError() {
    QProcess program;
    prepare(program,
            {QStringLiteral("--workspace"), path("missing"), QStringLiteral("--render"), path("picture.png")},
            QStringLiteral("offscreen"));
    QVERIFY(program.waitForFinished(kPatienceMs));
    QCOMPARE(program.exitCode(), 4);
    QVERIFY(program.readAllStandardError().contains("there is no workspace"));
    QVERIFY(!QFileInfo::exists(path("missing")));
    QVERIFY(!QFileInfo::exists(path("picture.png")));
}

void DesktopProgramTest::withoutADisplayItSaysWhatToUse() {
    QProcess program;
    prepare(program, {QStringLiteral("--workspace"), path("w")}, QStringLiteral("xcb"));
    QVERIFY(program.waitForFinished(kPatienceMs));
    QVERIFY(program.exitStatus() == QProcess::NormalExit);
    QCOMPARE(program.exitCode(), 69); // packaging/run looks for it
    const auto said = program.readAllStandardError();
    QVERIFY2(said.contains("quantarium-cli"), said.constData());
    QCOMPARE(said.count('\n'), 1);
}

void DesktopProgramTest::aSignalEndsItLikeClosing() {
    QProcess program;
    prepare(program, {QStringLiteral("--workspace"), path("w")}, QStringLiteral("offscreen"));
    QTRY_VERIFY_WITH_TIMEOUT(QFileInfo::exists(path("w/workspace.sqlite")), kPatienceMs);
    program.terminate();
    QVERIFY(program.waitForFinished(kPatienceMs));
    QVERIFY(program.exitStatus() == QProcess::NormalExit);
    QCOMPARE(program.exitCode(), 0);
}

QTEST_GUILESS_MAIN(DesktopProgramTest)
#include "tst_desktop_program.moc"
