// KDF-DO: how a card wants its PINs hashed before they are sent (OpenPGP 3.4.1, 4.3.2).
#pragma once

#include <optional>

#include "crypto/digest.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::card::openpgp {

/// Kdf is one data object F9.
class Kdf {
  public:
    /// most_octets is the most that OpenPGP's counts can say (RFC 4880, 3.7.1.3): a card that wants more is
    /// refused.
    static constexpr std::uint32_t most_octets = 65'011'712;

    /// parse reads the content of F9, empty for a card without; nullopt when it is malformed or wants what
    /// nobody can compute.
    static std::optional<Kdf> parse(View content);

    /// is_active tells whether PINs are hashed at all: then no PIN pad can be used.
    bool is_active() const { return m_hash.has_value(); }

    /// apply gives what the card compares for |pin| under the reference 81, 82 or 83: the PIN itself, or 32
    /// or 64 bytes.
    SecretBytes apply(Byte reference, View pin) const;

  private:
    std::optional<crypto::Hash> m_hash;
    std::uint32_t m_octets = 0;
    Bytes m_user_salt;
    Bytes m_admin_salt;
};

}  // namespace jeton::card::openpgp
