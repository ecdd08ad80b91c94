// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/splits.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/memory_dataset.h"

namespace quantarium::data {

namespace {

/// How many of each class to hold out, so that the sum is `total`: the whole parts, then one more for the
/// largest remainders.
std::vector<std::int64_t> apportion(const std::vector<std::vector<std::int64_t>>& byClass, std::int64_t total,
                                    std::int64_t samples) {
    std::vector<std::int64_t> quota(byClass.size());
    std::vector<double> remainder(byClass.size());
    for (std::size_t c = 0; c < byClass.size(); ++c) {
        const double exact = static_cast<double>(total) * static_cast<double>(byClass[c].size()) /
                             static_cast<double>(samples);
        quota[c] = static_cast<std::int64_t>(std::floor(exact));
        remainder[c] = exact - std::floor(exact);
    }
    std::vector<std::size_t> order(byClass.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return remainder[a] > remainder[b]; });
    std::int64_t missing = total - std::accumulate(quota.begin(), quota.end(), std::int64_t{0});
    for (std::size_t i = 0; missing > 0; ++i) {
        const std::size_t c = order[i % order.size()];
        if (quota[c] == static_cast<std::int64_t>(byClass[c].size())) continue;
        ++quota[c];
        --missing;
    }
    return quota;
}

Batch firstSamples(const Batch& samples, std::int64_t count) {
    return {samples.images.narrow(0, 0, count), samples.targets.narrow(0, 0, count)};
}

} // namespace

SplitIndices stratifiedSplit(std::span<const std::int64_t> labels, std::int64_t classes, double share,
                             std::uint64_t seed) {
    const auto samples = static_cast<std::int64_t>(labels.size());
    SplitIndices split;
    std::vector<std::vector<std::int64_t>> byClass(static_cast<std::size_t>(classes));
    for (std::int64_t i = 0; i < samples; ++i)
        byClass[static_cast<std::size_t>(labels[static_cast<std::size_t>(i)])].push_back(i);
    const std::int64_t wanted =
        share > 0 ? std::max<std::int64_t>(1, std::llround(share * static_cast<double>(samples))) : 0;
    const auto quota = apportion(byClass, std::min(wanted, samples), samples);
    RandomStream random(deriveSeed(seed, streams::kSplit));
    for (std::size_t c = 0; c < byClass.size(); ++c) {
        random.shuffle(byClass[c]);
        const auto border = byClass[c].begin() + quota[c];
        split.validation.insert(split.validation.end(), byClass[c].begin(), border);
        split.train.insert(split.train.end(), border, byClass[c].end());
    }
    std::sort(split.train.begin(), split.train.end());
    std::sort(split.validation.begin(), split.validation.end());
    return split;
}

std::int64_t limitedCount(std::int64_t available, std::optional<std::int64_t> limit,
                          const std::string& where) {
    if (limit && *limit < 1)
        throw Error(ErrorKind::Config,
                    std::to_string(*limit) + " images were asked for; at least 1 is needed", where);
    return std::min(available, limit.value_or(available));
}

std::vector<std::int64_t> evenSelection(std::span<const std::int64_t> labels, std::int64_t classes,
                                        std::int64_t limit) {
    std::vector<std::int64_t> ofClass(static_cast<std::size_t>(classes));
    std::vector<std::pair<std::int64_t, std::int64_t>> places; // place within its class, sample
    for (std::size_t i = 0; i < labels.size(); ++i)
        places.emplace_back(ofClass[static_cast<std::size_t>(labels[i])]++, static_cast<std::int64_t>(i));
    const auto count = std::min(places.size(), static_cast<std::size_t>(limit));
    std::stable_sort(places.begin(), places.end(), [&](const auto& a, const auto& b) {
        const auto labelOf = [&](const auto& place) {
            return labels[static_cast<std::size_t>(place.second)];
        };
        return std::pair(a.first, labelOf(a)) < std::pair(b.first, labelOf(b));
    });
    std::vector<std::int64_t> chosen;
    for (std::size_t i = 0; i < count; ++i)
        chosen.push_back(places[i].second);
    std::sort(chosen.begin(), chosen.end());
    return chosen;
}

Splits holdOut(const Labelled& train, std::int64_t classes, const DatasetRequest& request) {
    const double share = request.validationShare;
    if (!(share >= 0 && share < 1))
        throw Error(ErrorKind::Config, "the share " + std::to_string(share) + " is not in [0, 1)",
                    "dataset.validation");
    auto indices = stratifiedSplit(train.labels, classes, share, request.seed);
    if (indices.train.empty())
        throw Error(ErrorKind::Config,
                    "a validation share of " + std::to_string(share) + " leaves none of the " +
                        std::to_string(train.labels.size()) + " training images to train with",
                    "dataset.validation", "Lower it, or raise dataset.limit.");
    Splits splits;
    splits.validation = share > 0 ? subset(train.samples, std::move(indices.validation)) : nullptr;
    splits.train = share > 0 ? subset(train.samples, std::move(indices.train)) : train.samples;
    return splits;
}

Splits makeSplits(Batch train, Batch test, const Manifest& manifest, const DatasetRequest& request,
                  std::vector<std::string> notes) {
    train = firstSamples(train, limitedCount(train.images.size(0), request.limit, "dataset.limit"));
    test = firstSamples(test, limitedCount(test.images.size(0), request.testLimit, "dataset.test_limit"));
    const auto labels = train.targets; // the dataset may get a tensor of its own
    const std::span<const std::int64_t> span(labels.data_ptr<std::int64_t>(),
                                             static_cast<std::size_t>(labels.size(0)));
    Splits splits = holdOut({memoryDataset(std::move(train)), span},
                            static_cast<std::int64_t>(manifest.classes.size()), request);
    splits.test = memoryDataset(std::move(test));
    splits.classNames = manifest.classes;
    splits.normalization = normalizationOf(request.normalization, manifest);
    splits.notes = std::move(notes);
    return splits;
}

} // namespace quantarium::data
