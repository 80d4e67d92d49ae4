// What the SC-HSM application keeps without power: PINs, keys, files.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>

#include "crypto/keys.hpp"
#include "softcard/hsm_facts.hpp"
#include "softcard/hsm_wrap.hpp"
#include "softcard/pin.hpp"
#include "softcard/sealing.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

/// HsmKey is a key that a PIN opens.
struct HsmKey {
    struct Aes {
        std::size_t bytes = 0;
        bool operator==(const Aes&) const = default;
    };
    std::variant<Aes, crypto::PublicKey> kind;
    Bytes algorithms{};                   ///< that it may be used with; empty: all
    std::optional<std::uint32_t> uses{};  ///< that are left
    Byte domain = 0;
    Bytes box{};  ///< AES key or PKCS#8, sealed

    /// allows tells whether the key may be used with |algorithm|.
    bool allows(Byte algorithm) const;
};

/// HsmDomain is a key domain: keys of one domain are wrapped under its DKEK.
struct HsmDomain {
    unsigned shares = 0;
    unsigned missing = 0;
    SecretBytes sum{};    ///< of the shares so far; empty before the first one and when none is missing
    Bytes check_value{};  ///< of the DKEK, once it is there
    Bytes box{};          ///< the DKEK, sealed, once it is there
    bool is_complete() const { return !box.empty(); }
};

struct HsmState {
    AesModes modes = AesModes::native;
    std::string name;        ///< of the device key's holder; it begins with the serial number
    SecretBytes device_key;  ///< PKCS#8: used without a PIN
    unsigned iterations = 0;

    Bytes sealing_key;           ///< the public half; empty: not initialised
    std::map<Byte, Pin> pins;    ///< by key reference, both or none
    std::size_t pin_length = 0;  ///< of the user's: CHANGE REFERENCE DATA brings two without a sign between
    std::uint16_t options = 0;
    unsigned domain_count = 0;
    std::map<Byte, HsmDomain> domains;
    std::map<Byte, HsmKey> keys;
    std::map<HsmFile, SecretBytes> files;  ///< those behind the PIN are sealed

    bool is_initialised() const { return !pins.empty(); }
};

/// HsmInitialisation is what the initialisation of a card chooses.
struct HsmInitialisation {
    SecretBytes pin;
    SecretBytes so_pin;
    std::uint16_t options = hsm_option_unblock;
    unsigned user_tries = hsm_user_tries;
    std::optional<unsigned> shares = std::nullopt;  ///< of domain 0; none: the card wraps no keys
    unsigned domain_count = 0;                      ///< 0: only domain 0, if |shares| are given
};

/// initialised gives |before| with PINs, without keys, and with the files that a card has from the beginning.
HsmState initialised(const HsmState& before, const HsmInitialisation& choice);

/// make_hsm_state is a new card with the PIN and the PUK of |options|, which is the PIN of the security
/// officer, or none: a device key, its certificates with |serial| in them, and TokenInfo.
HsmState make_hsm_state(const CreateOptions& options, View serial);

/// seal_hsm_key puts |secret| into |key|, which will have the reference |id|, sealed to |sealing_key|;
/// open_hsm_key gives it back, nullopt when the box does not fit what stands beside it.
void seal_hsm_key(View sealing_key, Byte id, const HsmSecret& secret, HsmKey& key);
std::optional<HsmSecret> open_hsm_key(const SealingKey& sealing_key, Byte id, const HsmKey& key);

/// hsm_key_kind is the kind of |secret|.
std::variant<HsmKey::Aes, crypto::PublicKey> hsm_key_kind(const HsmSecret& secret);

/// What the DKEK of a domain and the files behind the PIN are sealed with.
Bytes hsm_domain_context(Byte domain);
Bytes hsm_file_context(HsmFile file);

}  // namespace jeton::softcard
