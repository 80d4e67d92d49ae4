// What a card keeps without power: PINs, keys, objects.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>

#include "crypto/keys.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/store.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

/// Pin is PIN or PUK.
struct Pin {
    SecretBytes block;  ///< padded to pin_block_bytes
    unsigned tries = most_tries;
};

struct Key {
    Byte algorithm = 0;
    PinPolicy pin_policy = PinPolicy::once;
    Byte touch_policy = touch_never;
    Byte origin = origin_generated;
    std::shared_ptr<const crypto::PrivateKey> private_key;  ///< never null; copies of a state share it
};

struct CardState {
    std::array<Byte, 4> serial{};
    Pin pin;
    Pin puk;
    Byte management_algorithm = 0;
    SecretBytes management_key;
    std::map<Byte, Key> keys;                      ///< by key reference
    std::map<std::uint32_t, SecretBytes> objects;  ///< by tag: the content, without the 53 or the own tag
};

/// pin_block pads |pin| with FF; it must have shortest_pin to pin_block_bytes characters.
SecretBytes pin_block(View pin);

/// make_card_state is a new card with its first objects: random serial number and GUID, no keys.
CardState make_card_state(const CreateOptions& options);

}  // namespace jeton::softcard
