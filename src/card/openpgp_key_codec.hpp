// Keys as OpenPGP cards write them: algorithm attributes, public keys, private key templates, fingerprints.
#pragma once

#include <cstdint>
#include <optional>

#include "card/openpgp_constants.hpp"
#include "card/profile.hpp"
#include "crypto/keys.hpp"
#include "util/secret.hpp"

namespace jeton::card::openpgp {

/// type_of_attributes reads C1, C2 or C3 (4.4.3.9); nullopt for an algorithm that we do not know. What stands
/// behind the object identifier is not looked at: some cards add a byte.
std::optional<KeyType> type_of_attributes(View attributes);

/// attributes_for writes them for a key of |type| in the slot |ref|. For RSA the length of the exponent and
/// the form of imports are those of |present|, where that is RSA too, for a card takes no others.
Bytes attributes_for(KeyType type, Byte ref, View present);

/// public_key_in reads the answer of GENERATE ASYMMETRIC KEY PAIR (7.2.14); nullopt unless it is a sound key
/// of |type|.
std::optional<crypto::PublicKey> public_key_in(View answer, KeyType type);

/// private_key_template is the data of an import (4.4.3.12) into the slot |ref|, as |attributes| want it;
/// nullopt when |parts| do not fit them.
std::optional<SecretBytes> private_key_template(const crypto::PrivateParts& parts,
                                                const crypto::PublicKey& key, Byte ref, View attributes);

/// fingerprint is that of a version 4 public key (RFC 4880, 12.2), made at |seconds| since 1970.
Bytes fingerprint(const crypto::PublicKey& key, View attributes, std::uint32_t seconds);

}  // namespace jeton::card::openpgp
