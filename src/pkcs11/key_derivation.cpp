#include "pkcs11/key_derivation.hpp"

#include "crypto/kdf.hpp"
#include "pkcs11/key_material.hpp"
#include "pkcs11/key_use.hpp"
#include "pkcs11/parameters.hpp"
#include "pkcs11/session_objects.hpp"

namespace jeton::pkcs11 {

namespace {

/// shared_bytes is the length of the secret that |key| agrees on.
std::size_t shared_bytes(const crypto::PublicKey& key) {
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    return ec != nullptr ? crypto::curve_facts(ec->curve).field_bytes
                         : crypto::okp_facts(std::get<crypto::OkpPublicKey>(key).curve).shared_bytes;
}

/// peer_point reads the other party's public key, which must be of the curve of |own|.
Bytes peer_point(const crypto::PublicKey& own, View public_data) {
    if (const auto* okp = std::get_if<crypto::OkpPublicKey>(&own)) {
        const View value = bare_octets(public_data, okp->value.size());
        require(!value.empty(), CKR_MECHANISM_PARAM_INVALID, "the public data are no key of this curve");
        return to_bytes(value);
    }
    const auto& ec = std::get<crypto::EcPublicKey>(own);
    const crypto::EcPublicKey peer{ec.curve, to_bytes(bare_octets(public_data, ec.point.size()))};
    require(crypto::is_valid(peer), CKR_MECHANISM_PARAM_INVALID,
            "the public data are no point of this curve");
    return peer.point;
}

/// asked_length is the length of the new key, decided before the card is asked. Without CKA_VALUE_LEN the
/// whole secret is the key; a key derivation function gives any length and wants one.
std::size_t asked_length(const Template& given, CK_KEY_TYPE type, const EcdhParameters& parameters,
                         std::size_t shared) {
    const auto length = given.number(CKA_VALUE_LEN);
    if (!length || *length == 0) {
        require(!parameters.kdf && is_secret_length(type, shared), CKR_TEMPLATE_INCOMPLETE,
                "CKA_VALUE_LEN is needed to know how long the key is to be");
        return shared;
    }
    require(is_secret_length(type, *length) && (parameters.kdf || *length <= shared),
            CKR_ATTRIBUTE_VALUE_INVALID, "a key of CKA_VALUE_LEN bytes cannot be made");
    return *length;
}

void require_not_zero(View secret) {
    Byte all = 0;
    for (const Byte byte : secret) {
        all |= byte;
    }
    require(all != 0, CKR_MECHANISM_PARAM_INVALID, "the other party's key makes a secret of zeros alone");
}

/// key_of makes the key of the shared secret; too long a secret loses bytes at its front.
SecretBytes key_of(View secret, const EcdhParameters& parameters, std::size_t length) {
    if (parameters.kdf) {
        return crypto::x963_kdf(*parameters.kdf, secret, parameters.shared_data, length);
    }
    return to_secret(secret.last(length));
}

}  // namespace

CK_OBJECT_HANDLE derive_key(Session& session, const CK_MECHANISM& mechanism, CK_OBJECT_HANDLE base_key,
                            const Template& given) {
    Token& token = session.token();
    const MechanismRow& row = find_mechanism(token, mechanism.mechanism, CKF_DERIVE);
    const EcdhParameters parameters = ecdh_parameters(mechanism);
    const auto base = key_for<CardKey>(token, base_key, row, CKA_DERIVE);
    const CardKey& key = std::get<CardKey>(base->key);
    check_template(given, CKO_SECRET_KEY, Making::generate);
    require_value(given, CKA_CLASS, CKO_SECRET_KEY);
    const CK_KEY_TYPE type = secret_type(given.number(CKA_KEY_TYPE).value_or(CKK_GENERIC_SECRET));
    const std::size_t length = asked_length(given, type, parameters, shared_bytes(key.public_key));
    const Bytes point = peer_point(key.public_key, parameters.public_data);

    const SecretBytes secret =
        token.card().begin().compute(key.index, card::Primitive::ecdh, card::Verb::derive, point);
    require_not_zero(secret);
    const SecretOrigin origin{.always_sensitive = base->attributes.is_true(CKA_ALWAYS_SENSITIVE),
                              .never_extractable = base->attributes.is_true(CKA_NEVER_EXTRACTABLE)};
    return add_secret_key(session, given, type, key_of(secret, parameters, length), origin);
}

}  // namespace jeton::pkcs11
