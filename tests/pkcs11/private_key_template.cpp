#include "pkcs11/private_key_template.hpp"

#include <algorithm>

#include "util/tlv.hpp"

namespace jeton::test {

namespace {

/// The integers of an RSAPrivateKey in their order, with the attribute of each.
constexpr CK_ATTRIBUTE_TYPE rsa_order[] = {CKA_MODULUS,    CKA_PUBLIC_EXPONENT, CKA_PRIVATE_EXPONENT,
                                           CKA_PRIME_1,    CKA_PRIME_2,         CKA_EXPONENT_1,
                                           CKA_EXPONENT_2, CKA_COEFFICIENT};

std::vector<Value> rsa_template(View private_key_info) {
    std::vector<Value> values{number(CKA_CLASS, CKO_PRIVATE_KEY), number(CKA_KEY_TYPE, CKK_RSA)};
    TlvReader numbers(find_tlv_path(private_key_info, {0x30, 0x04, 0x30}).value());
    numbers.next();  // the version
    for (const CK_ATTRIBUTE_TYPE type : rsa_order) {
        values.push_back(bytes(type, without_leading_zeros(numbers.next().value().value)));
    }
    return values;
}

struct CurveKind {
    CK_KEY_TYPE type;
    Bytes params;
};

CurveKind kind_of(const crypto::PublicKey& key) {
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return {CKK_EC, to_bytes(crypto::curve_facts(ec->curve).oid)};
    }
    const bool edwards = std::get<crypto::OkpPublicKey>(key).curve == crypto::OkpCurve::ed25519;
    return edwards ? CurveKind{CKK_EC_EDWARDS, ed25519_params()}
                   : CurveKind{CKK_EC_MONTGOMERY, x25519_params()};
}

}  // namespace

std::vector<Value> private_template(const crypto::PrivateKey& key) {
    const crypto::PublicKey public_key = key.public_key();
    if (std::holds_alternative<crypto::RsaPublicKey>(public_key)) {
        return rsa_template(key.to_der());
    }
    const auto parts = key.parts();
    const auto* ec = std::get_if<crypto::EcPrivateParts>(&*parts);
    const SecretBytes& secret = ec != nullptr ? ec->scalar : std::get<crypto::OkpPrivateParts>(*parts).seed;
    const CurveKind kind = kind_of(public_key);
    return {number(CKA_CLASS, CKO_PRIVATE_KEY), number(CKA_KEY_TYPE, kind.type),
            bytes(CKA_EC_PARAMS, kind.params), bytes(CKA_VALUE, secret)};
}

std::vector<Value> without(std::vector<Value> values, std::initializer_list<CK_ATTRIBUTE_TYPE> types) {
    std::erase_if(values,
                  [&](const Value& value) { return std::ranges::find(types, value.type) != types.end(); });
    return values;
}

std::vector<Value> with(std::vector<Value> values, const Value& value) {
    return without(std::move(values), {value.type}) + std::vector{value};
}

std::vector<Value> public_template(const crypto::PublicKey& key) {
    const auto class_of = number(CKA_CLASS, CKO_PUBLIC_KEY);
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return {class_of, number(CKA_KEY_TYPE, CKK_RSA), bytes(CKA_MODULUS, rsa->modulus),
                bytes(CKA_PUBLIC_EXPONENT, rsa->exponent)};
    }
    const CurveKind kind = kind_of(key);
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    const Bytes point =
        ec != nullptr ? TlvWriter().put(0x04, ec->point).take() : std::get<crypto::OkpPublicKey>(key).value;
    return {class_of, number(CKA_KEY_TYPE, kind.type), bytes(CKA_EC_PARAMS, kind.params),
            bytes(CKA_EC_POINT, point)};
}

}  // namespace jeton::test
