// Long GCM IVs. Private to src/crypto.
#pragma once

#include "util/bytes.hpp"

namespace jeton::crypto {

/// longest_gcm_iv is what OpenSSL takes itself, in bytes.
inline constexpr std::size_t longest_gcm_iv = 128;

/// equivalent_gcm_iv computes the IV of 16 bytes that has the same first counter block J0 under |key| as
/// |iv|, of any length but 12 bytes (NIST SP 800-38D, 7.1, step 2): whoever uses one in place of the other
/// gets the same ciphertext and tag.
Bytes equivalent_gcm_iv(View key, View iv);

/// first_counter_block is J0 of an IV that has not 12 bytes, by |hash_key|, which is E(0) (7.1, step 2).
Bytes first_counter_block(View hash_key, View iv);

/// short_gcm_iv gives |iv| where OpenSSL takes it, and else its equivalent.
Bytes short_gcm_iv(View key, Bytes iv);

}  // namespace jeton::crypto
