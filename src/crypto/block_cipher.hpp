// Single blocks of symmetric ciphers: what challenges of PIV management keys need.
#pragma once

#include "crypto/aes.hpp"
#include "util/bytes.hpp"

namespace jeton::crypto {

/// BlockCipher: tdes is Triple DES with three keys (NIST SP 800-67) and 24 bytes of key, parity bits
/// ignored; aes has keys of 16, 24 or 32 bytes.
enum class BlockCipher { tdes, aes };

/// block_length is the length of a block: 8 or 16.
std::size_t block_length(BlockCipher cipher);

/// crypt_block encrypts or decrypts one block. Throws Error for a key or block of another length.
Bytes crypt_block(BlockCipher cipher, Direction direction, View key, View block);

}  // namespace jeton::crypto
