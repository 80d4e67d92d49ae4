#include "card/piv_key_codec.hpp"

#include <array>

#include "card/piv_constants.hpp"

namespace jeton::card {

namespace {

using SecretTlvWriter = BasicTlvWriter<SecretBytes>;

std::optional<crypto::PublicKey> rsa_key_in(View fields) {
    const auto modulus = find_tlv(fields, piv::tag_modulus);
    const auto exponent = find_tlv(fields, piv::tag_exponent);
    if (!modulus || !exponent) {
        return std::nullopt;
    }
    return crypto::RsaPublicKey{to_bytes(without_leading_zeros(*modulus)),
                                to_bytes(without_leading_zeros(*exponent))};
}

std::optional<crypto::PublicKey> point_key_in(View fields, KeyType type) {
    const auto point = find_tlv(fields, piv::tag_point);
    if (!point) {
        return std::nullopt;
    }
    if (const auto curve = curve_of(type)) {
        return crypto::EcPublicKey{*curve, to_bytes(*point)};
    }
    const auto curve = okp_of(type);
    return curve ? std::optional<crypto::PublicKey>(crypto::OkpPublicKey{*curve, to_bytes(*point)})
                 : std::nullopt;
}

/// put_padded adds |number| with zeros on its left; false when it does not fit into |length| bytes.
bool put_padded(SecretTlvWriter& out, Byte tag, View number, std::size_t length) {
    const View digits = without_leading_zeros(number);
    if (digits.size() > length) {
        return false;
    }
    SecretBytes padded(length - digits.size(), 0x00);
    append(padded, digits);
    out.put(tag, padded);
    return true;
}

bool put_rsa(SecretTlvWriter& out, const crypto::RsaPrivateParts& parts, std::size_t modulus_bits) {
    const std::array<const SecretBytes*, 5> numbers{&parts.p, &parts.q, &parts.dp, &parts.dq, &parts.qinv};
    Byte tag = piv::tag_import_first_rsa;
    for (const SecretBytes* number : numbers) {
        if (!put_padded(out, tag++, *number, modulus_bits / 16)) {
            return false;
        }
    }
    return true;
}

bool put_private_key(SecretTlvWriter& out, const crypto::PrivateParts& parts, KeyType type) {
    if (const auto* rsa = std::get_if<crypto::RsaPrivateParts>(&parts)) {
        const auto bits = rsa_bits(type);
        return bits && put_rsa(out, *rsa, *bits);
    }
    if (const auto* ec = std::get_if<crypto::EcPrivateParts>(&parts)) {
        return curve_of(type) == ec->curve &&
               put_padded(out, piv::tag_import_ec, ec->scalar, crypto::curve_facts(ec->curve).field_bytes);
    }
    const auto& okp = std::get<crypto::OkpPrivateParts>(parts);
    if (okp_of(type) != okp.curve) {
        return false;
    }
    out.put(okp.curve == crypto::OkpCurve::ed25519 ? piv::tag_import_ed25519 : piv::tag_import_x25519,
            okp.seed);
    return true;
}

template <typename Policy>
void put_unless_standard(SecretTlvWriter& out, std::uint32_t tag, Policy policy) {
    const auto value = static_cast<Byte>(policy);
    if (policy != Policy::standard) {
        out.put(tag, View(&value, 1));
    }
}

}  // namespace

std::optional<crypto::PublicKey> public_key_in(View fields, KeyType type) {
    auto key = rsa_bits(type) ? rsa_key_in(fields) : point_key_in(fields, type);
    return key && crypto::is_valid(*key) && key_type_of(*key) == type ? std::move(key) : std::nullopt;
}

std::optional<SecretBytes> private_key_fields(const crypto::PrivateParts& parts, KeyType type,
                                              KeyPolicy policy) {
    SecretTlvWriter out;
    if (!put_private_key(out, parts, type)) {
        return std::nullopt;
    }
    put_policy(out, policy);
    return out.take();
}

void put_policy(SecretTlvWriter& out, KeyPolicy policy) {
    put_unless_standard(out, piv::tag_pin_policy, policy.pin);
    put_unless_standard(out, piv::tag_touch_policy, policy.touch);
}

}  // namespace jeton::card
