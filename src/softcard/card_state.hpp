// What a card keeps without power: PINs, keys, objects.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <variant>

#include "crypto/keys.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/sealing.hpp"
#include "softcard/store.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

/// Pin is the application's PIN, the PUK or the global PIN.
struct Pin {
    Wrapped wrapped;
    unsigned tries = standard_tries;
    unsigned most_tries = standard_tries;  ///< what |tries| becomes when the PIN was right
    bool is_factory_value = false;
};

/// SealedKey is a PKCS#8 private key that only the PIN opens. It stays bound to the key reference that it was
/// made for, also when the administrator moves it.
struct SealedKey {
    Byte made_for = 0;
    Bytes box;
    bool operator==(const SealedKey&) const = default;
};

/// OpenKey is a private key that needs no PIN; never null. Copies of a state share it.
using OpenKey = std::shared_ptr<const crypto::PrivateKey>;

struct Key {
    Byte algorithm = 0;
    PinPolicy pin_policy = PinPolicy::once;
    TouchPolicy touch_policy = TouchPolicy::never;
    Byte origin = origin_generated;
    crypto::PublicKey public_key;
    std::variant<OpenKey, SealedKey> secret;  ///< open if the policy is never, else sealed

    bool operator==(const Key&) const = default;
};

struct ManagementKey {
    ManagementAlgorithm algorithm = ManagementAlgorithm::aes192;
    TouchPolicy touch_policy = TouchPolicy::never;
    SecretBytes value;
};

struct CardState {
    std::array<Byte, 4> serial{};
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

/// make_card_state is a new card with its first objects: random serial number and GUID, no keys but that for
/// attestation.
CardState make_card_state(const CreateOptions& options);

/// factory_state is |before| after a reset: serial number and attestation key stay, everything else has the
/// values that cards leave the factory with.
CardState factory_state(const CardState& before);

}  // namespace jeton::softcard
