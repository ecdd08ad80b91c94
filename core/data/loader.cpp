// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <numeric>
#include <stdexcept>
#include <thread>

#include "core/base/random.h"
#include "core/data/transform.h"

namespace quantarium::data {

namespace {

/// All that an epoch draws from. Immutable, shared with the background thread.
struct Epoch {
    std::vector<std::int64_t> order; ///< sample at each position
    std::uint64_t augmentationSeed = 0;
};

std::int64_t countBatches(std::int64_t samples, const LoaderSettings& settings) {
    if (settings.batch < 1) throw std::invalid_argument("a loader's batch is at least 1");
    if (settings.prefetch < 0) throw std::invalid_argument("a loader can't prefetch less than nothing");
    const std::int64_t whole = samples / settings.batch;
    const bool keepRest = samples % settings.batch != 0 && (!settings.dropLast || whole == 0);
    return whole + (keepRest ? 1 : 0);
}

} // namespace

struct Loader::State {
    State(std::shared_ptr<const Dataset> source, LoaderSettings given)
        : dataset(std::move(source)), settings(std::move(given)),
          transform(settings.normalization, settings.augmentation, settings.channelsLast),
          batches(countBatches(dataset->size(), settings)) {
        if (settings.prefetch > 0)
            worker = std::jthread([this](std::stop_token stop) { work(std::move(stop)); });
    }

    std::shared_ptr<const Epoch> plan(std::int64_t index) const;
    Batch prepare(const Epoch& from, std::int64_t index) const;
    bool hasWork() const {
        return epoch && !failure && nextToPrepare < batches &&
               static_cast<std::int64_t>(ready.size()) < settings.prefetch;
    }
    void work(std::stop_token stop);

    const std::shared_ptr<const Dataset> dataset;
    const LoaderSettings settings;
    const Transform transform;
    const std::int64_t batches;

    std::mutex mutex; ///< guards what follows
    std::condition_variable_any changed;
    std::shared_ptr<const Epoch> epoch;
    std::int64_t nextToPrepare = 0;
    std::int64_t nextToGive = 0;
    std::deque<Batch> ready;
    std::exception_ptr failure;

    std::jthread worker; ///< last: it ends before what it uses
};

std::shared_ptr<const Epoch> Loader::State::plan(std::int64_t index) const {
    auto result = std::make_shared<Epoch>();
    result->order.resize(static_cast<std::size_t>(dataset->size()));
    std::iota(result->order.begin(), result->order.end(), std::int64_t{0});
    const auto position = static_cast<std::uint64_t>(index);
    if (settings.shuffle)
        RandomStream(deriveSeed(settings.seed, streams::kDataOrder, position)).shuffle(result->order);
    result->augmentationSeed = deriveSeed(settings.seed, streams::kAugmentation, position);
    return result;
}

Batch Loader::State::prepare(const Epoch& from, std::int64_t index) const {
    const std::int64_t first = index * settings.batch;
    const std::int64_t count = std::min(settings.batch, dataset->size() - first);
    const auto indices =
        std::span(from.order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    return transform(dataset->fetch(indices), from.augmentationSeed, first);
}

void Loader::State::work(std::stop_token stop) {
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, stop, [this] { return hasWork(); });
        if (stop.stop_requested()) return;
        const auto current = epoch;
        const std::int64_t index = nextToPrepare;
        lock.unlock();
        Batch batch;
        std::exception_ptr thrown;
        try {
            batch = prepare(*current, index);
        } catch (...) {
            thrown = std::current_exception();
        }
        lock.lock();
        if (epoch != current) continue; // another epoch began meanwhile
        if (thrown) {
            failure = thrown;
        } else {
            ready.push_back(std::move(batch));
            ++nextToPrepare;
        }
        changed.notify_all();
    }
}

Loader::Loader(std::shared_ptr<const Dataset> dataset, LoaderSettings settings)
    : m_state(std::make_unique<State>(std::move(dataset), std::move(settings))) {}

Loader::~Loader() = default;

std::int64_t Loader::batchesPerEpoch() const {
    return m_state->batches;
}

void Loader::start(std::int64_t epoch, std::int64_t firstBatch) {
    if (epoch < 0 || firstBatch < 0 || firstBatch > m_state->batches)
        throw std::out_of_range("batch " + std::to_string(firstBatch) + " of epoch " + std::to_string(epoch) +
                                "; an epoch has " + std::to_string(m_state->batches) + " batches");
    auto plan = m_state->plan(epoch);
    const std::lock_guard lock(m_state->mutex);
    m_state->epoch = std::move(plan);
    m_state->nextToPrepare = m_state->nextToGive = firstBatch;
    m_state->ready.clear();
    m_state->failure = nullptr;
    m_state->changed.notify_all();
}

std::optional<Batch> Loader::next() {
    State& state = *m_state;
    std::unique_lock lock(state.mutex);
    if (!state.epoch) throw std::logic_error("Loader::next() before start()");
    if (state.nextToGive == state.batches) return std::nullopt;
    if (state.settings.prefetch == 0) {
        Batch batch = state.prepare(*state.epoch, state.nextToGive);
        ++state.nextToGive;
        return batch;
    }
    state.changed.wait(lock, [&] { return !state.ready.empty() || state.failure; });
    if (state.ready.empty()) std::rethrow_exception(state.failure);
    Batch batch = std::move(state.ready.front());
    state.ready.pop_front();
    ++state.nextToGive;
    state.changed.notify_all();
    return batch;
}

} // namespace quantarium::data
