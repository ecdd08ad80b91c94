// SPDX-License-Identifier: GPL-3.0-or-later
#include <QTest>

#include "tests/house/source_tree.h"
#include "tests/house/style_rules.h"

using namespace quantarium::testing;

/// Reads the source tree and holds it to those rules of the house style that a program can check.
class TestHouseStyle : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        m_tree = readSourceTree();
        QVERIFY(m_tree.contains("core/base/error.h"));
    }

    void recognizesWhatItLooksFor() {
        QVERIFY(hasLicenceLine("#!/bin/sh\n# SPDX-License-Identifier: GPL-3.0-or-later\n"));
        QVERIFY(!hasLicenceLine("\n// SPDX-License-Identifier: GPL-3.0-or-later\n"));
        QVERIFY(!hasLicenceLine("// SPDX-License-Identifier: MIT\n"));
        QCOMPARE(machinePath("open(\"/"
                             "home/ada/data\")"),
                 QString("\"/"
                         "home/ada"));
        QVERIFY(machinePath("core/home/x and a/wo"
                            "rk/b")
                    .isEmpty());
        QVERIFY(isOwnInclude("core/base/error.h") && isOwnInclude("tst_x.moc"));
        QVERIFY(!isOwnInclude("../base/error.h") && !isOwnInclude("error.h"));
    }

    void everySourceNamesItsLicence() {
        for (auto file = m_tree.begin(); file != m_tree.end(); ++file)
            if (isSource(file.key())) QVERIFY2(hasLicenceLine(file.value()), qPrintable(file.key()));
    }

    void includesStartAtTheRoot() {
        for (auto file = m_tree.begin(); file != m_tree.end(); ++file) {
            if (!isCpp(file.key())) continue;
            for (const auto& include : quotedIncludes(file.value()))
                QVERIFY2(isOwnInclude(include), qPrintable(file.key() + " includes \"" + include + "\""));
        }
    }

    void headersAreGuarded() {
        for (auto file = m_tree.begin(); file != m_tree.end(); ++file)
            if (file.key().endsWith(".h"))
                QVERIFY2(file.value().contains("\n#pragma once\n"), qPrintable(file.key()));
    }

    void filesDoOneThing() {
        for (auto file = m_tree.begin(); file != m_tree.end(); ++file) {
            if (!isCpp(file.key())) continue;
            const auto lines = file.value().count('\n');
            QVERIFY2(lines <= 500, qPrintable(QString("%1 has %2 lines").arg(file.key()).arg(lines)));
        }
    }

    void noMachinePaths() {
        for (auto file = m_tree.begin(); file != m_tree.end(); ++file)
            QVERIFY2(machinePath(file.value()).isEmpty(),
                     qPrintable(file.key() + ": " + machinePath(file.value())));
    }

    void everyFolderSaysWhatItDoes() {
        QSet<QString> folders;
        for (const auto& path : m_tree.keys()) {
            const auto parts = path.split('/');
            if ((parts[0] == "core" || parts[0] == "app" || parts[0] == "widgets") && parts.size() > 2)
                folders.insert(parts[0] + "/" + parts[1]);
        }
        for (const auto& folder : folders)
            QVERIFY2(m_tree.contains(folder + "/README.md"), qPrintable(folder + " has no README.md"));
    }

    void fileNamesAreSnakeCase() {
        for (const auto& path : m_tree.keys())
            if (isCpp(path)) QVERIFY2(isSnakeCase(path.section('/', -1)), qPrintable(path));
    }

private:
    SourceTree m_tree;
};

QTEST_GUILESS_MAIN(TestHouseStyle)
#include "tst_house_style.moc"
