// Object: what an object handle stands for.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <variant>

#include "crypto/keys.hpp"
#include "pkcs11/attributes.hpp"
#include "util/secret.hpp"

namespace jeton::pkcs11 {

/// CardKey is a private key on the card, by its index in the card's layout.
struct CardKey {
    std::size_t index = 0;
    crypto::PublicKey public_key;
    bool always_authenticate = false;
};

/// CardSecretKey is an AES key on the card, by its index in the card's layout.
struct CardSecretKey {
    std::size_t index = 0;
};

/// SecretKey is a secret key in this process's memory.
struct SecretKey {
    SecretBytes value;
};

struct Object {
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
    Attributes attributes;
    std::variant<std::monostate, CardKey, CardSecretKey, crypto::PublicKey, SecretKey> key;
    std::optional<std::size_t>
        card_object;  ///< a certificate or data object on the card, by its index in the layout
    std::optional<std::size_t> key_pair;          ///< of a public key on the card: its index in the layout
    CK_SESSION_HANDLE owner = CK_INVALID_HANDLE;  ///< the session of a session object

    CK_OBJECT_CLASS object_class() const {
        return attributes.number(CKA_CLASS).value_or(CK_UNAVAILABLE_INFORMATION);
    }
    bool is_private() const { return attributes.is_true(CKA_PRIVATE); }
    bool is_session_object() const { return owner != CK_INVALID_HANDLE; }

    /// matches tells whether every item of |wanted| is an attribute of this object with just that value.
    bool matches(const Template& wanted) const;

    /// is_sensitive tells whether |type| is a part of the key that must not be read.
    bool is_sensitive(CK_ATTRIBUTE_TYPE type) const;
};

/// new_handle never gives a value twice, nor CK_INVALID_HANDLE. Sessions take theirs from it too.
CK_ULONG new_handle();

/// read_attributes fills a template of C_GetAttributeValue and gives the CK_RV of the worst item: OK,
/// ATTRIBUTE_SENSITIVE, ATTRIBUTE_TYPE_INVALID or BUFFER_TOO_SMALL.
CK_RV read_attributes(const Object& object, std::span<CK_ATTRIBUTE> items);

}  // namespace jeton::pkcs11
