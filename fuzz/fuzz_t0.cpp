// T=0 against a card that answers arbitrary bytes, at the TPDU and the character level; and the emulated card
// against a host that sends them.
//
// Input: a byte of options (bits 0 to 2: the form of the command, 8: character level), and chunks as
// scripted_port.hpp has them.
#include "scripted_port.hpp"

#include "reader/apdu_exchange.hpp"
#include "reader/emulated_t0.hpp"

namespace {

using namespace jeton;
using namespace jeton::reader;
using fuzz::attempt;
using fuzz::Echo;
using fuzz::require;

constexpr Milliseconds limit{1000};

/// command has the form |form|: cases 1 to 4, the same extended, and what is no APDU.
Bytes command(unsigned form) {
    Bytes apdu{0x00, 0xCB, 0x3F, 0xFF};
    switch (form) {
        case 0:
            return apdu;
        case 1:
            apdu.push_back(0);
            return apdu;
        case 2:
        case 3:
            append(apdu, Bytes{2, 0x5C, 0x00});
            break;
        case 4:
            append(apdu, Bytes{0, 2, 0});
            return apdu;
        case 5:
        case 6:
            append(apdu, Bytes{0, 1, 0x10});
            apdu.resize(apdu.size() + 0x110, 0x33);
            break;
        default:
            append(apdu, Bytes{9, 1});
            return apdu;
    }
    if (form == 3 || form == 6) {
        append(apdu, form == 3 ? Bytes{0} : Bytes{0, 0});
    }
    return apdu;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) {
        return 0;
    }
    View input(data + 1, size - 1);
    ClassDescriptor reader;
    reader.features = (data[0] & 8) != 0 ? 0 : feature::level_tpdu;
    reader.max_message = 271;
    fuzz::ScriptedPort port(reader, t1::Checksum::lrc, input);
    CardProtocol card{.number = 0, .silence = limit, .t1 = {}};
    for (int i = 0; i < 3; ++i) {
        attempt([&] {
            const ApduResult result = exchange_apdu(port, 0, card, command(data[0] & 7), limit);
            require(result.response.size() >= 2 && result.response.size() <= 65538);
        });
    }
    Echo echo;
    emulated::T0Card contacts(echo, Milliseconds(0));
    while (input.size() >= 2) {
        const std::size_t length = std::min<std::size_t>(input[1], input.size() - 2);
        for (const emulated::Utterance& said : contacts.hear(input.subspan(2, length))) {
            require(!said.bytes.empty());
        }
        input = input.subspan(2 + length);
    }
    return 0;
}
