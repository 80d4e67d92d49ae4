#include "card/key_type.hpp"

#include <algorithm>
#include <array>

#include "crypto/digest.hpp"

namespace jeton::card {

namespace {

/// Row says what one KeyType is in the terms of its family.
template <typename Value>
struct Row {
    Value value;
    KeyType type;
};

constexpr std::array<Row<std::size_t>, 4> rsa_rows{
    {{1024, KeyType::rsa1024}, {2048, KeyType::rsa2048}, {3072, KeyType::rsa3072}, {4096, KeyType::rsa4096}}};

constexpr std::array<Row<crypto::Curve>, 7> curve_rows{
    {{crypto::Curve::p256, KeyType::p256},
     {crypto::Curve::p384, KeyType::p384},
     {crypto::Curve::p521, KeyType::p521},
     {crypto::Curve::brainpoolP256r1, KeyType::brainpoolP256r1},
     {crypto::Curve::brainpoolP384r1, KeyType::brainpoolP384r1},
     {crypto::Curve::brainpoolP512r1, KeyType::brainpoolP512r1},
     {crypto::Curve::secp256k1, KeyType::secp256k1}}};

constexpr std::array<Row<crypto::OkpCurve>, 2> okp_rows{
    {{crypto::OkpCurve::ed25519, KeyType::ed25519}, {crypto::OkpCurve::x25519, KeyType::x25519}}};

template <typename Rows, typename Value>
std::optional<KeyType> type_in(const Rows& rows, Value value) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [value](const auto& it) { return it.value == value; });
    return row == rows.end() ? std::nullopt : std::optional(row->type);
}

template <typename Value, std::size_t size>
std::optional<Value> value_in(const std::array<Row<Value>, size>& rows, KeyType type) {
    const auto row =
        std::find_if(rows.begin(), rows.end(), [type](const auto& it) { return it.type == type; });
    return row == rows.end() ? std::nullopt : std::optional(row->value);
}

}  // namespace

std::optional<KeyType> key_type_of(const crypto::PublicKey& key) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return key_type_of_rsa(rsa->modulus_bits());
    }
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return key_type_of(ec->curve);
    }
    return key_type_of(std::get<crypto::OkpPublicKey>(key).curve);
}

std::optional<KeyType> key_type_of_rsa(std::size_t modulus_bits) {
    return type_in(rsa_rows, modulus_bits);
}

KeyType key_type_of(crypto::Curve curve) {
    return type_in(curve_rows, curve).value();
}

KeyType key_type_of(crypto::OkpCurve curve) {
    return type_in(okp_rows, curve).value();
}

std::optional<std::size_t> rsa_bits(KeyType type) {
    return value_in(rsa_rows, type);
}

std::optional<crypto::Curve> curve_of(KeyType type) {
    return value_in(curve_rows, type);
}

std::optional<crypto::OkpCurve> okp_of(KeyType type) {
    return value_in(okp_rows, type);
}

Bytes key_identifier(const crypto::PublicKey& key) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return crypto::digest(crypto::Hash::sha1, rsa->modulus);
    }
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    return crypto::digest(crypto::Hash::sha1,
                          ec != nullptr ? ec->point : std::get<crypto::OkpPublicKey>(key).value);
}

bool may_generate(KeyType type) {
    return type != KeyType::rsa1024;
}

}  // namespace jeton::card
