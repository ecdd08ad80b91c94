// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/house/source_tree.h"

#include <QDir>
#include <QDirIterator>
#include <QFile>
#include <QRegularExpression>

namespace quantarium::testing {

namespace {

const QStringList kFolders{"app",       "cmake",     "core",  "datasets", "docs",
                           "packaging", "resources", "tests", "widgets",  ".ci"};
const QStringList kBinarySuffixes{"png", "svg", "ico", "gz", "bin", "pt", "safetensors"};

QString readText(const QString& file) {
    QFile handle(file);
    if (!handle.open(QIODevice::ReadOnly)) return {};
    return QString::fromUtf8(handle.readAll());
}

void addFile(SourceTree& tree, const QDir& root, const QString& file) {
    if (!kBinarySuffixes.contains(QFileInfo(file).suffix()))
        tree.insert(root.relativeFilePath(file), readText(file));
}

} // namespace

SourceTree readSourceTree() {
    SourceTree tree;
    const QDir root(QUANTARIUM_SOURCE_TREE);
    for (const auto& folder : kFolders)
        for (QDirIterator files(root.filePath(folder), QDir::Files | QDir::Hidden,
                                QDirIterator::Subdirectories);
             files.hasNext();)
            addFile(tree, root, files.next());
    for (const auto& name : root.entryList(QDir::Files))
        addFile(tree, root, root.filePath(name));
    return tree;
}

bool isCpp(const QString& path) {
    return path.endsWith(".h") || path.endsWith(".cpp");
}

QStringList includesOf(const QString& text) {
    static const QRegularExpression pattern(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re",
                                            QRegularExpression::MultilineOption);
    QStringList includes;
    for (auto matches = pattern.globalMatch(text); matches.hasNext();)
        includes.append(matches.next().captured(1));
    return includes;
}

QString layerOf(const QString& path) {
    const auto parts = path.split('/');
    if (parts.first() == "core" && parts.size() > 2) return parts[1];
    return parts.first() == "widgets" || parts.first() == "app" ? parts.first() : QString();
}

QSet<QString> allowedLayers(const QString& layer) {
    const QSet<QString> ground{"base", "run"};
    if (layer == "base") return {};
    if (layer == "run") return {"base"};
    if (layer == "quant" || layer == "nn" || layer == "data" || layer == "store") return ground;
    if (layer == "tasks") return ground + QSet<QString>{"data"};
    if (layer == "deploy") return ground + QSet<QString>{"quant", "nn"};
    const QSet<QString> training = ground + QSet<QString>{"quant", "nn", "data", "tasks"};
    if (layer == "train") return training;
    const QSet<QString> studying = training + QSet<QString>{"train", "store", "deploy"};
    if (layer == "study") return studying;
    if (layer == "widgets") return studying + QSet<QString>{"study"};
    return studying + QSet<QString>{"study", "widgets"};
}

QStringList forbiddenIncludes(const SourceTree& tree) {
    QStringList problems;
    for (auto file = tree.begin(); file != tree.end(); ++file) {
        const auto layer = layerOf(file.key());
        if (layer.isEmpty() || !isCpp(file.key())) continue;
        const auto allowed = allowedLayers(layer);
        for (const auto& include : includesOf(file.value())) {
            const auto other = layerOf(include);
            if (!other.isEmpty() && other != layer && !allowed.contains(other))
                problems.append(file.key() + ": includes " + include);
        }
    }
    return problems;
}

QSet<QString> reachedLibraries(const SourceTree& tree, const QString& path) {
    QSet<QString> libraries;
    QSet<QString> seen{path};
    QStringList open{path};
    while (!open.isEmpty()) {
        for (const auto& include : includesOf(tree.value(open.takeFirst()))) {
            if (!tree.contains(include))
                libraries.insert(include);
            else if (!seen.contains(include)) {
                seen.insert(include);
                open.append(include);
            }
        }
    }
    return libraries;
}

} // namespace quantarium::testing
