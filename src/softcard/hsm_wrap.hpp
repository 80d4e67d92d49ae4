// Keys outside of the card: encrypted under a key that several cards share, the device key encryption key
// (DKEK), which custodians bring in shares.
#pragma once

#include <memory>
#include <optional>
#include <variant>

#include "crypto/keys.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

inline constexpr std::size_t dkek_bytes = 32;
inline constexpr std::size_t dkek_check_bytes = 8;

/// dkek_check_value is the beginning of SHA-256 of |dkek|: it tells one from another.
Bytes dkek_check_value(View dkek);

/// HsmSecret is a key of the card ready for use: AES bytes or a private key, never null.
using HsmSecret = std::variant<std::shared_ptr<const SecretBytes>, std::shared_ptr<const crypto::PrivateKey>>;

/// wrap_key gives the blob of |secret| under |dkek|. |algorithms| are those that the key may be used with;
/// empty for all.
Bytes wrap_key(View dkek, const HsmSecret& secret, View algorithms);

struct UnwrappedKey {
    HsmSecret secret;
    Bytes algorithms;  ///< empty for all
};

/// blob_check_value gives the check value of the DKEK that |blob| is under; nullopt when it is too short.
std::optional<View> blob_check_value(View blob);

/// unwrap_key opens |blob|; nullopt when it is not under |dkek|, was changed, or holds no sound key.
std::optional<UnwrappedKey> unwrap_key(View dkek, View blob);

}  // namespace jeton::softcard
