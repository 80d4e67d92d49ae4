// The checks on a key before an operation begins with it.
#pragma once

#include <memory>

#include "pkcs11/mechanisms.hpp"
#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

/// key_for finds the key of |handle| for an operation with |row|: KEY_HANDLE_INVALID; KEY_TYPE_INCONSISTENT
/// when the key is not an alternative |Key| of Object::key; KEY_FUNCTION_NOT_PERMITTED when |usage| (CKA_SIGN
/// ...) is false, or the profile keeps the mechanism for other keys.
template <typename Key>
std::shared_ptr<const Object> key_for(Token& token, CK_OBJECT_HANDLE handle, CK_ATTRIBUTE_TYPE usage) {
    auto object = token.object(handle, CKR_KEY_HANDLE_INVALID);
    require(std::holds_alternative<Key>(object->key), CKR_KEY_TYPE_INCONSISTENT,
            "the key is of another kind");
    require(object->attributes.is_true(usage), CKR_KEY_FUNCTION_NOT_PERMITTED, "the key is not for this use");
    return object;
}

/// require_row checks that |row| works with |key|, and that the profile does not keep it for others.
void require_row(const MechanismRow& row, const crypto::PublicKey& key);
void require_allowed(const Token& token, const MechanismRow& row, const CardKey& key);

}  // namespace jeton::pkcs11
