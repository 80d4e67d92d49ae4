// What the PIV application keeps without power: PINs, keys, objects.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <variant>

#include "crypto/keys.hpp"
#include "softcard/pin.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/sealing.hpp"
#include "softcard/store.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

/// SealedKey is a PKCS#8 private key that only the PIN opens. It stays bound to the key reference that it was
/// made for, also when the administrator moves it.
struct SealedKey {
    Byte made_for = 0;
    Bytes box;
    bool operator==(const SealedKey&) const = default;
};

/// ClearKey is a private key that needs no PIN, with its PKCS#8 form: OpenSSL takes its time to write one.
struct ClearKey {
    explicit ClearKey(crypto::PrivateKey private_key) : ClearKey(std::move(private_key), {}) {}
    ClearKey(crypto::PrivateKey private_key, SecretBytes text)
        : key(std::move(private_key)), der(text.empty() ? key.to_der() : std::move(text)) {}

    crypto::PrivateKey key;
    SecretBytes der;
};

/// OpenKey is a private key ready for use.
using OpenKey = std::shared_ptr<const crypto::PrivateKey>;

struct Key {
    Byte algorithm = 0;
    PinPolicy pin_policy = PinPolicy::once;
    TouchPolicy touch_policy = TouchPolicy::never;
    Byte origin = origin_generated;
    crypto::PublicKey public_key;
    /// Clear, and never null, if the policy is never; else sealed. Copies of a state share a ClearKey.
    std::variant<std::shared_ptr<const ClearKey>, SealedKey> secret;

    bool operator==(const Key&) const = default;
};

struct ManagementKey {
    ManagementAlgorithm algorithm = ManagementAlgorithm::aes192;
    TouchPolicy touch_policy = TouchPolicy::never;
    SecretBytes value;
};

struct PivState {
    Bytes sealing_key;         ///< the public half
    std::map<Byte, Pin> pins;  ///< by key reference; there need not be a global PIN
    ManagementKey management;
    std::map<Byte, Key> keys;                      ///< by key reference
    std::map<std::uint32_t, SecretBytes> objects;  ///< by tag: the content, without the 53 or the own tag
};

/// pin_block pads |pin| with FF; it must have shortest_pin to pin_block_bytes characters.
SecretBytes pin_block(View pin);

/// make_pin is |block| as a new PIN under |reference|, with all of |tries|.
Pin make_pin(const SealingKey& key, Byte reference, View block, unsigned tries, unsigned iterations);

/// make_key is |private_key| as it goes into the slot |reference| of a card with |sealing_key|. The policies
/// are not |standard|.
Key make_key(View sealing_key, Byte reference, const KeyAlgorithm& algorithm, PinPolicy pin_policy,
             TouchPolicy touch_policy, Byte origin, crypto::PrivateKey private_key);

/// open_key opens a sealed key; nullptr when it does not fit what stands beside it.
OpenKey open_key(const SealingKey& sealing_key, const Key& key);

/// make_piv_state is a new application with its first objects: random GUID, no keys but that for attestation.
PivState make_piv_state(const CreateOptions& options);

/// factory_state is |before| after a reset: the attestation key stays, everything else has the values that
/// cards leave the factory with.
PivState factory_state(const PivState& before);

}  // namespace jeton::softcard
