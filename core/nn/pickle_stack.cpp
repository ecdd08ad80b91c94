// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/pickle_stack.h"

namespace quantarium::nn {

namespace {

constexpr std::size_t kMostValues = 2'000'000; ///< 100,000 tensors; the values then take about 200 MB
constexpr std::size_t kDeepestStack = 20'000'000;
constexpr std::size_t kDeepestMarks = 1000;

} // namespace

PickleStack::PickleStack(const PickleBytes& bytes) : m_bytes(bytes), m_values(4) {
    m_values[kSharedFalse].kind = m_values[kSharedTrue].kind = PickleValue::Kind::Boolean;
    m_values[kSharedTrue].integer = 1;
    m_values[kSharedEmptyTuple].kind = PickleValue::Kind::Tuple;
}

void PickleStack::push(Place place) {
    if (m_stack.size() >= kDeepestStack) m_bytes.fail("the stack has more than 20 million values");
    m_stack.push_back(place);
}

PickleValue& PickleStack::pushNew(PickleValue::Kind kind) {
    if (m_values.size() >= kMostValues) m_bytes.fail("the pickle has more than 2 million values");
    push(static_cast<Place>(m_values.size()));
    m_values.emplace_back().kind = kind;
    return m_values.back();
}

PickleStack::Place PickleStack::top() const {
    if (m_stack.size() <= bottom()) m_bytes.fail("the stack has no value left");
    return m_stack.back();
}

PickleStack::Place PickleStack::pop() {
    const Place place = top();
    m_stack.pop_back();
    return place;
}

std::vector<PickleStack::Place> PickleStack::popCount(std::size_t count) {
    if (m_stack.size() - bottom() < count)
        m_bytes.fail("the stack should have " + std::to_string(count) + " values; it has " +
                     std::to_string(m_stack.size() - bottom()));
    std::vector<Place> places(m_stack.end() - static_cast<std::ptrdiff_t>(count), m_stack.end());
    m_stack.resize(m_stack.size() - count);
    return places;
}

void PickleStack::mark() {
    if (m_marks.size() >= kDeepestMarks) m_bytes.fail("values are nested deeper than 1000 levels");
    m_marks.push_back(m_stack.size());
}

std::vector<PickleStack::Place> PickleStack::popMark() {
    if (m_marks.empty()) m_bytes.fail("the stack has no mark");
    auto places = popCount(m_stack.size() - m_marks.back());
    m_marks.pop_back();
    return places;
}

void PickleStack::remember(std::uint32_t index) {
    if (m_memo.size() >= kMostValues) m_bytes.fail("the pickle remembers more than 2 million values");
    m_memo[index] = top();
}

PickleStack::Place PickleStack::remembered(std::uint32_t index) const {
    const auto found = m_memo.find(index);
    if (found == m_memo.end()) m_bytes.fail("nothing was remembered as " + std::to_string(index));
    return found->second;
}

PickleStack::Place PickleStack::finish(std::vector<PickleValue>& values) {
    const Place place = pop();
    if (!m_stack.empty() || !m_marks.empty()) m_bytes.fail("more than one value is left at the end");
    values = std::move(m_values);
    return place;
}

} // namespace quantarium::nn
