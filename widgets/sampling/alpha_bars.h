// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <vector>

#include <QStringList>

#include "widgets/sampling/drawn_widget.h"

namespace quantarium::widgets {

/// Bars of α to drag. Keys: Left and Right choose a bar, Up and Down change it by 0.05 (with Shift 0.005),
/// Page Up and Page Down double and halve it.
class AlphaBars : public DrawnWidget {
    Q_OBJECT
public:
    static constexpr double kLowest = 0.001; ///< what the person can set; log α must exist
    static constexpr double kHighest = 1;

    explicit AlphaBars(QWidget* parent = nullptr);

    /// Any positive values; only the person's own changes are kept inside kLowest … kHighest.
    void setAlpha(const std::vector<double>& alpha);
    const std::vector<double>& alpha() const { return m_alpha; }
    /// Names below the bars (values of the value space); empty: 1, 2, 3, …
    void setNames(const QStringList& names);
    const QStringList& names() const { return m_names; }
    int selected() const { return m_selected; }
    /// Middle of a bar, at the height of a value, in widget coordinates.
    QPointF place(int bar, double value) const;

    QSize sizeHint() const override { return {280, 200}; }
    QSize minimumSizeHint() const override { return {220, 140}; }

signals:
    void changed();

protected:
    void draw(QPainter& painter, const QRectF& area) override;
    void mousePressEvent(QMouseEvent* event) override;
    void mouseMoveEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QRectF barArea(const QRectF& area) const;
    void dragTo(const QPointF& position);
    void setValue(int bar, double value);
    void describe();

    std::vector<double> m_alpha{0.1, 0.6, 0.3};
    QStringList m_names;
    int m_selected = 0;
};

} // namespace quantarium::widgets
