#include "pkcs11/key_material.hpp"

#include <algorithm>
#include <array>

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/error.hpp"
#include "util/tlv.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr std::uint32_t der_octet_string = 0x04;
constexpr std::array<Byte, 3> exponent_65537{0x01, 0x00, 0x01};

/// CKA_EC_PARAMS as OpenSC's pkcs11-tool gives it until 0.23: the PrintableString counts a byte too many.
constexpr std::array<Byte, 12> miscounted_curve25519{0x13, 0x0B, 'c', 'u', 'r', 'v',
                                                     'e',  '2',  '5', '5', '1', '9'};

View optional_value(const Template& given, CK_ATTRIBUTE_TYPE type) {
    return given.find(type).value_or(View{});
}

crypto::Curve curve_in(const Template& given) {
    const auto curve = crypto::curve_of_params(required(given, CKA_EC_PARAMS));
    require(curve.has_value(), CKR_CURVE_NOT_SUPPORTED, "an unknown curve");
    return *curve;
}

/// okp_in reads a curve that must be |expected|.
crypto::OkpCurve okp_in(const Template& given, crypto::OkpCurve expected) {
    const View params = required(given, CKA_EC_PARAMS);
    const auto curve =
        equal(params, miscounted_curve25519) ? crypto::OkpCurve::x25519 : crypto::okp_of_params(params);
    require(curve == expected, CKR_CURVE_NOT_SUPPORTED, "an unknown curve, or one of another family");
    return expected;
}

void require_65537(View exponent) {
    require(equal(without_leading_zeros(exponent), exponent_65537), CKR_ATTRIBUTE_VALUE_INVALID,
            "cards take RSA keys with the public exponent 65537");
}

card::KeyType asked_rsa(const Template& given) {
    const CK_ULONG bits = required_number(given, CKA_MODULUS_BITS);
    if (const auto exponent = given.find(CKA_PUBLIC_EXPONENT)) {
        require_65537(*exponent);
    }
    const auto type = card::key_type_of_rsa(bits);
    require(type.has_value(), CKR_KEY_SIZE_RANGE, "no card makes RSA keys of this size");
    return *type;
}

card::KeyType asked_ec(const Template& given) {
    return card::key_type_of(curve_in(given));
}

template <crypto::OkpCurve curve>
card::KeyType asked_okp(const Template& given) {
    return card::key_type_of(okp_in(given, curve));
}

crypto::PublicKey public_rsa(const Template& given) {
    return crypto::RsaPublicKey{to_bytes(without_leading_zeros(required(given, CKA_MODULUS))),
                                to_bytes(without_leading_zeros(required(given, CKA_PUBLIC_EXPONENT)))};
}

crypto::PublicKey public_ec(const Template& given) {
    const crypto::Curve curve = curve_in(given);
    const std::size_t length = 1 + 2 * crypto::curve_facts(curve).field_bytes;
    return crypto::EcPublicKey{curve, to_bytes(bare_octets(required(given, CKA_EC_POINT), length))};
}

template <crypto::OkpCurve curve>
crypto::PublicKey public_okp(const Template& given) {
    okp_in(given, curve);
    const std::size_t length = crypto::okp_facts(curve).public_bytes;
    return crypto::OkpPublicKey{curve, to_bytes(bare_octets(required(given, CKA_EC_POINT), length))};
}

GivenPrivateKey private_rsa(const Template& given) {
    const crypto::RsaPublicKey numbers{to_bytes(without_leading_zeros(required(given, CKA_MODULUS))), {}};
    const View p = optional_value(given, CKA_PRIME_1);
    const View q = optional_value(given, CKA_PRIME_2);
    if (p.empty() || q.empty()) {
        required(given, CKA_PRIVATE_EXPONENT);
    }
    auto parts = crypto::complete_rsa(
        numbers.modulus, optional_value(given, CKA_PUBLIC_EXPONENT),
        optional_value(given, CKA_PRIVATE_EXPONENT), p, q, optional_value(given, CKA_EXPONENT_1),
        optional_value(given, CKA_EXPONENT_2), optional_value(given, CKA_COEFFICIENT));
    require(parts.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "the numbers are no RSA private key");
    require_65537(parts->exponent);
    const auto type = card::key_type_of_rsa(numbers.modulus_bits());
    require(type.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "no card takes RSA keys of this size");
    return {*type, std::move(*parts)};
}

GivenPrivateKey private_ec(const Template& given) {
    const crypto::Curve curve = curve_in(given);
    return {card::key_type_of(curve), crypto::EcPrivateParts{curve, to_secret(required(given, CKA_VALUE))}};
}

template <crypto::OkpCurve curve>
GivenPrivateKey private_okp(const Template& given) {
    okp_in(given, curve);
    const std::size_t length = crypto::okp_facts(curve).public_bytes;
    return {card::key_type_of(curve),
            crypto::OkpPrivateParts{curve, to_secret(bare_octets(required(given, CKA_VALUE), length))}};
}

/// One family of keys.
struct FamilyRow {
    KeyKind kind;
    card::KeyType (*asked)(const Template&);
    crypto::PublicKey (*public_key)(const Template&);
    GivenPrivateKey (*private_key)(const Template&);
};

constexpr auto ed25519 = crypto::OkpCurve::ed25519;
constexpr auto x25519 = crypto::OkpCurve::x25519;

constexpr std::array families{
    FamilyRow{{CKK_RSA, CKM_RSA_PKCS_KEY_PAIR_GEN}, asked_rsa, public_rsa, private_rsa},
    FamilyRow{{CKK_EC, CKM_EC_KEY_PAIR_GEN}, asked_ec, public_ec, private_ec},
    FamilyRow{{CKK_EC_EDWARDS, CKM_EC_EDWARDS_KEY_PAIR_GEN},
              asked_okp<ed25519>,
              public_okp<ed25519>,
              private_okp<ed25519>},
    FamilyRow{{CKK_EC_MONTGOMERY, CKM_EC_MONTGOMERY_KEY_PAIR_GEN},
              asked_okp<x25519>,
              public_okp<x25519>,
              private_okp<x25519>},
};

const FamilyRow& family(CK_KEY_TYPE type) {
    const auto* const found =
        std::ranges::find_if(families, [&](const FamilyRow& row) { return row.kind.type == type; });
    require(found != families.end(), CKR_ATTRIBUTE_VALUE_INVALID,
            "key pairs are RSA, EC, Edwards or Montgomery keys");
    return *found;
}

CK_KEY_TYPE type_of(const crypto::PublicKey& key) {
    if (std::holds_alternative<crypto::RsaPublicKey>(key)) {
        return CKK_RSA;
    }
    const auto* okp = std::get_if<crypto::OkpPublicKey>(&key);
    if (okp == nullptr) {
        return CKK_EC;
    }
    return okp->curve == ed25519 ? CKK_EC_EDWARDS : CKK_EC_MONTGOMERY;
}

}  // namespace

KeyKind kind_of(const crypto::PublicKey& key) {
    return family(type_of(key)).kind;
}

CK_KEY_TYPE type_generated_by(CK_MECHANISM_TYPE generator) {
    const auto* const found =
        std::ranges::find_if(families, [&](const FamilyRow& row) { return row.kind.generator == generator; });
    require(found != families.end(), CKR_MECHANISM_INVALID, "the mechanism makes no key pairs");
    return found->kind.type;
}

void add_public_values(Attributes& attributes, const crypto::PublicKey& key, bool is_public_object) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        attributes.set(CKA_MODULUS, rsa->modulus).set(CKA_PUBLIC_EXPONENT, rsa->exponent);
        if (is_public_object) {
            attributes.set_ulong(CKA_MODULUS_BITS, rsa->modulus_bits());
        }
        return;
    }
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    const auto* okp = std::get_if<crypto::OkpPublicKey>(&key);
    attributes.set(CKA_EC_PARAMS, ec != nullptr ? crypto::curve_facts(ec->curve).oid
                                                : crypto::okp_facts(okp->curve).printable);
    if (is_public_object) {
        attributes.set(CKA_EC_POINT,
                       ec != nullptr ? TlvWriter().put(der_octet_string, ec->point).take() : okp->value);
    }
}

card::KeyType asked_type(const Template& given, CK_KEY_TYPE type) {
    return family(type).asked(given);
}

crypto::PublicKey public_key_in(const Template& given, CK_KEY_TYPE type) {
    crypto::PublicKey key = family(type).public_key(given);
    require(crypto::is_valid(key), CKR_ATTRIBUTE_VALUE_INVALID, "the numbers are no public key");
    return key;
}

GivenPrivateKey private_key_in(const Template& given, CK_KEY_TYPE type) {
    GivenPrivateKey key = family(type).private_key(given);
    require(crypto::PrivateKey::from_parts(key.parts).has_value(), CKR_ATTRIBUTE_VALUE_INVALID,
            "the numbers are no private key");
    return key;
}

View bare_octets(View value, std::size_t length) {
    if (value.size() == length) {
        return value;
    }
    const auto content = find_tlv(value, der_octet_string);
    const bool whole = content && content->size() == length && &content->back() == &value.back();
    return whole ? *content : View{};
}

}  // namespace jeton::pkcs11
