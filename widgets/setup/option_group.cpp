// SPDX-License-Identifier: GPL-3.0-or-later
#include "widgets/setup/option_group.h"

#include <algorithm>

namespace quantarium::widgets {

OptionGroup::OptionGroup(const std::vector<OptionSpec>& specs, const QString& path, const Items& items,
                         QWidget* parent)
    : QWidget(parent) {
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->setSpacing(5);
    for (const auto& spec : specs) {
        const auto key = path.isEmpty() ? QString::fromStdString(spec.name)
                                        : path + QLatin1Char('.') + QString::fromStdString(spec.name);
        auto* field = new OptionField(spec, key, items ? items(spec.name) : QVector<OptionField::Item>());
        m_fields.push_back(field);
        layout->addWidget(field);
        connect(field, &OptionField::edited, this, [this, name = spec.name] {
            showApplicable();
            emit edited(name);
        });
    }
    showApplicable();
}

Json OptionGroup::values() const {
    Json all = Json::object();
    for (const auto* field : m_fields)
        all[field->spec().name] = field->value();
    Json applying = Json::object();
    for (const auto* field : m_fields)
        if (optionApplies(field->spec(), all)) applying[field->spec().name] = all[field->spec().name];
    return applying;
}

void OptionGroup::setValues(const Json& values) {
    for (auto* field : m_fields) {
        const auto found = values.is_object() ? values.find(field->spec().name) : values.end();
        field->setValue(values.is_object() && found != values.end() ? *found : field->spec().defaultValue);
    }
    showApplicable();
}

OptionField* OptionGroup::field(const std::string& name) const {
    const auto found = std::find_if(m_fields.begin(), m_fields.end(),
                                    [&](const OptionField* field) { return field->spec().name == name; });
    return found == m_fields.end() ? nullptr : *found;
}

void OptionGroup::setAdvancedShown(bool shown) {
    m_advancedShown = shown;
    showApplicable();
}

void OptionGroup::suppress(const std::string& name, bool suppressed) {
    if (suppressed)
        m_suppressed.insert(name);
    else
        m_suppressed.erase(name);
    showApplicable();
}

void OptionGroup::showApplicable() {
    Json all = Json::object();
    for (const auto* field : m_fields)
        all[field->spec().name] = field->value();
    for (auto* field : m_fields) {
        const bool changed = field->value() != field->spec().defaultValue; // never hide what was set
        field->setVisible(!m_suppressed.contains(field->spec().name) && optionApplies(field->spec(), all) &&
                          (!field->spec().advanced || m_advancedShown || changed));
    }
}

} // namespace quantarium::widgets
