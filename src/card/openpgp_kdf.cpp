#include "card/openpgp_kdf.hpp"

#include <algorithm>

#include "card/openpgp_constants.hpp"
#include "util/tlv.hpp"

namespace jeton::card::openpgp {

namespace {

constexpr std::uint32_t tag_algorithm = 0x81;
constexpr std::uint32_t tag_hash = 0x82;
constexpr std::uint32_t tag_octets = 0x83;
constexpr std::uint32_t tag_user_salt = 0x84;
constexpr std::uint32_t tag_admin_salt = 0x86;
constexpr Byte algorithm_none = 0x00;
constexpr Byte algorithm_iterated = 0x03;
constexpr std::size_t most_salt_bytes = 64;

/// one_byte reads an object of one byte.
std::optional<Byte> one_byte(View content, std::uint32_t tag) {
    const auto value = find_tlv(content, tag);
    return value && value->size() == 1 ? std::optional((*value)[0]) : std::nullopt;
}

/// Hash algorithms by their numbers in OpenPGP (RFC 4880, 9.4).
std::optional<crypto::Hash> hash_of(std::optional<Byte> number) {
    if (number == Byte{0x08}) {
        return crypto::Hash::sha256;
    }
    return number == Byte{0x0A} ? std::optional(crypto::Hash::sha512) : std::nullopt;
}

}  // namespace

std::optional<Kdf> Kdf::parse(View content) {
    Kdf out;
    const auto algorithm = one_byte(content, tag_algorithm);
    if (content.empty() || algorithm == algorithm_none) {
        return out;
    }
    out.m_hash = hash_of(one_byte(content, tag_hash));
    const auto octets = find_tlv(content, tag_octets);
    const auto user_salt = find_tlv(content, tag_user_salt);
    const bool is_whole = algorithm == algorithm_iterated && out.m_hash && octets && octets->size() == 4 &&
                          user_salt && user_salt->size() <= most_salt_bytes;
    if (!is_whole || load_be(*octets) > most_octets) {
        return std::nullopt;
    }
    out.m_octets = static_cast<std::uint32_t>(load_be(*octets));
    out.m_user_salt = to_bytes(*user_salt);
    const View admin_salt = find_tlv(content, tag_admin_salt).value_or(*user_salt);
    out.m_admin_salt = to_bytes(admin_salt.first(std::min(admin_salt.size(), most_salt_bytes)));
    return out;
}

SecretBytes Kdf::apply(Byte reference, View pin) const {
    if (!m_hash) {
        return to_secret(pin);
    }
    SecretBytes round = to_secret(reference == ref_pw3 ? m_admin_salt : m_user_salt);
    append(round, pin);
    crypto::Digest digest(*m_hash);
    std::size_t left = std::max<std::size_t>(m_octets, round.size());
    while (left > 0) {
        const std::size_t part = std::min(left, round.size());
        digest.update(View(round).first(part));
        left -= part;
    }
    return to_secret(digest.finish());
}

}  // namespace jeton::card::openpgp
