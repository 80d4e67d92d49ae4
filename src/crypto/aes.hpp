// AES in the modes that session keys use, streaming.
#pragma once

#include <memory>
#include <optional>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

inline constexpr std::size_t aes_block_bytes = 16;
inline constexpr std::size_t smallest_gcm_tag = 4;  ///< in bytes (SP 800-38D, 5.2.1.2)

enum class AesMode { ecb, cbc, cbc_pad, ctr, gcm };
enum class Direction { encrypt, decrypt };

/// AesParameters: |iv| is 16 bytes for cbc, cbc_pad and ctr (the whole counter block), 1 or more for gcm,
/// empty for ecb.
struct AesParameters {
    AesMode mode = AesMode::gcm;
    Bytes iv;
    Bytes aad;                  ///< gcm
    std::size_t tag_bytes = 0;  ///< gcm: 4 to 16
};

/// AesCipher is one encryption or decryption. With gcm the tag follows the ciphertext; decryption keeps
/// everything back until finish() has verified the tag. Every object is used once.
class AesCipher {
  public:
    /// |key| is 16, 24 or 32 bytes; throws Error for anything else that OpenSSL refuses.
    AesCipher(Direction direction, View key, AesParameters parameters);
    AesCipher(AesCipher&&) noexcept;
    AesCipher& operator=(AesCipher&&) noexcept;
    ~AesCipher();

    /// update_length is an upper bound, exact for all but padded decryption, of what update() of |length|
    /// bytes would add; the state stays as it is.
    std::size_t update_length(std::size_t length) const;

    /// finish_length is an upper bound of what finish() would add.
    std::size_t finish_length() const;

    void update(View input, SecretBytes& out);

    enum class Result {
        done,
        bad_length /* not a whole number of blocks, or shorter than the tag */,
        bad_padding,
        bad_tag
    };
    Result finish(SecretBytes& out);

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

}  // namespace jeton::crypto
