// PINs typed on a pad: a reader that answers arbitrary bytes, and the emulated pad with arbitrary structures.
//
// Input: a byte of options (bits 0 and 1: extended APDU, T=1, T=0 level; 4: modify; 8: display; 16: one
// message; 32: three indexes), the size of the PIN's field, and chunks as scripted_port.hpp has them.
#include "scripted_port.hpp"

#include "reader/emulated_pad.hpp"
#include "reader/pinpad.hpp"

namespace {

using namespace jeton;
using namespace jeton::reader;
using fuzz::attempt;
using fuzz::require;

/// type fills |structure| in as somebody would who is asked at most three times.
void type(View structure) {
    for (const char* word : {"123456", "cancel", "timeout", "123"}) {
        PadKeys keys(std::vector<std::string>{"123456", "123456", word});
        const emulated::Typed typed = emulated::enter(structure, keys);
        require(typed.error || typed.apdu.size() >= 5);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const View input = View(data, size).subspan(2);
    ClassDescriptor reader;
    reader.features = (data[0] & 3) == 0 ? feature::level_extended_apdu : feature::level_tpdu;
    reader.max_message = 271;
    reader.pin_support = 3;
    reader.lcd_layout = (data[0] & 8) != 0 ? 0x0210 : 0;
    const PadUse use = (data[0] & 4) != 0 ? PadUse::modify : PadUse::verify;
    require(can_enter_pins(reader, use));
    PinEntry entry{.header = {0x00, 0x20, 0x00, 0x80}, .least = 6, .most = 8};
    entry.block = data[1] % 20;
    PinpadQuirks quirks;
    if ((data[0] & 16) != 0) {
        quirks.modify_messages = Byte{1};
    }
    quirks.modify_all_indexes = (data[0] & 32) != 0;
    attempt([&] { type(secure_structure(entry, use, reader, quirks, Bytes{0, 0, 0})); });
    type(input);
    fuzz::ScriptedPort port(reader, t1::Checksum::lrc, input);
    CardProtocol card{
        .number = static_cast<Byte>((data[0] & 3) == 1 ? 1 : 0), .silence = Milliseconds(1000), .t1 = {}};
    for (int i = 0; i < 3; ++i) {
        attempt([&] { require(enter_pins(port, 0, card, entry, use).size() == 2); });
    }
    return 0;
}
