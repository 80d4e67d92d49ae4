// Numbers of the application sc-hsm: commands, files and tags.
#pragma once

#include <array>
#include <cstdint>

#include "card/status_word.hpp"
#include "util/bytes.hpp"

namespace jeton::card::hsm {

inline constexpr Byte cla_proprietary = 0x80;

inline constexpr Byte ins_select = 0xA4;
inline constexpr Byte ins_verify = 0x20;
inline constexpr Byte ins_change_reference_data = 0x24;
inline constexpr Byte ins_reset_retry_counter = 0x2C;
inline constexpr Byte ins_read_binary = 0xB1;
inline constexpr Byte ins_update_binary = 0xD7;
inline constexpr Byte ins_delete_file = 0xE4;
inline constexpr Byte ins_generate_pair = 0x46;
inline constexpr Byte ins_generate_secret = 0x48;
inline constexpr Byte ins_initialize = 0x50;
inline constexpr Byte ins_enumerate = 0x58;
inline constexpr Byte ins_decipher = 0x62;
inline constexpr Byte ins_sign = 0x68;
inline constexpr Byte ins_encipher = 0x78;

inline constexpr Byte alg_aes_cbc_encrypt = 0x10;  ///< the IV is zero
inline constexpr Byte alg_aes_cbc_decrypt = 0x11;
inline constexpr Byte alg_aes_cmac = 0x18;
inline constexpr Byte alg_aes_derive = 0x99;
inline constexpr Byte alg_aes_extended_encrypt = 0x51;  ///< modes that object identifiers name
inline constexpr Byte alg_aes_extended_decrypt = 0x52;
inline constexpr Byte alg_rsa_raw = 0x20;
inline constexpr Byte alg_rsa_decrypt = 0x21;
inline constexpr Byte alg_ecdsa = 0x70;
inline constexpr Byte alg_ecdh = 0x80;

// The high byte of a file's identifier; the low byte is a key's reference, or a number.
inline constexpr Byte prefix_key = 0xCC;
inline constexpr Byte prefix_key_description = 0xC4;
inline constexpr Byte prefix_certificate_description = 0xC8;
inline constexpr Byte prefix_data_description = 0xC9;
inline constexpr Byte prefix_authority = 0xCA;
inline constexpr Byte prefix_protected_data = 0xCD;
inline constexpr Byte prefix_certificate = 0xCE;
inline constexpr Byte prefix_data = 0xCF;

inline constexpr std::uint16_t file_device_certificate = 0x2F02;
inline constexpr std::uint16_t file_token_info = 0x2F03;

// Odd INS bytes carry offset and content as data objects (ISO/IEC 7816-4, 11.3.1).
inline constexpr std::uint32_t tag_offset = 0x54;
inline constexpr std::uint32_t tag_content = 0x53;

inline constexpr std::uint32_t tag_key_algorithms = 0x91;  ///< those that a new key may be used with

// Card verifiable certificates (BSI TR-03110 part 3, C and D).
inline constexpr std::uint32_t tag_request = 0x67;
inline constexpr std::uint32_t tag_certificate = 0x7F21;
inline constexpr std::uint32_t tag_body = 0x7F4E;
inline constexpr std::uint32_t tag_version = 0x5F29;
inline constexpr std::uint32_t tag_authority = 0x42;
inline constexpr std::uint32_t tag_public_key = 0x7F49;
inline constexpr std::uint32_t tag_holder = 0x5F20;
inline constexpr std::uint32_t tag_signature = 0x5F37;

inline constexpr Byte first_key = 0x01;  ///< 00 is the key of the device
inline constexpr unsigned last_number = 0xFF;

/// used_up gives the status word of a key whose counter is at its end one meaning: 6984 (some cards say
/// 6A84).
constexpr StatusWord used_up(StatusWord status) {
    return status == sw::no_memory ? sw::reference_data_unusable : status;
}

/// file_of is the identifier of a file.
constexpr std::uint16_t file_of(Byte prefix, Byte number) {
    return static_cast<std::uint16_t>(prefix << 8 | number);
}

}  // namespace jeton::card::hsm
