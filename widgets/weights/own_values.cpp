// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/own_values.h"

#include <QObject>

#include "widgets/plot/number_text.h"

namespace quantarium::widgets {
namespace {

using Values = std::map<std::string, double>;

constexpr int kDigits = 5; ///< a clip that has moved from 10 to 9.9975 must not be read as 10

/// "<tr><td>Weights</td><td>n1 = <b>−2</b> · n2 = <b>−3</b></td></tr>"; a name stays with its value.
QString groupHtml(const QString& title, const Values& values) {
    if (values.empty()) return {};
    QStringList parts;
    for (const auto& [name, value] : values) {
        QString text = QString::fromStdString(name).replace(QLatin1Char('_'), QChar::Nbsp);
        parts +=
            QStringLiteral("%1&nbsp;=&nbsp;<b>%2</b>").arg(text.toHtmlEscaped(), numberText(value, kDigits));
    }
    return QStringLiteral("<tr><td style='padding-right:10px'>%1</td><td>%2</td></tr>")
        .arg(title, parts.join(QStringLiteral(" · ")));
}

} // namespace

QString ownValuesHtml(const LayerSnapshot& layer) {
    const QString rows = groupHtml(QObject::tr("Weights"), layer.diagnostics) +
                         groupHtml(QObject::tr("Inputs"), layer.inputDiagnostics);
    if (rows.isEmpty()) return {};
    return QStringLiteral("<b>%1</b><table>%2</table>").arg(QObject::tr("Method's own values"), rows);
}

QList<QStringList> ownValueFields(const LayerSnapshot& layer) {
    QList<QStringList> fields;
    const auto add = [&](const QString& group, const Values& values) {
        for (const auto& [name, value] : values)
            fields.append({group + QString::fromStdString(name), exactText(value)});
    };
    add(QStringLiteral("weights: "), layer.diagnostics);
    add(QStringLiteral("inputs: "), layer.inputDiagnostics);
    return fields;
}

} // namespace quantarium::widgets
