// What a virtual reader sends, in pieces: the decoder gives back each byte in some message, and the card side
// stands whatever the messages are. The first byte is the length of the pieces. The same bytes are also tried
// as the text of a place on the network.
#include <cstdlib>
#include <memory>

#include "reader/emulated_reader.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "reader/simple_card.hpp"
#include "tool/endpoint.hpp"
#include "tool/failure.hpp"
#include "tool/vpcd_card.hpp"

namespace {

using namespace jeton;
using namespace jeton::tool;
using Kind = VpcdMessage::Kind;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void append_again(Bytes& out, const VpcdMessage& message) {
    const Bytes control{static_cast<Byte>(message.kind)};
    append(out, vpcd_frame(message.kind == Kind::apdu ? View(message.apdu) : View(control)));
}

void check_answer(const VpcdMessage& message, const std::optional<SecretBytes>& answer) {
    const bool asks = message.kind == Kind::apdu || message.kind == Kind::get_atr;
    require(answer.has_value() == asks);
    require(!answer || (answer->size() >= 2 && vpcd_frame(*answer).size() == answer->size() + 2));
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const View input(data, size);
    try {
        run(input.subspan(1), std::size_t{input[0]} + 1);
    } catch (const Failure&) {
    } catch (const reader::Error&) {
    }
    if (const auto endpoint = parse_endpoint(to_text(input.subspan(1)), 35963)) {
        const auto again = parse_endpoint(endpoint->text(), 1);
        require(again && again->host == endpoint->host && again->port == endpoint->port);
    }
    return 0;
}
