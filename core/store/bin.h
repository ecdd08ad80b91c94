// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/store/database.h"

namespace quantarium::store {

/// Folders on their way into or out of the bin. Without keep() they go back, so that files and rows stay in
/// step when the transaction around them fails.
class FolderMoves {
public:
    FolderMoves() = default;
    ~FolderMoves();
    FolderMoves(const FolderMoves&) = delete;
    FolderMoves& operator=(const FolderMoves&) = delete;

    /// A folder that doesn't exist (a run that never started) is passed over.
    void move(const std::filesystem::path& from, const std::filesystem::path& to);
    void keep() { m_done.clear(); }

private:
    std::vector<std::pair<std::filesystem::path, std::filesystem::path>> m_done;
};

/// The name of a folder that emptyBin is about to delete: bin/<id>.deleted.
std::filesystem::path markedForDeletion(const std::filesystem::path& binned);

/// After a crash between rows and folders: the rows decide. Folders of binned runs go to bin/, of others back
/// to runs/; what emptyBin had marked is deleted when its row is gone and brought back otherwise. Nothing
/// else is touched.
void repairBin(Database& database, const std::filesystem::path& runs, const std::filesystem::path& bin);

} // namespace quantarium::store
