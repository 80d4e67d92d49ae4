// Key pairs on the card: made, brought, moved and removed. CKA_ID chooses the slot of the profile.
#pragma once

#include "pkcs11/module.hpp"
#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

struct KeyPairHandles {
    CK_OBJECT_HANDLE public_key;
    CK_OBJECT_HANDLE private_key;
};

/// require_writing: TOKEN_WRITE_PROTECTED unless |allowed| by the profile, SESSION_READ_ONLY,
/// USER_NOT_LOGGED_IN.
void require_writing(const Session& session, bool allowed);

/// generate_pair makes a key pair of |type| (CKK_RSA ...) on the card. CKA_ID chooses the slot, the first
/// free one that is for such keys serves without it; a card that keeps any number of keys makes one. An
/// occupied slot is ATTRIBUTE_VALUE_INVALID unless the configuration says `overwrite`.
KeyPairHandles generate_pair(Module& module, Session& session, CK_KEY_TYPE type, const Template& public_given,
                             const Template& private_given);

/// import_private_key puts a private key on the card; the slot is found as for generate_pair.
CK_OBJECT_HANDLE import_private_key(Module& module, Session& session, const Template& given);

/// find_public_key gives the public key of the pair that |given| describes, which is on the card already: a
/// card makes it from the private key. ATTRIBUTE_VALUE_INVALID when there is no such pair.
CK_OBJECT_HANDLE find_public_key(Session& session, const Template& given);

/// erase_key removes the key pair |index| of the layout.
void erase_key(Session& session, std::size_t index);

/// rename_key gives a key pair another CKA_ID or CKA_LABEL, on a card that keeps them. Its handles stay.
/// ATTRIBUTE_VALUE_INVALID for the CKA_ID of another key.
void rename_key(Session& session, const CardKey& key, const card::Name& name);

/// move_key moves a key pair to the free slot of |id|. Its handles stay.
void move_key(Session& session, const CardKey& key, View id);

}  // namespace jeton::pkcs11
