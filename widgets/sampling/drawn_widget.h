// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QWidget>

#include "widgets/plot/figure_file.h"
#include "widgets/theme/theme.h"

namespace quantarium::widgets {

/// A widget that is drawn by one function, on screen and in files alike, with a frame while it has the focus.
class DrawnWidget : public QWidget, public Figure {
    Q_OBJECT
public:
    explicit DrawnWidget(QWidget* parent = nullptr);

    void setTheme(const Theme& theme);
    const Theme& theme() const { return m_theme; }
    void paintFigure(QCPPainter& painter, const QSize& size) override;

protected:
    virtual void draw(QPainter& painter, const QRectF& area) = 0;
    void paintEvent(QPaintEvent* event) override;

private:
    Theme m_theme;
};

} // namespace quantarium::widgets
