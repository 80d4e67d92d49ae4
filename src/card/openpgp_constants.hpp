// Numbers of the OpenPGP application (Functional Specification of the OpenPGP application on ISO Smart Card
// Operating Systems, version 3.4.1; its sections are given).
#pragma once

#include <array>
#include <cstdint>

#include "util/bytes.hpp"

namespace jeton::card::openpgp {

// Instructions (7.1).
inline constexpr Byte ins_verify = 0x20;
inline constexpr Byte ins_change_reference_data = 0x24;
inline constexpr Byte ins_perform_security_operation = 0x2A;
inline constexpr Byte ins_reset_retry_counter = 0x2C;
inline constexpr Byte ins_activate_file = 0x44;
inline constexpr Byte ins_generate = 0x47;
inline constexpr Byte ins_internal_authenticate = 0x88;
inline constexpr Byte ins_select = 0xA4;
inline constexpr Byte ins_select_data = 0xA5;
inline constexpr Byte ins_get_data = 0xCA;
inline constexpr Byte ins_put_data = 0xDA;
inline constexpr Byte ins_put_data_odd = 0xDB;
inline constexpr Byte ins_terminate_df = 0xE6;

inline constexpr Byte p1_new_key = 0x80;     ///< of GENERATE ASYMMETRIC KEY PAIR
inline constexpr Byte p1_public_key = 0x81;  ///< the key that is there
inline constexpr Byte p1_by_admin = 0x02;    ///< of RESET RETRY COUNTER: after VERIFY of PW3
inline constexpr Byte p1_log_out = 0xFF;     ///< of VERIFY

// PIN references (4.3.2).
inline constexpr Byte ref_pw1 = 0x81;        ///< for PSO: COMPUTE DIGITAL SIGNATURE
inline constexpr Byte ref_pw1_other = 0x82;  ///< the same PIN, for the other commands
inline constexpr Byte ref_pw3 = 0x83;

// Key references: the control reference templates (7.2.14).
inline constexpr Byte ref_signature = 0xB6;
inline constexpr Byte ref_decryption = 0xB8;
inline constexpr Byte ref_authentication = 0xA4;

// Data objects (4.4.1).
inline constexpr std::uint16_t do_pin_status = 0x00C4;
inline constexpr std::uint16_t do_application_data = 0x006E;
inline constexpr std::uint16_t do_kdf = 0x00F9;
inline constexpr std::uint32_t tag_aid = 0x4F;
inline constexpr std::uint32_t tag_discretionary = 0x73;
inline constexpr std::uint32_t tag_capabilities = 0xC0;
inline constexpr std::uint32_t tag_pin_status = 0xC4;
inline constexpr std::uint32_t tag_fingerprints = 0xC5;
inline constexpr std::uint32_t tag_key_information = 0xDE;

// What stands around keys (4.4.3.12, 7.2.11, 7.2.14).
inline constexpr std::uint32_t tag_public_key = 0x7F49;
inline constexpr std::uint32_t tag_modulus = 0x81;
inline constexpr std::uint32_t tag_exponent = 0x82;
inline constexpr std::uint32_t tag_point = 0x86;
inline constexpr std::uint32_t tag_cipher = 0xA6;
inline constexpr std::uint32_t tag_extended_header = 0x4D;
inline constexpr std::uint32_t tag_private_template = 0x7F48;
inline constexpr std::uint32_t tag_private_data = 0x5F48;

// Algorithm attributes (4.4.3.9).
inline constexpr Byte alg_rsa = 0x01;
inline constexpr Byte alg_ecdh = 0x12;
inline constexpr Byte alg_ecdsa = 0x13;
inline constexpr Byte alg_eddsa = 0x16;

inline constexpr std::size_t fingerprint_bytes = 20;
inline constexpr std::size_t pin_status_bytes = 7;

/// KeyRow is what belongs to one of the three keys. The order is that of the fingerprints in C5.
struct KeyRow {
    Byte ref;                   ///< tag of its control reference template
    std::uint16_t attributes;   ///< data object of its algorithm attributes
    std::uint16_t fingerprint;  ///< data object that sets its fingerprint
    std::uint16_t generated;    ///< data object that sets the time of its generation
    std::uint16_t touch;        ///< data object of its user interaction flag
    Byte information;           ///< its number in the key information (DE)
};

inline constexpr std::array<KeyRow, 3> key_rows{{
    {ref_signature, 0x00C1, 0x00C7, 0x00CE, 0x00D6, 1},
    {ref_decryption, 0x00C2, 0x00C8, 0x00CF, 0x00D7, 2},
    {ref_authentication, 0x00C3, 0x00C9, 0x00D0, 0x00D8, 3},
}};

}  // namespace jeton::card::openpgp
