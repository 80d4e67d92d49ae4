#include "reader/pps.hpp"

#include "reader/parameters.hpp"

namespace jeton::reader {

namespace {

constexpr Byte initial = 0xFF;  ///< PPSS
constexpr Byte has_pps1 = 0x10;

void append_check(Bytes& frame) {
    Byte sum = 0;
    for (const Byte byte : frame) {
        sum = static_cast<Byte>(sum ^ byte);
    }
    frame.push_back(sum);
}

}  // namespace

Bytes pps_request(Byte protocol, Byte fi_di) {
    Bytes frame{initial, protocol};
    if (fi_di != default_speed) {
        frame[1] |= has_pps1;
        frame.push_back(fi_di);
    }
    append_check(frame);
    return frame;
}

std::optional<Byte> pps_agreed(View request, View response) {
    if (equal(request, response)) {
        return (request[1] & has_pps1) != 0 ? request[2] : default_speed;
    }
    // A card that answers without PPS1 agrees to the protocol alone (9.3).
    const Bytes protocol_alone = pps_request(request[1] & 0x0F, default_speed);
    return equal(response, protocol_alone) ? std::optional(default_speed) : std::nullopt;
}

}  // namespace jeton::reader
