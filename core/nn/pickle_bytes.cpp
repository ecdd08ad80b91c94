// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/pickle_bytes.h"

#include "core/base/error.h"

namespace quantarium::nn {

std::uint8_t PickleBytes::opcode() {
    m_opcodeAt = m_position;
    return number<std::uint8_t>();
}

std::string_view PickleBytes::take(std::uint64_t count) {
    if (count > left())
        fail("the pickle needs " + std::to_string(count) + " bytes more; " + std::to_string(left()) +
             " are left");
    const auto taken = m_bytes.substr(m_position, count);
    m_position += count;
    return taken;
}

std::string_view PickleBytes::line() {
    const auto end = m_bytes.find('\n', m_position);
    if (end == std::string_view::npos) fail("the pickle ends within a line");
    const auto text = m_bytes.substr(m_position, end - m_position);
    m_position = end + 1;
    return text;
}

std::string PickleBytes::place() const {
    return m_where + ", byte " + std::to_string(m_opcodeAt);
}

void PickleBytes::fail(const std::string& problem) const {
    throw Error(ErrorKind::Data, problem, place(), "The file is damaged; get or make it again.");
}

void PickleBytes::refuse(const std::string& problem) const {
    throw Error(
        ErrorKind::Data, problem, place(),
        "Only the tensors of a state dict are read, and nothing in a file is ever run. If you trust the "
        "file, load it in Python and save its weights alone: torch.save(model.state_dict(), "
        "\"weights.pt\").");
}

} // namespace quantarium::nn
