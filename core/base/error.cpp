// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/error.h"

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

} // namespace

Error::Error(ErrorKind kind, std::string problem, std::string where, std::string remedy)
    : std::runtime_error(compose(problem, where, remedy)), m_kind(kind), m_problem(std::move(problem)),
      m_where(std::move(where)), m_remedy(std::move(remedy)) {}

} // namespace quantarium
