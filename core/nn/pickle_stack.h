// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

#include "core/nn/pickle.h"
#include "core/nn/pickle_bytes.h"

namespace quantarium::nn {

/// Places of the values that every pickle shares.
enum PickleShared : std::uint32_t { kSharedNone, kSharedFalse, kSharedTrue, kSharedEmptyTuple };

/// Values, stack, marks and memo of a pickle being read, all of limited size. Errors go through the bytes,
/// which know their place.
class PickleStack {
public:
    using Place = std::uint32_t; ///< in the list of values

    explicit PickleStack(const PickleBytes& bytes);

    PickleValue& at(Place place) { return m_values[place]; }
    const PickleValue& at(Place place) const { return m_values[place]; }

    void push(Place place);
    /// References to values end here.
    PickleValue& pushNew(PickleValue::Kind kind);
    Place top() const;
    Place pop();
    std::vector<Place> popCount(std::size_t count);
    void mark();
    /// All values above the last mark, which goes with them.
    std::vector<Place> popMark();

    void remember(std::uint32_t index);
    void rememberNext() { remember(static_cast<std::uint32_t>(m_memo.size())); }
    Place remembered(std::uint32_t index) const;

    /// The place of the only value left; `values` receives all of them.
    Place finish(std::vector<PickleValue>& values);

private:
    std::size_t bottom() const { return m_marks.empty() ? 0 : m_marks.back(); }

    const PickleBytes& m_bytes;
    std::vector<PickleValue> m_values;
    std::vector<Place> m_stack;
    std::vector<std::size_t> m_marks;
    std::unordered_map<std::uint32_t, Place> m_memo;
};

} // namespace quantarium::nn
