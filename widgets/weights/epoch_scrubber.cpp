// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/weights/epoch_scrubber.h"

#include <algorithm>

#include <QHBoxLayout>
#include <QLabel>
#include <QSignalBlocker>
#include <QSlider>
#include <QToolButton>

namespace quantarium::widgets {

EpochScrubber::EpochScrubber(QWidget* parent) : QWidget(parent) {
    auto* row = new QHBoxLayout(this);
    row->setContentsMargins(0, 0, 0, 0);
    const auto arrow = [this](Qt::ArrowType type, const QString& name) {
        auto* button = new QToolButton;
        button->setArrowType(type);
        button->setAccessibleName(name);
        button->setToolTip(name);
        button->setAutoRepeat(true);
        button->setFocusPolicy(Qt::StrongFocus);
        return button;
    };
    QToolButton* back = arrow(Qt::LeftArrow, tr("One epoch back"));
    QToolButton* forward = arrow(Qt::RightArrow, tr("One epoch forward"));
    connect(back, &QToolButton::clicked, this, &EpochScrubber::stepBack);
    connect(forward, &QToolButton::clicked, this, &EpochScrubber::stepForward);

    m_slider = new QSlider(Qt::Horizontal);
    m_slider->setObjectName(QStringLiteral("epochSlider"));
    m_slider->setAccessibleName(tr("Epoch"));
    m_slider->setPageStep(5);
    connect(m_slider, &QSlider::valueChanged, this, [this] {
        showText();
        if (epoch() == m_last) return;
        m_last = epoch();
        emit epochChanged(m_last);
    });
    m_text = new QLabel;
    m_text->setObjectName(QStringLiteral("epochText"));
    m_text->setMinimumWidth(
        fontMetrics().horizontalAdvance(QStringLiteral("live: epoch 1,000, step 100,000")));
    m_live = new QToolButton;
    m_live->setObjectName(QStringLiteral("live"));
    m_live->setText(tr("Live"));
    m_live->setToolTip(tr("Follow the newest weights (L or End)"));
    m_live->setAccessibleName(tr("Follow the newest weights"));
    m_live->setCheckable(true);
    m_live->setFocusPolicy(Qt::StrongFocus);
    connect(m_live, &QToolButton::clicked, this, &EpochScrubber::goLive);

    auto* label = new QLabel(tr("&Epoch"));
    label->setBuddy(m_slider);
    row->addWidget(label);
    row->addWidget(back);
    row->addWidget(m_slider, 1);
    row->addWidget(forward);
    row->addWidget(m_text);
    row->addWidget(m_live);
    setEpochs({});
}

void EpochScrubber::setEpochs(const QVector<qint64>& epochs) {
    const qint64 kept = epoch();
    m_epochs = epochs;
    {
        const QSignalBlocker quiet(m_slider);
        m_slider->setRange(0, int(epochs.size()));
        const auto found = std::find(epochs.begin(), epochs.end(), kept);
        m_slider->setValue(kept == kLive || found == epochs.end() ? int(epochs.size())
                                                                  : int(found - epochs.begin()));
    }
    showText();
    if (epoch() != m_last) {
        m_last = epoch();
        emit epochChanged(m_last);
    }
}

qint64 EpochScrubber::epoch() const {
    const int index = m_slider->value();
    return index < m_epochs.size() ? m_epochs[index] : kLive;
}

void EpochScrubber::setLiveText(const QString& text) {
    m_liveText = text;
    showText();
}

void EpochScrubber::goLive() {
    m_slider->setValue(m_slider->maximum());
    showText();
}

void EpochScrubber::stepBack() {
    m_slider->setValue(m_slider->value() - 1);
}

void EpochScrubber::stepForward() {
    m_slider->setValue(m_slider->value() + 1);
}

void EpochScrubber::showText() {
    m_live->setChecked(isLive());
    m_text->setText(isLive() ? (m_liveText.isEmpty() ? tr("newest") : tr("newest: %1").arg(m_liveText))
                             : tr("epoch %1").arg(epoch()));
}

} // namespace quantarium::widgets
