#include "pkcs11/attribute_rules.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

enum class Kind { boolean, number, numbers, bytes, date };

constexpr unsigned certificate = 1;
constexpr unsigned public_key = 2;
constexpr unsigned private_key = 4;
constexpr unsigned secret_key = 8;
constexpr unsigned data = 16;
constexpr unsigned keys = public_key | private_key | secret_key;
constexpr unsigned all = certificate | keys | data;

/// Who may give the attribute.
enum class Giver { application, creator /* C_CreateObject alone */, module };

/// How the attribute may change later.
enum class Later {
    never,
    in_copy,
    freely,
    to_true,
    to_false,
    by_so /* to true, by the security officer */
};

struct AttributeRule {
    CK_ATTRIBUTE_TYPE type;
    Kind kind;
    unsigned classes;
    Giver giver;
    Later later = Later::never;
};

constexpr AttributeRule flag(CK_ATTRIBUTE_TYPE type, unsigned classes, Later later) {
    return {type, Kind::boolean, classes, Giver::application, later};
}

constexpr AttributeRule bytes(CK_ATTRIBUTE_TYPE type, unsigned classes, Later later = Later::never) {
    return {type, Kind::bytes, classes, Giver::application, later};
}

constexpr AttributeRule number(CK_ATTRIBUTE_TYPE type, unsigned classes) {
    return {type, Kind::number, classes, Giver::application};
}

/// A value that only C_CreateObject takes.
constexpr AttributeRule created(CK_ATTRIBUTE_TYPE type, unsigned classes) {
    return {type, Kind::bytes, classes, Giver::creator};
}

constexpr AttributeRule decided(CK_ATTRIBUTE_TYPE type, Kind kind, unsigned classes) {
    return {type, kind, classes, Giver::module};
}

constexpr std::array rules{
    number(CKA_CLASS, all),
    flag(CKA_TOKEN, all, Later::in_copy),
    flag(CKA_PRIVATE, all, Later::in_copy),
    flag(CKA_MODIFIABLE, all, Later::in_copy),
    flag(CKA_DESTROYABLE, all, Later::in_copy),
    flag(CKA_COPYABLE, all, Later::to_false),
    bytes(CKA_LABEL, all, Later::freely),
    decided(CKA_UNIQUE_ID, Kind::bytes, all),
    bytes(CKA_ID, certificate | keys, Later::freely),
    bytes(CKA_SUBJECT, certificate),
    bytes(CKA_SUBJECT, public_key | private_key, Later::freely),
    AttributeRule{CKA_START_DATE, Kind::date, certificate, Giver::application},
    AttributeRule{CKA_END_DATE, Kind::date, certificate, Giver::application},
    AttributeRule{CKA_START_DATE, Kind::date, keys, Giver::application, Later::freely},
    AttributeRule{CKA_END_DATE, Kind::date, keys, Giver::application, Later::freely},
    number(CKA_KEY_TYPE, keys),
    flag(CKA_DERIVE, keys, Later::freely),
    AttributeRule{CKA_ALLOWED_MECHANISMS, Kind::numbers, keys, Giver::application},
    bytes(CKA_PUBLIC_KEY_INFO, certificate | public_key | private_key),
    decided(CKA_LOCAL, Kind::boolean, keys),
    decided(CKA_KEY_GEN_MECHANISM, Kind::number, keys),
    flag(CKA_ENCRYPT, public_key | secret_key, Later::freely),
    flag(CKA_DECRYPT, private_key | secret_key, Later::freely),
    flag(CKA_SIGN, private_key | secret_key, Later::freely),
    flag(CKA_SIGN_RECOVER, private_key, Later::freely),
    flag(CKA_VERIFY, public_key | secret_key, Later::freely),
    flag(CKA_VERIFY_RECOVER, public_key, Later::freely),
    flag(CKA_WRAP, public_key | secret_key, Later::freely),
    flag(CKA_UNWRAP, private_key | secret_key, Later::freely),
    flag(CKA_ENCAPSULATE, public_key, Later::freely),
    flag(CKA_DECAPSULATE, private_key, Later::freely),
    flag(CKA_TRUSTED, certificate | public_key | secret_key, Later::by_so),
    flag(CKA_SENSITIVE, private_key | secret_key, Later::to_true),
    flag(CKA_EXTRACTABLE, private_key | secret_key, Later::to_false),
    decided(CKA_ALWAYS_SENSITIVE, Kind::boolean, private_key | secret_key),
    decided(CKA_NEVER_EXTRACTABLE, Kind::boolean, private_key | secret_key),
    flag(CKA_WRAP_WITH_TRUSTED, private_key | secret_key, Later::to_true),
    flag(CKA_ALWAYS_AUTHENTICATE, private_key, Later::never),
    number(CKA_JETON_TOUCH_POLICY, private_key),
    number(CKA_JETON_PIN_POLICY, private_key),
    created(CKA_CHECK_VALUE, certificate | secret_key),
    number(CKA_VALUE_LEN, secret_key),
    created(CKA_VALUE, certificate | secret_key | private_key),
    AttributeRule{CKA_VALUE, Kind::bytes, data, Giver::creator, Later::freely},
    created(CKA_MODULUS, public_key | private_key),
    number(CKA_MODULUS_BITS, public_key),
    bytes(CKA_PUBLIC_EXPONENT, public_key),
    created(CKA_PUBLIC_EXPONENT, private_key),
    created(CKA_PRIVATE_EXPONENT, private_key),
    created(CKA_PRIME_1, private_key),
    created(CKA_PRIME_2, private_key),
    created(CKA_EXPONENT_1, private_key),
    created(CKA_EXPONENT_2, private_key),
    created(CKA_COEFFICIENT, private_key),
    bytes(CKA_EC_PARAMS, public_key | private_key),
    created(CKA_EC_POINT, public_key),
    number(CKA_CERTIFICATE_TYPE, certificate),
    number(CKA_CERTIFICATE_CATEGORY, certificate),
    bytes(CKA_ISSUER, certificate, Later::freely),
    bytes(CKA_SERIAL_NUMBER, certificate, Later::freely),
    bytes(CKA_URL, certificate),
    bytes(CKA_APPLICATION, data, Later::freely),
    bytes(CKA_OBJECT_ID, data, Later::freely),
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
        case Kind::numbers:
            return length % sizeof(CK_ULONG) == 0;
        case Kind::date:
            return length == 0 || length == sizeof(CK_DATE);
        case Kind::bytes:
            return true;
    }
    return false;
}

/// checked finds the rule of one item, and checks what holds for every template.
const AttributeRule& checked(const Template& given, const CK_ATTRIBUTE& item, CK_OBJECT_CLASS object_class) {
    const auto* const row = std::ranges::find(class_rows, object_class, &ClassRow::object_class);
    require(row != class_rows.end(), CKR_ATTRIBUTE_VALUE_INVALID,
            "objects of this class are not made or changed");
    const auto* const rule = std::ranges::find_if(rules, [&](const AttributeRule& candidate) {
        return candidate.type == item.type && (candidate.classes & row->bit) != 0;
    });
    if (rule == rules.end()) {
        throw Error(CKR_ATTRIBUTE_TYPE_INVALID,
                    fmt::format("such objects have no attribute {:#x}", item.type));
    }
    require(has_length_of(rule->kind, item.ulValueLen), CKR_ATTRIBUTE_VALUE_INVALID,
            "an attribute of the template has a wrong length");
    require(equal(*given.find(item.type), Template::value_of(item)), CKR_TEMPLATE_INCONSISTENT,
            "the template has an attribute twice with different values");
    return *rule;
}

/// may_change tells whether an attribute may go from |was| to |becomes|, which matter for flags alone.
bool may_change(Later later, Change change, bool was, bool becomes, bool is_so) {
    switch (later) {
        case Later::never:
            return false;
        case Later::in_copy:
            return change == Change::copy;
        case Later::freely:
            return true;
        case Later::to_true:
            return becomes || !was;
        case Later::to_false:
            return !becomes || was;
        case Later::by_so:
            return !becomes || is_so;
    }
    return false;
}

}  // namespace

void check_template(const Template& given, CK_OBJECT_CLASS object_class, Making making) {
    for (const CK_ATTRIBUTE& item : given.items()) {
        const AttributeRule& rule = checked(given, item, object_class);
        const bool may_give =
            rule.giver == Giver::application || (rule.giver == Giver::creator && making == Making::create);
        require(may_give, CKR_ATTRIBUTE_READ_ONLY, "the template has an attribute that the module decides");
    }
}

void check_changes(const Template& given, const Attributes& present, Change change, bool is_so) {
    const CK_OBJECT_CLASS object_class = present.number(CKA_CLASS).value_or(CK_UNAVAILABLE_INFORMATION);
    for (const CK_ATTRIBUTE& item : given.items()) {
        const AttributeRule& rule = checked(given, item, object_class);
        const bool was = present.is_true(item.type);
        const bool becomes = rule.kind == Kind::boolean && *given.flag(item.type);
        if (!may_change(rule.later, change, was, becomes, is_so)) {
            throw Error(CKR_ATTRIBUTE_READ_ONLY,
                        fmt::format("attribute {:#x} does not change, or not in this direction", item.type));
        }
    }
}

void apply_changes(Attributes& attributes, const Template& given) {
    const CK_OBJECT_CLASS object_class = attributes.number(CKA_CLASS).value_or(CK_UNAVAILABLE_INFORMATION);
    for (const CK_ATTRIBUTE& item : given.items()) {
        if (checked(given, item, object_class).kind == Kind::boolean) {
            attributes.set_bool(item.type, *given.flag(item.type));
        } else {
            attributes.set(item.type, Template::value_of(item));
        }
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
