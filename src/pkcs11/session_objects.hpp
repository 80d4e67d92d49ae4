// Session objects: made from an application's template, kept in this process.
#pragma once

#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/object.hpp"
#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

/// add_aes_key makes an AES session key with |value| and gives its handle. |generator| is CKM_AES_KEY_GEN, or
/// CK_UNAVAILABLE_INFORMATION for a key that the application brought.
CK_OBJECT_HANDLE add_aes_key(Session& session, const Template& given, SecretBytes value,
                             CK_MECHANISM_TYPE generator);

/// add_public_key_object makes an RSA or EC public session key from its numbers.
CK_OBJECT_HANDLE add_public_key_object(Session& session, const Template& given);

}  // namespace jeton::pkcs11
