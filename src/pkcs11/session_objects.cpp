#include "pkcs11/session_objects.hpp"

#include <array>

#include "pkcs11/object_builder.hpp"
#include "util/tlv.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr std::uint32_t der_octet_string = 0x04;

/// An attribute that a template may set, and its value when it does not.
struct Default {
    CK_ATTRIBUTE_TYPE type;
    bool value;
};

constexpr std::array storage_defaults{Default{CKA_MODIFIABLE, true}, Default{CKA_COPYABLE, true},
                                      Default{CKA_DESTROYABLE, true}};
constexpr std::array secret_defaults{
    Default{CKA_PRIVATE, false}, Default{CKA_ENCRYPT, true},      Default{CKA_DECRYPT, true},
    Default{CKA_SIGN, false},    Default{CKA_VERIFY, false},      Default{CKA_WRAP, false},
    Default{CKA_UNWRAP, false},  Default{CKA_DERIVE, false},      Default{CKA_SENSITIVE, true},
    Default{CKA_TRUSTED, false}, Default{CKA_EXTRACTABLE, false}, Default{CKA_WRAP_WITH_TRUSTED, false},
};
constexpr std::array public_defaults{Default{CKA_PRIVATE, false}, Default{CKA_ENCRYPT, true},
                                     Default{CKA_VERIFY, true},   Default{CKA_VERIFY_RECOVER, false},
                                     Default{CKA_WRAP, false},    Default{CKA_DERIVE, false},
                                     Default{CKA_TRUSTED, false}};

void set_defaults(Attributes& attributes, const Template& given, std::span<const Default> defaults) {
    for (const Default& row : defaults) {
        attributes.set_bool(row.type, given.flag(row.type).value_or(row.value));
    }
}

Object new_object(Session& session, const Template& given, CK_OBJECT_CLASS object_class,
                  CK_KEY_TYPE key_type) {
    require(!given.flag(CKA_TOKEN).value_or(false), CKR_TEMPLATE_INCONSISTENT,
            "this card keeps no such objects: leave CKA_TOKEN false");
    const bool is_private = given.flag(CKA_PRIVATE).value_or(false);
    require(!is_private || session.token().login() == card::PinRole::user, CKR_USER_NOT_LOGGED_IN,
            "a private object needs a login");
    Object object;
    object.owner = session.handle();
    object.attributes.set_ulong(CKA_CLASS, object_class)
        .set_bool(CKA_TOKEN, false)
        .set_ulong(CKA_KEY_TYPE, key_type)
        .set(CKA_ID, given.find(CKA_ID).value_or(View{}))
        .set(CKA_LABEL, given.find(CKA_LABEL).value_or(View{}))
        .set(CKA_START_DATE, given.find(CKA_START_DATE).value_or(View{}))
        .set(CKA_END_DATE, given.find(CKA_END_DATE).value_or(View{}))
        .set(CKA_ALLOWED_MECHANISMS, given.find(CKA_ALLOWED_MECHANISMS).value_or(View{}));
    set_defaults(object.attributes, given, storage_defaults);
    object.attributes.set(CKA_UNIQUE_ID, view_of("session-" + std::to_string(new_handle())));
    return object;
}

crypto::PublicKey rsa_of(const Template& given) {
    return crypto::RsaPublicKey{to_bytes(without_leading_zeros(required(given, CKA_MODULUS))),
                                to_bytes(without_leading_zeros(required(given, CKA_PUBLIC_EXPONENT)))};
}

crypto::PublicKey ec_of(const Template& given) {
    const auto curve = crypto::curve_of_params(required(given, CKA_EC_PARAMS));
    require(curve.has_value(), CKR_CURVE_NOT_SUPPORTED, "an unknown curve");
    const View value = required(given, CKA_EC_POINT);
    // CKA_EC_POINT is an OCTET STRING; modules that give the bare point are met too. Both begin with 04.
    const std::size_t bare = 1 + 2 * crypto::curve_facts(*curve).field_bytes;
    const View point = value.size() == bare ? value : find_tlv(value, der_octet_string).value_or(View{});
    return crypto::EcPublicKey{*curve, to_bytes(point)};
}

}  // namespace

CK_OBJECT_HANDLE add_aes_key(Session& session, const Template& given, SecretBytes value,
                             CK_MECHANISM_TYPE generator) {
    require(value.size() == 16 || value.size() == 24 || value.size() == 32, CKR_ATTRIBUTE_VALUE_INVALID,
            "an AES key has 16, 24 or 32 bytes");
    Object object = new_object(session, given, CKO_SECRET_KEY, CKK_AES);
    Attributes& attributes = object.attributes;
    set_defaults(attributes, given, secret_defaults);
    const bool generated = generator != CK_UNAVAILABLE_INFORMATION;
    attributes.set_ulong(CKA_VALUE_LEN, value.size())
        .set_bool(CKA_LOCAL, generated)
        .set_ulong(CKA_KEY_GEN_MECHANISM, generator)
        .set_bool(CKA_ALWAYS_SENSITIVE, generated && attributes.is_true(CKA_SENSITIVE))
        .set_bool(CKA_NEVER_EXTRACTABLE, generated && !attributes.is_true(CKA_EXTRACTABLE));
    object.key = SecretKey{std::move(value)};
    return session.token().add_session_object(std::move(object));
}

CK_OBJECT_HANDLE add_public_key_object(Session& session, const Template& given) {
    const CK_KEY_TYPE type = required_number(given, CKA_KEY_TYPE);
    require(type == CKK_RSA || type == CKK_EC, CKR_ATTRIBUTE_VALUE_INVALID, "public keys are RSA or EC keys");
    const crypto::PublicKey key = type == CKK_RSA ? rsa_of(given) : ec_of(given);
    require(crypto::is_valid(key), CKR_ATTRIBUTE_VALUE_INVALID, "the numbers are no public key");
    Object object = new_object(session, given, CKO_PUBLIC_KEY, type);
    set_defaults(object.attributes, given, public_defaults);
    add_public_values(object.attributes, key, true);
    object.attributes.set(CKA_SUBJECT, given.find(CKA_SUBJECT).value_or(View{}))
        .set(CKA_PUBLIC_KEY_INFO, crypto::spki(key))
        .set_bool(CKA_LOCAL, false)
        .set_ulong(CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
    object.key = key;
    return session.token().add_session_object(std::move(object));
}

}  // namespace jeton::pkcs11
