// Command and response APDUs as values (ISO/IEC 7816-4, 5.1).
#pragma once

#include <cstdint>

#include "card/status_word.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::card {

// The limits of short APDUs, in bytes (ISO/IEC 7816-4, 5.2).
inline constexpr std::size_t longest_short_data = 255;
inline constexpr std::uint32_t most_short_le = 256;

/// Apdu is one command before anybody decided on short, extended or chained form.
struct Apdu {
    Byte cla = 0x00;
    Byte ins = 0x00;
    Byte p1 = 0x00;
    Byte p2 = 0x00;
    View data = {};        ///< up to 65535 bytes; empty: no Lc
    std::uint32_t le = 0;  ///< bytes expected: 0 none, any_length as many as there are
};

/// any_length asks for whatever the card has.
inline constexpr std::uint32_t any_length = 65536;

struct Response {
    SecretBytes data;
    StatusWord status;
};

/// encode_short and encode_extended write one command; |data| and |le| must fit the form.
SecretBytes encode_short(const Apdu& apdu);
SecretBytes encode_extended(const Apdu& apdu);

}  // namespace jeton::card
