// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/nn/binary_file.h"

namespace quantarium::nn {

/// The bytes of a pickle, taken from the front. Throws Error(Data) where they end too early.
class PickleBytes {
public:
    PickleBytes(std::string_view bytes, std::size_t position, const std::string& where)
        : m_bytes(bytes), m_position(position), m_opcodeAt(position), m_where(where) {}

    std::size_t position() const { return m_position; }
    std::size_t left() const { return m_bytes.size() - m_position; }

    /// The next opcode; errors name its byte until the one after it.
    std::uint8_t opcode();
    std::string_view take(std::uint64_t count);
    template <class Number> Number number() { return littleEndian<Number>(take(sizeof(Number)), 0); }
    /// Up to the next line feed, without it.
    std::string_view line();

    /// Says that the pickle is damaged at the opcode at work.
    [[noreturn]] void fail(const std::string& problem) const;
    /// The same for what is whole but must not be read: says how to get the weights alone.
    [[noreturn]] void refuse(const std::string& problem) const;

private:
    std::string place() const;

    std::string_view m_bytes;
    std::size_t m_position;
    std::size_t m_opcodeAt;
    const std::string& m_where;
};

} // namespace quantarium::nn
