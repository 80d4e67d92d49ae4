// The attributes of the objects on a card: what the profile tells beforehand, and what the card adds.
#pragma once

#include "card/card.hpp"
#include "pkcs11/attributes.hpp"

namespace jeton::pkcs11 {

/// expected_* are the attributes that the profile alone decides; a search compares them before it asks the
/// card.
Attributes expected_private_key(const card::Profile& profile, const card::KeySlot& slot);
Attributes expected_public_key(const card::KeySlot& slot, bool destroyable);
Attributes expected_object(const card::Profile& profile, const card::ObjectSlot& slot);
Attributes expected_secret_key(const card::Profile& profile, const card::SecretKeySlot& slot);

/// add_* add what the card told.
void add_private_key(Attributes& attributes, const card::Applet& applet, const card::KeySlot& slot,
                     const card::KeyEntry& entry);
void add_public_key(Attributes& attributes, const card::Applet& applet, const card::KeySlot& slot,
                    const card::KeyEntry& entry);
void add_object(Attributes& attributes, const card::ObjectEntry& entry);
void add_secret_key(Attributes& attributes, card::Card& card, std::size_t index,
                    const card::SecretKeyEntry& entry);

/// add_certificate adds what is in a certificate, but for CKA_VALUE.
void add_certificate(Attributes& attributes, const crypto::Certificate& certificate);

/// profile_object is a CKO_PROFILE object that claims |id| (PKCS#11 profiles 3.2).
Attributes profile_object(CK_PROFILE_ID id);

/// unique_id is the CKA_UNIQUE_ID of an object on a card; |id| tells it from others of its class.
std::string unique_id(std::string_view serial, CK_OBJECT_CLASS object_class, std::string_view id);

}  // namespace jeton::pkcs11
