#include "pkcs11/attribute_rules.hpp"

#include <algorithm>
#include <array>

#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

enum class Kind { boolean, number, bytes, date };

constexpr unsigned certificate = 1;
constexpr unsigned public_key = 2;
constexpr unsigned private_key = 4;
constexpr unsigned secret_key = 8;
constexpr unsigned data = 16;
constexpr unsigned keys = public_key | private_key | secret_key;
constexpr unsigned all = certificate | keys | data;

/// Who may give the attribute.
enum class Giver { application, creator /* C_CreateObject alone */, module };

struct AttributeRule {
    CK_ATTRIBUTE_TYPE type;
    Kind kind;
    unsigned classes;
    Giver giver;
};

constexpr std::array rules{
    AttributeRule{CKA_CLASS, Kind::number, all, Giver::application},
    AttributeRule{CKA_TOKEN, Kind::boolean, all, Giver::application},
    AttributeRule{CKA_PRIVATE, Kind::boolean, all, Giver::application},
    AttributeRule{CKA_MODIFIABLE, Kind::boolean, all, Giver::application},
    AttributeRule{CKA_COPYABLE, Kind::boolean, all, Giver::application},
    AttributeRule{CKA_DESTROYABLE, Kind::boolean, all, Giver::application},
    AttributeRule{CKA_LABEL, Kind::bytes, all, Giver::application},
    AttributeRule{CKA_UNIQUE_ID, Kind::bytes, all, Giver::module},
    AttributeRule{CKA_ID, Kind::bytes, certificate | keys, Giver::application},
    AttributeRule{CKA_SUBJECT, Kind::bytes, certificate | public_key | private_key, Giver::application},
    AttributeRule{CKA_START_DATE, Kind::date, certificate | keys, Giver::application},
    AttributeRule{CKA_END_DATE, Kind::date, certificate | keys, Giver::application},
    AttributeRule{CKA_KEY_TYPE, Kind::number, keys, Giver::application},
    AttributeRule{CKA_DERIVE, Kind::boolean, keys, Giver::application},
    AttributeRule{CKA_ALLOWED_MECHANISMS, Kind::bytes, keys, Giver::application},
    AttributeRule{CKA_PUBLIC_KEY_INFO, Kind::bytes, certificate | public_key | private_key,
                  Giver::application},
    AttributeRule{CKA_LOCAL, Kind::boolean, keys, Giver::module},
    AttributeRule{CKA_KEY_GEN_MECHANISM, Kind::number, keys, Giver::module},
    AttributeRule{CKA_ENCRYPT, Kind::boolean, public_key | secret_key, Giver::application},
    AttributeRule{CKA_DECRYPT, Kind::boolean, private_key | secret_key, Giver::application},
    AttributeRule{CKA_SIGN, Kind::boolean, private_key | secret_key, Giver::application},
    AttributeRule{CKA_SIGN_RECOVER, Kind::boolean, private_key, Giver::application},
    AttributeRule{CKA_VERIFY, Kind::boolean, public_key | secret_key, Giver::application},
    AttributeRule{CKA_VERIFY_RECOVER, Kind::boolean, public_key, Giver::application},
    AttributeRule{CKA_WRAP, Kind::boolean, public_key | secret_key, Giver::application},
    AttributeRule{CKA_UNWRAP, Kind::boolean, private_key | secret_key, Giver::application},
    AttributeRule{CKA_ENCAPSULATE, Kind::boolean, public_key, Giver::application},
    AttributeRule{CKA_DECAPSULATE, Kind::boolean, private_key, Giver::application},
    AttributeRule{CKA_TRUSTED, Kind::boolean, certificate | public_key | secret_key, Giver::application},
    AttributeRule{CKA_SENSITIVE, Kind::boolean, private_key | secret_key, Giver::application},
    AttributeRule{CKA_EXTRACTABLE, Kind::boolean, private_key | secret_key, Giver::application},
    AttributeRule{CKA_ALWAYS_SENSITIVE, Kind::boolean, private_key | secret_key, Giver::module},
    AttributeRule{CKA_NEVER_EXTRACTABLE, Kind::boolean, private_key | secret_key, Giver::module},
    AttributeRule{CKA_WRAP_WITH_TRUSTED, Kind::boolean, private_key | secret_key, Giver::application},
    AttributeRule{CKA_ALWAYS_AUTHENTICATE, Kind::boolean, private_key, Giver::application},
    AttributeRule{CKA_CHECK_VALUE, Kind::bytes, certificate | secret_key, Giver::creator},
    AttributeRule{CKA_VALUE_LEN, Kind::number, secret_key, Giver::application},
    AttributeRule{CKA_VALUE, Kind::bytes, certificate | secret_key | data, Giver::creator},
    AttributeRule{CKA_MODULUS, Kind::bytes, public_key, Giver::creator},
    AttributeRule{CKA_MODULUS_BITS, Kind::number, public_key, Giver::application},
    AttributeRule{CKA_PUBLIC_EXPONENT, Kind::bytes, public_key, Giver::application},
    AttributeRule{CKA_EC_PARAMS, Kind::bytes, public_key | private_key, Giver::application},
    AttributeRule{CKA_EC_POINT, Kind::bytes, public_key, Giver::creator},
    AttributeRule{CKA_CERTIFICATE_TYPE, Kind::number, certificate, Giver::application},
    AttributeRule{CKA_CERTIFICATE_CATEGORY, Kind::number, certificate, Giver::application},
    AttributeRule{CKA_ISSUER, Kind::bytes, certificate, Giver::application},
    AttributeRule{CKA_SERIAL_NUMBER, Kind::bytes, certificate, Giver::application},
    AttributeRule{CKA_URL, Kind::bytes, certificate, Giver::application},
    AttributeRule{CKA_APPLICATION, Kind::bytes, data, Giver::application},
    AttributeRule{CKA_OBJECT_ID, Kind::bytes, data, Giver::application},
};

struct ClassRow {
    CK_OBJECT_CLASS object_class;
    unsigned bit;
};

constexpr std::array class_rows{ClassRow{CKO_CERTIFICATE, certificate}, ClassRow{CKO_PUBLIC_KEY, public_key},
                                ClassRow{CKO_PRIVATE_KEY, private_key}, ClassRow{CKO_SECRET_KEY, secret_key},
                                ClassRow{CKO_DATA, data}};

bool has_length_of(Kind kind, std::size_t length) {
    switch (kind) {
        case Kind::boolean:
            return length == sizeof(CK_BBOOL);
        case Kind::number:
            return length == sizeof(CK_ULONG);
        case Kind::date:
            return length == 0 || length == sizeof(CK_DATE);
        case Kind::bytes:
            return true;
    }
    return false;
}

}  // namespace

void check_template(const Template& given, CK_OBJECT_CLASS object_class, Making making) {
    const auto row = std::ranges::find(class_rows, object_class, &ClassRow::object_class);
    require(row != class_rows.end(), CKR_ATTRIBUTE_VALUE_INVALID, "objects of this class cannot be made");
    for (const CK_ATTRIBUTE& item : given.items()) {
        const auto rule = std::ranges::find(rules, item.type, &AttributeRule::type);
        require(rule != rules.end() && (rule->classes & row->bit) != 0, CKR_ATTRIBUTE_TYPE_INVALID,
                "the template has an attribute that such objects do not have");
        const bool may_give =
            rule->giver == Giver::application || (rule->giver == Giver::creator && making == Making::create);
        require(may_give, CKR_ATTRIBUTE_READ_ONLY, "the template has an attribute that the module decides");
        require(has_length_of(rule->kind, item.ulValueLen), CKR_ATTRIBUTE_VALUE_INVALID,
                "an attribute of the template has a wrong length");
        require(equal(*given.find(item.type), Template::value_of(item)), CKR_TEMPLATE_INCONSISTENT,
                "the template has an attribute twice with different values");
    }
}

View required(const Template& given, CK_ATTRIBUTE_TYPE type) {
    const auto value = given.find(type);
    require(value.has_value(), CKR_TEMPLATE_INCOMPLETE, "the template lacks an attribute that is needed");
    return *value;
}

CK_ULONG required_number(const Template& given, CK_ATTRIBUTE_TYPE type) {
    required(given, type);
    return *given.number(type);
}

void require_value(const Template& given, CK_ATTRIBUTE_TYPE type, CK_ULONG value) {
    require(given.number(type).value_or(value) == value, CKR_TEMPLATE_INCONSISTENT,
            "the template contradicts the mechanism");
}

}  // namespace jeton::pkcs11
