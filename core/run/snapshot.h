// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace quantarium {

/// Equal-width bins over [low, high]; values outside are counted, never clamped into a bin.
struct Histogram {
    double low = 0;
    double high = 0;
    std::vector<std::int64_t> counts;
    std::int64_t below = 0;
    std::int64_t above = 0;

    bool operator==(const Histogram&) const = default;
};

/// One distinct quantized value and how many weights have it, exactly.
struct LevelCount {
    double value = 0;
    std::int64_t count = 0;

    bool operator==(const LevelCount&) const = default;
};

/// Logits of one weight, for the Gumbel laboratory.
struct WeightLogits {
    std::int64_t index = 0;     ///< flat index in the weight tensor
    std::vector<double> logits; ///< by ascending value of the value space

    bool operator==(const WeightLogits&) const = default;
};

/// State of a search method (RDHS, SGT) in one layer.
struct SearchState {
    std::optional<double> temperature; ///< τ; RDHS only
    double noise = 0;                  ///< μ
    double meanPathEntropy = 0;        ///< nats, mean over weights of the entropy of softmax(logits / τ)
    double meanLargestProbability = 0; ///< mean over weights of the largest path probability
    double flipRate = 0; ///< share of weights whose chosen value changed since the previous epoch snapshot
    std::vector<double> values;         ///< the value space, ascending
    std::vector<WeightLogits> examples; ///< a few real weights, spread evenly over the tensor

    bool operator==(const SearchState&) const = default;
};

/// One layer's weights at one moment: what is stored (latent) and what the network uses (quantized), never
/// mixed up.
struct LayerSnapshot {
    std::string layer;  ///< parameter name, "layer1.0.conv1.weight"
    std::string method; ///< registry id; "float" for a layer that is kept
    std::int64_t bits = 32;
    std::int64_t elements = 0;
    std::vector<LevelCount>
        levels; ///< ascending exact counts of the quantized weight; empty for float layers
    std::vector<double>
        valueSpace; ///< levels the method can use here, ascending; may have more than `levels`
    std::int64_t codebooks =
        1;            ///< 1, or one per filter; then levels and valueSpace are those of all filters together
    Histogram latent; ///< the weights the optimizer moves (search: the soft weight)
    std::optional<Histogram>
        latentFrozen; ///< INQ: frozen ones, same bins as `latent`, which then holds the free ones
    std::optional<double> frozenShare; ///< INQ
    double zeroShare = 0;              ///< of the quantized weight
    double levelEntropyBits = 0;       ///< of the level occupancy
    std::optional<double> sqnrDb;      ///< 10 log10(Σ latent² / min_c Σ (latent − c · quantized)²)
    std::optional<std::int64_t> flips; ///< weights whose level changed since the previous epoch snapshot
    std::optional<SearchState> search;
    std::map<std::string, double> diagnostics; ///< the method's own scalars: "n1", "scale", …
    std::map<std::string, double> inputDiagnostics; ///< those of what quantizes the layer's input

    bool operator==(const LayerSnapshot&) const = default;
};

/// All quantized (and kept) layers at one moment of a run.
struct WeightSnapshot {
    std::int64_t epoch = 0; ///< epochs finished
    std::int64_t step = 0;  ///< optimizer steps done
    std::vector<LayerSnapshot> layers;

    bool operator==(const WeightSnapshot&) const = default;
};

Json toJson(const WeightSnapshot& snapshot);
/// Throws Error(Data) naming `where`.
WeightSnapshot weightSnapshotFromJson(const Json& document, const std::string& where);

} // namespace quantarium
