// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/options.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "core/base/error.h"
#include "core/base/text.h"

namespace quantarium {

namespace {

OptionSpec make(std::string name, std::string title, OptionType type, Json value, std::string help) {
    OptionSpec spec;
    spec.name = std::move(name);
    spec.title = std::move(title);
    spec.type = type;
    spec.defaultValue = std::move(value);
    spec.help = std::move(help);
    return spec;
}

OptionSpec ranged(OptionSpec spec, double minimum, double maximum) {
    if (std::isfinite(minimum)) spec.minimum = minimum;
    if (std::isfinite(maximum)) spec.maximum = maximum;
    return spec;
}

/// "section" + "key" -> "section.key"; "file: " + "key" -> "file: key".
std::string keyPath(const std::string& path, const std::string& key) {
    return path.empty() || path.ends_with(' ') ? path + key : path + "." + key;
}

std::string number(double value) {
    return dumpJson(Json(value == std::floor(value) && std::abs(value) <= 9007199254740991.0
                             ? Json(static_cast<std::int64_t>(value))
                             : Json(value)));
}

std::string rangeText(const OptionSpec& spec) {
    if (spec.minimum && spec.maximum) return number(*spec.minimum) + " … " + number(*spec.maximum);
    if (spec.minimum) return "at least " + number(*spec.minimum);
    if (spec.maximum) return "at most " + number(*spec.maximum);
    return {};
}

std::optional<std::string> numberProblem(const OptionSpec& spec, const Json& value, bool whole) {
    if (!value.is_number()) return dumpJson(value) + " is not a number";
    const double real = value.get<double>();
    if (!std::isfinite(real)) return dumpJson(value) + " is not a finite number";
    if (whole && !value.is_number_integer() && real != std::floor(real))
        return dumpJson(value) + " is not a whole number";
    if (whole && !value.is_number_integer() && std::abs(real) > 9.0e15)
        return dumpJson(value) + " is too large for a whole number";
    if ((spec.minimum && real < *spec.minimum) || (spec.maximum && real > *spec.maximum))
        return dumpJson(value) + " is outside " + rangeText(spec);
    return std::nullopt;
}

std::optional<std::string> listProblem(const OptionSpec& spec, const Json& value, bool whole) {
    if (!value.is_array()) return dumpJson(value) + " is not a list of numbers";
    for (const auto& item : value)
        if (auto problem = numberProblem(spec, item, whole)) return problem;
    return std::nullopt;
}

/// Whole numbers may arrive as 3.0 (from a form or another program); they are stored as 3.
Json normalized(const OptionSpec& spec, const Json& value) {
    const auto whole = [](const Json& item) {
        return item.is_number_integer() ? item : Json(static_cast<std::int64_t>(item.get<double>()));
    };
    if (value.is_null()) return value;
    if (spec.type == OptionType::Integer) return whole(value);
    if (spec.type == OptionType::Real) return Json(value.get<double>());
    if (spec.type == OptionType::RealList || spec.type == OptionType::IntegerList) {
        Json list = Json::array();
        for (const auto& item : value)
            list.push_back(spec.type == OptionType::IntegerList ? whole(item) : Json(item.get<double>()));
        return list;
    }
    return value;
}

} // namespace

OptionSpec OptionSpec::boolean(std::string name, std::string title, bool value, std::string help) {
    return make(std::move(name), std::move(title), OptionType::Boolean, value, std::move(help));
}

OptionSpec OptionSpec::integer(std::string name, std::string title, std::int64_t value, double minimum,
                               double maximum, std::string help, std::string unit) {
    auto spec = ranged(make(std::move(name), std::move(title), OptionType::Integer, value, std::move(help)),
                       minimum, maximum);
    spec.unit = std::move(unit);
    return spec;
}

OptionSpec OptionSpec::real(std::string name, std::string title, double value, double minimum, double maximum,
                            std::string help, std::string unit) {
    auto spec = ranged(make(std::move(name), std::move(title), OptionType::Real, value, std::move(help)),
                       minimum, maximum);
    spec.unit = std::move(unit);
    return spec;
}

OptionSpec OptionSpec::text(std::string name, std::string title, std::string value, std::string help) {
    return make(std::move(name), std::move(title), OptionType::Text, std::move(value), std::move(help));
}

OptionSpec OptionSpec::choice(std::string name, std::string title, std::string value,
                              std::vector<std::string> choices, std::string help) {
    auto spec =
        make(std::move(name), std::move(title), OptionType::Choice, std::move(value), std::move(help));
    spec.choices = std::move(choices);
    return spec;
}

OptionSpec OptionSpec::realList(std::string name, std::string title, std::vector<double> value,
                                double minimum, double maximum, std::string help) {
    return ranged(
        make(std::move(name), std::move(title), OptionType::RealList, std::move(value), std::move(help)),
        minimum, maximum);
}

OptionSpec OptionSpec::integerList(std::string name, std::string title, std::vector<std::int64_t> value,
                                   double minimum, double maximum, std::string help) {
    return ranged(
        make(std::move(name), std::move(title), OptionType::IntegerList, std::move(value), std::move(help)),
        minimum, maximum);
}

OptionSpec OptionSpec::withSource(std::string text) && {
    source = std::move(text);
    return std::move(*this);
}

OptionSpec OptionSpec::orNull() && {
    nullable = true;
    defaultValue = nullptr;
    return std::move(*this);
}

OptionSpec OptionSpec::asAdvanced() && {
    advanced = true;
    return std::move(*this);
}

OptionSpec OptionSpec::when(std::string sibling, std::vector<Json> values) && {
    onlyWhen = std::move(sibling);
    onlyWhenValues = std::move(values);
    return std::move(*this);
}

std::optional<std::string> optionProblem(const OptionSpec& spec, const Json& value) {
    if (value.is_null())
        return spec.nullable ? std::nullopt : std::optional<std::string>("null is not allowed");
    switch (spec.type) {
    case OptionType::Boolean:
        if (!value.is_boolean()) return dumpJson(value) + " is neither true nor false";
        return std::nullopt;
    case OptionType::Integer:
        return numberProblem(spec, value, true);
    case OptionType::Real:
        return numberProblem(spec, value, false);
    case OptionType::Text:
        if (!value.is_string()) return dumpJson(value) + " is not a text";
        return std::nullopt;
    case OptionType::Choice:
        if (!value.is_string() || std::find(spec.choices.begin(), spec.choices.end(),
                                            value.get<std::string>()) == spec.choices.end())
            return dumpJson(value) + " is not " + allowedText(spec);
        return std::nullopt;
    case OptionType::RealList:
        return listProblem(spec, value, false);
    case OptionType::IntegerList:
        return listProblem(spec, value, true);
    case OptionType::Object:
        if (!value.is_object()) return dumpJson(value) + " is not an object";
        return std::nullopt;
    }
    throw std::logic_error("unknown option type");
}

bool optionApplies(const OptionSpec& spec, const Json& siblings) {
    if (spec.onlyWhen.empty()) return true;
    const auto found = siblings.find(spec.onlyWhen);
    return found != siblings.end() && std::find(spec.onlyWhenValues.begin(), spec.onlyWhenValues.end(),
                                                *found) != spec.onlyWhenValues.end();
}

std::string allowedText(const OptionSpec& spec) {
    if (spec.type == OptionType::Choice) return "one of " + join(spec.choices);
    if (spec.type == OptionType::Boolean) return "true or false";
    return rangeText(spec);
}

namespace {

/// "file" or "run", as JSON.
std::string valuesText(const std::vector<Json>& values) {
    std::vector<std::string> texts;
    for (const auto& value : values)
        texts.push_back(dumpJson(value));
    return join(texts, " or ");
}

} // namespace

Options Options::validated(const std::vector<OptionSpec>& specs, const Json& given, const std::string& path) {
    if (!given.is_object() && !given.is_null())
        throw Error(ErrorKind::Config, dumpJson(given) + " is not an object of options", path);
    Options result;
    for (const auto& spec : specs)
        result.m_values[spec.name] = spec.defaultValue;
    if (given.is_object()) {
        std::vector<std::string> names;
        for (const auto& spec : specs)
            names.push_back(spec.name);
        for (const auto& [key, value] : given.items()) {
            const auto spec =
                std::find_if(specs.begin(), specs.end(), [&](const OptionSpec& s) { return s.name == key; });
            if (spec == specs.end()) {
                const auto near = nearestWord(key, names);
                throw Error(ErrorKind::Config, "there is no such key", keyPath(path, key),
                            names.empty() ? "No keys are allowed here."
                                          : (near.empty() ? "" : "Did you mean \"" + near + "\"? ") +
                                                "Allowed: " + join(names) + ".");
            }
            if (const auto problem = optionProblem(*spec, value)) {
                const auto allowed = allowedText(*spec);
                const bool said = allowed.empty() || problem->find(allowed) != std::string::npos;
                throw Error(
                    ErrorKind::Config, *problem + (said && !spec->unit.empty() ? " " + spec->unit : ""),
                    keyPath(path, key),
                    said ? std::string()
                         : "Allowed: " + allowed + (spec->unit.empty() ? "" : " " + spec->unit) + ".");
            }
            result.m_values[key] = normalized(*spec, value);
        }
        for (const auto& spec : specs)
            if (!optionApplies(spec, result.m_values) && given.contains(spec.name) &&
                given[spec.name] != spec.defaultValue)
                throw Error(ErrorKind::Config,
                            "applies only when " + spec.onlyWhen + " is " + valuesText(spec.onlyWhenValues) +
                                ", and it is " + dumpJson(result.m_values[spec.onlyWhen]),
                            keyPath(path, spec.name), "Remove one of the two.");
    }
    return result;
}

const Json& Options::at(const std::string& name) const {
    const auto found = m_values.find(name);
    if (found == m_values.end()) throw std::logic_error("option not in the schema: " + name);
    return *found;
}

bool Options::boolean(const std::string& name) const {
    return at(name).get<bool>();
}
std::int64_t Options::integer(const std::string& name) const {
    return at(name).get<std::int64_t>();
}
double Options::real(const std::string& name) const {
    return at(name).get<double>();
}
std::string Options::text(const std::string& name) const {
    return at(name).get<std::string>();
}
std::vector<double> Options::reals(const std::string& name) const {
    return at(name).get<std::vector<double>>();
}
std::vector<std::int64_t> Options::integers(const std::string& name) const {
    return at(name).get<std::vector<std::int64_t>>();
}
bool Options::isNull(const std::string& name) const {
    return at(name).is_null();
}

std::optional<double> Options::optionalReal(const std::string& name) const {
    return isNull(name) ? std::nullopt : std::optional<double>(real(name));
}

std::optional<std::int64_t> Options::optionalInteger(const std::string& name) const {
    return isNull(name) ? std::nullopt : std::optional<std::int64_t>(integer(name));
}

} // namespace quantarium
