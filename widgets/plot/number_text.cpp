// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/plot/number_text.h"

#include <cmath>

#include <QLocale>

namespace quantarium::widgets {

QString countText(std::int64_t count) {
    return QLocale(QLocale::English, QLocale::UnitedStates).toString(qlonglong(count));
}

QString numberText(double value, int significantDigits) {
    if (std::isnan(value)) return QStringLiteral("NaN");
    if (std::isinf(value)) return value > 0 ? QStringLiteral("∞") : QStringLiteral("−∞");
    QString text = QString::number(value, 'g', significantDigits);
    return text.replace(QLatin1Char('-'), QChar(0x2212));
}

QString exactText(double value) {
    return QString::number(value, 'g', QLocale::FloatingPointShortest);
}

QString percentText(double share, int decimals) {
    return QString::number(100 * share, 'f', decimals) + QStringLiteral(" %");
}

} // namespace quantarium::widgets
