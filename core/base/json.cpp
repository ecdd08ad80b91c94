// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/base/json.h"

#include <cmath>
#include <cstdio>
#include <limits>
#include <set>
#include <vector>

#include "core/base/error.h"
#include "core/base/files.h"

namespace quantarium {

namespace {

constexpr std::size_t kMaxDocumentBytes = std::size_t{64} << 20;
constexpr int kMaxDepth = 64;

std::string position(std::string_view text, std::size_t byte) {
    byte = std::min(byte, text.size());
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i + 1 < byte; ++i) {
        if (text[i] == '\n') {
            ++line;
            column = 1;
        } else {
            ++column;
        }
    }
    return "line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// The parser's own wording without its "[json.exception…]" prefix.
std::string reason(const nlohmann::json::exception& error) {
    const std::string text = error.what();
    const auto bracket = text.find("] ");
    return bracket == std::string::npos ? text : text.substr(bracket + 2);
}

} // namespace

Json parseJson(std::string_view text, const std::string& where) {
    if (text.size() > kMaxDocumentBytes)
        throw Error(ErrorKind::Config,
                    "the JSON document has " + std::to_string(text.size()) +
                        " bytes; at most 64 MiB are read",
                    where);
    std::vector<std::set<std::string>> keys;
    std::string problem;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
        if (depth > kMaxDepth && problem.empty()) problem = "nested deeper than 64 levels";
        if (event == Json::parse_event_t::object_start) keys.emplace_back();
        if (event == Json::parse_event_t::object_end && !keys.empty()) keys.pop_back();
        if (event == Json::parse_event_t::key && !keys.empty()) {
            const auto key = parsed.get<std::string>();
            if (!keys.back().insert(key).second && problem.empty())
                problem = "the key \"" + key + "\" appears twice";
        }
        return true;
    };
    try {
        Json document = Json::parse(text, watch);
        if (!problem.empty()) throw Error(ErrorKind::Config, problem, where, "Remove one of them.");
        return document;
    } catch (const nlohmann::json::parse_error& error) {
        throw Error(ErrorKind::Config,
                    "not valid JSON at " + position(text, error.byte) + ": " + reason(error), where);
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Config, "not valid JSON: " + reason(error), where);
    }
}

Json readJsonFile(const std::filesystem::path& file) {
    return parseJson(readTextFile(file, kMaxDocumentBytes), file.string());
}

std::string dumpJson(const Json& value, int indent) {
    return value.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace);
}

Json numberToJson(double value) {
    if (std::isfinite(value)) return value;
    if (std::isnan(value)) return "nan";
    return value > 0 ? "inf" : "-inf";
}

double numberFromJson(const Json& value, const std::string& where) {
    if (value.is_number()) return value.get<double>();
    if (value == "nan") return std::numeric_limits<double>::quiet_NaN();
    if (value == "inf") return std::numeric_limits<double>::infinity();
    if (value == "-inf") return -std::numeric_limits<double>::infinity();
    throw Error(ErrorKind::Config, "expected a number, found " + dumpJson(value), where);
}

std::string hashJson(const Json& value) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;
    for (const unsigned char byte : dumpJson(value)) {
        hash ^= byte;
        hash *= 0x100000001b3ULL;
    }
    char text[17];
    std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(hash));
    return text;
}

} // namespace quantarium
