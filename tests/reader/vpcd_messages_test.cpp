#include "reader/vpcd_messages.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "reader/error.hpp"

namespace jeton::reader {

namespace {

using Kind = VpcdMessage::Kind;

/// A virtual reader's stream: all controls, a command, and one that has just begun.
const Bytes stream{0, 1, 1, 0, 1, 4, 0, 5, 0x00, 0xA4, 0x04, 0x00, 0x00, 0, 1, 2, 0, 1, 0, 0, 4, 0x00};

std::vector<VpcdMessage> all(VpcdDecoder& decoder) {
    std::vector<VpcdMessage> messages;
    while (auto message = decoder.next()) {
        messages.push_back(std::move(*message));
    }
    return messages;
}

std::string refusal(View bytes) {
    VpcdDecoder decoder;
    decoder.feed(bytes);
    try {
        decoder.next();
    } catch (const Error& failure) {
        return failure.what();
    }
    return "";
}

TEST(VpcdMessages, AreTheSameInPiecesOfAnyLength) {
    for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
        SCOPED_TRACE(piece);
        VpcdDecoder decoder;
        std::vector<VpcdMessage> messages;
        for (std::size_t begin = 0; begin < stream.size(); begin += piece) {
            decoder.feed(View(stream).subspan(begin, std::min(piece, stream.size() - begin)));
            for (auto& message : all(decoder)) {
                messages.push_back(std::move(message));
            }
        }
        std::vector<Kind> kinds;
        for (const auto& message : messages) {
            kinds.push_back(message.kind);
            EXPECT_EQ(message.apdu.empty(), message.kind != Kind::apdu);
        }
        EXPECT_EQ(kinds,
                  (std::vector{Kind::power_on, Kind::get_atr, Kind::apdu, Kind::reset, Kind::power_off}));
        EXPECT_EQ(to_hex(messages.at(2).apdu), "00A4040000");
        EXPECT_TRUE(decoder.in_message());
    }
}

TEST(VpcdMessages, WaitForTheirLastByte) {
    VpcdDecoder decoder;
    EXPECT_FALSE(decoder.in_message());
    decoder.feed(Bytes{0});
    EXPECT_FALSE(decoder.next());
    EXPECT_TRUE(decoder.in_message());
    decoder.feed(Bytes{2, 0xAA});
    EXPECT_FALSE(decoder.next());
    decoder.feed(Bytes{0xBB});
    EXPECT_EQ(to_hex(decoder.next()->apdu), "AABB");
    EXPECT_FALSE(decoder.in_message());
    EXPECT_FALSE(decoder.next());
}

TEST(VpcdMessages, HaveAtMost65535Bytes) {
    VpcdDecoder decoder;
    decoder.feed(Bytes{0xFF, 0xFF});
    decoder.feed(Bytes(0xFFFE, 0x55));
    EXPECT_FALSE(decoder.next());
    decoder.feed(Bytes{0x66, 0, 1, 4});
    EXPECT_EQ(decoder.next()->apdu.size(), 0xFFFFU);
    EXPECT_EQ(decoder.next()->kind, Kind::get_atr);

    EXPECT_EQ(vpcd_frame(Bytes(vpcd_longest)).size(), 2 + vpcd_longest);
    EXPECT_THROW(vpcd_frame(Bytes(vpcd_longest + 1)), Error);
}

TEST(VpcdMessages, OfOtherProtocolsAreRefused) {
    EXPECT_NE(refusal(Bytes{0, 0}).find("an empty message"), std::string::npos);
    EXPECT_NE(refusal(Bytes{0, 1, 3}).find("control 03"), std::string::npos);
    EXPECT_NE(refusal(Bytes{0, 1, 0xFF}).find("control FF"), std::string::npos);
    EXPECT_EQ(refusal(Bytes{0, 1, 4}), "");
}

TEST(VpcdMessages, AreFramedByTheirLength) {
    EXPECT_EQ(to_hex(vpcd_frame(Bytes{0x90, 0x00})), "00029000");
    const SecretBytes longer = vpcd_frame(Bytes(258));
    EXPECT_EQ(to_hex(View(longer).first(2)), "0102");
    EXPECT_EQ(to_hex(vpcd_frame({})), "0000");
}

}  // namespace

}  // namespace jeton::reader
