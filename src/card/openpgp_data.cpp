#include "card/openpgp_data.hpp"

#include <algorithm>

#include "util/tlv.hpp"

namespace jeton::card::openpgp {

namespace {

constexpr std::size_t aid_bytes = 16;
constexpr std::size_t version_at = 6;
constexpr std::size_t manufacturer_at = 8;
constexpr std::size_t serial_bytes = 6;  ///< manufacturer and serial number

Bytes found(View data, std::uint32_t tag) {
    return to_bytes(find_tlv_anywhere(data, tag).value_or(View{}));
}

}  // namespace

std::optional<ApplicationData> ApplicationData::parse(View answer) {
    ApplicationData out;
    out.aid = found(answer, tag_aid);
    if (out.aid.size() != aid_bytes) {
        return std::nullopt;
    }
    // Some cards leave the discretionary template out and put its content at the top.
    const View inner = find_tlv_anywhere(answer, tag_discretionary).value_or(answer);
    out.capabilities = found(inner, tag_capabilities);
    for (std::size_t i = 0; i < key_rows.size(); ++i) {
        out.attributes[i] = found(inner, key_rows[i].attributes);
    }
    out.pin_status = found(inner, tag_pin_status);
    out.fingerprints = found(inner, tag_fingerprints);
    out.key_information = found(inner, tag_key_information);
    return out;
}

std::string ApplicationData::serial() const {
    return to_hex(View(aid).subspan(manufacturer_at, serial_bytes));
}

unsigned ApplicationData::version() const {
    return static_cast<unsigned>(load_be(View(aid).subspan(version_at, 2)));
}

std::size_t ApplicationData::longest_certificate() const {
    constexpr std::size_t at = 4;
    return capabilities.size() < at + 2 ? 0 : load_be(View(capabilities).subspan(at, 2));
}

bool ApplicationData::has_fingerprint(std::size_t key) const {
    if (fingerprints.size() < (key + 1) * fingerprint_bytes) {
        return false;
    }
    const View one = View(fingerprints).subspan(key * fingerprint_bytes, fingerprint_bytes);
    return !without_leading_zeros(one).empty();
}

std::optional<Byte> ApplicationData::origin(Byte number) const {
    for (std::size_t i = 0; i + 1 < key_information.size(); i += 2) {
        if (key_information[i] == number) {
            return key_information[i + 1];
        }
    }
    return std::nullopt;
}

std::size_t key_index(Byte ref) {
    const auto row = std::ranges::find(key_rows, ref, &KeyRow::ref);
    return row == key_rows.end() ? 0 : static_cast<std::size_t>(row - key_rows.begin());
}

}  // namespace jeton::card::openpgp
