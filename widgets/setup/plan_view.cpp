// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/plan_view.h"

#include <algorithm>

#include <QHeaderView>
#include <QLocale>
#include <QToolButton>
#include <QVBoxLayout>

#include "core/base/text.h"

namespace quantarium::widgets {

namespace {

enum Column { Layer, Method, Bits, Levels, Multiplies, Scales, Weights, Input, Remark, ColumnCount };

constexpr int kRemarkCharacters = 36; ///< shown of a remark where the panel is narrow; its tooltip has all

QString bytes(double count) {
    return QString::fromStdString(formatBytes(count)).toHtmlEscaped();
}

QString countText(double count) {
    const QLocale locale(QLocale::English);
    if (count >= 1e9) return locale.toString(count / 1e9, 'f', 2) + QStringLiteral(" G");
    if (count >= 1e6) return locale.toString(count / 1e6, 'f', 2) + QStringLiteral(" M");
    return locale.toString(count, 'f', 0);
}

QString multiplications(const RunReport& report) {
    std::int64_t multiplying = 0;
    bool scaled = false;
    for (const auto& layer : report.layers) {
        if (layer.macMultiplies) multiplying += layer.macs;
        scaled = scaled || layer.postScale;
    }
    const auto scale = scaled ? QObject::tr(", one scale per layer after") : QString();
    if (multiplying == 0) return QObject::tr("none in the MACs%1").arg(scale);
    if (multiplying >= report.macs) return QObject::tr("in every MAC%1").arg(scale);
    return QObject::tr("in %1 of the MACs%2").arg(countText(static_cast<double>(multiplying)), scale);
}

QString row(const QString& name, const QString& value) {
    return QStringLiteral("<tr><td style='padding-right:10px'>%1</td><td align='right'><b>%2</b></td></tr>")
        .arg(name, value);
}

/// The two numbers that decide, in one line each, and what was found on the way.
QString summaryHtml(const RunReport& report) {
    const auto& memory = report.memory;
    QString html = QStringLiteral("<table width='100%'>");
    const bool smaller = memory.storedBits < memory.floatBits;
    html += row(QObject::tr("Weights"), smaller ? QObject::tr("%1, %2× smaller than float")
                                                      .arg(bytes(memory.storedBits / 8))
                                                      .arg(memory.reductionEverything, 0, 'f', 1)
                                                : QObject::tr("%1, float").arg(bytes(memory.storedBits / 8)));
    html += row(QObject::tr("Per image"),
                QObject::tr("%1 MACs").arg(countText(static_cast<double>(report.macs))));
    html += QStringLiteral("</table>");
    for (const auto& note : report.notes)
        html += QStringLiteral("<p>%1</p>").arg(QString::fromStdString(note).toHtmlEscaped());
    return html;
}

QString detailsHtml(const RunReport& report) {
    const auto& memory = report.memory;
    QString html = QStringLiteral("<table width='100%'>");
    html += row(QObject::tr("Parameters"), countText(static_cast<double>(memory.parameters)));
    html += row(QObject::tr("Float weights"), bytes(memory.floatBits / 8));
    html += row(QObject::tr("Memory reduction"), QObject::tr("%1× all, %2× weights alone")
                                                     .arg(memory.reductionEverything, 0, 'f', 1)
                                                     .arg(memory.reductionWeightsOnly, 0, 'f', 1));
    html += row(QObject::tr("Multiplications"), multiplications(report));
    html += row(QObject::tr("Training memory"), QObject::tr("about %1").arg(bytes(report.trainingBytes)));
    return html + QStringLiteral("</table>");
}

QString yesOrNo(bool yes) {
    return yes ? QObject::tr("yes") : QObject::tr("no");
}

/// One layer's cells, by column.
QStringList layerTexts(const LayerReport& layer) {
    return {QString::fromStdString(layer.layer),
            QString::fromStdString(layer.method),
            QString::number(layer.bits),
            layer.levels > 0 ? QString::number(layer.levels) : QObject::tr("any"),
            yesOrNo(layer.macMultiplies),
            yesOrNo(layer.postScale),
            countText(static_cast<double>(layer.weights)),
            layer.activationMethod == "none" ? QObject::tr("float") : QString::number(layer.activationBits),
            QString::fromStdString(layer.remark)};
}

Qt::Alignment alignmentOf(int column) {
    if (column == Multiplies || column == Scales || column == Input) return Qt::AlignCenter;
    const bool number = column == Bits || column == Levels || column == Weights;
    return (number ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter;
}

QLabel* textLabel(const QString& accessibleName) {
    auto* label = new QLabel;
    label->setWordWrap(true);
    label->setTextInteractionFlags(Qt::TextSelectableByMouse);
    label->setAccessibleName(accessibleName);
    return label;
}

} // namespace

LayerTable::LayerTable() {
    setObjectName(QStringLiteral("planLayers"));
    setAccessibleName(tr("Layers of the planned run"));
    setHeaderLabels({tr("Layer"), tr("Method"), tr("Bits"), tr("Levels"), tr("Multiplies"), tr("Scales"),
                     tr("Weights"), tr("Input"), tr("Remark")});
    const auto explain = [this](int column, const QString& text) { headerItem()->setToolTip(column, text); };
    explain(Method, tr("What quantizes the layer's weights; “float” where they are kept"));
    explain(Levels, tr("How many values a weight can have"));
    explain(Multiplies, tr("Whether a multiply-accumulate of this layer needs a multiplier"));
    explain(Scales, tr("Whether a real scale multiplies the layer's result afterwards"));
    explain(Input, tr("Bits of the layer's input"));
    explain(Remark, tr("Why a layer is kept, what its bits mean"));
    for (int column = 0; column < ColumnCount; ++column)
        headerItem()->setTextAlignment(column, alignmentOf(column));
    setRootIsDecorated(false);
    setUniformRowHeights(true);
    setHorizontalScrollMode(QAbstractItemView::ScrollPerPixel);
    setMinimumHeight(80);
    setMaximumHeight(150);
    header()->setMinimumSectionSize(fontMetrics().averageCharWidth() * 5);
    header()->setSectionResizeMode(QHeaderView::ResizeToContents);
    header()->setSectionResizeMode(Remark, QHeaderView::Interactive);
    header()->setStretchLastSection(false);
    const auto fit = [this](int column) {
        if (column != Remark) fitRemarks();
    };
    connect(header(), &QHeaderView::sectionResized, this, fit, // when the header has resized all of them
            Qt::QueuedConnection);
}

void LayerTable::fitRemarks() {
    int others = 0;
    for (int column = 0; column < Remark; ++column)
        others += header()->sectionSize(column);
    const int readable = fontMetrics().averageCharWidth() * kRemarkCharacters;
    header()->resizeSection(Remark, std::max(readable, viewport()->width() - others));
}

void LayerTable::resizeEvent(QResizeEvent* event) {
    QTreeWidget::resizeEvent(event);
    fitRemarks();
}

PlanView::PlanView(QWidget* parent) : QWidget(parent) {
    setObjectName(QStringLiteral("plan"));
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(10, 4, 10, 4);
    layout->setSpacing(4);
    m_summary = textLabel(tr("What this run will be like"));
    layout->addWidget(m_summary);
    auto* more = new QToolButton;
    more->setObjectName(QStringLiteral("planDetails"));
    more->setText(tr("Details and layers"));
    more->setCheckable(true);
    more->setArrowType(Qt::RightArrow);
    more->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    more->setProperty("role", QStringLiteral("section"));
    layout->addWidget(more);
    m_details = textLabel(tr("Memory and multiplications"));
    m_details->hide();
    layout->addWidget(m_details);
    m_layers = new LayerTable;
    m_layers->hide();
    layout->addWidget(m_layers);
    connect(more, &QToolButton::toggled, this, [this, more](bool open) {
        more->setArrowType(open ? Qt::DownArrow : Qt::RightArrow);
        m_details->setVisible(open);
        m_layers->setVisible(open);
    });
    showReason(tr("Choose a network and a dataset to see what the run will be like."));
}

void PlanView::showReport(const RunReport& report) {
    m_summary->setText(summaryHtml(report));
    m_details->setText(detailsHtml(report));
    fillLayers(report);
}

void PlanView::fillLayers(const RunReport& report) {
    m_layers->clear();
    for (const auto& layer : report.layers) {
        auto* item = new QTreeWidgetItem(m_layers);
        const QStringList texts = layerTexts(layer);
        for (int column = 0; column < ColumnCount; ++column) {
            item->setText(column, texts[column]);
            item->setTextAlignment(column, alignmentOf(column));
        }
        item->setToolTip(
            Layer, QString::fromStdString(layer.kind + (layer.remark.empty() ? "" : ": " + layer.remark)));
        item->setToolTip(Input, layer.activationMethod == "none"
                                    ? tr("The layer's input stays float")
                                    : tr("%1, %2, %3 values")
                                          .arg(QString::fromStdString(layer.activationMethod),
                                               QString::fromStdString(bitsText(layer.activationBits)))
                                          .arg(layer.activationLevels));
        item->setToolTip(Remark, texts[Remark]);
    }
}

void PlanView::showReason(const QString& reason) {
    m_summary->setText(reason.toHtmlEscaped());
    m_details->clear();
    m_layers->clear();
}

} // namespace quantarium::widgets
