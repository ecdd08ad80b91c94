// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/devkit.h"

#include <charconv>
#include <cmath>
#include <cstdint>
#include <sstream>

#include "core/base/error.h"
#include "core/base/files.h"
#include "core/data/mat_file.h"

namespace quantarium::data {

namespace {

namespace fs = std::filesystem;

constexpr const char* kGroundTruth = "ILSVRC2012_validation_ground_truth.txt";
constexpr const char* kMeta = "meta.mat";
constexpr std::size_t kLargestText = std::size_t{64} << 20;

/// The file in the first folder that has it, or empty.
fs::path findIn(const std::vector<fs::path>& folders, const char* name) {
    std::error_code ignored;
    for (const auto& folder : folders)
        if (fs::is_regular_file(folder / name, ignored)) return folder / name;
    return {};
}

struct Synset {
    std::string wnid;
    std::string words;
};

/// Classes by ILSVRC2012_ID. The file also has the inner nodes of the hierarchy, with ids above 1000.
std::map<std::int64_t, Synset> readMeta(const fs::path& file) {
    std::map<std::int64_t, Synset> synsets;
    for (auto& record : readMatRecords(file, "synsets")) {
        const auto& id = record["ILSVRC2012_ID"];
        const auto& wnid = record["WNID"];
        if (id.kind != MatValue::Kind::Number || wnid.kind != MatValue::Kind::Text ||
            std::abs(id.number) > 1e6)
            throw Error(ErrorKind::Data, "a synset without ILSVRC2012_ID or WNID", file.string());
        synsets[static_cast<std::int64_t>(id.number)] = {wnid.text, record["words"].text};
    }
    return synsets;
}

std::vector<std::int64_t> readNumbers(const fs::path& file) {
    const std::string text = readTextFile(file, kLargestText);
    std::vector<std::int64_t> numbers;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
            line.pop_back();
        if (line.empty()) continue;
        std::int64_t number = 0;
        const auto [end, code] = std::from_chars(line.data(), line.data() + line.size(), number);
        if (code != std::errc() || end != line.data() + line.size())
            throw Error(ErrorKind::Data,
                        "line " + std::to_string(numbers.size() + 1) + ", \"" + line.substr(0, 40) +
                            "\", is no class number",
                        file.string());
        numbers.push_back(number);
    }
    return numbers;
}

} // namespace

std::vector<fs::path> devkitFolders(const fs::path& root) {
    std::vector<fs::path> folders;
    std::error_code ignored;
    for (const auto& base : {root, fs::absolute(root, ignored).lexically_normal().parent_path()})
        for (const char* below :
             {"ILSVRC2012_devkit_t12/data", "devkit/data", "data", "ILSVRC2012_devkit_t12", "devkit", ""})
            if (const auto folder = base / below; fs::is_directory(folder, ignored))
                folders.push_back(folder);
    return folders;
}

std::vector<std::string> validationClasses(const std::vector<fs::path>& folders, const fs::path& flatFolder) {
    const std::string remedy =
        "Unpack ILSVRC2012_devkit_t12.tar.gz in the dataset's folder, or sort the images into a folder for "
        "each class.";
    const fs::path truth = findIn(folders, kGroundTruth);
    if (truth.empty())
        throw Error(ErrorKind::Data,
                    std::string("its images lie in no class folders, and ") + kGroundTruth + " is missing",
                    flatFolder.string(), remedy);
    const fs::path meta = findIn(folders, kMeta);
    if (meta.empty())
        throw Error(ErrorKind::Data,
                    "has ids that only meta.mat of the same development kit explains, and that is missing",
                    truth.string(), remedy);
    const auto synsets = readMeta(meta);
    std::vector<std::string> classes;
    for (const std::int64_t id : readNumbers(truth)) {
        const auto found = synsets.find(id);
        if (found == synsets.end())
            throw Error(ErrorKind::Data,
                        "line " + std::to_string(classes.size() + 1) + " has the id " + std::to_string(id) +
                            ", which is not in " + meta.string(),
                        truth.string(), "Use both files of one development kit.");
        classes.push_back(found->second.wnid);
    }
    return classes;
}

std::map<std::string, std::string> classWords(const std::vector<fs::path>& folders) {
    std::map<std::string, std::string> words;
    if (const fs::path meta = findIn(folders, kMeta); !meta.empty()) {
        for (const auto& [id, synset] : readMeta(meta))
            words[synset.wnid] = synset.words;
        return words;
    }
    for (const char* name : {"synset_words.txt", "LOC_synset_mapping.txt", "words.txt"}) {
        const fs::path file = findIn(folders, name);
        if (file.empty()) continue;
        std::istringstream stream(readTextFile(file, kLargestText));
        for (std::string line; std::getline(stream, line);) {
            while (!line.empty() && line.back() == '\r')
                line.pop_back();
            const auto space = line.find_first_of(" \t");
            if (space != std::string::npos) words[line.substr(0, space)] = line.substr(space + 1);
        }
        return words;
    }
    return words;
}

std::vector<std::string> classNames(const std::vector<std::string>& wnids,
                                    const std::map<std::string, std::string>& words) {
    std::vector<std::string> names;
    std::map<std::string, int> uses;
    for (const auto& wnid : wnids) {
        const auto found = words.find(wnid);
        const std::string name = found == words.end() ? "" : found->second.substr(0, found->second.find(','));
        names.push_back(name.empty() ? wnid : name);
        ++uses[names.back()];
    }
    for (std::size_t i = 0; i < names.size(); ++i)
        if (uses[names[i]] > 1 && names[i] != wnids[i]) names[i] += " (" + wnids[i] + ")";
    return names;
}

} // namespace quantarium::data
