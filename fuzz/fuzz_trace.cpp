// A recording: what it says fits its limits, what the writer makes of its packets reads the same, and the
// card that it becomes answers anything.
//
// Input: a pcapng file or a transcript.
#include <cstdlib>

#include "reader/pcapng.hpp"
#include "reader/pcapng_usb.hpp"
#include "reader/replay_card.hpp"
#include "reader/replay_trace.hpp"

namespace {

using namespace jeton;
using namespace jeton::reader;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

/// write_again puts one packet into a file of its own.
void write_again(const pcapng::Packet& packet, const pcapng::UsbPacket& usb) {
    Bytes file = pcapng::section_block("fuzz");
    append(file, pcapng::interface_block("fuzz"));
    append(file, pcapng::packet_block(usb.time, pcapng::encode_usb(usb), packet.comment));
    pcapng::Reader reader(file);
    const auto read = reader.next();
    require(read && read->comment == packet.comment && !read->cut);
    const auto again = pcapng::parse_usb(read->link, read->data);
    require(again && equal(again->data, usb.data) && again->setup == usb.setup && again->id == usb.id);
    require(!reader.next() && reader.error().empty());
}

std::size_t walk(View input) {
    pcapng::Reader reader(input);
    std::size_t bytes = 0;
    while (const auto packet = reader.next()) {
        bytes += packet->data.size() + packet->comment.size();
        if (const auto usb = pcapng::parse_usb(packet->link, packet->data)) {
            write_again(*packet, *usb);
        }
    }
    return bytes;
}

void play(Recording recording, View input) {
    std::size_t bytes = 0;
    for (const RecordedExchange& exchange : recording.exchanges) {
        require(exchange.command.size() <= 65544 && exchange.response.size() <= 65538);
        bytes += exchange.command.size() + exchange.response.size();
    }
    require(bytes <= input.size());
    std::vector<Bytes> commands{to_bytes(input.first(std::min<std::size_t>(input.size(), 20)))};
    for (std::size_t i = 0; i < recording.exchanges.size() && i < 8; ++i) {
        commands.push_back(recording.exchanges[i].command);
    }
    const auto card = make_replay_card(std::move(recording));
    require(card->power_on().size() <= 33 && card->present());
    for (const Bytes& command : commands) {
        require(card->transmit(command).size() <= 65538);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const View input(data, size);
    require(walk(input) <= size);
    for (const auto parse : {read_trace, parse_transcript}) {
        try {
            play(parse(input), input);
        } catch (const RecordingError& error) {
            require(error.what()[0] != '\0');
        }
    }
    return 0;
}
