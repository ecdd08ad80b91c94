// SPDX-License-Identifier: GPL-3.0-or-later
// How fast pictures become training images; see README.md.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>

#include "core/base/files.h"
#include "core/base/random.h"
#include "core/data/codecs/picture.h"
#include "core/data/loader.h"
#include "core/data/resample.h"
#include "tests/benchmarks/paired.h"
#include "tests/data/picture_files.h"
#include "tests/data/sample_files.h"
#include "tests/support/compare.h"

using namespace quantarium;
using namespace quantarium::benchmarks;

namespace {

namespace fs = std::filesystem;

constexpr int kPictures = 96;
constexpr int kWarmUpRounds = 2;

/// Shades, edges and grain: about as many bytes as a photograph of 500 × 375 pixels has.
std::string photograph(int number) {
    RandomStream random(static_cast<std::uint64_t>(number));
    const double phase = 6 * random.uniform();
    testing::JpegStyle style;
    style.fullColour = false;
    style.quality = 92;
    return testing::jpegFile(
        375, 500,
        [&](int y, int x, int c) {
            const double shade =
                128 + 60 * std::sin(0.013 * x + phase + c) + 40 * std::cos(0.021 * y + phase);
            const double edge = (x / 60 + y / 45) % 2 == 0 ? 18 : -18;
            return static_cast<std::uint8_t>(std::clamp(shade + edge + 9 * random.normal(), 0.0, 255.0));
        },
        style);
}

void writePictures(const fs::path& root) {
    for (int i = 0; i < kPictures; ++i)
        testing::writeFile(root / "train" / (i % 2 == 0 ? "a" : "b") / (std::to_string(i) + ".jpg"),
                           photograph(i));
    testing::writeFile(root / "val" / "a" / "0.jpg", photograph(kPictures));
}

struct Contender {
    std::string name;
    std::function<void()> pass; ///< over all pictures
};

/// Decodes each whole picture and scales all of it, in this thread.
Contender plain(const fs::path& root, std::int64_t size) {
    return {"whole decoding, one thread", [=] {
                std::vector<std::uint8_t> planes(static_cast<std::size_t>(3 * size * size));
                for (const auto& item : fs::recursive_directory_iterator(root / "train")) {
                    if (!item.is_regular_file()) continue;
                    const auto file = readTextFile(item.path(), std::size_t{1} << 24);
                    const std::span bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
                    const auto info = codecs::inspect(bytes);
                    const auto picture = codecs::decode(bytes, info, {0, 0, info.height, info.width}, 1);
                    const data::Window all{0, 0, static_cast<double>(info.height),
                                           static_cast<double>(info.width), true};
                    data::resample({picture.rgb.get(), picture.height, picture.width, 3}, all, size, size,
                                   planes.data());
                }
            }};
}

/// What a run does: files to normalized batches.
Contender loading(const std::string& name, const data::Splits& splits, const Json& augment,
                  std::int64_t decoders) {
    data::LoaderSettings settings;
    settings.batch = 32;
    settings.augmentation = data::Augmentation::from(
        Options::validated(data::Augmentation::schema(), augment, "dataset.augment"));
    settings.normalization = splits.normalization;
    settings.decoders = decoders;
    settings.channelsLast = true;
    const auto loader = std::make_shared<data::Loader>(splits.train, settings);
    const auto epoch = std::make_shared<std::int64_t>(0);
    return {name, [=] {
                loader->start((*epoch)++);
                while (loader->next()) {
                }
            }};
}

double secondsOf(const std::function<void()>& pass) {
    const auto begin = std::chrono::steady_clock::now();
    pass();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

void compare(const std::vector<Contender>& contenders, int rounds) {
    std::vector<std::vector<double>> seconds(contenders.size());
    for (int round = 0; round < rounds + kWarmUpRounds; ++round)
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            const auto turn = (i + static_cast<std::size_t>(round)) % contenders.size();
            const double time = secondsOf(contenders[turn].pass);
            if (round >= kWarmUpRounds) seconds[turn].push_back(time);
        }
    std::printf("%-40s %12s   time relative to %s, 95 %% interval\n", "", "images / s",
                contenders[0].name.c_str());
    for (std::size_t i = 0; i < contenders.size(); ++i)
        std::printf("%-40s %12.0f   %s\n", contenders[i].name.c_str(), kPictures / median(seconds[i]),
                    toString(pairedRatio(seconds[i], seconds[0])).c_str());
}

data::Splits openPictures(const fs::path& root, std::int64_t size) {
    const auto& entry = data::builtinDatasets().at("imagenet", "benchmark");
    data::DatasetRequest request;
    request.root = root;
    request.validationShare = 0;
    request.options = Options::validated(entry.schema.options, {{"size", size}, {"resize", size * 8 / 7}},
                                         "dataset.options");
    return entry.open(request);
}

} // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::max(2, std::atoi(argv[1])) : 12;
    const std::int64_t threads = argc > 2 ? std::max(1, std::atoi(argv[2])) : 2;
    const testing::TemporaryFolder folder;
    writePictures(folder.path());
    const Json random{{"resized_crop", true}, {"flip", true}};
    const Json middle{{"crop", true}, {"pad", 4}, {"flip", true}};
    const std::string many = std::to_string(threads) + " threads";
    for (const std::int64_t size : {224, 64}) {
        const auto splits = openPictures(folder.path(), size);
        std::printf("\nJPEG of 500 x 375 to %ld x %ld\n", static_cast<long>(size), static_cast<long>(size));
        compare({plain(folder.path(), size), loading("random resized crop, 1 thread", splits, random, 1),
                 loading("random resized crop, " + many, splits, random, threads),
                 loading("middle, pad and crop, " + many, splits, middle, threads)},
                rounds);
    }
    return 0;
}
