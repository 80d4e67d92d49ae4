// Making and removing objects on the card: which slot of the profile they go to, and what may be replaced.
#pragma once

#include "pkcs11/module.hpp"
#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

struct KeyPairHandles {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};

/// generate_pair makes a key pair on the card. CKA_ID chooses the slot, the first free one serves without it.
/// An occupied slot is ATTRIBUTE_VALUE_INVALID unless the configuration says `overwrite`.
KeyPairHandles generate_pair(Module& module, Session& session, const MechanismRow& row,
                             const Template& public_given, const Template& private_given);

/// write_certificate writes a certificate to the slot that CKA_ID names, or that holds its key, or the first
/// free one.
CK_OBJECT_HANDLE write_certificate(Module& module, Session& session, const Template& given);

/// erase_certificate removes a certificate; ACTION_PROHIBITED for objects that the card cannot delete.
void erase_certificate(Session& session, const Object& object);

}  // namespace jeton::pkcs11
