// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>

#include <QRegularExpression>
#include <QTest>

#include "tests/house/source_tree.h"

using namespace quantarium::testing;

namespace {

bool isQt(const QString& header) {
    static const QRegularExpression pattern(R"(^(Q[A-Z]\w*|Qt\w+/.*|q[a-z]+\.h)$)");
    return pattern.match(header).hasMatch();
}

bool isTorch(const QString& header) {
    return header.startsWith("torch/") || header.startsWith("ATen/") || header.startsWith("c10/");
}

} // namespace

/// Reads the source tree and holds it to the architecture: who may include whom, where Qt and LibTorch may
/// appear.
class TestArchitecture : public QObject {
    Q_OBJECT

private slots:
    void initTestCase() {
        m_tree = readSourceTree();
        QVERIFY(m_tree.contains("core/base/error.h"));
        QVERIFY(m_tree.contains("CMakeLists.txt"));
    }

    void findsAForbiddenInclude() {
        const SourceTree tree{
            {"core/quant/a.cpp", "#include \"core/base/error.h\"\n#include \"core/nn/network.h\"\n"},
            {"core/study/b.cpp", "# include \"core/store/workspace.h\"\n"},
            {"core/base/c.h", "  #include <core/run/events.h>\n"}};
        QCOMPARE(forbiddenIncludes(tree), (QStringList{"core/base/c.h: includes core/run/events.h",
                                                       "core/quant/a.cpp: includes core/nn/network.h"}));
    }

    void followsHeadersToLibraries() {
        const SourceTree tree{{"widgets/a.cpp", "#include \"widgets/a.h\"\n"},
                              {"widgets/a.h", "#include <QWidget>\n#include \"core/quant/q.h\"\n"},
                              {"core/quant/q.h", "#include <torch/torch.h>\n"}};
        QCOMPARE(reachedLibraries(tree, "widgets/a.cpp"), (QSet<QString>{"QWidget", "torch/torch.h"}));
        QVERIFY(isTorch("torch/torch.h") && isTorch("ATen/Parallel.h") && !isTorch("core/base/torch.h"));
        QVERIFY(isQt("QString") && isQt("QtGui/QIcon") && isQt("qcustomplot.h") && !isQt("queue"));
    }

    void foldersIncludeOnlyWhatTheyMay() {
        const auto problems = forbiddenIncludes(m_tree);
        QVERIFY2(problems.isEmpty(), qPrintable(problems.join('\n')));
    }

    void coreAndCommandLineKnowNoQt() {
        for (auto file = m_tree.begin(); file != m_tree.end(); ++file) {
            if (!isCpp(file.key()) || !(file.key().startsWith("core/") || file.key().startsWith("app/cli/")))
                continue;
            for (const auto& header : includesOf(file.value()))
                QVERIFY2(!isQt(header), qPrintable(file.key() + " includes " + header));
        }
    }

    void onlyTheBridgeKnowsTorch() {
        for (auto file = m_tree.begin(); file != m_tree.end(); ++file) {
            if (!isCpp(file.key()) || !file.key().startsWith("widgets/") ||
                file.key().startsWith("widgets/bridge/"))
                continue;
            for (const auto& header : reachedLibraries(m_tree, file.key()))
                QVERIFY2(!isTorch(header), qPrintable(file.key() + " reaches " + header));
        }
    }

    void everyLayerIsInTheTable() {
        QSet<QString> layers;
        for (const auto& path : m_tree.keys())
            if (const auto layer = layerOf(path); !layer.isEmpty()) layers.insert(layer);
        const QSet<QString> known{"base",  "run",   "quant", "nn",     "data",    "tasks",
                                  "train", "store", "study", "deploy", "widgets", "app"};
        QVERIFY2(known.contains(layers), qPrintable(QStringList((layers - known).values()).join(", ")));
        QVERIFY(layers.contains("base") && layers.contains("train"));
    }

private:
    SourceTree m_tree;
};

QTEST_GUILESS_MAIN(TestArchitecture)
#include "tst_architecture.moc"
