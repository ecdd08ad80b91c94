// SPDX-License-Identifier: GPL-3.0-or-later
// How fast pictures become training images; see README.md.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
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

double processorSeconds() {
    timespec time{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

/// What the passes of one contender took.
struct Times {
    std::vector<double> wall;
    std::vector<double> processor; ///< of all threads
};

Times measured(const std::function<void()>& pass, Times times) {
    const double processor = processorSeconds();
    const auto begin = std::chrono::steady_clock::now();
    pass();
    times.wall.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    times.processor.push_back(processorSeconds() - processor);
    return times;
}

void compare(const std::vector<Contender>& contenders, int rounds) {
    std::vector<Times> times(contenders.size());
    for (int round = 0; round < rounds + kWarmUpRounds; ++round)
        for (std::size_t i = 0; i < contenders.size(); ++i) {
            const auto turn = (i + static_cast<std::size_t>(round)) % contenders.size();
            auto after = measured(contenders[turn].pass, times[turn]);
            if (round >= kWarmUpRounds) times[turn] = std::move(after);
        }
    std::printf("%-34s %11s %18s   time relative to %s, 95 %% interval\n", "", "images / s",
                "processor ms each", contenders[0].name.c_str());
    for (std::size_t i = 0; i < contenders.size(); ++i)
        std::printf("%-34s %11.0f %18.2f   %s\n", contenders[i].name.c_str(),
                    kPictures / median(times[i].wall), 1000 * median(times[i].processor) / kPictures,
                    toString(pairedRatio(times[i].wall, times[0].wall)).c_str());
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
