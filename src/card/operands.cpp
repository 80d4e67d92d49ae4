#include "card/operands.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace jeton::card {

bool suits(Primitive primitive, KeyType type) {
    switch (primitive) {
        case Primitive::rsa_raw:
        case Primitive::rsa_pkcs1:
            return rsa_bits(type).has_value();
        case Primitive::ecdsa:
            return curve_of(type).has_value();
        case Primitive::ecdh:
            return curve_of(type).has_value() || type == KeyType::x25519;
        case Primitive::eddsa:
            return type == KeyType::ed25519;
    }
    return false;
}

std::size_t unit_bytes(const crypto::PublicKey& key) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return rsa->modulus_bytes();
    }
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return crypto::curve_facts(ec->curve).field_bytes;
    }
    return crypto::okp_facts(std::get<crypto::OkpPublicKey>(key).curve).public_bytes;
}

void require_point(Verb verb, View point, KeyType type, std::size_t unit) {
    const bool fits =
        curve_of(type) ? point.size() == 1 + 2 * unit && point.front() == 0x04 : point.size() == unit;
    if (!fits) {
        throw Error(Error::Kind::too_large, verb,
                    "the other party's point is not one of the curve in its uncompressed form");
    }
}

SecretBytes whole_number(Verb verb, Primitive primitive, View input, std::size_t unit) {
    if (primitive == Primitive::ecdsa) {
        input = input.first(std::min(input.size(), unit));
    }
    if (input.size() > unit) {
        throw Error(Error::Kind::too_large, verb,
                    fmt::format("{} bytes for a key of {}", input.size(), unit));
    }
    SecretBytes out(unit - input.size(), 0x00);
    append(out, input);
    return out;
}

std::optional<SecretBytes> shared_secret(View value, std::size_t unit) {
    if (value.size() == 2 * unit + 1 && value.front() == 0x04) {
        value = value.subspan(1, unit);
    }
    if (value.empty() || value.size() > unit) {
        return std::nullopt;
    }
    SecretBytes out(unit - value.size(), 0x00);
    append(out, value);
    return out;
}

}  // namespace jeton::card
