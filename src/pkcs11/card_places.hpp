// Where new keys and objects go on a card that keeps any number of them, under names that applications
// choose.
#pragma once

#include "pkcs11/attributes.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// name_in reads CKA_ID, CKA_LABEL, CKA_APPLICATION and CKA_OBJECT_ID.
card::Name name_in(const Template& given);

/// new_key_place makes a slot for a key pair. A private key with the CKA_ID of |wish| that is there already
/// is ATTRIBUTE_VALUE_INVALID or, with |overwrite|, erased. DEVICE_MEMORY when the card is full.
std::size_t new_key_place(card::Burst& burst, const card::Card& card, const card::KeyWish& wish,
                          bool overwrite);

/// new_certificate_place gives the slot beside the key that has the CKA_ID in |given| or, without one, that
/// the certificate is for; else it makes a slot. ATTRIBUTE_VALUE_INVALID when the certificate is for another
/// key than the one with that CKA_ID.
std::size_t new_certificate_place(card::Burst& burst, const card::Card& card, const Template& given,
                                  const crypto::Certificate& certificate);

/// new_data_place gives the slot of the data object that has the names in |given|, or makes one.
std::size_t new_data_place(card::Burst& burst, const card::Card& card, const Template& given);

}  // namespace jeton::pkcs11
