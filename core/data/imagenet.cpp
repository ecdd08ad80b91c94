// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <charconv>
#include <map>

#include "core/base/error.h"
#include "core/base/text.h"
#include "core/data/codecs/picture.h"
#include "core/data/devkit.h"
#include "core/data/entries.h"
#include "core/data/manifest.h"
#include "core/data/picture_dataset.h"
#include "core/data/records.h"
#include "core/data/splits.h"

namespace quantarium::data {

namespace {

namespace fs = std::filesystem;

constexpr const char* kTrain = "train";
constexpr std::array<const char*, 4> kTestFolders{"val", "validation", "valid", "test"};
constexpr std::size_t kNamesShown = 5;

bool isFolder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

std::size_t hasTrain(const fs::path& folder) {
    return isFolder(folder / kTrain) ? 1 : 0;
}

/// "3 classes (a, b, c)", of many the first few.
std::string counted(const std::vector<std::string>& names, const std::string& one, const std::string& many) {
    std::vector<std::string> shown(
        names.begin(), names.begin() + static_cast<std::ptrdiff_t>(std::min(names.size(), kNamesShown)));
    if (names.size() > kNamesShown) shown.emplace_back("…");
    return groupedDigits(static_cast<std::int64_t>(names.size())) + " " + (names.size() == 1 ? one : many) +
           " (" + join(shown) + ")";
}

/// A folder of pictures as it lies there, and what a person should know of it.
class PictureFolder {
public:
    PictureFolder(const Manifest& manifest, const DatasetRequest& request)
        : m_root(findFolder(manifest, request.root, hasTrain, std::string("folder ") + kTrain)),
          m_classes(foldersIn(m_root / kTrain)) {
        if (m_classes.empty())
            throw Error(ErrorKind::Data, "has no folders; each class is a folder of images",
                        (m_root / kTrain).string(), "Put the images of each class into train/<class>/.");
        for (std::size_t i = 0; i < m_classes.size(); ++i)
            m_labels[m_classes[i]] = static_cast<std::int64_t>(i);
    }

    const std::vector<std::string>& classes() const { return m_classes; }
    const std::vector<std::string>& notes() const { return m_notes; }
    std::vector<fs::path> devkit() const { return devkitFolders(m_root); }

    PictureList train() {
        PictureList pictures(m_root);
        for (const auto& name : m_classes)
            addClass(pictures, std::string(kTrain) + "/" + name, m_labels.at(name));
        requirePictures(pictures, kTrain);
        noteEmptyClasses(pictures, kTrain);
        return pictures;
    }

    PictureList test() {
        const auto found = std::find_if(kTestFolders.begin(), kTestFolders.end(),
                                        [&](const char* name) { return isFolder(m_root / name); });
        if (found == kTestFolders.end())
            throw Error(ErrorKind::Data, "the folder with the test images is missing",
                        (m_root / kTestFolders.front()).string(),
                        "Put them into val/<class>/, or all into val/ with the development kit beside it.");
        const std::string name = *found;
        const auto folders = foldersIn(m_root / name);
        PictureList pictures = folders.empty() ? flat(name) : sorted(name, folders);
        requirePictures(pictures, name);
        noteEmptyClasses(pictures, name);
        if (!m_others.empty())
            m_notes.push_back(counted(m_others, "file", "files") +
                              " left out: images end in .jpg, .jpeg or .png");
        return pictures;
    }

private:
    void addClass(PictureList& pictures, const std::string& folder, std::int64_t label) {
        const auto contents = filesIn(m_root / folder);
        pictures.add(folder, contents.pictures, label);
        for (const auto& other : contents.others)
            m_others.push_back(folder + "/" + other);
    }

    PictureList sorted(const std::string& split, const std::vector<std::string>& folders) {
        PictureList pictures(m_root);
        std::vector<std::string> unknown;
        for (const auto& folder : folders) {
            if (const auto label = m_labels.find(folder); label != m_labels.end())
                addClass(pictures, split + "/" + folder, label->second);
            else
                unknown.push_back(folder);
        }
        if (!unknown.empty())
            m_notes.push_back(split + ": " + counted(unknown, "folder", "folders") +
                              " left out: train has no such class");
        return pictures;
    }

    /// Images ILSVRC2012_val_00000001.JPEG …, whose number says which line of the ground truth is theirs.
    PictureList flat(const std::string& split) {
        const auto contents = filesIn(m_root / split);
        const auto classes = validationClasses(devkit(), m_root / split);
        std::map<std::int64_t, std::vector<std::string>> byLabel;
        std::size_t unknown = 0;
        for (const auto& name : contents.pictures) {
            const auto line = numberOf(name);
            if (line < 1 || line > static_cast<std::int64_t>(classes.size()))
                throw Error(ErrorKind::Data,
                            "the name ends in no number of 1 … " + std::to_string(classes.size()) +
                                ", as many images as the ground truth has",
                            (m_root / split / name).string(),
                            "Keep the names ILSVRC2012_val_00000001.JPEG …, or sort the images into a folder "
                            "for each class.");
            const auto label = m_labels.find(classes[static_cast<std::size_t>(line - 1)]);
            if (label != m_labels.end())
                byLabel[label->second].push_back(name);
            else
                ++unknown;
        }
        if (unknown > 0)
            m_notes.push_back(split + ": " + groupedDigits(static_cast<std::int64_t>(unknown)) +
                              (unknown == 1 ? " image" : " images") +
                              " of classes that train doesn't have left out");
        PictureList pictures(m_root);
        for (const auto& [label, names] : byLabel)
            pictures.add(split, names, label);
        return pictures;
    }

    /// The digits at the end of "ILSVRC2012_val_00000001.JPEG"; 0 when there are none.
    static std::int64_t numberOf(const std::string& name) {
        const std::string stem = fs::path(name).stem().string();
        const auto last = stem.find_last_not_of("0123456789");
        const auto digits = last == std::string::npos ? 0 : last + 1;
        std::int64_t number = 0;
        std::from_chars(stem.data() + digits, stem.data() + stem.size(), number);
        return number;
    }

    void requirePictures(const PictureList& pictures, const std::string& split) const {
        if (pictures.size() == 0)
            throw Error(ErrorKind::Data,
                        split == kTrain ? "its folders have no images" : "has no images of train's classes",
                        (m_root / split).string(), "Images are files that end in .jpg, .jpeg or .png.");
    }

    void noteEmptyClasses(const PictureList& pictures, const std::string& split) {
        std::vector<bool> used(m_classes.size());
        for (const auto label : pictures.labels())
            used[static_cast<std::size_t>(label)] = true;
        std::vector<std::string> empty;
        for (std::size_t i = 0; i < m_classes.size(); ++i)
            if (!used[i]) empty.push_back(m_classes[i]);
        if (!empty.empty())
            m_notes.push_back(split + " has no images of " + counted(empty, "class", "classes"));
    }

    fs::path m_root;
    std::vector<std::string> m_classes; ///< folder names, sorted: the class's number is its place
    std::map<std::string, std::int64_t> m_labels;
    std::vector<std::string> m_others; ///< files that are no images by their names
    std::vector<std::string> m_notes;
};

PictureFraming framingOf(const Options& options) {
    const std::int64_t size = options.integer("size");
    const PictureFraming framing{size, options.optionalInteger("resize").value_or((8 * size + 3) / 7)};
    if (framing.resize < framing.size)
        throw Error(ErrorKind::Config,
                    std::to_string(framing.resize) + " is less than the image size " + std::to_string(size) +
                        ", which is cut out of it",
                    "dataset.options.resize", "Use at least the image size, or null for 8/7 of it.");
    return framing;
}

/// Reads nothing but names; limits take as many of each class as they can.
Labelled limited(PictureList pictures, std::int64_t limit, std::int64_t classes,
                 const PictureFraming& framing, const std::shared_ptr<Remarks>& remarks,
                 std::vector<std::int64_t>& labels) {
    const auto chosen = evenSelection(pictures.labels(), classes, limit);
    labels.clear();
    for (const auto index : chosen)
        labels.push_back(pictures.labels()[static_cast<std::size_t>(index)]);
    const bool all = static_cast<std::int64_t>(chosen.size()) == pictures.size();
    const auto samples = pictureDataset(std::move(pictures), framing, remarks);
    return {all ? samples : subset(samples, chosen), labels};
}

Splits open(const Manifest& manifest, const DatasetRequest& request) {
    const PictureFraming framing = framingOf(request.options);
    PictureFolder folder(manifest, request);
    const auto classes = static_cast<std::int64_t>(folder.classes().size());
    auto train = folder.train();
    auto test = folder.test();
    const auto trainCount = limitedCount(train.size(), request.limit, "dataset.limit");
    const auto testCount = limitedCount(test.size(), request.testLimit, "dataset.test_limit");
    const auto remarks = std::make_shared<Remarks>();
    std::vector<std::int64_t> labels;
    Splits splits =
        holdOut(limited(std::move(train), trainCount, classes, framing, remarks, labels), classes, request);
    splits.test = limited(std::move(test), testCount, classes, framing, remarks, labels).samples;
    splits.classNames = classNames(folder.classes(), classWords(folder.devkit()));
    splits.normalization = normalizationOf(request.normalization, manifest);
    splits.notes = folder.notes();
    splits.remarks = remarks;
    return splits;
}

DatasetFacts describe(const Manifest& manifest, const DatasetRequest& request) {
    const std::int64_t size = framingOf(request.options).size;
    const PictureFolder folder(manifest, request);
    return {static_cast<std::int64_t>(folder.classes().size()), {3, size, size}, 0, 0, false};
}

void requireCodecs() {
    if (const auto lacking = codecs::lacking(); !lacking.empty())
        throw Error(ErrorKind::Config, lacking, "dataset.id");
}

} // namespace

DatasetEntry imagenetEntry() {
    const Manifest manifest = manifestOf("imagenet");
    DatasetEntry entry = describedEntry(manifest);
    entry.published = manifest.published;
    entry.lacking = codecs::lacking();
    entry.schema.options = {
        OptionSpec::integer("size", "Image size", manifest.imageShape[1], 8, 1024,
                            "height and width of the images that the network sees", "px"),
        OptionSpec::integer("resize", "Resize", 256, 8, 2048,
                            "the shorter side of a picture before its middle is cut out, for testing and for "
                            "training without random resized crop; null: 8/7 of the image size, 256 for 224",
                            "px")
            .orNull(),
    };
    entry.available = [manifest](const fs::path& root) {
        try {
            requireCodecs();
            (void)findFolder(manifest, root, hasTrain, kTrain);
            return true;
        } catch (const Error&) {
            return false;
        }
    };
    entry.describe = [manifest](const DatasetRequest& request) {
        requireCodecs();
        return data::describe(manifest, request);
    };
    entry.open = [manifest](const DatasetRequest& request) {
        requireCodecs();
        return data::open(manifest, request);
    };
    return entry;
}

} // namespace quantarium::data
