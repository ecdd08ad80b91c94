// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/train/run_folder.h"

#include <fstream>
#include <map>

#include "core/base/error.h"
#include "core/base/files.h"

namespace quantarium::train {

namespace {

constexpr std::size_t kLargestRecordFile = std::size_t{4} << 30;

std::filesystem::path epochsFile(const RunFolder& folder) {
    return folder.path() / "epochs.jsonl";
}

/// Shortens a file to its last whole line: what follows was cut by a crash.
void removeCutRecord(const std::filesystem::path& file) {
    std::error_code code;
    const auto size = std::filesystem::file_size(file, code);
    if (code || size == 0) return;
    std::ifstream stream(file, std::ios::binary);
    auto keep = size;
    for (char last = 0; keep > 0; --keep) {
        stream.seekg(static_cast<std::streamoff>(keep) - 1);
        if (!stream.get(last) || last == '\n') break;
    }
    if (keep == size) return;
    std::filesystem::resize_file(file, keep, code);
    if (code)
        throw Error(ErrorKind::Storage, "a cut record can't be removed: " + code.message(), file.string());
}

std::optional<Json> readIfThere(const std::filesystem::path& file) {
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return std::nullopt;
    return readJsonFile(file);
}

} // namespace

void RunFolder::create(const RunConfig& config) const {
    createFolder(m_path);
    writeFileAtomically(m_path / "config.json", dumpJson(config.toJson(), 2) + "\n");
}

RunConfig RunFolder::config() const {
    const auto file = m_path / "config.json";
    return RunConfig::fromJson(readJsonFile(file), file.string());
}

void RunFolder::writeStarted(const RunStarted& started) const {
    writeFileAtomically(m_path / "started.json", dumpJson(toJson(RunEvent(started))) + "\n");
}

std::optional<Json> RunFolder::started() const {
    return readIfThere(m_path / "started.json");
}

void RunFolder::appendEpoch(const EpochDone& epoch) const {
    removeCutRecord(epochsFile(*this));
    appendToFile(epochsFile(*this), dumpJson(toJson(epoch)) + "\n");
}

std::vector<EpochDone> RunFolder::epochs() const {
    const auto file = epochsFile(*this);
    std::error_code ignored;
    if (!std::filesystem::exists(file, ignored)) return {};
    const auto content = readTextFile(file, kLargestRecordFile);
    std::map<std::int64_t, EpochDone> found;
    std::size_t begin = 0;
    for (std::int64_t line = 1; begin < content.size(); ++line) {
        const auto end = content.find('\n', begin);
        if (end == std::string::npos)
            break; // a record that a crash has cut; its epoch has no checkpoint and is done again
        const std::string where = file.string() + ", line " + std::to_string(line);
        auto epoch =
            epochDoneFromJson(parseJson(std::string_view(content).substr(begin, end - begin), where), where);
        const auto number = epoch.epoch;
        found[number] = std::move(epoch);
        begin = end + 1;
    }
    std::vector<EpochDone> result;
    for (auto& [number, epoch] : found)
        result.push_back(std::move(epoch));
    return result;
}

void RunFolder::writeResult(const RunEnded& ended) const {
    writeFileAtomically(m_path / "result.json", dumpJson(toJson(RunEvent(ended)), 2) + "\n");
}

std::optional<RunEnded> RunFolder::result() const {
    const auto file = m_path / "result.json";
    const auto document = readIfThere(file);
    if (!document) return std::nullopt;
    try {
        return RunEnded{runStateFromString(document->at("state").get<std::string>(), file.string()),
                        document->at("reason").get<std::string>(), document->at("result"),
                        document->contains("error") && document->at("error").is_string()
                            ? errorKindFromString(document->at("error").get<std::string>())
                            : std::nullopt};
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Data, std::string("not a run result: ") + error.what(), file.string());
    }
}

void RunFolder::removeResult() const {
    std::error_code ignored;
    std::filesystem::remove(m_path / "result.json", ignored);
}

} // namespace quantarium::train
