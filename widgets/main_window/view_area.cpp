// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/main_window/view_area.h"

#include <QEvent>
#include <QScrollBar>

namespace quantarium::widgets {

ViewArea::ViewArea(QWidget* view, QWidget* parent) : QScrollArea(parent) {
    setFrameShape(QFrame::NoFrame);
    setFocusPolicy(Qt::NoFocus);
    setWidget(view); // also installs the event filter
}

void ViewArea::fit() {
    const QSize least = widget()->minimumSizeHint().expandedTo(widget()->minimumSize());
    QSize room = maximumViewportSize();
    const bool tooNarrow = least.width() > room.width(), tooLow = least.height() > room.height();
    if (tooNarrow) room.rheight() -= horizontalScrollBar()->sizeHint().height();
    if (tooLow) room.rwidth() -= verticalScrollBar()->sizeHint().width();
    widget()->resize(room.expandedTo(least));
}

void ViewArea::resizeEvent(QResizeEvent* event) {
    fit();
    QScrollArea::resizeEvent(event);
}

bool ViewArea::eventFilter(QObject* watched, QEvent* event) {
    const bool handled = QScrollArea::eventFilter(watched, event);
    if (watched == widget() && event->type() == QEvent::LayoutRequest) fit();
    return handled;
}

} // namespace quantarium::widgets
