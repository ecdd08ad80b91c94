// SPDX-License-Identifier: GPL-3.0-or-later
#include <QtTest>

#include "core/base/text.h"

using namespace quantarium;

class TestText : public QObject {
    Q_OBJECT
private slots:
    void globs_data();
    void globs();
    void durations_data();
    void durations();
    void bytes();
    void nearestWords();
    void wordsForTheShell();
};

void TestText::globs_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("pattern");
    QTest::addColumn<bool>("matches");
    QTest::newRow("all") << "layer1.0.conv1"
                         << "*" << true;
    QTest::newRow("prefix") << "layer2.0.conv1"
                            << "layer2.*" << true;
    QTest::newRow("other prefix") << "layer1.0.conv1"
                                  << "layer2.*" << false;
    QTest::newRow("middle") << "layer2.1.conv2"
                            << "layer?.*.conv2" << true;
    QTest::newRow("several stars") << "abcabc"
                                   << "*b*b*" << true;
    QTest::newRow("whole text only") << "conv10"
                                     << "conv1" << false;
    QTest::newRow("empty") << ""
                           << "" << true;
    QTest::newRow("empty pattern") << "x"
                                   << "" << false;
    QTest::newRow("dot is a dot") << "conv1xweight"
                                  << "conv1.weight" << false;
}

void TestText::globs() {
    QFETCH(QString, text);
    QFETCH(QString, pattern);
    QTEST(matchesGlob(text.toStdString(), pattern.toStdString()), "matches");
}

void TestText::durations_data() {
    QTest::addColumn<double>("seconds");
    QTest::addColumn<QString>("text");
    QTest::newRow("ms") << 0.85 << "850 ms";
    QTest::newRow("seconds") << 2.34 << "2.3 s";
    QTest::newRow("tens of seconds") << 42.4 << "42 s";
    QTest::newRow("not 60 s") << 59.7 << "1 min 0 s";
    QTest::newRow("minutes") << 200.0 << "3 min 20 s";
    QTest::newRow("hours") << 7500.0 << "2 h 5 min";
    QTest::newRow("unknown") << -1.0 << "–";
}

void TestText::durations() {
    QFETCH(double, seconds);
    QFETCH(QString, text);
    QCOMPARE(QString::fromStdString(formatDuration(seconds)), text);
}

void TestText::bytes() {
    QCOMPARE(formatBytes(512), std::string("512 B"));
    QCOMPARE(formatBytes(1536), std::string("1.5 KiB"));
    QCOMPARE(formatBytes(1.5 * 1024 * 1024 * 1024), std::string("1.5 GiB"));
}

void TestText::nearestWords() {
    QCOMPARE(nearestWord("momentun", {"momentum", "nesterov"}), std::string("momentum"));
    QCOMPARE(nearestWord("wieghts", {"network", "weights"}), std::string("weights"));
    QCOMPARE(nearestWord("weihgst", {"network", "weights"}), std::string("weights"));
    // Neighbours that changed places are one slip, not two.
    QCOMPARE(nearestWord("tnw", {"ttq", "tsq", "twn"}), std::string("twn"));
    QCOMPARE(nearestWord("xyzzy", {"momentum", "nesterov"}), std::string());
}

void TestText::wordsForTheShell() {
    QCOMPARE(shellQuoted("runs/first-1.2"), std::string("runs/first-1.2"));
    QCOMPARE(shellQuoted("my runs"), std::string("'my runs'"));
    QCOMPARE(shellQuoted("it's $HOME"), std::string("'it'\\''s $HOME'"));
    QCOMPARE(shellQuoted(""), std::string("''"));
}

QTEST_GUILESS_MAIN(TestText)
#include "tst_text.moc"
