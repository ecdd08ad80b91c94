// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <vector>

#include <torch/types.h>

#include "core/quant/weight_quantizer.h"
#include "core/run/snapshot.h"

namespace quantarium::quant {

/// Detached, float32, on the CPU, contiguous, flat in the order of indices; a view where that is possible.
torch::Tensor plainFloats(const torch::Tensor& tensor);

/// A snapshot's names and sizes.
LayerSnapshot emptySnapshot(const std::string& method, std::int64_t bits, const LayerContext& layer,
                            const torch::Tensor& weight);

/// Half the width of a range around zero that holds nearly all values: 1.1 × the 99.9 % quantile of |value|,
/// from at most 4096 evenly spread values. Never 0.
double robustReach(const torch::Tensor& values);

/// 81 bins over [−reach, reach]; zero is in the middle of one. With `only`, the values where it equals
/// `wanted`.
Histogram histogramOf(const torch::Tensor& values, double reach, const torch::Tensor& only = {},
                      bool wanted = true);

/// Fills levels, zeroShare, levelEntropyBits, valueSpace, codebooks and sqnrDb from the frozen weight and the
/// latent one (plainFloats).
void describeLevels(LayerSnapshot& snapshot, const FrozenWeight& frozen, const torch::Tensor& latent);

/// Counts weights whose code changed since the last mark; the first mark is the start.
class FlipCounter {
public:
    explicit FlipCounter(torch::Tensor codes) : m_marked(std::move(codes)) {}

    std::int64_t count(const torch::Tensor& codes, bool mark);
    const torch::Tensor& marked() const { return m_marked; }
    void restore(const torch::Tensor& codes) { m_marked = codes.clone(); }

private:
    torch::Tensor m_marked; ///< int16 [N] on the CPU
};

/// A quantizer's state read back, with errors that name what doesn't fit. `where` is the layer.
class StateReader {
public:
    StateReader(const torch::OrderedDict<std::string, torch::Tensor>& tensors, const Json& numbers,
                std::string where)
        : m_tensors(tensors), m_numbers(numbers), m_where(std::move(where)) {}

    bool has(const std::string& name) const { return m_tensors.contains(name); }
    /// Throws Error(Data) unless there is a tensor of this shape and type.
    torch::Tensor tensor(const std::string& name, torch::IntArrayRef shape, torch::ScalarType type) const;
    /// Throws Error(Data) unless there is such a number (any JSON number; integers need a whole one).
    double real(const std::string& name) const;
    std::int64_t integer(const std::string& name) const;

private:
    const torch::OrderedDict<std::string, torch::Tensor>& m_tensors;
    const Json& m_numbers;
    std::string m_where;
};

} // namespace quantarium::quant
