// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/manifest.h"

#include <algorithm>
#include <stdexcept>

#include "core/base/error.h"

namespace quantarium::data {

namespace {

constexpr std::string_view kFormat = "quantarium-dataset/1";

std::vector<ManifestFile> parseFiles(const Json& list) {
    std::vector<ManifestFile> files;
    for (const auto& item : list)
        files.push_back({item.at("name"), item.at("holds"), item.at("records"), item.at("bytes")});
    return files;
}

Manifest parse(const Json& document) {
    Manifest manifest;
    manifest.id = document.at("id");
    manifest.title = document.at("title");
    manifest.help = document.at("help");
    manifest.source = document.at("source");
    manifest.licence = document.at("licence");
    manifest.obtain = document.at("obtain");
    const Json& normalization = document.at("normalization");
    manifest.normalization = {normalization.at("mean"), normalization.at("deviation")};
    if (document.contains("image")) {
        const Json& image = document.at("image");
        manifest.imageShape = {image.at("channels"), image.at("height"), image.at("width")};
        if (document.contains("classes")) document.at("classes").get_to(manifest.classes);
        manifest.augment = document.at("augment");
    }
    if (document.contains("published")) {
        const Json& published = document.at("published");
        manifest.published = {published.at("classes"), manifest.imageShape, published.at("train"),
                              published.at("test"), false};
    }
    if (document.contains("folders")) document.at("folders").get_to(manifest.folders);
    if (document.contains("record")) {
        manifest.labelBytes = document.at("record").at("label_bytes");
        manifest.labelAt = document.at("record").at("label_at");
    }
    if (document.contains("files")) {
        manifest.train = parseFiles(document.at("files").at("train"));
        manifest.test = parseFiles(document.at("files").at("test"));
    }
    return manifest;
}

} // namespace

Manifest parseManifest(std::string_view text, const std::string& where) {
    const Json document = parseJson(text, where);
    if (!document.is_object() || document.value("format", Json()) != kFormat)
        throw Error(ErrorKind::Config, "is not of the format " + std::string(kFormat), where);
    try {
        return parse(document);
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Config, std::string("is not a dataset manifest: ") + error.what(), where);
    }
}

Manifest manifestOf(std::string_view id) {
    for (const auto& embedded : embeddedManifests())
        if (embedded.id == id) return parseManifest(embedded.text, "datasets/" + std::string(id) + ".json");
    throw std::logic_error("no file datasets/" + std::string(id) + ".json");
}

Normalization normalizationOf(const std::string& name, const Manifest& manifest) {
    const auto channels = static_cast<std::size_t>(manifest.imageShape[0]);
    if (name == "dataset") return manifest.normalization;
    if (name == "none") return {std::vector<double>(channels, 0.0), std::vector<double>(channels, 1.0)};
    const std::string where = "dataset.normalization";
    if (name != "imagenet")
        throw Error(ErrorKind::Config,
                    "there is no normalization \"" + name + "\"; allowed are dataset, imagenet, none", where);
    const Normalization imagenet = manifestOf("imagenet").normalization;
    if (imagenet.mean.size() != channels)
        throw Error(ErrorKind::Config,
                    "\"imagenet\" is for images of 3 channels; those of " + manifest.title + " have " +
                        std::to_string(channels),
                    where, "Choose \"dataset\".");
    return imagenet;
}

} // namespace quantarium::data
