// AES with a key that stays on the card, as engines of C_Encrypt* and C_Decrypt*.
#pragma once

#include "pkcs11/cipher_operation.hpp"
#include "pkcs11/mechanisms.hpp"

namespace jeton::pkcs11 {

/// make_card_aes_engine: MECHANISM_PARAM_INVALID for a tag that the profile refuses,
/// KEY_FUNCTION_NOT_PERMITTED when the key was used with GCM and |parameters| have another mode, or the other
/// way round. Nothing is sent before there are data.
std::unique_ptr<CipherEngine> make_card_aes_engine(std::shared_ptr<Token> token, std::size_t secret_key,
                                                   crypto::Direction direction,
                                                   crypto::AesParameters parameters);

}  // namespace jeton::pkcs11
