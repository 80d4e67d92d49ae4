// The other side of vpcd, in pieces, whose length is the first byte. As a virtual reader: the decoder gives
// back each byte in some message, and the card side stands whatever the messages are. As a card: whatever it
// answers, our virtual reader ends each wait in time and gives on nothing that vpcd does not allow. The same
// bytes are also tried as the text of a place on the network, and as what a PC/SC driver says of itself.
#include <cstdlib>
#include <memory>
#include <sys/socket.h>
#include <utility>

#include "reader/emulated_reader.hpp"
#include "reader/error.hpp"
#include "reader/pcsc_features.hpp"
#include "reader/reader.hpp"
#include "reader/simple_card.hpp"
#include "reader/vpcd_endpoint.hpp"
#include "reader/vpcd_remote_card.hpp"
#include "tool/vpcd_card.hpp"

namespace {

using namespace jeton;
using reader::VpcdDecoder;
using reader::VpcdMessage;
using Kind = VpcdMessage::Kind;
using tool::VpcdCard;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void append_again(Bytes& out, const VpcdMessage& message) {
    const Bytes control{static_cast<Byte>(message.kind)};
    append(out, reader::vpcd_frame(message.kind == Kind::apdu ? View(message.apdu) : View(control)));
}

void check_answer(const VpcdMessage& message, const std::optional<SecretBytes>& answer) {
    const bool asks = message.kind == Kind::apdu || message.kind == Kind::get_atr;
    require(answer.has_value() == asks);
    require(!answer || (answer->size() >= 2 && reader::vpcd_frame(*answer).size() == answer->size() + 2));
}

/// INS FF pulls the card: everything after that is an error of the reader.
void run(View stream, std::size_t piece) {
    const auto card = std::make_shared<reader::test::SimpleCard>();
    reader::Reader reader({.name = "fuzzed", .key = "fuzzed", .lease_file = {}, .open = [card] {
                               return reader::make_emulated_reader(card, {.max_message = 512});
                           }});
    VpcdCard served(reader.slot(), [] { return false; });
    require(served.meet());
    VpcdDecoder decoder;
    Bytes again;
    for (std::size_t begin = 0; begin < stream.size(); begin += piece) {
        const Bytes exact = to_bytes(stream.subspan(begin, std::min(piece, stream.size() - begin)));
        decoder.feed(exact);
        while (const auto message = decoder.next()) {
            append_again(again, *message);
            require(equal(again, stream.first(again.size())));
            check_answer(*message, served.answer(*message));
            card->inserted = message->apdu.size() < 2 || message->apdu[1] != 0xFF;
        }
    }
    require(decoder.in_message() == (again.size() < stream.size()));
}

/// run_card has the bytes answer what our reader asks: they are all there at once, and then the connection
/// ends.
void run_card(View answers) {
    int ends[2];
    require(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) == 0);
    UniqueFd ours(ends[0]);
    UniqueFd theirs(ends[1]);
    if (send(theirs.get(), answers.data(), answers.size(), MSG_NOSIGNAL) < 0) {
        return;
    }
    shutdown(theirs.get(), SHUT_WR);
    std::optional<reader::VpcdStream> stream(std::in_place, std::move(ours), "peer");
    reader::VpcdRemoteCard card("fuzzed", [&] { return std::exchange(stream, std::nullopt); },
                                {.rest = Milliseconds(1000)});
    if (!card.present()) {
        require(card.insertion() <= 1);
    }
    try {
        const Bytes atr = card.power_on();
        require(atr.size() >= 2 && atr.size() <= 33);
        const Bytes command{0x00, 0xA4, 0x04, 0x00};
        while (true) {
            require(card.transmit(command).size() >= 2);
        }
    } catch (const reader::Error&) {
        require(!card.present());
    }
    card.power_off();
}

void check_texts(View bytes) {
    const std::string text = to_text(bytes);
    if (const auto endpoint = reader::parse_endpoint(text, reader::vpcd_port)) {
        const auto again = reader::parse_endpoint(endpoint->text(), 1);
        require(again && again->host == endpoint->host && again->port == endpoint->port);
    }
    if (const auto place = reader::parse_vpcd_place(text)) {
        const auto again = reader::parse_vpcd_place(place->text());
        require(again && again->text() == place->text());
    }
    for (const auto& feature : reader::pcsc::parse_features(bytes)) {
        require(reader::pcsc::code_of(reader::pcsc::parse_features(bytes),
                                      static_cast<reader::pcsc::FeatureTag>(feature.tag))
                    .has_value());
    }
    reader::pcsc::largest_apdu(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const View input(data, size);
    try {
        run(input.subspan(1), std::size_t{input[0]} + 1);
    } catch (const reader::Error&) {
    }
    const Bytes exact = to_bytes(input.subspan(1));
    run_card(exact);
    check_texts(exact);
    return 0;
}
