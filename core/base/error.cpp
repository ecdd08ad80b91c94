// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"

#include <utility>

namespace quantarium {

namespace {

std::string compose(const std::string& problem, const std::string& where, const std::string& remedy) {
    std::string message = where.empty() ? problem : where + ": " + problem;
    if (!remedy.empty()) {
        if (!message.empty() && message.back() != '.') message += '.';
        message += ' ' + remedy;
    }
    return message;
}

constexpr std::pair<ErrorKind, const char*> kKinds[] = {{ErrorKind::Config, "config"},
                                                        {ErrorKind::Data, "data"},
                                                        {ErrorKind::Storage, "storage"},
                                                        {ErrorKind::Resource, "resource"},
                                                        {ErrorKind::Run, "run"}};

} // namespace

std::string nameOf(ErrorKind kind) {
    for (const auto& [candidate, text] : kKinds)
        if (candidate == kind) return text;
    return "unknown";
}

std::optional<ErrorKind> errorKindFromString(const std::string& text) {
    for (const auto& [kind, candidate] : kKinds)
        if (text == candidate) return kind;
    return std::nullopt;
}

Error::Error(ErrorKind kind, std::string problem, std::string where, std::string remedy)
    : std::runtime_error(compose(problem, where, remedy)), m_kind(kind), m_problem(std::move(problem)),
      m_where(std::move(where)), m_remedy(std::move(remedy)) {}

} // namespace quantarium
