#include "reader/emulated_reader.hpp"

#include <gtest/gtest.h>

#include "reader_under_test.hpp"
#include "simple_card.hpp"

#include "reader/ccid.hpp"

namespace jeton::reader {

namespace {

using support::ccid_message;
using test::apdu_limit;
using test::kind_of;
using test::SimpleCard;
using test::soon;

class EmulatedReader : public ::testing::Test {
  protected:
    void open(EmulationOptions options = {}) {
        device = make_emulated_reader(card, options);
        device->claim();
    }

    /// send gives the answer to a message in hex.
    std::string send(const char* message) {
        device->bulk_write(from_hex(message).value(), soon());
        Bytes buffer(70000);
        buffer.resize(device->bulk_read(buffer, soon()));
        return to_hex(buffer);
    }

    std::shared_ptr<SimpleCard> card = std::make_shared<SimpleCard>();
    std::unique_ptr<Device> device;
};

struct MessageVector {
    const char* name;
    const char* sent;
    const char* answer;
};

/// To be sent in this order.
constexpr MessageVector conversation[] = {
    {"status before power on", "65000000000000000000", "81000000000000010000"},
    {"APDU without power", "6F040000000001000000 00020000", "80000000000001 41FE00"},
    {"power on", "62000000000002000000", "80050000000002000000 3B80800101"},
    {"status with power", "65000000000003000000", "81000000000003000000"},
    {"APDU", "6F040000000004000000 00020000", "80030000000004000000 009000"},
    {"parameters", "6C000000000005000000", "82070000000005000001 1110004D00FE00"},
    {"set parameters", "61070000000006010000 9610004D00FE00", "82070000000006000001 9610004D00FE00"},
    {"set parameters of T=0", "61050000000007000000 1100000A00", "82000000000007400700"},
    {"set parameters, cut short", "61030000000007010000 111000", "82000000000007400100"},
    {"reset parameters", "6D000000000008000000", "82070000000008000001 1110004D00FE00"},
    {"escape", "6B010000000009000000 01", "83000000000009400000"},
    {"T0APDU", "6A00000000000A000000", "8100000000000A400000"},
    {"secure", "6900000000000B000000", "8000000000000B400000"},
    {"unknown type", "4200000000000C000000", "8100000000000C400000"},
    {"another slot", "6500000000010D000000", "8100000000010D420500"},
    {"wrong dwLength", "6F050000000 00E000000 00020000", "8000000000000E400100"},
    {"bad level", "6F0400000000 0F000700 00020000", "8000000000000F400800"},
    {"last part of nothing", "6F0400000000 10000200 00020000", "80000000000010400800"},
    {"more of nothing", "6F0000000000 11001000", "80000000000011400800"},
    {"power off", "63000000000012000000", "81000000000012010000"},
};

TEST_F(EmulatedReader, SpeaksCcid) {
    open();
    for (const MessageVector& vector : conversation) {
        std::string sent = vector.sent;
        std::erase(sent, ' ');
        std::string expected = vector.answer;
        std::erase(expected, ' ');
        EXPECT_EQ(send(sent.c_str()), expected) << vector.name;
    }
    EXPECT_EQ(card->power_offs, 1);
}

TEST_F(EmulatedReader, ItsDescriptorIsThatOfAnApduLevelReader) {
    open({.level = ExchangeLevel::short_apdu, .max_message = 271});
    const auto descriptor = parse_class_descriptor(device->descriptor());
    ASSERT_TRUE(descriptor.has_value());
    EXPECT_EQ(descriptor->level(), ExchangeLevel::short_apdu);
    EXPECT_EQ(descriptor->max_message, 271U);
    EXPECT_TRUE(descriptor->has(feature::auto_voltage));
    EXPECT_TRUE(descriptor->has(feature::auto_negotiation));
    for (const ExchangeLevel level :
         {ExchangeLevel::character, ExchangeLevel::tpdu, ExchangeLevel::extended_apdu}) {
        open({.level = level});
        EXPECT_EQ(parse_class_descriptor(device->descriptor())->level(), level);
    }
}

TEST_F(EmulatedReader, ACardThatComesBackHasNoPower) {
    open();
    send("62000000000000000000");
    card->inserted = false;
    EXPECT_EQ(send("65000000000001000000"), "81000000000001020000");
    EXPECT_EQ(send("62000000000002000000"), "8000000000000242FE00");
    EXPECT_EQ(send("6F04000000000300000000020000"), "8000000000000342FE00");
    card->inserted = true;
    EXPECT_EQ(send("65000000000004000000"), "81000000000004010000");
}

TEST_F(EmulatedReader, ACardThatFailsIsMute) {
    open();
    send("62000000000000000000");
    card->fails = true;
    EXPECT_EQ(send("6F04000000000100000000020000"), "8000000000000140FE00");
}

TEST_F(EmulatedReader, ShortLevelRefusesExtendedApdus) {
    open({.level = ExchangeLevel::short_apdu});
    send("62000000000000000000");
    EXPECT_EQ(send("6F07000000000100000000CB3FFF000000"), "80000000000001400100");
    EXPECT_EQ(send("6F05000000000200000000CB3FFF00"), "8007000000000200000000CB3FFF009000");
}

TEST_F(EmulatedReader, AbortNeedsRequestAndMessageInEitherOrder) {
    open();
    device->control(1, 0x0500, soon());
    EXPECT_EQ(send("65000000000004000000"), "8100000000000441FF00") << "meanwhile";
    EXPECT_EQ(send("72000000000005000000"), "81000000000005010000");
    device->bulk_write(from_hex("72000000000006000000").value(), soon());
    Bytes buffer(100);
    EXPECT_EQ(kind_of([&] { device->bulk_read(buffer, soon()); }), Error::Kind::timeout);
    device->control(1, 0x0600, soon());
    EXPECT_EQ(device->bulk_read(buffer, soon()), 10U);
    EXPECT_EQ(kind_of([&] { device->control(2, 0, soon()); }), Error::Kind::unsupported);
}

TEST_F(EmulatedReader, NotifiesEachChangeOnce) {
    open();
    Bytes buffer(8);
    EXPECT_EQ(device->interrupt_read(buffer, soon()), 2U);
    EXPECT_EQ(to_hex(View(buffer).first(2)), "5003");
    EXPECT_EQ(device->interrupt_read(buffer, Deadline::after(Milliseconds(20))), 0U);
    card->inserted = false;
    EXPECT_EQ(device->interrupt_read(buffer, soon()), 2U);
    EXPECT_EQ(to_hex(View(buffer).first(2)), "5002");
}

TEST_F(EmulatedReader, NeedsAClaim) {
    open();
    device->release();
    Bytes buffer(10);
    EXPECT_THROW(device->bulk_write(buffer, soon()), Error);
    EXPECT_THROW(device->bulk_read(buffer, soon()), Error);
}

TEST_F(EmulatedReader, WorkTakesTimeAndTheReaderAsksForIt) {
    open({.power_on_time = Milliseconds(30), .command_time = Milliseconds(1040)});
    const auto begin = Deadline::Clock::now();
    EXPECT_EQ(send("62000000000000000000"), "800500000000000000003B80800101");
    EXPECT_GE(Deadline::Clock::now() - begin, Milliseconds(30));
    EXPECT_EQ(send("6F04000000000100000000020000"), "80000000000001800100") << "a time extension";
    EXPECT_EQ(send("65000000000002000000"), "8100000000000240E000") << "busy";
    Bytes buffer(100);
    EXPECT_EQ(kind_of([&] { device->bulk_read(buffer, Deadline::after(Milliseconds(1))); }),
              Error::Kind::timeout);
    buffer.resize(device->bulk_read(buffer, soon()));
    EXPECT_EQ(to_hex(buffer), "80030000000001000000009000");
    EXPECT_GE(Deadline::Clock::now() - begin, Milliseconds(1070));
    EXPECT_EQ(send("65000000000003000000"), "81000000000003000000");
}

TEST_F(EmulatedReader, AbortEndsWorkThatTakesLong) {
    open({.command_time = Milliseconds(100000)});
    send("62000000000000000000");
    device->bulk_write(from_hex("6F04000000000100000000020000").value(), soon());
    device->control(1, 0x0200, soon());
    EXPECT_EQ(send("72000000000002000000"), "81000000000002000000");
    EXPECT_EQ(send("65000000000003000000"), "81000000000003000000");
}

TEST_F(EmulatedReader, AnExchangedCardHasNoPowerAndIsNotified) {
    open();
    Bytes buffer(8);
    device->interrupt_read(buffer, soon());
    send("62000000000000000000");
    ++card->insertions;
    EXPECT_EQ(device->interrupt_read(buffer, soon()), 2U);
    EXPECT_EQ(to_hex(View(buffer).first(2)), "5003");
    EXPECT_EQ(send("65000000000001000000"), "81000000000001010000");
}

struct EndToEnd {
    ExchangeLevel level;
    std::size_t max_message;
    std::size_t command;
    std::size_t response;
};

constexpr EndToEnd journeys[] = {
    {ExchangeLevel::extended_apdu, 65556, 60000, 60000}, {ExchangeLevel::extended_apdu, 271, 60000, 60000},
    {ExchangeLevel::extended_apdu, 64, 1000, 1000},      {ExchangeLevel::extended_apdu, 64, 54, 52},
    {ExchangeLevel::extended_apdu, 64, 55, 53},          {ExchangeLevel::extended_apdu, 65556, 65544, 65535},
    {ExchangeLevel::short_apdu, 271, 261, 256},
};

TEST_F(EmulatedReader, CarriesApdusThroughReaderAndSlot) {
    for (const EndToEnd& journey : journeys) {
        Reader reader({.name = "emulated", .key = "emulated:1", .lease_file = {}, .open = [&] {
                           return make_emulated_reader(card, {journey.level, journey.max_message});
                       }});
        CardLink& link = reader.slot();
        const auto lease = link.acquire(soon());
        Bytes command(journey.command, 0x42);
        command[1] = 0x01;
        EXPECT_EQ(to_hex(link.transmit(command, apdu_limit)), "9000");
        EXPECT_EQ(card->last_command, command);
        const Bytes ask{0x00, 0x03, static_cast<Byte>(journey.response >> 8),
                        static_cast<Byte>(journey.response)};
        EXPECT_EQ(link.transmit(ask, apdu_limit).size(), journey.response + 2);
    }
}

}  // namespace

}  // namespace jeton::reader
