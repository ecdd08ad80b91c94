// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace quantarium::data {

/// Picture files and their labels, without the pictures. Names lie in one block of memory, as ImageNet has
/// 1.3 million.
class PictureList {
public:
    /// @param root what all names are relative to
    explicit PictureList(std::filesystem::path root) : m_root(std::move(root)) {}

    /// Adds the files `names` of a folder, all with one label. @param folder relative to the root
    void add(const std::string& folder, const std::vector<std::string>& names, std::int64_t label);

    std::int64_t size() const { return static_cast<std::int64_t>(m_labels.size()); }
    const std::vector<std::int64_t>& labels() const { return m_labels; }
    std::string name(std::int64_t index) const; ///< "train/n01440764/n01440764_18.JPEG"
    std::filesystem::path path(std::int64_t index) const { return m_root / name(index); }

private:
    std::filesystem::path m_root;
    std::vector<std::string> m_folders;
    std::string m_names;                 ///< one after another
    std::vector<std::uint64_t> m_ends;   ///< where each ends in m_names
    std::vector<std::uint32_t> m_folder; ///< of each, in m_folders
    std::vector<std::int64_t> m_labels;
};

/// What lies in a folder of pictures.
struct FolderContents {
    std::vector<std::string> pictures; ///< by their endings (JPEG, jpg, png, …), sorted by bytes
    std::vector<std::string> others;   ///< files that are none by their endings, sorted
};

/// Folders in a folder, sorted by bytes, those with a dot in front left out. Throws Error(Data).
std::vector<std::string> foldersIn(const std::filesystem::path& folder);

/// Files in a folder and in the folders below it, as paths relative to it. Links count as files, also those
/// that lead nowhere: who reads them says so; links to folders are not followed. Left out are things that are
/// no files, and names with a dot in front. Throws Error(Data).
FolderContents filesIn(const std::filesystem::path& folder);

} // namespace quantarium::data
