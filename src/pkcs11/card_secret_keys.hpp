// AES keys on the card: made, brought, renamed and removed.
#pragma once

#include "card/layout.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

/// generate_secret_key makes an AES key of |bytes| (16, 24 or 32) on the card. On a card that has the places
/// of its profile, CKA_ID chooses one, or the first free one serves. An occupied one, or another AES key with
/// this CKA_ID, is ATTRIBUTE_VALUE_INVALID unless the configuration says `overwrite`. KEY_SIZE_RANGE.
CK_OBJECT_HANDLE generate_secret_key(Module& module, Session& session, const Template& given,
                                     std::size_t bytes);

/// import_secret_key puts CKA_VALUE on the card as an AES key; as generate_secret_key, and
/// TEMPLATE_INCONSISTENT for a card that takes no keys from outside.
CK_OBJECT_HANDLE import_secret_key(Module& module, Session& session, const Template& given);

/// erase_secret_key and rename_secret_key are for the key |index| of the layout, whose handle stays when it
/// gets another CKA_ID or CKA_LABEL.
void erase_secret_key(Session& session, std::size_t index);
void rename_secret_key(Session& session, std::size_t index, const card::Name& name);

}  // namespace jeton::pkcs11
