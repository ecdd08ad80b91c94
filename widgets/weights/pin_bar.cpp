// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/pin_bar.h"

#include <algorithm>

#include <QHBoxLayout>
#include <QLabel>
#include <QToolButton>

namespace quantarium::widgets {
namespace {

constexpr int kWidestChip = 260;

} // namespace

QString Pin::text() const {
    return QStringLiteral("%1 · %2 · epoch %3").arg(runName, QString::fromStdString(layer.layer)).arg(epoch);
}

QString Pin::textBeside(const QString& shown) const {
    return QString::fromStdString(layer.layer) == shown
               ? QStringLiteral("%1 · epoch %2").arg(runName).arg(epoch)
               : text();
}

PinBar::PinBar(QWidget* parent) : QWidget(parent), m_row(new QHBoxLayout(this)) {
    setObjectName(QStringLiteral("pinBar"));
    setAccessibleName(tr("Pinned histograms"));
    m_row->setContentsMargins(0, 0, 0, 0);
    rebuild();
}

Qt::PenStyle PinBar::penOf(int index) {
    static constexpr Qt::PenStyle kPens[] = {Qt::DashLine, Qt::DotLine, Qt::DashDotLine, Qt::DashDotDotLine,
                                             Qt::SolidLine};
    return kPens[index % kMostPins];
}

void PinBar::add(const Pin& pin) {
    const bool known = std::any_of(m_pins.begin(), m_pins.end(), [&](const Pin& other) {
        return other.runId == pin.runId && other.layer.layer == pin.layer.layer && other.epoch == pin.epoch &&
               other.step == pin.step;
    });
    if (known || m_pins.size() >= kMostPins) return;
    m_pins.append(pin);
    rebuild();
    emit changed();
}

void PinBar::remove(int index) {
    m_pins.removeAt(index);
    rebuild();
    emit changed();
}

void PinBar::rebuild() {
    while (QLayoutItem* item = m_row->takeAt(0)) {
        if (item->widget()) item->widget()->deleteLater();
        delete item;
    }
    for (int i = 0; i < m_pins.size(); ++i) {
        auto* chip = new QToolButton(this);
        chip->setObjectName(QStringLiteral("chip%1").arg(i));
        const QString text = QStringLiteral("✕ ") + m_pins[i].text();
        chip->setText(fontMetrics().elidedText(text, Qt::ElideMiddle, kWidestChip));
        chip->setToolTip(tr("Remove from the plot: %1").arg(m_pins[i].text()));
        chip->setAccessibleName(tr("Remove pinned %1").arg(m_pins[i].text()));
        chip->setFocusPolicy(Qt::StrongFocus);
        connect(chip, &QToolButton::clicked, this, [this, i] { remove(i); });
        m_row->addWidget(chip);
    }
    m_row->addStretch(1);
    setVisible(!m_pins.isEmpty());
}

} // namespace quantarium::widgets
