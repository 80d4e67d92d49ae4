// The constants of the PIV card application (NIST SP 800-73-4 part 1 and 2, SP 800-78-4) as tables.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "crypto/keys.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard {

/// application_id is the full AID; its beginnings of 5 bytes and more select the application too.
inline constexpr std::array<Byte, 11> application_id{0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
                                                     0x00, 0x10, 0x00, 0x01, 0x00};
inline constexpr std::size_t rid_bytes = 5;

/// Key references (SP 800-78-4, table 6-1).
inline constexpr Byte application_pin = 0x80;
inline constexpr Byte pin_unblocking_key = 0x81;
inline constexpr Byte management_key = 0x9B;
inline constexpr Byte signature_key = 0x9C;
inline constexpr Byte card_authentication_key = 0x9E;

/// is_key_slot tells whether an asymmetric key may live under |reference|: 9A, 9C, 9D, 9E, 82 to 95.
bool is_key_slot(Byte reference);

/// PIN policies of a key: when its use needs the PIN. |standard| in a command means default_policy of the
/// slot.
enum class PinPolicy : Byte { standard = 0, never = 1, once = 2, always = 3 };

PinPolicy default_policy(Byte reference);

/// Touch policies; this card has nothing to touch.
inline constexpr Byte touch_default = 0;
inline constexpr Byte touch_never = 1;

/// Origins of a key, as metadata tells them.
inline constexpr Byte origin_generated = 1;
inline constexpr Byte origin_imported = 2;

/// KeyAlgorithm is an asymmetric algorithm: an RSA modulus length, or a curve.
struct KeyAlgorithm {
    Byte id;
    std::size_t rsa_bits;  ///< 0 for a curve
    crypto::Curve curve;

    bool is_rsa() const { return rsa_bits != 0; }
    /// describes tells whether |key| is a key of this algorithm.
    bool describes(const crypto::PublicKey& key) const;
};

/// find_key_algorithm gives the row of |id|; nullptr for an algorithm that this card does not have.
const KeyAlgorithm* find_key_algorithm(Byte id);

/// management_key_bytes is the AES key length of |algorithm| (08, 0A, 0C), 0 for any other;
/// management_algorithm is the reverse.
std::size_t management_key_bytes(Byte algorithm);
Byte management_algorithm(std::size_t key_bytes);
inline constexpr std::size_t aes_block_bytes = 16;

/// PIN and PUK: 6 to 8 characters, padded with FF (SP 800-73-4 part 1, 2.4.3).
inline constexpr std::size_t pin_block_bytes = 8;
inline constexpr std::size_t shortest_pin = 6;
inline constexpr unsigned most_tries = 3;

/// is_pin_block tells whether |block| is a PIN in that form.
bool is_pin_block(View block);

/// Data objects (SP 800-73-4 part 1, table 3, and the objects that common administration tools use beside
/// them).
namespace object {
inline constexpr std::uint32_t discovery = 0x7E;
inline constexpr std::uint32_t biometric_group = 0x7F61;
inline constexpr std::uint32_t cardholder_id = 0x5FC102;
inline constexpr std::uint32_t security_object = 0x5FC106;
inline constexpr std::uint32_t capabilities = 0x5FC107;
inline constexpr std::uint32_t printed_information = 0x5FC109;
inline constexpr std::uint32_t key_history = 0x5FC10C;
inline constexpr std::uint32_t admin_data = 0x5FFF00;
}  // namespace object

struct ObjectRule {
    std::uint32_t first;  ///< a range of tags, both ends included
    std::uint32_t last;
    bool read_needs_pin;
    bool own_tag;  ///< is read and written under its own tag, not in a 53
};

/// find_object_rule gives the row of |tag|; nullptr for a tag that this card does not know.
const ObjectRule* find_object_rule(std::uint32_t tag);

/// most_object_bytes is the longest content of an object: the standard's facial image.
inline constexpr std::size_t most_object_bytes = 12710;

}  // namespace jeton::softcard
