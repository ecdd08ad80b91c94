// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace quantarium::nn {

/// One value of a pickle. Parts are places in the pickle's list of values: sharing and cycles cost nothing,
/// and nothing that walks them has to recurse.
struct PickleValue {
    enum class Kind {
        None,
        Boolean,    ///< `integer` is 0 or 1
        Integer,    ///< `integer`
        Big,        ///< an integer of more than 64 bits: `text` has its little-endian bytes
        Real,       ///< a floating-point number; its value isn't kept
        Text,       ///< `text`, in UTF-8 if the writer kept to the format
        Bytes,      ///< `text`
        Tuple,      ///< `parts`
        List,       ///< `parts`
        Dictionary, ///< `parts` are key, value, key, value, …
        Global,     ///< `text` is "module.name"
        Call,       ///< what calling `text` with the tuple `parts[0]` would give; nothing was called
        Persistent  ///< something stored outside the pickle: `parts[0]` says what
    };
    Kind kind = Kind::None;
    std::int64_t integer = 0;
    std::string text;
    std::vector<std::uint32_t> parts;
};

/// "a dictionary", "a text", …
std::string describe(const PickleValue& value);

/// What is read, and what an error says about the rest.
struct PickleRules {
    std::string where; ///< of the pickle: "file.pt: data.pkl"
    /// Whether a pickle may name this function or class ("torch._utils._rebuild_tensor_v2"); it is then kept
    /// as Global or Call. Everything else is refused by its name.
    std::function<bool(const std::string& name)> allowed;
};

/// The values of one pickle.
class Pickle {
public:
    /// Reads the pickle that begins at `bytes[position]`, protocols 2 to 5, and leaves `position` behind its
    /// end. Runs nothing: it builds values from an allow-list of opcodes, and collections.OrderedDict as a
    /// dictionary without its attributes. Memory is at most a small multiple of the bytes. Throws Error(Data)
    /// naming the byte for anything cut, damaged or not allowed.
    static Pickle read(std::string_view bytes, std::size_t& position, const PickleRules& rules);

    const PickleValue& root() const { return m_values[m_root]; }
    const std::vector<PickleValue>& values() const { return m_values; }
    const PickleValue& part(const PickleValue& value, std::size_t index) const {
        return m_values[value.parts[index]];
    }
    /// The last value with this key, as Python would keep it; null when there is none.
    const PickleValue* find(const PickleValue& dictionary, std::string_view key) const;

private:
    std::vector<PickleValue> m_values;
    std::uint32_t m_root = 0;
};

} // namespace quantarium::nn
