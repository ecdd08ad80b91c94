// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "widgets/sampling/drawn_widget.h"
#include "widgets/sampling/gumbel_experiment.h"

namespace quantarium::widgets {

/// Paper B's Figure 2: expectation as bars and three single samples below, for every τ (across) and μ (down).
/// Gumbel-Max also has a tick at the closed form. A click on a place, or arrows and Enter, takes its τ and μ.
class SampleGrid : public DrawnWidget {
    Q_OBJECT
public:
    enum class Kind { Softmax, Max };

    explicit SampleGrid(Kind kind, QWidget* parent = nullptr);

    void setResult(std::shared_ptr<const GumbelResult> result);
    /// The place of column τ and row μ, in widget coordinates.
    QRectF cellRect(int column, int row) const { return cellRect(rect(), column, row); }
    /// Room below the cells for the caption.
    double captionRoom() const { return captionHeight(rect()); }

    QSize sizeHint() const override { return {480, 420}; }
    QSize minimumSizeHint() const override { return {300, 240}; }

signals:
    void picked(double mu, double tau);

protected:
    void draw(QPainter& painter, const QRectF& area) override;
    void mouseReleaseEvent(QMouseEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;

private:
    QRectF cellRect(const QRectF& area, int column, int row) const;
    QString caption() const;
    double captionHeight(const QRectF& area) const; ///< of as many lines as it takes
    void drawHeadings(QPainter& painter, const QRectF& area) const;
    void drawCell(QPainter& painter, const QRectF& place, const GumbelCell& cell) const;
    void pick(int column, int row);

    Kind m_kind;
    std::shared_ptr<const GumbelResult> m_result;
    int m_column = 2; ///< chosen by keys
    int m_row = 1;
};

} // namespace quantarium::widgets
