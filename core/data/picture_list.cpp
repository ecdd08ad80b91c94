// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/picture_list.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace quantarium::data {

namespace {

namespace fs = std::filesystem;

bool isHidden(const fs::path& path) {
    return path.filename().native().starts_with('.');
}

bool isPicture(const fs::path& path) {
    static constexpr std::array<std::string_view, 3> kEndings{".jpeg", ".jpg", ".png"};
    std::string ending = path.extension().native();
    std::transform(ending.begin(), ending.end(), ending.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return std::find(kEndings.begin(), kEndings.end(), ending) != kEndings.end();
}

[[noreturn]] void failToList(const fs::path& folder, const std::error_code& code) {
    throw Error(ErrorKind::Data, "the folder can't be read: " + code.message(), folder.string(),
                "Check dataset.root and its permissions.");
}

} // namespace

void PictureList::add(const std::string& folder, const std::vector<std::string>& names, std::int64_t label) {
    const auto number = static_cast<std::uint32_t>(m_folders.size());
    m_folders.push_back(folder);
    for (const auto& name : names) {
        m_names += name;
        m_ends.push_back(m_names.size());
        m_folder.push_back(number);
        m_labels.push_back(label);
    }
}

std::string PictureList::name(std::int64_t index) const {
    const auto i = static_cast<std::size_t>(index);
    const std::uint64_t begin = i == 0 ? 0 : m_ends.at(i - 1);
    return m_folders[m_folder.at(i)] + "/" + m_names.substr(begin, m_ends[i] - begin);
}

std::vector<std::string> foldersIn(const fs::path& folder) {
    std::error_code code;
    std::vector<std::string> names;
    fs::directory_iterator entry(folder, code);
    for (; !code && entry != fs::directory_iterator(); entry.increment(code)) {
        std::error_code ignored;
        if (!isHidden(entry->path()) && entry->is_directory(ignored))
            names.push_back(entry->path().filename().string());
    }
    if (code) failToList(folder, code);
    std::sort(names.begin(), names.end());
    return names;
}

FolderContents filesIn(const fs::path& folder) {
    std::error_code code;
    FolderContents contents;
    fs::recursive_directory_iterator entry(folder, code);
    for (; !code && entry != fs::recursive_directory_iterator(); entry.increment(code)) {
        std::error_code ignored;
        if (isHidden(entry->path())) {
            entry.disable_recursion_pending();
            continue;
        }
        const bool leadsNowhere = entry->is_symlink(ignored) && !entry->exists(ignored);
        if (!entry->is_regular_file(ignored) && !leadsNowhere) continue;
        auto& names = isPicture(entry->path()) ? contents.pictures : contents.others;
        names.push_back(entry->path().lexically_relative(folder).string());
    }
    if (code) failToList(folder, code);
    std::sort(contents.pictures.begin(), contents.pictures.end());
    std::sort(contents.others.begin(), contents.others.end());
    return contents;
}

} // namespace quantarium::data
