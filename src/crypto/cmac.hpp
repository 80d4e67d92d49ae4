// AES-CMAC (NIST SP 800-38B; RFC 4493).
#pragma once

#include <memory>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

inline constexpr std::size_t cmac_bytes = 16;

/// AesCmac is one code over a message that comes in parts. Throws Error for a key that has not 16, 24 or 32
/// bytes.
class AesCmac {
  public:
    explicit AesCmac(View key);
    ~AesCmac();
    AesCmac(const AesCmac&) = delete;
    AesCmac& operator=(const AesCmac&) = delete;

    void update(View data);

    /// finish gives the code; the object is used once.
    Bytes finish();

  private:
    struct State;
    std::unique_ptr<State> m_state;
};

/// aes_cmac gives the 16 bytes of the code over |message|, which may be empty. Throws Error for a key that
/// has not 16, 24 or 32 bytes.
Bytes aes_cmac(View key, View message);

/// cmac_last_block is what goes into the last step of CBC in place of |tail|, the last 0 to 16 bytes of a
/// message, which are 0 only of an empty message. |encrypted_zeros| is E(0), 16 bytes (SP 800-38B, 6.1 and
/// 6.2).
SecretBytes cmac_last_block(View encrypted_zeros, View tail);

}  // namespace jeton::crypto
