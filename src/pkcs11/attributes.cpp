#include "pkcs11/attributes.hpp"

#include <cstring>

#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr CK_ULONG longest_template = 1024;

CK_ULONG load_ulong(View value) {
    CK_ULONG number = 0;
    std::memcpy(&number, value.data(), sizeof number);
    return number;
}

}  // namespace

Bytes ulong_bytes(CK_ULONG value) {
    Bytes bytes(sizeof value);
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
}

Bytes bool_bytes(bool value) {
    return {static_cast<Byte>(value ? CK_TRUE : CK_FALSE)};
}

Bytes date_bytes(std::string_view yyyymmdd) {
    return yyyymmdd.size() == sizeof(CK_DATE) ? to_bytes(view_of(yyyymmdd)) : Bytes{};
}

Attributes& Attributes::set(CK_ATTRIBUTE_TYPE type, View value) {
    m_values.insert_or_assign(type, to_bytes(value));
    return *this;
}

std::optional<View> Attributes::find(CK_ATTRIBUTE_TYPE type) const {
    const auto found = m_values.find(type);
    return found == m_values.end() ? std::nullopt : std::optional<View>(found->second);
}

bool Attributes::is_true(CK_ATTRIBUTE_TYPE type) const {
    const auto value = find(type);
    return value && value->size() == 1 && (*value)[0] != CK_FALSE;
}

std::optional<CK_ULONG> Attributes::number(CK_ATTRIBUTE_TYPE type) const {
    const auto value = find(type);
    return value && value->size() == sizeof(CK_ULONG) ? std::optional(load_ulong(*value)) : std::nullopt;
}

void Attributes::merge(const Attributes& other) {
    for (const auto& [type, value] : other.m_values) {
        m_values.insert_or_assign(type, value);
    }
}

std::size_t Attributes::size() const {
    std::size_t total = 0;
    for (const auto& [type, value] : m_values) {
        total += value.size();
    }
    return total;
}

Template::Template(const CK_ATTRIBUTE* attributes, CK_ULONG count) {
    require(attributes != nullptr || count == 0, CKR_ARGUMENTS_BAD, "the template is null");
    require(count <= longest_template, CKR_ARGUMENTS_BAD, "the template is absurdly long");
    m_items = {attributes, count};
    for (const CK_ATTRIBUTE& item : m_items) {
        const bool readable =
            item.ulValueLen == 0 || (item.pValue != nullptr && item.ulValueLen < (1UL << 30));
        require(readable, CKR_ATTRIBUTE_VALUE_INVALID,
                "an attribute of the template has a null or endless value");
    }
}

std::optional<View> Template::find(CK_ATTRIBUTE_TYPE type) const {
    for (const CK_ATTRIBUTE& item : m_items) {
        if (item.type == type) {
            return value_of(item);
        }
    }
    return std::nullopt;
}

std::optional<bool> Template::flag(CK_ATTRIBUTE_TYPE type) const {
    const auto value = find(type);
    if (!value) {
        return std::nullopt;
    }
    require(value->size() == sizeof(CK_BBOOL), CKR_ATTRIBUTE_VALUE_INVALID,
            "a CK_BBOOL attribute is not 1 byte long");
    return (*value)[0] != CK_FALSE;
}

std::optional<CK_ULONG> Template::number(CK_ATTRIBUTE_TYPE type) const {
    const auto value = find(type);
    if (!value) {
        return std::nullopt;
    }
    require(value->size() == sizeof(CK_ULONG), CKR_ATTRIBUTE_VALUE_INVALID,
            "a CK_ULONG attribute has another length");
    return load_ulong(*value);
}

}  // namespace jeton::pkcs11
