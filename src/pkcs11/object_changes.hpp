// Objects that are there already: copies of them, and changes to their attributes (PKCS#11 3.2, 5.7.2 to
// 5.7.6).
#pragma once

#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

/// copy_object makes a session object like |object|. ACTION_PROHIBITED for what CKA_COPYABLE forbids, such as
/// private keys on the card.
CK_OBJECT_HANDLE copy_object(Session& session, const Object& object, const Template& given);

/// set_attributes changes all of |given|, or nothing. Of an object on the card only what the card can change:
/// CKA_ID of a private key moves the key, CKA_VALUE of a data object writes it.
void set_attributes(Session& session, const Object& object, const Template& given);

/// destroy_object removes a session object, or an object from the card. ACTION_PROHIBITED when it stays.
void destroy_object(Session& session, const Object& object);

/// object_size is about how many bytes the object takes.
CK_ULONG object_size(const Object& object);

}  // namespace jeton::pkcs11
