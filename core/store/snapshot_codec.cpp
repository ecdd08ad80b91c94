// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/store/snapshot_codec.h"

#include "core/base/error.h"

namespace quantarium::store {

namespace {

constexpr int kMaxDepth = 64;

/// Stops reading a document that nests too deep: the CBOR reader recurses, and the stack is finite.
class DepthCheck final : public nlohmann::json_sax<Json> {
public:
    bool null() override { return true; }
    bool boolean(bool) override { return true; }
    bool number_integer(number_integer_t) override { return true; }
    bool number_unsigned(number_unsigned_t) override { return true; }
    bool number_float(number_float_t, const string_t&) override { return true; }
    bool string(string_t&) override { return true; }
    bool binary(binary_t&) override { return true; }
    bool key(string_t&) override { return true; }
    bool start_object(std::size_t) override { return ++m_depth <= kMaxDepth; }
    bool start_array(std::size_t) override { return ++m_depth <= kMaxDepth; }
    bool end_object() override { return --m_depth >= 0; }
    bool end_array() override { return --m_depth >= 0; }
    bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
        return false;
    }

private:
    int m_depth = 0;
};

} // namespace

std::vector<std::uint8_t> encodeSnapshot(const WeightSnapshot& snapshot) {
    return Json::to_cbor(toJson(snapshot));
}

WeightSnapshot decodeSnapshot(std::string_view bytes, const std::string& where) {
    DepthCheck check;
    if (!Json::sax_parse(bytes.begin(), bytes.end(), &check, Json::input_format_t::cbor))
        throw Error(ErrorKind::Data, "the record is damaged", where,
                    "The run's own folder holds it once more, in epochs.jsonl.");
    try {
        return weightSnapshotFromJson(Json::from_cbor(bytes.begin(), bytes.end()), where);
    } catch (const nlohmann::json::exception& error) {
        throw Error(ErrorKind::Data, std::string("the record is damaged: ") + error.what(), where,
                    "The run's own folder holds it once more, in epochs.jsonl.");
    }
}

} // namespace quantarium::store
