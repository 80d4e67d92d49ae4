// T=1 against a card that answers arbitrary bytes: negotiation, commands and their answers, at the TPDU and
// the character level; and the emulated card against a host that sends them.
//
// Input: a byte of options (1: CRC, 2: character level, 4: a long command), IFSC, and chunks as
// scripted_port.hpp has them.
#include "scripted_port.hpp"

#include "reader/apdu_exchange.hpp"
#include "reader/emulated_t1.hpp"
#include "reader/pps.hpp"
#include "reader/t1_wire.hpp"

namespace {

using namespace jeton;
using namespace jeton::reader;
using fuzz::attempt;
using fuzz::Echo;
using fuzz::require;

constexpr Milliseconds limit{1000};

void hear_everything(View input, t1::Checksum checksum) {
    Echo echo;
    emulated::T1Card card(echo, {.crc = checksum == t1::Checksum::crc}, Milliseconds(1500));
    while (input.size() >= 2) {
        const std::size_t length = std::min<std::size_t>(input[1], input.size() - 2);
        const SecretBytes said = card.hear(input.subspan(2, length)).bytes;
        require(std::holds_alternative<t1::Block>(t1::parse_block(said, checksum)));
        input = input.subspan(2 + length);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const View input(data, size);
    const auto checksum = (data[0] & 1) != 0 ? t1::Checksum::crc : t1::Checksum::lrc;
    ClassDescriptor reader;
    reader.features = (data[0] & 2) != 0 ? 0 : feature::level_tpdu;
    reader.max_message = 271;
    fuzz::ScriptedPort port(reader, checksum, input.subspan(2));
    CardProtocol card{.number = 1, .silence = limit, .t1 = {.checksum = checksum}};
    card.t1.ifsc = std::clamp<Byte>(data[1], 1, 254);
    const Bytes command((data[0] & 4) != 0 ? 600 : 40, 0x11);
    attempt([&] {
        Xfr xfr(port, 0, {limit, limit});
        BlockWire wire(xfr, checksum);
        t1::announce_ifsd(wire, card.t1, 254);
    });
    for (int i = 0; i < 3; ++i) {
        attempt([&] {
            const ApduResult result = exchange_apdu(port, 0, card, command, limit);
            require(result.response.size() >= 2 && result.response.size() <= 65538);
            require(!card.t1.out_of_step);
        });
    }
    hear_everything(input.subspan(2), checksum);
    for (const Byte protocol : {Byte{0}, Byte{1}}) {
        const Bytes request = pps_request(protocol, data[1]);
        require(pps_agreed(request, request) == data[1]);
        const auto agreed = pps_agreed(request, input);
        require(!agreed || *agreed == data[1] || *agreed == 0x11);
    }
    return 0;
}
