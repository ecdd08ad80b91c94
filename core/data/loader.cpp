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

#include <sys/resource.h>
#include <unistd.h>

#include "core/base/error.h"
#include "core/base/random.h"
#include "core/data/transform.h"

namespace quantarium::data {

namespace {

constexpr int kNicer = 5;                  ///< what threads that decode add to the training's niceness
constexpr std::int64_t kSharedSamples = 8; ///< of a dataset that decodes: what one thread takes at a time

/// All that an epoch draws from. Immutable, shared with the background threads.
struct Epoch {
    std::vector<std::int64_t> order; ///< sample at each position
    std::uint64_t augmentationSeed = 0;
};

/// A batch at work: threads take pieces of it from the front, and the last one to finish completes it.
struct Preparation {
    Batch batch;
    std::int64_t first = 0; ///< position of its first sample in the epoch
    std::int64_t samples = 0;
    std::int64_t taken = 0;
    std::int64_t done = 0;

    bool ready() const { return done == samples; }
};

/// A piece of a batch.
struct Piece {
    std::shared_ptr<Preparation> of;
    std::int64_t row = 0;
    std::int64_t count = 0;
};

std::int64_t countBatches(std::int64_t samples, const LoaderSettings& settings) {
    if (settings.batch < 1) throw std::invalid_argument("a loader's batch is at least 1");
    if (settings.prefetch < 0) throw std::invalid_argument("a loader can't prefetch less than nothing");
    if (settings.decoders < 1) throw std::invalid_argument("a loader needs a decoder");
    const std::int64_t whole = samples / settings.batch;
    const bool keepRest = samples % settings.batch != 0 && (!settings.dropLast || whole == 0);
    return whole + (keepRest ? 1 : 0);
}

/// Of this thread: the training comes first where both want a processor.
void lowerPriority() {
    const auto thread = static_cast<id_t>(::gettid());
    ::setpriority(PRIO_PROCESS, thread, ::getpriority(PRIO_PROCESS, thread) + kNicer);
}

/// Moves the readable samples together and cuts off the rest.
void leaveOutUnreadable(Batch& batch) {
    const std::int64_t* labels = batch.targets.data_ptr<std::int64_t>();
    std::vector<std::int64_t> readable;
    for (std::int64_t i = 0; i < batch.targets.size(0); ++i)
        if (labels[i] != kUnreadable) readable.push_back(i);
    if (static_cast<std::int64_t>(readable.size()) == batch.targets.size(0)) return;
    for (std::size_t i = 0; i < readable.size(); ++i) {
        const auto row = static_cast<std::int64_t>(i);
        if (readable[i] == row) continue;
        batch.images[row].copy_(batch.images[readable[i]]);
        batch.targets[row].copy_(batch.targets[readable[i]]);
    }
    const auto count = static_cast<std::int64_t>(readable.size());
    batch = {batch.images.narrow(0, 0, count), batch.targets.narrow(0, 0, count)};
}

} // namespace

struct Loader::State {
    State(std::shared_ptr<const Dataset> source, LoaderSettings given)
        : dataset(std::move(source)), settings(std::move(given)),
          transform(settings.normalization, settings.augmentation, settings.channelsLast),
          pieceSamples(dataset->decodes() ? kSharedSamples : settings.batch),
          batches(countBatches(dataset->size(), settings)) {
        const std::int64_t workers = dataset->decodes() ? settings.decoders : 1;
        for (std::int64_t i = 0; settings.prefetch > 0 && i < workers; ++i)
            threads.emplace_back([this](std::stop_token stop) { work(std::move(stop)); });
    }

    std::shared_ptr<const Epoch> plan(std::int64_t index) const;
    std::shared_ptr<Preparation> begin(std::int64_t index) const;
    Piece take(const std::shared_ptr<Preparation>& preparation) const;
    void prepare(const Epoch& from, const Piece& piece) const;
    bool hasWork() const;
    Piece nextPiece();
    void work(std::stop_token stop);
    Batch finish(Preparation& preparation) const;

    const std::shared_ptr<const Dataset> dataset;
    const LoaderSettings settings;
    const Transform transform;
    const std::int64_t pieceSamples;
    const std::int64_t batches;

    std::mutex mutex; ///< guards what follows
    std::condition_variable_any changed;
    std::shared_ptr<const Epoch> epoch;
    std::int64_t nextToBegin = 0;
    std::int64_t nextToGive = 0;
    std::deque<std::shared_ptr<Preparation>> ahead; ///< in order; at most `prefetch`
    std::exception_ptr failure;

    std::vector<std::jthread> threads; ///< last: they end before what they use
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

std::shared_ptr<Preparation> Loader::State::begin(std::int64_t index) const {
    auto preparation = std::make_shared<Preparation>();
    preparation->first = index * settings.batch;
    preparation->samples = std::min(settings.batch, dataset->size() - preparation->first);
    preparation->batch = transform.room(preparation->samples, dataset->imageShape());
    return preparation;
}

Piece Loader::State::take(const std::shared_ptr<Preparation>& preparation) const {
    const Piece piece{preparation, preparation->taken,
                      std::min(pieceSamples, preparation->samples - preparation->taken)};
    preparation->taken += piece.count;
    return piece;
}

void Loader::State::prepare(const Epoch& from, const Piece& piece) const {
    const std::int64_t first = piece.of->first + piece.row;
    const auto indices =
        std::span(from.order).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(piece.count));
    const auto& augmentation = settings.augmentation;
    const WindowDraws draws{augmentation.smallestArea, from.augmentationSeed, first};
    const Batch raw =
        augmentation.resizedCrop ? dataset->fetchWindows(indices, draws) : dataset->fetch(indices);
    transform.write(raw, from.augmentationSeed, first, piece.of->batch, piece.row);
}

bool Loader::State::hasWork() const {
    if (!epoch || failure) return false;
    if (!ahead.empty() && ahead.back()->taken < ahead.back()->samples) return true;
    return nextToBegin < batches && static_cast<std::int64_t>(ahead.size()) < settings.prefetch;
}

Piece Loader::State::nextPiece() {
    if (ahead.empty() || ahead.back()->taken == ahead.back()->samples) ahead.push_back(begin(nextToBegin++));
    return take(ahead.back());
}

void Loader::State::work(std::stop_token stop) {
    if (dataset->decodes()) lowerPriority();
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, stop, [this] { return hasWork(); });
        if (stop.stop_requested()) return;
        const auto current = epoch;
        const Piece piece = nextPiece();
        lock.unlock();
        std::exception_ptr thrown;
        try {
            prepare(*current, piece);
        } catch (...) {
            thrown = std::current_exception();
        }
        lock.lock();
        if (epoch != current) continue; // another epoch began meanwhile
        if (thrown)
            failure = thrown;
        else
            piece.of->done += piece.count;
        changed.notify_all();
    }
}

/// The complete batch without what can't be read; empty when a last, shorter one has nothing left.
Batch Loader::State::finish(Preparation& preparation) const {
    Batch batch = std::move(preparation.batch);
    leaveOutUnreadable(batch);
    if (batch.targets.size(0) == 0 && (preparation.samples == settings.batch || batches == 1))
        throw Error(ErrorKind::Data,
                    "none of the " + std::to_string(preparation.samples) + " images of a batch can be read",
                    "dataset.root", "Check that the folder is still there and its files are whole.");
    return batch;
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
    m_state->nextToBegin = m_state->nextToGive = firstBatch;
    m_state->ahead.clear();
    m_state->failure = nullptr;
    m_state->changed.notify_all();
}

std::optional<Batch> Loader::next() {
    State& state = *m_state;
    std::unique_lock lock(state.mutex);
    if (!state.epoch) throw std::logic_error("Loader::next() before start()");
    if (state.nextToGive == state.batches) return std::nullopt;
    std::shared_ptr<Preparation> preparation;
    if (state.settings.prefetch == 0) {
        preparation = state.begin(state.nextToGive);
        while (preparation->taken < preparation->samples)
            state.prepare(*state.epoch, state.take(preparation));
    } else {
        state.changed.wait(
            lock, [&] { return (!state.ahead.empty() && state.ahead.front()->ready()) || state.failure; });
        if (state.ahead.empty() || !state.ahead.front()->ready()) std::rethrow_exception(state.failure);
        preparation = std::move(state.ahead.front());
        state.ahead.pop_front();
    }
    ++state.nextToGive;
    state.changed.notify_all();
    lock.unlock();
    Batch batch = state.finish(*preparation);
    if (batch.targets.size(0) == 0) return std::nullopt; // the last one, and nothing of it can be read
    return batch;
}

} // namespace quantarium::data
