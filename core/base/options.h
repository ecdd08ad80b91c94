// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace quantarium {

enum class OptionType { Boolean, Integer, Real, Text, Choice, RealList, IntegerList, Object };

/// One option as every interface sees it: the form, the command line's help, validation and the reference
/// documentation are all made from this description.
struct OptionSpec {
    std::string name;  ///< the JSON key, snake_case
    std::string title; ///< label in the form
    OptionType type = OptionType::Text;
    Json defaultValue;
    std::optional<double> minimum;    ///< inclusive; for lists it holds for every item
    std::optional<double> maximum;    ///< inclusive
    std::vector<std::string> choices; ///< allowed texts of a Choice
    std::string unit;
    std::string help;      ///< one line
    std::string source;    ///< paper, section, equation
    bool nullable = false; ///< null allowed, meaning "not set"
    bool advanced = false; ///< shown on demand
    /// Shown and allowed only while a sibling option has one of these values; empty name: always.
    std::string onlyWhen;
    std::vector<Json> onlyWhenValues;

    static OptionSpec boolean(std::string name, std::string title, bool value, std::string help);
    static OptionSpec integer(std::string name, std::string title, std::int64_t value, double minimum,
                              double maximum, std::string help, std::string unit = {});
    static OptionSpec real(std::string name, std::string title, double value, double minimum, double maximum,
                           std::string help, std::string unit = {});
    static OptionSpec text(std::string name, std::string title, std::string value, std::string help);
    static OptionSpec choice(std::string name, std::string title, std::string value,
                             std::vector<std::string> choices, std::string help);
    static OptionSpec realList(std::string name, std::string title, std::vector<double> value, double minimum,
                               double maximum, std::string help);
    static OptionSpec integerList(std::string name, std::string title, std::vector<std::int64_t> value,
                                  double minimum, double maximum, std::string help);

    OptionSpec withSource(std::string text) &&;
    OptionSpec orNull() &&; ///< nullable, null by default
    OptionSpec asAdvanced() &&;
    OptionSpec when(std::string sibling, std::vector<Json> values) &&;
};

/// How a method, network, dataset, optimizer, … describes itself, once.
struct EntrySchema {
    std::string id;    ///< stable kebab-case; stored in files
    std::string title; ///< shown to people
    std::string help;  ///< one line
    std::string source;
    std::vector<OptionSpec> options;
};

/// Validated options of one entry, complete with defaults, with typed access. Asking for a name that the
/// schema does not have is a programmer's error (assertion by exception std::logic_error).
class Options {
public:
    Options() : m_values(Json::object()) {}

    /// Checks `given` (an object; null counts as empty) against the schema and fills in the defaults. Throws
    /// Error(Config) whose `where` is `path.key`, naming the value and what is allowed.
    static Options validated(const std::vector<OptionSpec>& specs, const Json& given,
                             const std::string& path);

    bool boolean(const std::string& name) const;
    std::int64_t integer(const std::string& name) const;
    double real(const std::string& name) const;
    std::string text(const std::string& name) const; ///< also choices
    std::vector<double> reals(const std::string& name) const;
    std::vector<std::int64_t> integers(const std::string& name) const;
    bool isNull(const std::string& name) const;
    std::optional<double> optionalReal(const std::string& name) const;
    std::optional<std::int64_t> optionalInteger(const std::string& name) const;

    const Json& json() const { return m_values; } ///< complete object, sorted keys

private:
    const Json& at(const std::string& name) const;

    Json m_values;
};

/// Checks one value; returns what is wrong ("0.5 is not a whole number", "12 is outside 2 … 9") or nothing.
/// The form marks a field with this text.
std::optional<std::string> optionProblem(const OptionSpec& spec, const Json& value);

/// True when the option applies beside these sibling values.
bool optionApplies(const OptionSpec& spec, const Json& siblings);

/// "2 … 9", "one of sgd, adam", for help and messages.
std::string allowedText(const OptionSpec& spec);

} // namespace quantarium
