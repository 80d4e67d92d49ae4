// AES-GCM with a key that is elsewhere, such as on a card (NIST SP 800-38D): the blocks that the key must
// encrypt are asked for in batches; hashing, XOR and the tag are done here.
#pragma once

#include <memory>
#include <optional>

#include "crypto/aes.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

/// BlockEncryptor encrypts blocks of 16 bytes, each by itself, with a key that it does not tell.
class BlockEncryptor {
  public:
    virtual ~BlockEncryptor() = default;

    /// encrypt gives as many bytes as |blocks| has, which is any number of whole blocks. What it throws, the
    /// caller of AssistedGcm gets.
    virtual SecretBytes encrypt(View blocks) = 0;

    /// batch is how many blocks cost no more than one.
    virtual std::size_t batch() const = 0;
};

/// AssistedGcm is one encryption or decryption, as AesCipher in AesMode::gcm.
class AssistedGcm {
  public:
    /// |encryptor| must live longer. |hash_key| is E(0), 16 bytes, where that is known; empty: it is asked
    /// for. Throws Error for an empty IV, or a tag that has not 4 to 16 bytes.
    AssistedGcm(Direction direction, AesParameters parameters, BlockEncryptor& encryptor,
                SecretBytes hash_key);
    AssistedGcm(AssistedGcm&&) noexcept;
    AssistedGcm& operator=(AssistedGcm&&) noexcept;
    ~AssistedGcm();

    /// update_length is what update() of |length| bytes adds; finish_length what finish() adds at most.
    std::size_t update_length(std::size_t length) const;
    std::size_t finish_length() const;

    /// update asks for whole batches: more may follow.
    void update(View input, SecretBytes& out);

    /// finish processes |last| and ends. |out| is as before unless the result is done.
    AesCipher::Result finish(View last, SecretBytes& out);

    /// hash_key is E(0), once it was needed; empty before.
    const SecretBytes& hash_key() const;

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace jeton::crypto
