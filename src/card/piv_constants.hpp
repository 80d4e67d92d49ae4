// Numbers of the PIV card application (SP 800-73-4 part 1 and 2, SP 800-78-4) and of common extensions to it.
#pragma once

#include <array>
#include <cstdint>

#include "util/bytes.hpp"

namespace jeton::card::piv {

// Instructions (SP 800-73-4 part 2, 3).
inline constexpr Byte ins_verify = 0x20;
inline constexpr Byte ins_change_reference_data = 0x24;
inline constexpr Byte ins_reset_retry_counter = 0x2C;
inline constexpr Byte ins_generate = 0x47;
inline constexpr Byte ins_general_authenticate = 0x87;
inline constexpr Byte ins_select = 0xA4;
inline constexpr Byte ins_get_data = 0xCB;
inline constexpr Byte ins_put_data = 0xDB;

// Instructions that many cards have beyond the standard.
inline constexpr Byte ins_move_key = 0xF6;
inline constexpr Byte ins_get_metadata = 0xF7;
inline constexpr Byte ins_get_serial = 0xF8;
inline constexpr Byte ins_get_version = 0xFD;
inline constexpr Byte ins_attest = 0xF9;
inline constexpr Byte ins_reset = 0xFB;
inline constexpr Byte ins_import_key = 0xFE;
inline constexpr Byte ins_set_management_key = 0xFF;
inline constexpr Byte move_to_nowhere = 0xFF;  ///< the target that deletes a key

// Key references (part 1, table 4).
inline constexpr Byte ref_global_pin = 0x00;
inline constexpr Byte ref_management_key = 0x9B;
inline constexpr Byte ref_signature_key = 0x9C;

// Algorithm identifiers (SP 800-78-4, table 6-2).
inline constexpr Byte alg_3des_default = 0x00;
inline constexpr Byte alg_3des = 0x03;
inline constexpr Byte alg_aes128 = 0x08;
inline constexpr Byte alg_aes192 = 0x0A;
inline constexpr Byte alg_aes256 = 0x0C;

// Data objects (part 1, table 3).
inline constexpr std::array<Byte, 3> tag_chuid{0x5F, 0xC1, 0x02};
inline constexpr std::array<Byte, 3> tag_capabilities{0x5F, 0xC1, 0x07};
inline constexpr std::array<Byte, 3> tag_printed_information{0x5F, 0xC1, 0x09};
inline constexpr std::array<Byte, 3> tag_key_history{0x5F, 0xC1, 0x0C};
inline constexpr std::array<Byte, 3> tag_admin_data{0x5F, 0xFF, 0x00};  ///< extension
inline constexpr std::uint32_t tag_discovery = 0x7E;
inline constexpr std::uint32_t tag_bit_group = 0x7F61;

// Inside data objects.
inline constexpr std::uint32_t tag_tag_list = 0x5C;
inline constexpr std::uint32_t tag_content = 0x53;
inline constexpr std::uint32_t tag_certificate = 0x70;
inline constexpr std::uint32_t tag_cert_info = 0x71;
inline constexpr std::uint32_t tag_error_detection = 0xFE;
inline constexpr Byte cert_info_plain = 0x00;
inline constexpr Byte cert_info_gzip = 0x01;
inline constexpr std::uint32_t tag_fasc_n = 0x30;
inline constexpr std::uint32_t tag_guid = 0x34;
inline constexpr std::uint32_t tag_expiration_date = 0x35;
inline constexpr std::uint32_t tag_issuer_signature = 0x3E;
inline constexpr std::uint32_t tag_on_card_certs = 0xC1;
inline constexpr std::uint32_t tag_off_card_certs = 0xC2;
inline constexpr std::uint32_t tag_off_card_url = 0xF3;
inline constexpr std::uint32_t tag_pin_usage_policy = 0x5F2F;  ///< of the discovery object
inline constexpr std::uint32_t tag_admin_fields = 0x80;        ///< of the admin data
inline constexpr std::uint32_t tag_admin_flags = 0x81;
inline constexpr Byte admin_key_is_stored = 0x02;         ///< in the flags: printed information holds it
inline constexpr std::uint32_t tag_stored_fields = 0x88;  ///< of printed information, in that case
inline constexpr std::uint32_t tag_stored_admin_key = 0x89;

// Dynamic authentication template (part 2, table 7) and key templates (3.3.2).
inline constexpr std::uint32_t tag_authentication = 0x7C;
inline constexpr std::uint32_t tag_witness = 0x80;
inline constexpr std::uint32_t tag_challenge = 0x81;
inline constexpr std::uint32_t tag_response = 0x82;
inline constexpr std::uint32_t tag_exponentiation = 0x85;
inline constexpr std::uint32_t tag_generate_template = 0xAC;
inline constexpr std::uint32_t tag_generate_algorithm = 0x80;
inline constexpr std::uint32_t tag_public_key = 0x7F49;
inline constexpr std::uint32_t tag_modulus = 0x81;
inline constexpr std::uint32_t tag_exponent = 0x82;
inline constexpr std::uint32_t tag_point = 0x86;

// Policies at generation and import, and the fields of imported keys (extensions).
inline constexpr std::uint32_t tag_pin_policy = 0xAA;
inline constexpr std::uint32_t tag_touch_policy = 0xAB;
inline constexpr Byte tag_import_first_rsa = 0x01;  ///< p, then q, dp, dq, qinv
inline constexpr std::uint32_t tag_import_ec = 0x06;
inline constexpr std::uint32_t tag_import_ed25519 = 0x07;
inline constexpr std::uint32_t tag_import_x25519 = 0x08;

inline constexpr std::size_t retired_slots = 20;

}  // namespace jeton::card::piv
