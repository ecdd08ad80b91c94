// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include <torch/types.h>

#include "core/nn/pickle.h"

namespace quantarium::nn {

/// A run of elements that lies outside the pickle and that tensors are views of.
struct Storage {
    std::string key;
    torch::ScalarType type = torch::kFloat32;
    std::int64_t elements = 0; ///< of the whole storage
    std::int64_t begin = 0;    ///< where the part of it begins that is meant, and
    std::int64_t length = 0;   ///< how many elements that has: files before PyTorch 0.4 share storages so
};

/// Where a file keeps its storages.
class StorageSource {
public:
    virtual ~StorageSource() = default;
    /// All elements, [storage.elements] of storage.type, on the CPU. Throws Error(Data) when the file has
    /// none of that key, type and size. The same memory for the same key.
    virtual torch::Tensor load(const Storage& storage) = 0;
};

/// What the pickle of a state dict may name: functions that put tensors together, storage types, torch.Size
/// and element types. For PickleRules.
bool allowedInStateDict(const std::string& name);

/// The storage that a value stands for. Throws Error(Data) at `where` unless it is
/// ("storage", type, key, device, elements[, view]).
Storage storageOf(const Pickle& pickle, const PickleValue& persistent, const std::string& where);

/// The tensors of a state dict by name, contiguous: of the pickled dictionary itself or of the one that it
/// has as `state_dict`, `model_state_dict`, `model`, `net` or `network`. Entries that are no tensors are
/// passed over. No tensor reads outside its storage, and all together take at most `mostBytes`. Throws
/// Error(Data) naming `where` (the file) and the tensor.
std::map<std::string, torch::Tensor> readStateDict(const Pickle& pickle, StorageSource& storages,
                                                   const std::string& where, std::uint64_t mostBytes);

} // namespace quantarium::nn
