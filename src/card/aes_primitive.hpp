// What cards compute with AES keys, one command each.
#pragma once

#include "util/bytes.hpp"

namespace jeton::card {

/// AesPrimitive is what one command computes with an AES key.
enum class AesPrimitive {
    ecb_encrypt,  ///< whole blocks, each by itself
    ecb_decrypt,
    cbc_encrypt,  ///< whole blocks; the IV is zero at the start of each command
    cbc_decrypt,
    ctr,          ///< data of any length; the counter block counts over all of its 128 bits
    cmac,         ///< data of any length in, 16 bytes out (SP 800-38B)
    gcm_encrypt,  ///< plaintext in, ciphertext and 16 bytes of tag out (SP 800-38D)
    gcm_decrypt   ///< ciphertext and 16 bytes of tag in
};

/// AesInput is what goes into one command.
struct AesInput {
    View data{};
    View iv{};  ///< ctr: the first counter block; gcm: 1 byte or more
    View aad{};
};

/// SecretKeyEntry is an AES key that is on the card.
struct SecretKeyEntry {
    std::size_t bits = 0;            ///< 0: the card does not tell
    bool generated_on_card = false;  ///< CKA_LOCAL
};

}  // namespace jeton::card
