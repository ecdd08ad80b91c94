// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/data/dataset.h"

namespace quantarium::data {

/// One file of a dataset as its authors publish it.
struct ManifestFile {
    std::string name;  ///< without ".gz"
    std::string holds; ///< "images", "labels" (IDX) or "records" (CIFAR binary)
    std::int64_t records = 0;
    std::int64_t bytes = 0; ///< uncompressed
};

/// What a file datasets/<id>.json says: the one place for a dataset's layout and constants. Compiled into the
/// library.
struct Manifest {
    std::string id;
    std::string title;
    std::string help;
    std::string source;
    std::string licence;
    std::string obtain;                       ///< where a person gets it, a sentence without its full stop
    std::array<std::int64_t, 3> imageShape{}; ///< channels, height, width
    std::vector<std::string> classes;
    Normalization normalization;
    Json augment;
    std::vector<std::string> folders; ///< below QUANTARIUM_DATA or a given root, in order of preference
    std::int64_t labelBytes = 0;      ///< CIFAR binary: bytes before the pixels of a record
    std::int64_t labelAt = 0;         ///< CIFAR binary: which of them is the class
    DatasetFacts published;           ///< of a set without files of its own here: what its authors say
    std::vector<ManifestFile> train;
    std::vector<ManifestFile> test;

    /// The remedy of an error about one of the dataset's files.
    std::string remedy() const { return obtain + "."; }
};

/// A manifest's text as it was at build time.
struct EmbeddedManifest {
    std::string_view id;
    std::string_view text;
};

/// All files of datasets/, by id. Generated at build time.
const std::vector<EmbeddedManifest>& embeddedManifests();

/// Reads a manifest's text. Throws Error(Config) naming `where` when a key is missing or of a wrong type.
Manifest parseManifest(std::string_view text, const std::string& where);

/// The manifest with this id. Throws std::logic_error when there is none: an id in the code without its file.
Manifest manifestOf(std::string_view id);

/// "dataset" (the manifest's constants), "imagenet" or "none". Throws Error(Config) for another name and for
/// "imagenet" with images that don't have three channels.
Normalization normalizationOf(const std::string& name, const Manifest& manifest);

/// The folder that holds the most of what a dataset consists of: `root` itself, or one of the manifest's
/// folders below it; with an empty root one of those below QUANTARIUM_DATA. Throws Error(Data) naming the
/// places looked at when none holds anything.
///
/// @param held how much of it a folder holds
/// @param what for the message: "file of CIFAR-10 (data_batch_1.bin, …)"
std::filesystem::path findFolder(const Manifest& manifest, const std::filesystem::path& root,
                                 const std::function<std::size_t(const std::filesystem::path&)>& held,
                                 const std::string& what);

/// The folder with the manifest's files: `root` itself or one of the manifest's folders below it; with an
/// empty root one of those folders below QUANTARIUM_DATA. Throws Error(Data) naming the places looked at.
std::filesystem::path findFolder(const Manifest& manifest, const std::filesystem::path& root);

/// The file as it is there: plain, else with ".gz". Throws Error(Data) when it is missing.
std::filesystem::path findFile(const Manifest& manifest, const ManifestFile& file,
                               const std::filesystem::path& folder);

/// Whether findFolder() and findFile() would find everything; reads nothing.
bool filesAvailable(const Manifest& manifest, const std::filesystem::path& root);

} // namespace quantarium::data
