// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QVector>
#include <QWidget>

#include "core/run/snapshot.h"

class QHBoxLayout;
class QLabel;

namespace quantarium::widgets {

/// A histogram that stays in the plot: one run's layer at one epoch.
struct Pin {
    QString runId;
    QString runName;
    int runColour = 0; ///< index into the palette
    qint64 epoch = 0;
    qint64 step = 0;
    LayerSnapshot layer;

    /// "INQ 3 bits · layer1.0.conv1.weight · epoch 4"
    QString text() const;
    /// The same without the layer where it is `shown`.
    QString textBeside(const QString& shown) const;
};

/// The pinned overlays as chips; a click on one (or Enter) removes it.
class PinBar : public QWidget {
    Q_OBJECT
public:
    static constexpr int kMostPins = 5; ///< as many as there are kinds of line

    explicit PinBar(QWidget* parent = nullptr);

    const QVector<Pin>& pins() const { return m_pins; }
    /// Nothing happens when it is there already or the bar is full.
    void add(const Pin& pin);
    void remove(int index);
    /// The kind of line that tells this pin from the others of the same run.
    static Qt::PenStyle penOf(int index);

signals:
    void changed();

private:
    void rebuild();

    QVector<Pin> m_pins;
    QHBoxLayout* m_row;
};

} // namespace quantarium::widgets
