// Keys as PIV commands write them.
#pragma once

#include <optional>

#include "card/applet.hpp"
#include "util/secret.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

/// public_key_in reads the template of GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2, table 21), which the
/// metadata use too: 81 modulus and 82 exponent, or 86 point; nullopt unless it is a sound key of |type|.
std::optional<crypto::PublicKey> public_key_in(View fields, KeyType type);

/// private_key_fields is the data of the import command that many cards have: 01 p, 02 q, 03 dp, 04 dq, 05
/// qinv (each as long as half the modulus), or 06 scalar, 07 Ed25519 seed, 08 X25519 scalar; then the policy.
/// nullopt when |parts| are not of |type|.
std::optional<SecretBytes> private_key_fields(const crypto::PrivateParts& parts, KeyType type,
                                              KeyPolicy policy);

/// put_policy adds AA and AB, each unless it is standard.
void put_policy(BasicTlvWriter<SecretBytes>& out, KeyPolicy policy);

}  // namespace jeton::card
