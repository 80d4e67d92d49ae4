// PPS, the negotiation of protocol and speed (ISO/IEC 7816-3, 9), for readers that leave it to the host.
#pragma once

#include <optional>

#include "util/bytes.hpp"

namespace jeton::reader {

/// pps_request is the frame that asks for |protocol| and |fi_di|: 3 bytes for the default speed, else 4.
Bytes pps_request(Byte protocol, Byte fi_di);

/// pps_agreed is the speed that both now use after |response| to |request|, which may be the default one;
/// nullopt when the card did not agree.
std::optional<Byte> pps_agreed(View request, View response);

}  // namespace jeton::reader
