// The constants of the SC-HSM application, a card for many keys that are generated on it and leave it
// encrypted alone, as tables.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>

#include "crypto/aes.hpp"
#include "crypto/digest.hpp"
#include "softcard/response.hpp"
#include "softcard/store.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard {

inline constexpr std::array<Byte, 11> hsm_application_id{0xE8, 0x2B, 0x06, 0x01, 0x04, 0x01,
                                                         0x81, 0xC3, 0x1F, 0x02, 0x01};

/// Status words beside those that every application has (ISO/IEC 7816-4, 5.6).
namespace hsm_status {
inline constexpr StatusWord end_of_file = 0x6282;      ///< comes with data
inline constexpr StatusWord execution_error = 0x6400;  ///< a wrong tag of authenticated data
inline constexpr StatusWord not_usable = 0x6984;       ///< a key's uses; a card that is not initialised
inline constexpr StatusWord no_current_file = 0x6986;
inline constexpr StatusWord exists = 0x6A89;
inline constexpr StatusWord wrong_offset = 0x6B00;
}  // namespace hsm_status

/// Key references of the PINs: 6 to 15 characters, and 8 bytes.
inline constexpr Byte hsm_user_pin = 0x81;
inline constexpr Byte hsm_so_pin = 0x88;
inline constexpr std::size_t hsm_shortest_pin = 6;
inline constexpr std::size_t hsm_longest_pin = 15;
inline constexpr std::size_t hsm_so_pin_bytes = 8;
inline constexpr unsigned hsm_so_tries = 15;
inline constexpr unsigned hsm_user_tries = 3;        ///< unless the initialisation says otherwise
inline constexpr unsigned hsm_most_user_tries = 10;  ///< that it can say

/// is_hsm_pin tells whether |value| has the length of the PIN |reference|.
bool is_hsm_pin(Byte reference, View value);

/// aes_modes_name is the name that find_aes_modes finds |modes| by.
std::string_view aes_modes_name(AesModes modes);

/// The options of a card that the initialisation chooses: RESET RETRY COUNTER works, and it never sets a PIN.
inline constexpr std::uint16_t hsm_option_unblock = 0x0001;
inline constexpr std::uint16_t hsm_option_unblock_only = 0x0020;

/// hsm_no_answer is the P2 of SELECT that asks for no control parameters.
inline constexpr Byte hsm_no_answer = 0x0C;

/// HsmFile is a file identifier; the first byte tells what the file is, the second for which key.
using HsmFile = std::uint16_t;

namespace hsm_file {
inline constexpr HsmFile root = 0x3F00;
inline constexpr HsmFile directory = 0x2F00;  ///< EF.DIR (ISO/IEC 7816-4, 12.2.2)
inline constexpr HsmFile device_certificates = 0x2F02;
inline constexpr HsmFile token_info = 0x2F03;
inline constexpr HsmFile unwrap_buffer = 0x2F10;  ///< forgotten with power

inline constexpr Byte key_prefix = 0xCC;
inline constexpr Byte request_prefix = 0xCE;  ///< certificate of a key, or the request for it
inline constexpr Byte protected_prefix = 0xCD;
}  // namespace hsm_file

/// HsmFileRule is a row of the files that a host may see; a key is none of them.
struct HsmFileRule {
    HsmFile first;  ///< a range, both ends included
    HsmFile last;
    bool read_needs_pin;
    bool may_write;
};

/// find_hsm_file_rule gives the row of |file|; nullptr for a file that no card has.
const HsmFileRule* find_hsm_file_rule(HsmFile file);

/// hsm_most_file_bytes is the longest file, hsm_most_bytes what all together may hold.
inline constexpr std::size_t hsm_most_file_bytes = 16 * 1024;
inline constexpr std::size_t hsm_most_bytes = 512 * 1024;

/// device_key is the card's own, which signs requests.
inline constexpr Byte hsm_device_key = 0x00;

/// HsmSignature is a row of the algorithms of SIGN.
struct HsmSignature {
    enum class Kind { rsa_raw, rsa_pkcs, rsa_pss, ecdsa };
    Byte id;
    Kind kind;
    std::optional<crypto::Hash> hash;  ///< by the card; nullopt: the host hashed
};

const HsmSignature* find_hsm_signature(Byte id);

/// Algorithms of the other commands.
namespace hsm_algorithm {
inline constexpr Byte cbc_encrypt = 0x10;
inline constexpr Byte cbc_decrypt = 0x11;
inline constexpr Byte cmac = 0x18;
inline constexpr Byte rsa_decrypt = 0x21;
inline constexpr Byte extended_encrypt = 0x51;
inline constexpr Byte extended_decrypt = 0x52;
inline constexpr Byte agree = 0x80;
inline constexpr Byte wrap = 0x92;
inline constexpr Byte unwrap = 0x93;
}  // namespace hsm_algorithm

/// find_aes_mode gives the mode that |oid| names for a key of |key_bytes|: the NIST arc of AES and a number;
/// nullopt for any other.
std::optional<crypto::AesMode> find_aes_mode(View oid, std::size_t key_bytes);

/// hsm_rsa_bits are the lengths of RSA keys.
std::span<const std::size_t> hsm_rsa_bits();

/// aes_key_bytes gives the length of an AES key that the last byte of GENERATE SYMMETRIC KEY asks for; 0 for
/// any other byte.
std::size_t hsm_aes_key_bytes(Byte algorithm);

}  // namespace jeton::softcard
