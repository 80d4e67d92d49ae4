// The checks on a key before an operation begins with it.
#pragma once

#include <memory>

#include "pkcs11/error.hpp"
#include "pkcs11/mechanisms.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// require_use checks that |object| is a key for |row|: KEY_TYPE_INCONSISTENT, and then
/// KEY_FUNCTION_NOT_PERMITTED when |usage| (CKA_SIGN ...) is false, or the profile keeps the mechanism for
/// other keys; MECHANISM_INVALID when CKA_ALLOWED_MECHANISMS does not name it.
void require_use(const Token& token, const Object& object, const MechanismRow& row, CK_ATTRIBUTE_TYPE usage);

/// secret_key_for finds an AES key for an operation with |row|, in this process or on the card, where that
/// can do it in this |direction|; errors as key_for.
std::shared_ptr<const Object> secret_key_for(Token& token, CK_OBJECT_HANDLE handle, const MechanismRow& row,
                                             CK_ATTRIBUTE_TYPE usage, crypto::Direction direction);

/// key_for finds the key of |handle| for an operation with |row|: KEY_HANDLE_INVALID, KEY_TYPE_INCONSISTENT
/// when it is not an alternative |Key| of Object::key, and as require_use.
template <typename Key>
std::shared_ptr<const Object> key_for(Token& token, CK_OBJECT_HANDLE handle, const MechanismRow& row,
                                      CK_ATTRIBUTE_TYPE usage) {
    auto object = token.object(handle, CKR_KEY_HANDLE_INVALID);
    require(std::holds_alternative<Key>(object->key), CKR_KEY_TYPE_INCONSISTENT,
            "the key is of another kind");
    require_use(token, *object, row, usage);
    return object;
}

}  // namespace jeton::pkcs11
