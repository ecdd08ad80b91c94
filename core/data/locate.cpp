// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdlib>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/data/manifest.h"

namespace quantarium::data {

namespace {

namespace fs = std::filesystem;

constexpr const char* kDataVariable = "QUANTARIUM_DATA";

fs::path dataFolder() {
    const char* folder = std::getenv(kDataVariable);
    return folder == nullptr ? fs::path() : fs::path(folder);
}

/// The file plain or compressed, or empty.
fs::path existing(const fs::path& folder, const std::string& name) {
    std::error_code ignored;
    for (const char* suffix : {"", ".gz"}) {
        const fs::path file = folder / (name + suffix);
        if (fs::exists(file, ignored)) return file;
    }
    return {};
}

std::vector<ManifestFile> allFiles(const Manifest& manifest) {
    auto files = manifest.train;
    files.insert(files.end(), manifest.test.begin(), manifest.test.end());
    return files;
}

std::size_t countFiles(const Manifest& manifest, const fs::path& folder) {
    std::size_t count = 0;
    for (const auto& file : allFiles(manifest))
        if (!existing(folder, file.name).empty()) ++count;
    return count;
}

/// Where the files may lie. Below QUANTARIUM_DATA only folders with the dataset's own names count, as MNIST
/// and Fashion-MNIST have the same file names.
std::vector<fs::path> candidates(const Manifest& manifest, const fs::path& root) {
    std::vector<fs::path> folders;
    const fs::path base = root.empty() ? dataFolder() : root;
    if (base.empty()) return folders;
    if (!root.empty()) folders.push_back(root);
    for (const auto& folder : manifest.folders)
        folders.push_back(base / folder);
    return folders;
}

/// The candidate that holds most, the first of equals; empty when none holds anything.
fs::path bestFolder(const std::vector<fs::path>& folders,
                    const std::function<std::size_t(const fs::path&)>& held) {
    fs::path best;
    std::size_t most = 0;
    for (const auto& folder : folders) {
        const std::size_t count = held(folder);
        if (count > most) {
            most = count;
            best = folder;
        }
    }
    return best;
}

} // namespace

fs::path findFolder(const Manifest& manifest, const fs::path& root,
                    const std::function<std::size_t(const fs::path&)>& held, const std::string& what) {
    const auto folders = candidates(manifest, root);
    const fs::path best = bestFolder(folders, held);
    if (!best.empty()) return best;
    std::string advice = manifest.remedy() + " Give its folder as dataset.root";
    advice += root.empty() ? std::string(" or its parent in ") + kDataVariable + "." : std::string(".");
    if (folders.empty())
        throw Error(ErrorKind::Data,
                    manifest.title + ": no folder is given, and " + kDataVariable + " is not set",
                    "dataset.root", advice);
    std::error_code ignored;
    if (!root.empty() && !fs::is_directory(root, ignored))
        throw Error(ErrorKind::Data, "there is no folder " + root.string(), "dataset.root", advice);
    std::vector<std::string> places;
    for (const auto& folder : folders)
        places.push_back(folder.string());
    throw Error(ErrorKind::Data, "no " + what + " in " + join(places), "dataset.root", advice);
}

fs::path findFolder(const Manifest& manifest, const fs::path& root) {
    return findFolder(
        manifest, root, [&](const fs::path& folder) { return countFiles(manifest, folder); },
        "file of " + manifest.title + " (" + allFiles(manifest).front().name + ", …)");
}

fs::path findFile(const Manifest& manifest, const ManifestFile& file, const fs::path& folder) {
    const fs::path found = existing(folder, file.name);
    if (found.empty())
        throw Error(ErrorKind::Data, "the file is missing", (folder / file.name).string(), manifest.remedy());
    return found;
}

bool filesAvailable(const Manifest& manifest, const fs::path& root) {
    const fs::path folder = bestFolder(candidates(manifest, root),
                                       [&](const fs::path& each) { return countFiles(manifest, each); });
    return !folder.empty() && countFiles(manifest, folder) == allFiles(manifest).size();
}

} // namespace quantarium::data
