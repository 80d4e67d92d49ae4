#include "pkcs11/session_objects.hpp"

#include <array>

#include "crypto/certificate.hpp"
#include "pkcs11/key_material.hpp"
#include "pkcs11/mechanisms.hpp"
#include "pkcs11/object_builder.hpp"

namespace jeton::pkcs11 {

namespace {

/// An attribute that a template may set, and its value when it does not.
struct Default {
    CK_ATTRIBUTE_TYPE type;
    bool value;
};

constexpr std::array storage_defaults{Default{CKA_PRIVATE, false}, Default{CKA_MODIFIABLE, true},
                                      Default{CKA_COPYABLE, true}, Default{CKA_DESTROYABLE, true}};
constexpr std::array secret_defaults{
    Default{CKA_SIGN, false},    Default{CKA_VERIFY, false},      Default{CKA_WRAP, false},
    Default{CKA_UNWRAP, false},  Default{CKA_DERIVE, false},      Default{CKA_SENSITIVE, true},
    Default{CKA_TRUSTED, false}, Default{CKA_EXTRACTABLE, false}, Default{CKA_WRAP_WITH_TRUSTED, false},
};
constexpr std::array aes_defaults{Default{CKA_ENCRYPT, true}, Default{CKA_DECRYPT, true}};
constexpr std::array generic_defaults{Default{CKA_ENCRYPT, false}, Default{CKA_DECRYPT, false}};
constexpr std::array public_defaults{Default{CKA_ENCRYPT, true},         Default{CKA_VERIFY, true},
                                     Default{CKA_VERIFY_RECOVER, false}, Default{CKA_WRAP, false},
                                     Default{CKA_DERIVE, false},         Default{CKA_TRUSTED, false}};
constexpr std::array certificate_defaults{Default{CKA_TRUSTED, false}};

void set_defaults(Attributes& attributes, const Template& given, std::span<const Default> defaults) {
    for (const Default& row : defaults) {
        attributes.set_bool(row.type, given.flag(row.type).value_or(row.value));
    }
}

/// take takes attributes over as they were given, empty without a value.
void take(Attributes& attributes, const Template& given, std::initializer_list<CK_ATTRIBUTE_TYPE> types) {
    for (const CK_ATTRIBUTE_TYPE type : types) {
        attributes.set(type, given.find(type).value_or(View{}));
    }
}

Object new_object(Session& session, const Template& given, CK_OBJECT_CLASS object_class) {
    require(!given.flag(CKA_TOKEN).value_or(false), CKR_TEMPLATE_INCONSISTENT,
            "this card keeps no such objects: leave CKA_TOKEN false");
    const auto login = session.token().login();
    require(!given.flag(CKA_PRIVATE).value_or(false) || login == card::PinRole::user, CKR_USER_NOT_LOGGED_IN,
            "a private object needs a login");
    require(!given.flag(CKA_TRUSTED).value_or(false) || login == card::PinRole::so, CKR_ATTRIBUTE_READ_ONLY,
            "the security officer alone says what is trusted");
    Object object;
    object.owner = session.handle();
    object.attributes.set_ulong(CKA_CLASS, object_class)
        .set_bool(CKA_TOKEN, false)
        .set(CKA_UNIQUE_ID, view_of(unique_session_id()));
    take(object.attributes, given, {CKA_LABEL});
    set_defaults(object.attributes, given, storage_defaults);
    return object;
}

Object new_key(Session& session, const Template& given, CK_OBJECT_CLASS object_class, CK_KEY_TYPE type) {
    Object object = new_object(session, given, object_class);
    object.attributes.set_ulong(CKA_KEY_TYPE, type);
    take(object.attributes, given, {CKA_ID, CKA_START_DATE, CKA_END_DATE, CKA_ALLOWED_MECHANISMS});
    return object;
}

}  // namespace

CK_KEY_TYPE secret_type(CK_KEY_TYPE given) {
    require(given == CKK_AES || given == CKK_GENERIC_SECRET, CKR_ATTRIBUTE_VALUE_INVALID,
            "secret keys are AES keys or generic secrets");
    return given;
}

bool is_secret_length(CK_KEY_TYPE type, std::size_t length) {
    if (type == CKK_AES) {
        return length == 16 || length == 24 || length == 32;
    }
    return length >= 1 && length <= longest_secret;
}

CK_OBJECT_HANDLE add_secret_key(Session& session, const Template& given, CK_KEY_TYPE type, SecretBytes value,
                                const SecretOrigin& origin) {
    require(is_secret_length(type, value.size()), CKR_ATTRIBUTE_VALUE_INVALID,
            "a key of this type has another length");
    Object object = new_key(session, given, CKO_SECRET_KEY, type);
    Attributes& attributes = object.attributes;
    set_defaults(attributes, given, secret_defaults);
    set_defaults(attributes, given, type == CKK_AES ? aes_defaults : generic_defaults);
    attributes.set_ulong(CKA_VALUE_LEN, value.size())
        .set_bool(CKA_LOCAL, origin.local)
        .set_ulong(CKA_KEY_GEN_MECHANISM, origin.generator)
        .set_bool(CKA_ALWAYS_SENSITIVE, origin.always_sensitive && attributes.is_true(CKA_SENSITIVE))
        .set_bool(CKA_NEVER_EXTRACTABLE, origin.never_extractable && !attributes.is_true(CKA_EXTRACTABLE));
    object.key = SecretKey{std::move(value)};
    return session.token().add_session_object(std::move(object));
}

CK_OBJECT_HANDLE create_secret_key(Session& session, const Template& given) {
    const CK_KEY_TYPE type = secret_type(required_number(given, CKA_KEY_TYPE));
    SecretBytes value = to_secret(required(given, CKA_VALUE));
    require_value(given, CKA_VALUE_LEN, value.size());
    return add_secret_key(session, given, type, std::move(value), {});
}

CK_OBJECT_HANDLE create_session_public_key(Session& session, const Template& given) {
    const CK_KEY_TYPE type = required_number(given, CKA_KEY_TYPE);
    const crypto::PublicKey key = public_key_in(given, type);
    Object object = new_key(session, given, CKO_PUBLIC_KEY, type);
    set_defaults(object.attributes, given, public_defaults);
    add_public_values(object.attributes, key, true);
    take(object.attributes, given, {CKA_SUBJECT});
    object.attributes.set(CKA_PUBLIC_KEY_INFO, crypto::spki(key))
        .set_bool(CKA_LOCAL, false)
        .set_ulong(CKA_KEY_GEN_MECHANISM, CK_UNAVAILABLE_INFORMATION);
    object.key = key;
    return session.token().add_session_object(std::move(object));
}

CK_OBJECT_HANDLE create_session_certificate(Session& session, const Template& given) {
    const auto certificate = crypto::parse_certificate(required(given, CKA_VALUE));
    require(certificate.has_value(), CKR_ATTRIBUTE_VALUE_INVALID, "CKA_VALUE is no X.509 certificate");
    Object object = new_object(session, given, CKO_CERTIFICATE);
    set_defaults(object.attributes, given, certificate_defaults);
    add_certificate(object.attributes, *certificate);
    take(object.attributes, given, {CKA_ID});
    object.attributes.set_ulong(CKA_CERTIFICATE_TYPE, CKC_X_509).set(CKA_VALUE, certificate->der);
    return session.token().add_session_object(std::move(object));
}

CK_OBJECT_HANDLE create_session_data(Session& session, const Template& given) {
    Object object = new_object(session, given, CKO_DATA);
    take(object.attributes, given, {CKA_APPLICATION, CKA_OBJECT_ID, CKA_VALUE});
    return session.token().add_session_object(std::move(object));
}

std::string unique_session_id() {
    return "session-" + std::to_string(new_handle());
}

}  // namespace jeton::pkcs11
