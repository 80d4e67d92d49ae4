#include "pkcs11/object.hpp"

#include <algorithm>
#include <array>

namespace jeton::pkcs11 {

namespace {

/// The secret parts of each kind of key.
struct SensitiveRow {
    CK_OBJECT_CLASS object_class;
    CK_KEY_TYPE key_type;
    CK_ATTRIBUTE_TYPE type;
};

constexpr std::array sensitive_rows{
    SensitiveRow{CKO_PRIVATE_KEY, CKK_RSA, CKA_PRIVATE_EXPONENT},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_RSA, CKA_PRIME_1},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_RSA, CKA_PRIME_2},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_RSA, CKA_EXPONENT_1},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_RSA, CKA_EXPONENT_2},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_RSA, CKA_COEFFICIENT},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_EC, CKA_VALUE},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_EC_EDWARDS, CKA_VALUE},
    SensitiveRow{CKO_PRIVATE_KEY, CKK_EC_MONTGOMERY, CKA_VALUE},
    SensitiveRow{CKO_SECRET_KEY, CKK_AES, CKA_VALUE},
    SensitiveRow{CKO_SECRET_KEY, CKK_GENERIC_SECRET, CKA_VALUE},
};

/// value_of includes the value of a secret key, which is kept apart from the attributes.
std::optional<View> value_of(const Object& object, CK_ATTRIBUTE_TYPE type) {
    const auto* secret = std::get_if<SecretKey>(&object.key);
    if (secret != nullptr && type == CKA_VALUE) {
        return secret->value;
    }
    return object.attributes.find(type);
}

CK_RV read_attribute(const Object& object, CK_ATTRIBUTE& item) {
    const CK_ULONG room = item.ulValueLen;
    item.ulValueLen = CK_UNAVAILABLE_INFORMATION;
    if (object.is_sensitive(item.type)) {
        return CKR_ATTRIBUTE_SENSITIVE;
    }
    const auto value = value_of(object, item.type);
    if (!value) {
        return CKR_ATTRIBUTE_TYPE_INVALID;
    }
    if (item.pValue != nullptr) {
        if (room < value->size()) {
            return CKR_BUFFER_TOO_SMALL;
        }
        std::ranges::copy(*value, static_cast<Byte*>(item.pValue));
    }
    item.ulValueLen = value->size();
    return CKR_OK;
}

}  // namespace

bool Object::matches(const Template& wanted) const {
    return std::ranges::all_of(wanted.items(), [&](const CK_ATTRIBUTE& item) {
        const auto value = is_sensitive(item.type) ? std::nullopt : value_of(*this, item.type);
        return value && equal(*value, Template::value_of(item));
    });
}

bool Object::is_sensitive(CK_ATTRIBUTE_TYPE type) const {
    const auto key_type = attributes.number(CKA_KEY_TYPE);
    const bool is_secret_part = std::ranges::any_of(sensitive_rows, [&](const SensitiveRow& row) {
        return row.object_class == object_class() && row.key_type == key_type && row.type == type;
    });
    return is_secret_part && (attributes.is_true(CKA_SENSITIVE) || !attributes.is_true(CKA_EXTRACTABLE));
}

CK_ULONG new_handle() {
    static std::atomic<CK_ULONG> last{CK_INVALID_HANDLE};
    return last.fetch_add(1) + 1;
}

CK_RV read_attributes(const Object& object, std::span<CK_ATTRIBUTE> items) {
    CK_RV worst = CKR_OK;
    for (CK_ATTRIBUTE& item : items) {
        if (const CK_RV rv = read_attribute(object, item); rv != CKR_OK) {
            worst = rv;
        }
    }
    return worst;
}

}  // namespace jeton::pkcs11
