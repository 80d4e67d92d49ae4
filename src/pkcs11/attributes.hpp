// Attributes as values, and an application's template as something safe to read.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string_view>

#include "pkcs11/ck.hpp"
#include "util/bytes.hpp"

namespace jeton::pkcs11 {

/// ulong_bytes and bool_bytes are the values of CK_ULONG and CK_BBOOL attributes.
Bytes ulong_bytes(CK_ULONG value);
Bytes bool_bytes(bool value);

/// date_bytes makes a CK_DATE of YYYYMMDD, or the empty value.
Bytes date_bytes(std::string_view yyyymmdd);

/// Attributes of one object.
class Attributes {
  public:
    Attributes& set(CK_ATTRIBUTE_TYPE type, View value);
    Attributes& set_bool(CK_ATTRIBUTE_TYPE type, bool value) { return set(type, bool_bytes(value)); }
    Attributes& set_ulong(CK_ATTRIBUTE_TYPE type, CK_ULONG value) { return set(type, ulong_bytes(value)); }

    /// find gives the value; nullopt for an attribute that the object does not have.
    std::optional<View> find(CK_ATTRIBUTE_TYPE type) const;
    bool is_true(CK_ATTRIBUTE_TYPE type) const;
    std::optional<CK_ULONG> number(CK_ATTRIBUTE_TYPE type) const;

    /// merge takes over all attributes of |other|.
    void merge(const Attributes& other);

    /// size is the length of all values together.
    std::size_t size() const;

    bool operator==(const Attributes&) const = default;

  private:
    std::map<CK_ATTRIBUTE_TYPE, Bytes> m_values;
};

/// Template reads the CK_ATTRIBUTE array of a call. Making one checks the pointers: ARGUMENTS_BAD for a null
/// array or an absurd count, ATTRIBUTE_VALUE_INVALID for a null value with a length.
class Template {
  public:
    Template(const CK_ATTRIBUTE* attributes, CK_ULONG count);

    std::span<const CK_ATTRIBUTE> items() const { return m_items; }
    std::optional<View> find(CK_ATTRIBUTE_TYPE type) const;

    /// flag and number check the length of the value: ATTRIBUTE_VALUE_INVALID.
    std::optional<bool> flag(CK_ATTRIBUTE_TYPE type) const;
    std::optional<CK_ULONG> number(CK_ATTRIBUTE_TYPE type) const;

    static View value_of(const CK_ATTRIBUTE& item) {
        return {static_cast<const Byte*>(item.pValue), item.ulValueLen};
    }

  private:
    std::span<const CK_ATTRIBUTE> m_items;
};

}  // namespace jeton::pkcs11
