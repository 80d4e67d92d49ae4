// AES with a key on the card, in the modes that applications want, made of what the card computes.
#pragma once

#include "card/card.hpp"
#include "crypto/assisted_gcm.hpp"

namespace jeton::card {

/// CardAes works in bursts of its own, each of at most 64 commands and about 1 s, so that others get their
/// turn; between two of them the card may have forgotten the PIN, which is verified again as the policy
/// allows. Every function may throw reader::Error and Error.
class CardAes final : public crypto::BlockEncryptor {
  public:
    /// |card| must live longer.
    CardAes(Card& card, std::size_t secret_key);

    /// encrypts, decrypts, authenticates and has_gcm tell what can be made of the card's primitives: blocks
    /// in one direction and the other, CMAC, and GCM that the card has itself.
    bool encrypts() const;
    bool decrypts() const;
    bool authenticates() const { return offers(AesPrimitive::cmac) || encrypts(); }
    bool has_gcm() const { return offers(AesPrimitive::gcm_encrypt) && offers(AesPrimitive::gcm_decrypt); }

    /// fits_gcm tells whether |bytes| of data, with IV and additional data, go into one command for GCM.
    bool fits_gcm(crypto::Direction direction, const crypto::AesParameters& parameters,
                  std::size_t bytes) const;

    /// gcm has the card do it. To encrypt, the answer is ciphertext and 16 bytes of tag; to decrypt, those
    /// are |data|, and Error(decrypt_aead, ...) says that the tag does not fit.
    SecretBytes gcm(crypto::Direction direction, const crypto::AesParameters& parameters, View data);

    // Each by itself. What follows takes whole blocks of 16 bytes.
    SecretBytes encrypt(View blocks) override;
    SecretBytes decrypt(View blocks);
    std::size_t batch() const override;

    /// cbc_encrypt and cbc_decrypt begin with |iv|, 16 bytes; the next part of a message has the last block
    /// of ciphertext for its IV.
    SecretBytes cbc_encrypt(View iv, View data);
    SecretBytes cbc_decrypt(View iv, View data);

    /// cmac gives 16 bytes (SP 800-38B) over data of any length.
    SecretBytes cmac(View message);

  private:
    class Turn;

    std::size_t most(AesPrimitive primitive, const AesInput& beside = {}) const;
    std::size_t most_blocks(AesPrimitive primitive) const;
    bool offers(AesPrimitive primitive) const { return most(primitive) != 0; }
    SecretBytes compute(Turn& turn, AesPrimitive primitive, const AesInput& input) const;
    SecretBytes each_by_itself(Turn& turn, AesPrimitive primitive, View blocks) const;
    SecretBytes counted(Turn& turn, View blocks) const;
    SecretBytes encrypt(Turn& turn, View blocks) const;
    SecretBytes cbc_encrypt(Turn& turn, View iv, View data) const;

    Card& m_card;
    const std::size_t m_index;
};

}  // namespace jeton::card
