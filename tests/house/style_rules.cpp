// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/house/style_rules.h"

#include <QRegularExpression>

#include "tests/house/source_tree.h"

namespace quantarium::testing {

bool isSource(const QString& path) {
    return isCpp(path) || path.endsWith(".cmake") || path.endsWith("CMakeLists.txt") ||
           path.endsWith(".sh") || path.endsWith(".py") || path == "packaging/run" ||
           path == "packaging/test" || path == ".ci/run";
}

bool hasLicenceLine(const QString& text) {
    const auto lines = text.split('\n');
    const int line = lines.first().startsWith("#!") ? 1 : 0;
    return lines.size() > line && lines[line].contains("SPDX-License-Identifier: GPL-3.0-or-later");
}

QString machinePath(const QString& text) {
    static const QRegularExpression pattern(R"((^|[\s"'=(:])/(home|work|root|Users|mnt|media)/[\w.~-]+)",
                                            QRegularExpression::MultilineOption);
    return pattern.match(text).captured().trimmed();
}

bool isOwnInclude(const QString& include) {
    static const QRegularExpression pattern(
        R"(^((core|widgets|app|tests)/[\w/.-]+\.h|[\w]+\.moc|[\w]+\.inc|build_info\.h)$)");
    return pattern.match(include).hasMatch();
}

QStringList quotedIncludes(const QString& text) {
    static const QRegularExpression pattern(R"re(^\s*#\s*include\s*"([^"]+)")re",
                                            QRegularExpression::MultilineOption);
    QStringList includes;
    for (auto matches = pattern.globalMatch(text); matches.hasNext();)
        includes.append(matches.next().captured(1));
    return includes;
}

bool isSnakeCase(const QString& fileName) {
    static const QRegularExpression pattern(R"(^[a-z0-9_]+\.(h|cpp)$)");
    return pattern.match(fileName).hasMatch();
}

} // namespace quantarium::testing
