// How a card keeps private keys that the PIN guards, so that its file alone does not give them away.
//
// The card has an X25519 key pair, its sealing key. Private keys are encrypted to its public half, which
// stands in the file, so that a new key needs no PIN; what opens them is the private half, which is encrypted
// under PIN, PUK and global PIN, each on its own. Nothing else of a PIN is kept: a right PIN is one that
// opens.
#pragma once

#include <array>
#include <optional>

#include "crypto/keys.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

inline constexpr std::size_t salt_bytes = 16;
inline constexpr unsigned most_iterations = 1'000'000;

/// Wrapped is the private half of a sealing key, encrypted with AES-256-GCM under a key that PBKDF2 with
/// HMAC-SHA-256 makes of a PIN.
struct Wrapped {
    static constexpr std::size_t box_bytes = 32 + 16;

    std::array<Byte, salt_bytes> salt{};
    unsigned iterations = 0;
    Bytes box;
};

/// SealingKey is a sealing key with its private half.
class SealingKey {
  public:
    static SealingKey generate();

    /// unwrap opens |wrapped| with |pin|, padded; nullopt when the PIN is wrong. |reference| is that of the
    /// PIN, |public_key| the half that stands in the file.
    static std::optional<SealingKey> unwrap(const Wrapped& wrapped, Byte reference, View pin,
                                            View public_key);

    /// wrap encrypts the private half under |pin| with a fresh salt.
    Wrapped wrap(Byte reference, View pin, unsigned iterations) const;

    const Bytes& public_key() const { return m_public_key; }

    /// open gives what seal() was given; nullopt when |box| is not sealed to this key together with
    /// |associated|.
    std::optional<SecretBytes> open(View box, View associated) const;

  private:
    explicit SealingKey(crypto::PrivateKey key);

    crypto::PrivateKey m_key;
    Bytes m_public_key;
};

/// seal encrypts |plain| to |public_key|, a SealingKey's: an ephemeral X25519 key, HKDF with SHA-256, and
/// AES-256-GCM, which protects |associated| too. The public half of the ephemeral key comes first.
Bytes seal(View public_key, View plain, View associated);

/// least_box_bytes is the length of a box around nothing.
inline constexpr std::size_t least_box_bytes = 32 + 16;

}  // namespace jeton::softcard
