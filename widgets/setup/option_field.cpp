// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/option_field.h"

#include <QCheckBox>
#include <QComboBox>
#include <QGridLayout>
#include <QLineEdit>
#include <QStyle>
#include <QWheelEvent>

#include "widgets/setup/segmented_number.h"

namespace quantarium::widgets {

namespace {

constexpr int kTitleWidth = 118;
constexpr int kMostSegments = 10;

/// A combo box that leaves the wheel to the scrolling form.
class FormComboBox : public QComboBox {
public:
    using QComboBox::QComboBox;

protected:
    void wheelEvent(QWheelEvent* event) override { event->ignore(); }
};

bool isList(OptionType type) {
    return type == OptionType::RealList || type == OptionType::IntegerList;
}
bool isNumber(OptionType type) {
    return type == OptionType::Integer || type == OptionType::Real;
}

QString numberText(const Json& value) {
    return QString::fromStdString(dumpJson(value));
}

QString listText(const Json& list) {
    QStringList parts;
    for (const auto& item : list)
        parts.push_back(numberText(item));
    return parts.join(QStringLiteral(", "));
}

Json parsedNumber(const QString& text) {
    const auto parsed = Json::parse(text.toStdString(), nullptr, false);
    return parsed.is_number() ? parsed : Json(text.toStdString());
}

Json parsedList(const QString& text) {
    Json list = Json::array();
    auto inner = text;
    inner.remove(QLatin1Char('[')).remove(QLatin1Char(']'));
    for (const auto& part : inner.split(QLatin1Char(','), Qt::SkipEmptyParts))
        list.push_back(parsedNumber(part.trimmed()));
    return list;
}

} // namespace

OptionField::OptionField(OptionSpec spec, QString key, QVector<Item> items, QWidget* parent)
    : QWidget(parent), m_spec(std::move(spec)), m_key(std::move(key)) {
    setObjectName(m_key);
    m_grid = new QGridLayout(this);
    m_grid->setContentsMargins(0, 0, 0, 0);
    m_grid->setHorizontalSpacing(8);
    m_grid->setVerticalSpacing(1);
    m_grid->setColumnStretch(1, 1);
    m_title = new QLabel(QString::fromStdString(m_spec.title));
    m_title->setFixedWidth(kTitleWidth);
    m_title->setWordWrap(true);
    buildEditor(items);
    editor()->setObjectName(m_key + QStringLiteral(".editor"));
    editor()->setAccessibleName(m_title->text());
    m_title->setBuddy(editor());
    setFocusProxy(editor());
    m_grid->addWidget(m_title, 0, 0);
    m_grid->addWidget(editor(), 0, 1);
    if (!m_spec.unit.empty()) {
        auto* unit = new QLabel(QString::fromStdString(m_spec.unit));
        unit->setProperty("role", QStringLiteral("muted"));
        m_grid->addWidget(unit, 0, 2);
    }
    m_problem = new QLabel;
    m_problem->setProperty("role", QStringLiteral("problem"));
    m_problem->setWordWrap(true);
    m_problem->hide();
    m_grid->addWidget(m_problem, 1, 1, 1, 2);
    describe();
    setValue(m_spec.defaultValue);
}

void OptionField::buildEditor(const QVector<Item>& items) {
    if (m_spec.type == OptionType::Boolean) {
        m_check = new QCheckBox;
        connect(m_check, &QCheckBox::toggled, this, &OptionField::edited);
        return;
    }
    if (m_spec.type == OptionType::Choice || !items.isEmpty()) {
        m_choice = new FormComboBox;
        m_choice->setFocusPolicy(Qt::StrongFocus);
        m_choice->setSizeAdjustPolicy(QComboBox::AdjustToMinimumContentsLengthWithIcon);
        m_choice->setMinimumContentsLength(12);
        for (const auto& item : items) {
            m_choice->addItem(item.text, item.value);
            m_choice->setItemData(m_choice->count() - 1, item.help, Qt::ToolTipRole);
        }
        if (items.isEmpty())
            for (const auto& choice : m_spec.choices)
                m_choice->addItem(QString::fromStdString(choice), QString::fromStdString(choice));
        connect(m_choice, &QComboBox::currentIndexChanged, this, &OptionField::edited);
        return;
    }
    m_line = new QLineEdit;
    if (isNumber(m_spec.type)) m_line->setAlignment(Qt::AlignRight);
    connect(m_line, &QLineEdit::textChanged, this, &OptionField::edited);
}

void OptionField::describe() {
    auto help = QString::fromStdString(m_spec.help);
    const auto allowed = QString::fromStdString(allowedText(m_spec));
    if (!allowed.isEmpty()) help += QStringLiteral("\n") + tr("Allowed: %1").arg(allowed);
    if (!m_spec.source.empty())
        help += QStringLiteral("\n") + tr("Source: %1").arg(QString::fromStdString(m_spec.source));
    help += QStringLiteral("\n") + m_key;
    setToolTip(help.trimmed());
    if (!m_line) return;
    m_line->setAccessibleDescription(help);
    if (m_spec.nullable)
        m_line->setPlaceholderText(tr("not set"));
    else if (isNumber(m_spec.type))
        m_line->setPlaceholderText(allowed);
}

QWidget* OptionField::editor() const {
    if (m_segments) return m_segments;
    if (m_check) return m_check;
    return m_choice ? static_cast<QWidget*>(m_choice) : m_line;
}

void OptionField::setRange(double minimum, double maximum) {
    const auto old = value();
    m_spec.minimum = minimum;
    m_spec.maximum = maximum;
    describe();
    showSegments(maximum - minimum + 1 <= kMostSegments);
    if (m_segments) m_segments->setRange(static_cast<int>(minimum), static_cast<int>(maximum));
    setValue(old);
}

void OptionField::showSegments(bool shown) {
    if (shown == (m_segments != nullptr)) return;
    if (shown) {
        m_segments = new SegmentedNumber;
        m_segments->setObjectName(m_key + QStringLiteral(".segments"));
        m_segments->setAccessibleName(m_title->text());
        m_grid->replaceWidget(m_line, m_segments);
        connect(m_segments, &SegmentedNumber::edited, this, &OptionField::edited);
    } else {
        m_grid->replaceWidget(m_segments, m_line);
        m_segments->deleteLater();
        m_segments = nullptr;
    }
    m_line->setVisible(!shown);
    m_title->setBuddy(editor());
    setFocusProxy(editor());
}

Json OptionField::value() const {
    if (m_segments) return m_segments->value();
    if (m_check) return m_check->isChecked();
    if (m_choice) return m_choice->currentData().toString().toStdString();
    const auto text = m_line->text().trimmed();
    if (m_spec.nullable && text.isEmpty()) return nullptr;
    if (isNumber(m_spec.type)) return parsedNumber(text);
    if (isList(m_spec.type)) return parsedList(text);
    if (m_spec.type != OptionType::Object) return text.toStdString();
    if (text.isEmpty()) return Json::object();
    const auto parsed = Json::parse(text.toStdString(), nullptr, false);
    return parsed.is_discarded() ? Json(text.toStdString()) : parsed;
}

void OptionField::setValue(const Json& value) {
    const QSignalBlocker blocker(this);
    if (m_segments) {
        m_segments->setValue(value.is_number() ? value.get<int>() : 0);
    } else if (m_check) {
        m_check->setChecked(value.is_boolean() && value.get<bool>());
    } else if (m_choice) {
        const auto text = value.is_string() ? QString::fromStdString(value.get<std::string>()) : QString();
        int index = m_choice->findData(text);
        if (index < 0 &&
            !text.isEmpty()) { // an unknown id from a file: shown as it is, and marked by the check
            m_choice->addItem(text, text);
            index = m_choice->count() - 1;
        }
        m_choice->setCurrentIndex(index);
    } else if (value.is_null()) {
        m_line->clear();
    } else if (value.is_array()) {
        m_line->setText(listText(value));
    } else if (value.is_string()) {
        m_line->setText(QString::fromStdString(value.get<std::string>()));
    } else if (value.is_object() && value.empty()) {
        m_line->clear();
    } else {
        m_line->setText(numberText(value));
    }
    if (m_line) m_line->setCursorPosition(0);
}

QString OptionField::ownProblem() const {
    const auto given = value();
    if (isNumber(m_spec.type) && given.is_string()) {
        const auto text = QString::fromStdString(given.get<std::string>());
        return text.isEmpty() ? tr("A number is needed.") : tr("“%1” is not a number.").arg(text);
    }
    const auto problem = optionProblem(m_spec, given);
    return problem ? QString::fromStdString(*problem) + QStringLiteral(".") : QString();
}

void OptionField::showProblem(const QString& problem) {
    if (m_problem->text() == problem && m_problem->isHidden() == problem.isEmpty()) return;
    m_problem->setText(problem);
    m_problem->setVisible(!problem.isEmpty());
    auto* widget = editor();
    widget->setProperty("wrong", !problem.isEmpty());
    widget->style()->unpolish(widget);
    widget->style()->polish(widget);
}

} // namespace quantarium::widgets
