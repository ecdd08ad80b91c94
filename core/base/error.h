// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <stdexcept>
#include <string>

namespace quantarium {

/// What kind of thing went wrong; the command line turns it into an exit code, the desktop into an icon.
enum class ErrorKind {
    Config,   ///< a configuration, option or command line is wrong
    Data,     ///< a dataset, weights or checkpoint file is wrong
    Storage,  ///< a workspace or run folder can't be read or written
    Resource, ///< not enough memory
    Run       ///< the run itself failed, for example a loss that is not finite
};

/// "config", "data", "storage", "resource", "run": the word in event lines and run records.
std::string nameOf(ErrorKind kind);
/// Nothing for an unknown word.
std::optional<ErrorKind> errorKindFromString(const std::string& text);

/// The one exception type of the core: what went wrong, where, and what to do about it.
///
/// `what()` is the whole message on one line: "where: problem. remedy". The parts stay available for
/// interfaces that mark a field. Thread: any.
class Error : public std::runtime_error {
public:
    /// @param problem names the value received and what was allowed
    /// @param where   file, run, layer or configuration key ("weights.bits"); may be empty
    /// @param remedy  what the reader can do; may be empty
    Error(ErrorKind kind, std::string problem, std::string where = {}, std::string remedy = {});

    ErrorKind kind() const { return m_kind; }
    const std::string& problem() const { return m_problem; }
    const std::string& where() const { return m_where; }
    const std::string& remedy() const { return m_remedy; }

private:
    ErrorKind m_kind;
    std::string m_problem;
    std::string m_where;
    std::string m_remedy;
};

} // namespace quantarium
