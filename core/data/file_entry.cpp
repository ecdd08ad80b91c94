// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/entries.h"
#include "core/data/splits.h"

namespace quantarium::data {

namespace {

/// Records of a split, counted once: labels files repeat the images files.
std::int64_t samplesIn(const std::vector<ManifestFile>& files) {
    std::int64_t samples = 0;
    for (const auto& file : files)
        if (file.holds != "labels") samples += file.records;
    return samples;
}

} // namespace

DatasetEntry describedEntry(const Manifest& manifest) {
    DatasetEntry entry;
    entry.schema = {manifest.id, manifest.title, manifest.help, manifest.source, {}};
    entry.published = {static_cast<std::int64_t>(manifest.classes.size()), manifest.imageShape,
                       samplesIn(manifest.train), samplesIn(manifest.test)};
    entry.defaultAugment = manifest.augment;
    entry.describe = [facts = entry.published](const DatasetRequest&) { return facts; };
    return entry;
}

DatasetEntry fileEntry(Manifest manifest, SplitReader reader) {
    DatasetEntry entry = describedEntry(manifest);
    entry.available = [manifest](const std::filesystem::path& root) {
        return filesAvailable(manifest, root);
    };
    entry.open = [manifest = std::move(manifest), reader](const DatasetRequest& request) {
        const auto folder = findFolder(manifest, request.root);
        std::vector<std::string> notes;
        Batch train = reader(manifest, manifest.train, folder, notes);
        Batch test = reader(manifest, manifest.test, folder, notes);
        return makeSplits(std::move(train), std::move(test), manifest, request, std::move(notes));
    };
    return entry;
}

} // namespace quantarium::data
