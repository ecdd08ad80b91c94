// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QVector>
#include <QWidget>

class QLabel;
class QSlider;
class QToolButton;

namespace quantarium::widgets {

/// Picks an epoch. Stands at the live edge, which moves on with the run, until the person goes back; the Live
/// button (L, End) returns to it.
class EpochScrubber : public QWidget {
    Q_OBJECT
public:
    static constexpr qint64 kLive = -1;

    explicit EpochScrubber(QWidget* parent = nullptr);

    /// The recorded epochs, ascending. The position stays at its epoch, or at the live edge.
    void setEpochs(const QVector<qint64>& epochs);
    /// The epoch chosen, or kLive.
    qint64 epoch() const;
    bool isLive() const { return epoch() == kLive; }
    /// What the live edge shows now: "epoch 12, step 4,800".
    void setLiveText(const QString& text);

public slots:
    void goLive();
    void stepBack();
    void stepForward();

signals:
    void epochChanged(qint64 epoch);

private:
    void showText();

    QVector<qint64> m_epochs;
    QString m_liveText;
    qint64 m_last = kLive;
    QSlider* m_slider;
    QLabel* m_text;
    QToolButton* m_live;
};

} // namespace quantarium::widgets
