// Certificates and data objects on the card: which slot of the profile they go to, and what may be replaced.
#pragma once

#include "pkcs11/module.hpp"
#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

/// write_certificate writes a certificate to the slot that CKA_ID names, or that holds its key, or the first
/// free one.
CK_OBJECT_HANDLE write_certificate(Module& module, Session& session, const Template& given);

/// write_data writes a data object to the slot that CKA_OBJECT_ID, or else CKA_LABEL or CKA_APPLICATION,
/// names as the profile spells it. What is there is replaced only with `overwrite`.
CK_OBJECT_HANDLE write_data(Module& module, Session& session, const Template& given);

/// replace_data gives the data object |index| of the card's layout another content.
void replace_data(Session& session, std::size_t index, View content);

/// rename_object gives a certificate or data object other names, on a card that keeps them. Its handle stays.
void rename_object(Session& session, std::size_t index, const card::Name& name);

/// erase_object removes a certificate or data object.
void erase_object(Session& session, std::size_t index);

}  // namespace jeton::pkcs11
