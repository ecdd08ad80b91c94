// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QScrollArea>

namespace quantarium::widgets {

/// Holds a view: as large as there is room, and scrolled where the window is smaller than the least the view
/// needs. (QScrollArea::setWidgetResizable would give views with wrapped text the height they would like.)
class ViewArea : public QScrollArea {
    Q_OBJECT
public:
    explicit ViewArea(QWidget* view, QWidget* parent = nullptr);

protected:
    void resizeEvent(QResizeEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void fit();
};

} // namespace quantarium::widgets
