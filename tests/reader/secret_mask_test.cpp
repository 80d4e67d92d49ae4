#include "reader/secret_mask.hpp"

#include <gtest/gtest.h>

#include "support/fake_device.hpp"

namespace jeton::reader {

namespace {

using support::ccid_message;

constexpr Byte xfr_block = 0x6F;
constexpr Byte secure = 0x69;
constexpr Byte escape = 0x6B;
constexpr Byte data_block = 0x80;

Bytes bytes(std::string_view hex) {
    return from_hex(hex).value();
}

/// Wire is a SecretMask with the bytes of both directions, without the headers of messages.
class Wire {
  public:
    explicit Wire(ExchangeLevel level, std::string_view atr = "3B80800101") : m_mask(level) {
        Bytes on = ccid_message(0x62, 0, m_seq, {});
        m_mask.to_reader(on);
        Bytes answer = ccid_message(data_block, 0, m_seq, {}, bytes(atr));
        EXPECT_EQ(m_mask.from_reader(answer), 0U);
    }

    /// send gives what a trace has of |data|.
    std::string send(std::string_view data, Byte level = 0, Byte type = xfr_block) {
        Bytes message = ccid_message(type, 0, ++m_seq, {0, level, 0}, bytes(data));
        m_mask.to_reader(message);
        return to_hex(View(message).subspan(10));
    }

    std::string receive(std::string_view data, Byte chain = 0) { return receive(m_seq, data, chain); }
    std::string receive(Byte seq, std::string_view data, Byte chain = 0) {
        Bytes message = ccid_message(data_block, 0, seq, {0, 0, chain}, bytes(data));
        m_mask.from_reader(message);
        return to_hex(View(message).subspan(10));
    }

    SecretMask& mask() { return m_mask; }
    Byte seq() const { return m_seq; }

  private:
    SecretMask m_mask;
    Byte m_seq = 0;
};

TEST(SecretMask, MasksShortApdus) {
    Wire wire(ExchangeLevel::short_apdu);
    EXPECT_EQ(wire.send("00A4040000"), "00A4040000");
    EXPECT_EQ(wire.receive("61029000"), "61029000");
    EXPECT_EQ(wire.send("0020008002 3132"), "0020008002FFFF");
    EXPECT_EQ(wire.receive("9000"), "9000");
    EXPECT_EQ(wire.send("0087079A021234"), "0087079A021234");
    EXPECT_EQ(wire.receive("01029000"), "FFFF9000");
}

TEST(SecretMask, MasksExtendedApdusInSeveralMessages) {
    Wire wire(ExchangeLevel::extended_apdu);
    EXPECT_EQ(wire.send("00DB3FFF000008A1A2", 1), "00DB3FFF000008FFFF");
    EXPECT_EQ(wire.receive("", 0x10), "");
    EXPECT_EQ(wire.send("A3A4", 3), "FFFF");
    EXPECT_EQ(wire.send("00200080", 2), "FFFFFFFF");  // looks like a command and is none
    EXPECT_EQ(wire.receive("9000"), "9000");
    EXPECT_EQ(wire.send("00A4040000", 2), "FFFFFFFFFF");  // continues nothing
    EXPECT_EQ(wire.send("00A4040000", 7), "FFFFFFFFFF");  // no such level
    EXPECT_EQ(wire.send("0087079A021234", 0), "0087079A021234");
    EXPECT_EQ(wire.receive("01020390", 1), "FFFFFFFF");
    EXPECT_EQ(wire.send("", 0x10), "");
    EXPECT_EQ(wire.receive("00019000", 2), "FFFF9000");
}

TEST(SecretMask, FollowsTheProtocolAtTpduLevel) {
    Wire wire(ExchangeLevel::tpdu, "3B80800101");  // T=0 and T=1
    EXPECT_EQ(wire.send("00C101FE3E"), "00C101FE3E");
    EXPECT_EQ(wire.receive("00E101FE1E"), "00E101FE1E");
    EXPECT_EQ(wire.send("00000700200080023132A6"), "0000070020008002FFFFA5");
    EXPECT_EQ(wire.receive("0000029000 92"), "000002900092");
    EXPECT_EQ(wire.send("0020008002 3132"), "0020008002FFFF");  // by its length a T=0 command
    EXPECT_EQ(wire.receive("9000"), "9000");
    // By its length either: nothing is shown until a parameter says which.
    const std::string both = "002004FF03A1A2A3";
    EXPECT_EQ(wire.send(both), "002004FFFFFFFFFF");
    Bytes parameters = ccid_message(0x82, 0, 1, {0, 0, 0}, bytes("1110000A00"));
    EXPECT_EQ(wire.mask().from_reader(parameters), 0U);
    EXPECT_EQ(wire.send(both), "002004FF03FFFFFF");
    Bytes set = ccid_message(0x61, 0, 2, {1, 0, 0}, bytes("11100045002000"));
    EXPECT_EQ(wire.mask().to_reader(set), 0U);
    EXPECT_EQ(wire.send("FF119571"), "FF1195FF");  // a block that is none
    EXPECT_EQ(wire.send("FF11957B"), "FF11957B");  // a selection of parameters
}

TEST(SecretMask, FollowsT1BlocksThatComeInTwoMessages) {
    Wire wire(ExchangeLevel::character, "3B800181");  // T=1 alone
    EXPECT_EQ(wire.send("0000070087079A02123418"), "0000070087079A02123418");
    EXPECT_EQ(wire.receive("000004"), "000004");
    EXPECT_EQ(wire.receive("0102900097"), "FFFF900094");
}

TEST(SecretMask, FollowsT0AtCharacterLevel) {
    Wire wire(ExchangeLevel::character, "3B00");
    EXPECT_EQ(wire.send("0020008008"), "0020008008");
    EXPECT_EQ(wire.receive("20"), "20");
    EXPECT_EQ(wire.send("3132333435"), "FFFFFFFFFF");
    EXPECT_EQ(wire.send("363738"), "FFFFFF");
    EXPECT_EQ(wire.receive("9000"), "9000");
    EXPECT_EQ(wire.send("00A4040002"), "00A4040002");
    EXPECT_EQ(wire.receive("A4"), "A4");
    EXPECT_EQ(wire.send("3F00"), "FFFF");
    EXPECT_EQ(wire.receive("9000"), "9000");
    EXPECT_EQ(wire.send("00CB3FFF05"), "00CB3FFF05");
    EXPECT_EQ(wire.send("5C035FC109"), "5C035FC109");
    EXPECT_EQ(wire.receive("0102039000"), "FFFFFFFFFF");
}

TEST(SecretMask, MasksTemplatesOfSecure) {
    Wire wire(ExchangeLevel::short_apdu);
    const std::string verify =
        "00"
        "00820800 0608 02 00 0904 00 000000";
    EXPECT_EQ(wire.send(verify + "0020008008 3132333435363738", 0, secure),
              to_hex(bytes(verify)) + "0020008008FFFFFFFFFFFFFFFF");
    EXPECT_EQ(wire.receive("9000"), "9000");
    const std::string modify =
        "01"
        "00820800 00 08 0608 03 02 03 0904 00 01 02 000000";
    EXPECT_EQ(wire.send(modify + "0024008010 31323334", 0, secure),
              to_hex(bytes(modify)) + "0024008010FFFFFFFF");
    EXPECT_EQ(wire.receive("313233349000"), "FFFFFFFF9000");  // a reader that tells what was typed
    EXPECT_EQ(wire.send("02 3132", 0, secure), "02FFFF");
    EXPECT_EQ(wire.send("00A4040000"), "00A4040000");
    EXPECT_EQ(wire.receive("01029000"), "01029000");
}

TEST(SecretMask, AnswersThatComeLateOrUnaskedAreSecret) {
    Wire wire(ExchangeLevel::short_apdu);
    wire.send("0087079A021234");
    const Byte late = wire.seq();
    wire.send("00A4040000");
    EXPECT_EQ(wire.receive(late, "01029000"), "FFFFFFFF");
    EXPECT_EQ(wire.receive("01029000"), "01029000");
    EXPECT_EQ(wire.receive(200, "01029000"), "FFFFFFFF");
}

TEST(SecretMask, PartsOfMessagesAreSecret) {
    Wire wire(ExchangeLevel::short_apdu);
    wire.send("00A4040000");
    Bytes first = ccid_message(data_block, 0, wire.seq(), {}, bytes("0102039000"));
    Bytes second(first.begin() + 12, first.end());
    first.resize(12);
    EXPECT_EQ(wire.mask().from_reader(first), 2U);
    EXPECT_EQ(to_hex(View(first).last(4)), "0000FFFF");
    EXPECT_EQ(wire.mask().from_reader(second), 3U);
    Bytes longer = ccid_message(data_block, 0, wire.seq(), {}, bytes("0102"));
    longer.push_back(0x31);
    EXPECT_EQ(wire.mask().from_reader(longer), 3U);
    Bytes strange = bytes("3132333435363738393031");
    EXPECT_EQ(wire.mask().from_reader(strange), strange.size());
    Bytes tiny = bytes("3132");
    EXPECT_EQ(wire.mask().to_reader(tiny), 2U);
    Bytes wrong = ccid_message(xfr_block, 0, 9, {}, bytes("0020"));
    wrong[1] = 7;
    EXPECT_EQ(wire.mask().to_reader(wrong), 2U);
}

TEST(SecretMask, WhatVendorsSayIsSecret) {
    Wire wire(ExchangeLevel::short_apdu);
    EXPECT_EQ(wire.send("313233", 0, escape), "FFFFFF");
    Bytes answer = ccid_message(0x83, 0, wire.seq(), {}, bytes("313233"));
    EXPECT_EQ(wire.mask().from_reader(answer), 3U);
    EXPECT_EQ(wire.send("313233", 0, 0x7F), "FFFFFF");
    Bytes notification = bytes("5003");
    EXPECT_EQ(wire.mask().interrupt(notification), 0U);
    notification = bytes("51000102");
    EXPECT_EQ(wire.mask().interrupt(notification), 0U);
    notification = bytes("403132");
    EXPECT_EQ(wire.mask().interrupt(notification), 2U);
    EXPECT_EQ(to_hex(notification), "40FFFF");
}

TEST(SecretMask, ItsRemarkIsRecognised) {
    EXPECT_TRUE(is_mask_remark(mask_remark(8)));
    EXPECT_FALSE(is_mask_remark("SELECT"));
}

}  // namespace

}  // namespace jeton::reader
