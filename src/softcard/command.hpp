// Command APDUs in their short and extended forms (ISO/IEC 7816-4, 5.1 and 5.2).
#pragma once

#include <cstddef>
#include <optional>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::softcard {

struct Command {
    Byte cla = 0;
    Byte ins = 0;
    Byte p1 = 0;
    Byte p2 = 0;
    SecretBytes data;
    std::size_t expected = 0;  ///< Ne: how many bytes of data one response may carry

    /// continues tells whether |other| can be the next link of the same command chain.
    bool continues(const Command& other) const {
        return ins == other.ins && p1 == other.p1 && p2 == other.p2;
    }
};

/// parse_command reads cases 1 to 4; nullopt when lengths and bytes disagree. Without an Le field a response
/// may be as long as the form allows (256 or 65536 bytes), as usual for cards that speak T=1.
std::optional<Command> parse_command(View apdu);

}  // namespace jeton::softcard
