// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/data/picture_folders.h"

#include "tests/data/picture_files.h"
#include "tests/data/sample_files.h"

namespace quantarium::testing {

std::string pictureOf(int label, int number, int height, int width) {
    return jpegFile(height, width, [=](int, int, int c) {
        return static_cast<std::uint8_t>(c == 0 ? 40 * label + 20 : c == 1 ? 10 * number : 77);
    });
}

void writeFolder(const std::filesystem::path& root, int count) {
    for (std::size_t k = 0; k < kClasses.size(); ++k)
        for (int i = 0; i < count; ++i) {
            const auto name = kClasses[k] + "_" + std::to_string(i) + ".JPEG";
            writeFile(root / "train" / kClasses[k] / name, pictureOf(static_cast<int>(k), i));
            if (i < 2)
                writeFile(root / "val" / kClasses[k] / ("val_" + name),
                          pictureOf(static_cast<int>(k), i + 10));
        }
}

data::DatasetRequest folderRequest(const std::filesystem::path& root, const Json& options) {
    const auto& entry = data::builtinDatasets().at("imagenet", "test");
    data::DatasetRequest request;
    request.root = root;
    request.validationShare = 0;
    request.options = Options::validated(entry.schema.options, options, "dataset.options");
    return request;
}

data::Splits openFolder(const data::DatasetRequest& request) {
    return data::builtinDatasets().at("imagenet", "test").open(request);
}

std::optional<Error> folderError(const data::DatasetRequest& request) {
    try {
        (void)openFolder(request);
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

std::vector<std::array<int, 3>> contentOf(const data::Dataset& dataset) {
    std::vector<std::array<int, 3>> content;
    const auto batch = allSamples(dataset);
    for (std::int64_t i = 0; i < dataset.size(); ++i) {
        const auto at = [&](int c) { return batch.images[i][c][8][8].item<int>(); };
        content.push_back({(at(0) - 10) / 40, (at(1) + 5) / 10, batch.targets[i].item<int>()});
    }
    return content;
}

} // namespace quantarium::testing
