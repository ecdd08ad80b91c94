// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/nn/pickle.h"

#include <charconv>
#include <cstdio>

#include "core/nn/pickle_bytes.h"
#include "core/nn/pickle_opcodes.h"
#include "core/nn/pickle_stack.h"

namespace quantarium::nn {

namespace {

using Kind = PickleValue::Kind;
using Place = PickleStack::Place;

constexpr std::uint8_t kOldestProtocol = 2;
constexpr std::uint8_t kNewestProtocol = 5;
constexpr std::size_t kMostPairs = 2'000'000;
constexpr const char* kOrderedDictionary = "collections.OrderedDict";

/// The stack machine of one pickle. Each group of opcodes returns whether the opcode was one of its own.
class Unpickler {
public:
    Unpickler(std::string_view bytes, std::size_t position, const PickleRules& rules)
        : m_bytes(bytes, position, rules.where), m_stack(m_bytes), m_rules(rules) {}

    /// Returns the place of the result among `values`.
    Place run(std::vector<PickleValue>& values) {
        for (;;) {
            const auto opcode = m_bytes.opcode();
            if (opcode == kStop) return m_stack.finish(values);
            if (!readNumber(opcode) && !readText(opcode) && !readContainer(opcode) && !moveValues(opcode) &&
                !readObject(opcode))
                refuseOpcode(opcode);
        }
    }

    std::size_t position() const { return m_bytes.position(); }

private:
    [[noreturn]] void refuseOpcode(std::uint8_t opcode) const {
        char text[5];
        std::snprintf(text, sizeof text, "0x%02x", opcode);
        m_bytes.refuse("the pickle has the opcode " + std::string(text) + ", which no state dict needs");
    }

    bool readNumber(std::uint8_t opcode) {
        switch (opcode) {
        case kNone:
            m_stack.push(kSharedNone);
            return true;
        case kNewTrue:
            m_stack.push(kSharedTrue);
            return true;
        case kNewFalse:
            m_stack.push(kSharedFalse);
            return true;
        case kBinInt:
            pushInteger(m_bytes.number<std::int32_t>());
            return true;
        case kBinInt1:
            pushInteger(m_bytes.number<std::uint8_t>());
            return true;
        case kBinInt2:
            pushInteger(m_bytes.number<std::uint16_t>());
            return true;
        case kInt:
            pushLine();
            return true;
        case kLong1:
            pushLong(m_bytes.number<std::uint8_t>());
            return true;
        case kLong4:
            pushLong(m_bytes.number<std::uint32_t>());
            return true;
        case kBinFloat:
            m_bytes.take(8);
            m_stack.pushNew(Kind::Real);
            return true;
        default:
            return false;
        }
    }

    void pushInteger(std::int64_t value) { m_stack.pushNew(Kind::Integer).integer = value; }

    /// Two's complement of any length.
    void pushLong(std::size_t length) {
        const auto bytes = m_bytes.take(length);
        if (length > sizeof(std::int64_t)) {
            m_stack.pushNew(Kind::Big).text = bytes;
            return;
        }
        std::uint64_t value = length > 0 && (bytes.back() & 0x80) != 0 ? ~std::uint64_t{0} : 0;
        for (std::size_t i = length; i-- > 0;)
            value = value << 8 | static_cast<unsigned char>(bytes[i]);
        pushInteger(static_cast<std::int64_t>(value));
    }

    /// A number in digits, as Python 2 writes those of more than 32 bits; "00" and "01" are truth values.
    void pushLine() {
        const auto text = m_bytes.line();
        if (text == "00" || text == "01") {
            m_stack.push(text == "01" ? kSharedTrue : kSharedFalse);
            return;
        }
        std::int64_t value = 0;
        const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
        if (read.ec != std::errc() || read.ptr != text.data() + text.size())
            m_bytes.fail("\"" + shown(text) + "\" is no whole number of 64 bits");
        pushInteger(value);
    }

    bool readText(std::uint8_t opcode) {
        switch (opcode) {
        case kShortBinString:
        case kShortBinUnicode:
            pushText(Kind::Text, m_bytes.number<std::uint8_t>());
            return true;
        case kBinString:
        case kBinUnicode:
            pushText(Kind::Text, m_bytes.number<std::uint32_t>());
            return true;
        case kBinUnicode8:
            pushText(Kind::Text, m_bytes.number<std::uint64_t>());
            return true;
        case kShortBinBytes:
            pushText(Kind::Bytes, m_bytes.number<std::uint8_t>());
            return true;
        case kBinBytes:
            pushText(Kind::Bytes, m_bytes.number<std::uint32_t>());
            return true;
        case kBinBytes8:
            pushText(Kind::Bytes, m_bytes.number<std::uint64_t>());
            return true;
        default:
            return false;
        }
    }

    void pushText(Kind kind, std::uint64_t length) {
        const auto text = m_bytes.take(length);
        m_stack.pushNew(kind).text = text;
    }

    bool readContainer(std::uint8_t opcode) {
        switch (opcode) {
        case kEmptyTuple:
            m_stack.push(kSharedEmptyTuple);
            return true;
        case kEmptyList:
            m_stack.pushNew(Kind::List);
            return true;
        case kEmptyDict:
            m_stack.pushNew(Kind::Dictionary);
            return true;
        case kTuple1:
        case kTuple2:
        case kTuple3:
            pushOf(Kind::Tuple, m_stack.popCount(opcode - kTuple1 + 1U));
            return true;
        case kTuple:
            pushOf(Kind::Tuple, m_stack.popMark());
            return true;
        case kList:
            pushOf(Kind::List, m_stack.popMark());
            return true;
        case kDict:
            pushDictionary(m_stack.popMark());
            return true;
        case kAppend:
            append(m_stack.popCount(1));
            return true;
        case kAppends:
            append(m_stack.popMark());
            return true;
        case kSetItem:
            addItems(m_stack.popCount(2));
            return true;
        case kSetItems:
            addItems(m_stack.popMark());
            return true;
        default:
            return false;
        }
    }

    void pushOf(Kind kind, std::vector<Place> places) { m_stack.pushNew(kind).parts = std::move(places); }

    void pushDictionary(const std::vector<Place>& places) {
        m_stack.pushNew(Kind::Dictionary);
        addItems(places);
    }

    void append(const std::vector<Place>& places) {
        auto& list = m_stack.at(m_stack.top());
        if (list.kind != Kind::List) m_bytes.fail("values are appended to " + describe(list));
        list.parts.insert(list.parts.end(), places.begin(), places.end());
    }

    void addItems(const std::vector<Place>& places) {
        auto& dictionary = m_stack.at(m_stack.top());
        if (dictionary.kind != Kind::Dictionary) m_bytes.fail("items are put into " + describe(dictionary));
        if (places.size() % 2 != 0) m_bytes.fail("a key has no value");
        dictionary.parts.insert(dictionary.parts.end(), places.begin(), places.end());
    }

    bool moveValues(std::uint8_t opcode) {
        switch (opcode) {
        case kProtocol:
            checkProtocol(m_bytes.number<std::uint8_t>());
            return true;
        case kFrame:
            checkFrame(m_bytes.number<std::uint64_t>());
            return true;
        case kMark:
            m_stack.mark();
            return true;
        case kPop:
            m_stack.pop();
            return true;
        case kPopMark:
            m_stack.popMark();
            return true;
        case kDup:
            m_stack.push(m_stack.top());
            return true;
        case kBinGet:
            m_stack.push(m_stack.remembered(m_bytes.number<std::uint8_t>()));
            return true;
        case kLongBinGet:
            m_stack.push(m_stack.remembered(m_bytes.number<std::uint32_t>()));
            return true;
        case kBinPut:
            m_stack.remember(m_bytes.number<std::uint8_t>());
            return true;
        case kLongBinPut:
            m_stack.remember(m_bytes.number<std::uint32_t>());
            return true;
        case kMemoize:
            m_stack.rememberNext();
            return true;
        default:
            return false;
        }
    }

    void checkProtocol(std::uint8_t protocol) const {
        if (protocol < kOldestProtocol || protocol > kNewestProtocol)
            m_bytes.fail("the pickle protocol is " + std::to_string(protocol) + "; 2 to 5 are read");
    }

    void checkFrame(std::uint64_t length) const {
        if (length > m_bytes.left())
            m_bytes.fail("a frame should have " + std::to_string(length) + " bytes; " +
                         std::to_string(m_bytes.left()) + " are left");
    }

    bool readObject(std::uint8_t opcode) {
        switch (opcode) {
        case kGlobal:
            pushGlobal(nameInLines());
            return true;
        case kStackGlobal:
            pushGlobal(nameOnStack());
            return true;
        case kInst:
            refuseToRun(nameInLines());
        case kReduce:
        case kNewObj:
            call(m_stack.popCount(2));
            return true;
        case kBuild:
            build(m_stack.pop());
            return true;
        case kBinPersistent:
            pushOf(Kind::Persistent, m_stack.popCount(1));
            return true;
        default:
            return false;
        }
    }

    std::string nameInLines() {
        const auto module = m_bytes.line();
        return std::string(module) + "." + std::string(m_bytes.line());
    }

    std::string nameOnStack() {
        const auto names = m_stack.popCount(2);
        const auto& module = m_stack.at(names[0]);
        const auto& name = m_stack.at(names[1]);
        if (module.kind != Kind::Text || name.kind != Kind::Text)
            m_bytes.fail("a function is named by " + describe(module) + " and " + describe(name));
        return module.text + "." + name.text;
    }

    [[noreturn]] void refuseToRun(const std::string& name) const {
        m_bytes.refuse("the file wants to run \"" + shown(name) + "\"");
    }

    void pushGlobal(std::string name) {
        if (name != kOrderedDictionary && !m_rules.allowed(name)) refuseToRun(name);
        m_stack.pushNew(Kind::Global).text = std::move(name);
    }

    void call(const std::vector<Place>& places) {
        const PickleValue callee = m_stack.at(places[0]);
        if (callee.kind != Kind::Global) m_bytes.refuse("the file wants to call " + describe(callee));
        if (m_stack.at(places[1]).kind != Kind::Tuple) m_bytes.fail("the arguments of a call are no tuple");
        if (callee.text == kOrderedDictionary) {
            pushOf(Kind::Dictionary, itemsOf(m_stack.at(places[1])));
            return;
        }
        auto& value = m_stack.pushNew(Kind::Call);
        value.text = callee.text;
        value.parts = {places[1]};
    }

    /// What an OrderedDict is made of: nothing from Python 3, which puts the items in later; a list of pairs
    /// from Python 2.
    std::vector<Place> itemsOf(const PickleValue& arguments) {
        if (arguments.parts.empty()) return {};
        const auto& pairs = m_stack.at(arguments.parts[0]);
        if (arguments.parts.size() > 1 || pairs.kind != Kind::List)
            m_bytes.fail("an OrderedDict is not made of one list");
        m_pairs += pairs.parts.size(); // one list can be given to many calls
        if (m_pairs > kMostPairs) m_bytes.fail("dictionaries are made of more than 2 million pairs");
        std::vector<Place> items;
        for (const Place place : pairs.parts) {
            const auto& pair = m_stack.at(place);
            if ((pair.kind != Kind::List && pair.kind != Kind::Tuple) || pair.parts.size() != 2)
                m_bytes.fail("an OrderedDict is made of something else than pairs");
            items.insert(items.end(), pair.parts.begin(), pair.parts.end());
        }
        return items;
    }

    /// Attributes of a dictionary (a state dict's `_metadata`) say nothing about tensors.
    void build(Place state) const {
        const auto& target = m_stack.at(m_stack.top());
        if (target.kind != Kind::Dictionary || m_stack.at(state).kind != Kind::Dictionary)
            m_bytes.refuse("the file wants to set attributes of " + describe(target));
    }

    PickleBytes m_bytes;
    PickleStack m_stack;
    const PickleRules& m_rules;
    std::size_t m_pairs = 0; ///< that dictionaries were made of
};

} // namespace

Pickle Pickle::read(std::string_view bytes, std::size_t& position, const PickleRules& rules) {
    Unpickler unpickler(bytes, position, rules);
    Pickle pickle;
    pickle.m_root = unpickler.run(pickle.m_values);
    position = unpickler.position();
    return pickle;
}

const PickleValue* Pickle::find(const PickleValue& dictionary, std::string_view key) const {
    if (dictionary.kind != Kind::Dictionary) return nullptr;
    for (std::size_t i = dictionary.parts.size(); i >= 2; i -= 2) {
        const auto& candidate = part(dictionary, i - 2);
        if (candidate.kind == Kind::Text && candidate.text == key) return &part(dictionary, i - 1);
    }
    return nullptr;
}

std::string describe(const PickleValue& value) {
    switch (value.kind) {
    case Kind::None:
        return "None";
    case Kind::Boolean:
        return "a truth value";
    case Kind::Integer:
    case Kind::Big:
    case Kind::Real:
        return "a number";
    case Kind::Text:
        return "a text";
    case Kind::Bytes:
        return "bytes";
    case Kind::Tuple:
        return "a tuple";
    case Kind::List:
        return "a list";
    case Kind::Dictionary:
        return "a dictionary";
    case Kind::Global:
        return "the name " + shown(value.text);
    case Kind::Call:
        return "what " + shown(value.text) + " makes";
    case Kind::Persistent:
        return "stored data";
    }
    return "a value";
}

} // namespace quantarium::nn
