// The constants of the PIV card application (NIST SP 800-73-4 part 1 and 2, SP 800-78-4) and of what common
// administration tools use beside it, as tables.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "crypto/block_cipher.hpp"
#include "softcard/key_algorithm.hpp"
#include "softcard/store.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard {

/// application_id is the full AID; its beginnings of 5 bytes and more select the application too.
inline constexpr std::array<Byte, 11> application_id{0xA0, 0x00, 0x00, 0x03, 0x08, 0x00,
                                                     0x00, 0x10, 0x00, 0x01, 0x00};
inline constexpr std::size_t rid_bytes = 5;

/// card_version is the version that this card says it has: one whose host interface has everything that this
/// card has.
inline constexpr std::array<Byte, 3> card_version{0x05, 0x07, 0x01};

/// Key references (SP 800-78-4, table 6-1).
inline constexpr Byte global_pin = 0x00;
inline constexpr Byte application_pin = 0x80;
inline constexpr Byte pin_unblocking_key = 0x81;
inline constexpr Byte management_key = 0x9B;
inline constexpr Byte signature_key = 0x9C;
inline constexpr Byte card_authentication_key = 0x9E;
inline constexpr Byte attestation_key = 0xF9;

/// is_key_slot tells whether |reference| is that of a key that GENERAL AUTHENTICATE uses: 9A, 9C, 9D, 9E, 82
/// to 95. holds_key tells whether an asymmetric key may live there, which is so for the attestation key too.
bool is_key_slot(Byte reference);
bool holds_key(Byte reference);

/// PIN policies of a key: when its use needs the PIN. |standard| in a command means default_policy of the
/// slot.
enum class PinPolicy : Byte { standard = 0, never = 1, once = 2, always = 3 };

PinPolicy default_policy(Byte reference);

/// Touch policies of a key; |standard| in a command means never. |cached| asks again when the last touch is
/// 15 seconds ago.
enum class TouchPolicy : Byte { standard = 0, never = 1, always = 2, cached = 3 };

/// find_key_algorithm gives the row of |id|; nullptr for an algorithm that this card does not have.
const KeyAlgorithm* find_key_algorithm(Byte id);

/// ManagementFacts are the constants of one algorithm of the management key (SP 800-78-4, table 6-2).
struct ManagementFacts {
    ManagementAlgorithm algorithm;
    std::string_view name;  ///< as `jeton softcard create --management-algorithm` takes it
    crypto::BlockCipher cipher;
    std::size_t key_bytes;
};

std::span<const ManagementFacts> management_algorithms();
const ManagementFacts& management_facts(ManagementAlgorithm algorithm);

/// find_management gives the row of the identifier |id|; nullptr for any other.
const ManagementFacts* find_management(Byte id);

/// PIN and PUK: 6 to 8 characters, padded with FF (SP 800-73-4 part 1, 2.4.3).
inline constexpr std::size_t pin_block_bytes = 8;
inline constexpr std::size_t shortest_pin = 6;

/// is_pin_block tells whether |block| is a PIN in that form.
bool is_pin_block(View block);

/// The values that cards leave the factory with.
inline constexpr std::string_view factory_pin = "123456";
inline constexpr std::string_view factory_puk = "12345678";
inline constexpr std::array<Byte, 24> factory_management_key{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
                                                             5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

/// factory_value is what a PIN or PUK is set to by SET PIN RETRIES and RESET.
std::string_view factory_value(Byte reference);

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
inline constexpr std::uint32_t attestation_certificate = 0x5FFF01;
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
