// What the OpenPGP application keeps without power: passwords, keys, objects.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>

#include "crypto/keys.hpp"
#include "softcard/openpgp_facts.hpp"
#include "softcard/pin.hpp"
#include "softcard/sealing.hpp"
#include "softcard/store.hpp"
#include "util/secret.hpp"

namespace jeton::softcard::openpgp {

/// Password is PW1, PW3 or the resetting code. Its length is known, because commands join an old and a new
/// one without a sign between them.
struct Password {
    Pin pin;
    std::size_t length = 0;
};

/// Key is one of the three keys; its private half is a sealed PKCS#8 text.
struct Key {
    Byte origin = origin_generated;
    crypto::PublicKey public_key;
    Bytes box;
    bool operator==(const Key&) const = default;
};

struct State {
    bool terminated = false;
    Bytes sealing_key;                   ///< the public half
    std::map<Byte, Password> passwords;  ///< 81, 83 and, if there is one, the resetting code
    bool several_signatures = false;     ///< PW1 holds for more than one signature: the first byte of C4
    unsigned signatures = 0;             ///< since key 1 came
    std::array<std::optional<Key>, key_count> keys;
    std::array<SecretBytes, certificate_count> certificates;
    Bytes aes_key;  ///< a sealed AES key; empty: none
    std::map<std::uint32_t, SecretBytes>
        objects;  ///< those with an ObjectRule that hold something else than at first

    /// object is the content of an object with an ObjectRule.
    View object(std::uint32_t tag) const;

    /// algorithm is what the attributes of |key| say.
    KeyAlgorithm algorithm(std::size_t key) const;
};

/// make_password is |value| as a new password under |reference|, with all of its tries.
Password make_password(const SealingKey& key, Byte reference, View value, unsigned iterations);

/// make_key is |private_key| as key |place| of a card with |sealing_key|.
Key make_key(View sealing_key, std::size_t place, Byte origin, const crypto::PrivateKey& private_key);

/// open_key opens what make_key sealed; nullptr when it does not fit what stands beside it.
std::shared_ptr<const crypto::PrivateKey> open_key(const SealingKey& sealing_key, std::size_t place,
                                                   const Key& key);

/// seal_aes_key and open_aes_key do the same for the AES key.
Bytes seal_aes_key(View sealing_key, View aes_key);
std::optional<SecretBytes> open_aes_key(const SealingKey& sealing_key, View box);

/// make_state is a new application without keys and resetting code.
State make_state(const CreateOptions& options);

/// factory_state is |before| after TERMINATE DF and ACTIVATE FILE: a new application with the passwords that
/// cards leave the factory with.
State factory_state(const State& before);

/// The passwords that cards leave the factory with.
inline constexpr std::string_view factory_pw1 = "123456";
inline constexpr std::string_view factory_pw3 = "12345678";

}  // namespace jeton::softcard::openpgp
