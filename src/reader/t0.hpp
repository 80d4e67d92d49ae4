// T=0 as the host speaks it (ISO/IEC 7816-3, 12.2), for readers that leave it to the host: how an APDU
// becomes TPDUs.
#pragma once

#include <optional>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::reader::t0 {

inline constexpr std::size_t header_size = 5;  ///< CLA INS P1 P2 P3
inline constexpr Byte null_byte = 0x60;        ///< the procedure byte by which the card asks for more time

/// Wire carries TPDUs to a card.
class Wire {
  public:
    virtual ~Wire() = default;

    /// exchange sends |header| (5 bytes) and, unless it is empty, |data| of P3 bytes; without data it
    /// receives at most P3 bytes (256 for 00). Gives data and SW1 SW2, at least 2 bytes. Throws Error, also
    /// when the time for the whole APDU is over.
    virtual SecretBytes exchange(View header, View data) = 0;
};

/// Classes are CLA bytes that a reader wants used; without one it is that of the command.
struct Classes {
    std::optional<Byte> get_response{};
    std::optional<Byte> envelope{};
};

/// transmit sends |command| (short or extended) and gives the response APDU. What the card holds back is
/// fetched, up to Le; a status 61xx may remain. More than 255 bytes of data go by ENVELOPE. Throws Error:
/// unsupported when |command| is no APDU, protocol, and whatever the wire throws.
SecretBytes transmit(Wire& wire, const Classes& classes, View command);

}  // namespace jeton::reader::t0
