// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "widgets/sampling/drawn_widget.h"
#include "widgets/sampling/gumbel_experiment.h"

namespace quantarium::widgets {

/// The 3-simplex: every sample of Gumbel-Softmax as a dot in the colour of its largest entry; Gumbel-Max's
/// samples are the corners, discs there have areas in proportion to their shares. A cross marks P(argmax).
class SimplexView : public DrawnWidget {
    Q_OBJECT
public:
    explicit SimplexView(QWidget* parent = nullptr);

    /// Nothing is drawn unless there are three categories.
    void setResult(std::shared_ptr<const GumbelResult> result);
    /// Where y = (y1, y2, y3) lies.
    QPointF place(const QRectF& area, const std::vector<double>& y) const;

    QSize sizeHint() const override { return {480, 420}; }
    QSize minimumSizeHint() const override { return {300, 240}; }

protected:
    void draw(QPainter& painter, const QRectF& area) override;

private:
    void drawCorners(QPainter& painter, const QRectF& area) const;

    std::shared_ptr<const GumbelResult> m_result;
};

} // namespace quantarium::widgets
