#include "reader/pinpad.hpp"

#include <gtest/gtest.h>

#include "port_under_test.hpp"
#include "simple_card.hpp"

#include "reader/emulated_pad.hpp"

namespace jeton::reader {

namespace {

using test::kind_of;
using test::SimpleCard;
using test::soon;

constexpr PinEntry padded{.header = {0x00, 0x20, 0x00, 0x80}, .least = 6, .most = 8};
constexpr PinEntry variable{.header = {0x00, 0x20, 0x00, 0x81}, .least = 4, .most = 12, .block = 0};
constexpr PinEntry change{.header = {0x00, 0x24, 0x00, 0x80}, .least = 6, .most = 8};
constexpr Byte three = 3;

struct StructureVector {
    const char* name;
    PinEntry entry;
    PadUse use;
    bool display;
    PinpadQuirks quirks;
    const char* structure;
};

/// From bPINOperation on: the head, bTeoPrologue, the APDU.
const StructureVector structures[] = {
    {"verify",
     padded,
     PadUse::verify,
     false,
     {},
     "00 3C820800 0806 02 00 0904 00 000000 0020008008 FFFFFFFFFFFFFFFF"},
    {"verify, display",
     padded,
     PadUse::verify,
     true,
     {},
     "00 3C820800 0806 02 FF 0904 00 000000 0020008008 FFFFFFFFFFFFFFFF"},
    {"verify, no field",
     variable,
     PadUse::verify,
     false,
     {},
     "00 3C820000 0C04 02 00 0904 00 000000 0020008100"},
    {"verify, one message",
     padded,
     PadUse::verify,
     false,
     {.messages = Byte{1}},
     "00 3C820800 0806 02 01 0904 00 000000 0020008008 FFFFFFFFFFFFFFFF"},
    {"verify, limits swapped",
     padded,
     PadUse::verify,
     false,
     {.swapped_digits = true},
     "00 3C820800 0608 02 00 0904 00 000000 0020008008 FFFFFFFFFFFFFFFF"},
    {"verify, the pad's own limits",
     variable,
     PadUse::verify,
     false,
     {.least_digits = 5, .most_digits = 8},
     "00 3C820000 0805 02 00 0904 00 000000 0020008100"},
    {"modify",
     change,
     PadUse::modify,
     false,
     {},
     "01 3C820800 0008 0806 03 02 00 0904 00 000000 0024008010 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
    {"modify, display",
     change,
     PadUse::modify,
     true,
     {},
     "01 3C820800 0008 0806 03 02 03 0904 000102 000000 0024008010 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
    {"modify, one message",
     change,
     PadUse::modify,
     false,
     {.modify_messages = Byte{1}},
     "01 3C820800 0008 0806 03 02 01 0904 0001 000000 0024008010 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
    {"modify, three indexes",
     change,
     PadUse::modify,
     false,
     {.modify_all_indexes = true},
     "01 3C820800 0008 0806 03 02 00 0904 000102 000000 0024008010 FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"},
};

TEST(Pinpad, StructuresAreThoseOfTheWire) {
    for (const StructureVector& vector : structures) {
        std::string expected = vector.structure;
        std::erase(expected, ' ');
        ClassDescriptor reader;
        reader.lcd_layout = vector.display ? 0x0210 : 0;
        EXPECT_EQ(to_hex(secure_structure(vector.entry, vector.use, reader, vector.quirks, Bytes{0, 0, 0})),
                  expected)
            << vector.name;
    }
    EXPECT_EQ(kind_of([&] { secure_structure({.block = 16}, PadUse::verify, {}, {}, Bytes{0, 0, 0}); }),
              Error::Kind::unsupported);
}

TEST(Pinpad, OnlyReadersThatSaySoHaveOne) {
    ClassDescriptor reader;
    reader.features = feature::level_tpdu;
    EXPECT_FALSE(can_enter_pins(reader, PadUse::verify));
    reader.pin_support = 1;
    EXPECT_TRUE(can_enter_pins(reader, PadUse::verify));
    EXPECT_FALSE(can_enter_pins(reader, PadUse::modify));
    reader.pin_support = three;
    EXPECT_TRUE(can_enter_pins(reader, PadUse::modify));
    reader.features = 0;
    EXPECT_FALSE(can_enter_pins(reader, PadUse::verify)) << "character level";
}

struct PadLevel {
    const char* name;
    ExchangeLevel level;
    ContactOptions contacts;
};

const PadLevel levels[] = {
    {"extended", ExchangeLevel::extended_apdu, {}},
    {"short", ExchangeLevel::short_apdu, {}},
    {"T=1", ExchangeLevel::tpdu, {}},
    {"T=1 with CRC", ExchangeLevel::tpdu, {.crc = true}},
    {"T=0", ExchangeLevel::tpdu, {.t0 = true, .t1 = false}},
};

class PadReader : public ::testing::TestWithParam<PadLevel> {
  protected:
    void open(std::vector<std::string> words) {
        EmulationOptions options{
            .level = GetParam().level, .max_message = 271, .contacts = GetParam().contacts};
        options.pad = std::make_shared<PadKeys>(std::move(words));
        reader = std::make_unique<Reader>(
            ReaderPlace{.name = "pad", .key = "pad:1", .lease_file = {}, .open = [this, options] {
                            return make_emulated_reader(card, options);
                        }});
        lease = reader->slot().acquire(soon());
    }

    /// sent is the data that the card got last, without its Le.
    std::string sent(std::size_t size) const {
        return to_hex(View(card->last_command).first(std::min(size, card->last_command.size())));
    }

    std::shared_ptr<SimpleCard> card = std::make_shared<SimpleCard>();
    std::unique_ptr<Reader> reader;
    std::unique_ptr<Lease> lease;
};

/// The card answers 9000 to INS 01, whatever its data.
constexpr PinEntry entry{.header = {0x00, 0x01, 0x00, 0x80}, .least = 6, .most = 8};

TEST_P(PadReader, WhatIsTypedReachesTheCardAndNotTheHost) {
    open({"648219", "123456", "65432100", "65432100"});
    CardLink& link = reader->slot();
    EXPECT_TRUE(link.has_pinpad(PadUse::verify));
    EXPECT_EQ(to_hex(link.verify_on_pinpad(entry)), "9000");
    EXPECT_EQ(sent(13), "0001008008363438323139FFFF");
    EXPECT_EQ(to_hex(link.modify_on_pinpad(entry)), "9000");
    EXPECT_EQ(sent(21), "0001008010313233343536FFFF3635343332313030");
    EXPECT_EQ(to_hex(link.transmit(Bytes{0, 3, 0, 2, 0}, test::apdu_limit)), "77779000") << "numbers go on";
}

TEST_P(PadReader, APinWithoutAFieldIsAsLongAsItWasTyped) {
    open({"12345"});
    PinEntry free = entry;
    free.block = 0;
    free.least = 4;
    EXPECT_EQ(to_hex(reader->slot().verify_on_pinpad(free)), "9000");
    EXPECT_EQ(sent(10), "00010080053132333435");
}

TEST_P(PadReader, ACancelledEntryTellsTheCardNothing) {
    open({"cancel", "timeout", "12345", "123456", "111111", "222222", "123456"});
    CardLink& link = reader->slot();
    EXPECT_EQ(to_hex(link.verify_on_pinpad(entry)), "6401");
    EXPECT_EQ(to_hex(link.verify_on_pinpad(entry)), "6400");
    EXPECT_EQ(to_hex(link.verify_on_pinpad(entry)), "6403") << "too few digits";
    EXPECT_EQ(to_hex(link.modify_on_pinpad(entry)), "6402") << "the new ones differ";
    EXPECT_EQ(card->commands, 0);
    EXPECT_EQ(to_hex(link.verify_on_pinpad(entry)), "9000");
    EXPECT_EQ(to_hex(link.verify_on_pinpad(entry)), "6400") << "no word is left";
    lease.reset();
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::kept);
}

TEST_P(PadReader, ACardThatFailsAtItIsReset) {
    open({"123456"});
    card->fails = true;
    EXPECT_EQ(kind_of([&] { reader->slot().verify_on_pinpad(entry); }), Error::Kind::mute);
    card->fails = false;
    lease.reset();
    EXPECT_EQ(reader->slot().acquire(soon())->continuity(), Continuity::reset);
}

INSTANTIATE_TEST_SUITE_P(Levels, PadReader, testing::ValuesIn(levels),
                         [](const auto& level) { return "Level" + std::to_string(level.index); });

TEST(Pinpad, ThereIsNoneWhereThePlaceSaysSo) {
    EmulationOptions options;
    options.pad = std::make_shared<PadKeys>(std::vector<std::string>{"123456"});
    auto card = std::make_shared<SimpleCard>();
    Reader reader({.name = "pad",
                   .key = "pad:1",
                   .lease_file = {},
                   .open = [&] { return make_emulated_reader(card, options); },
                   .pinpad = false});
    const auto lease = reader.slot().acquire(soon());
    EXPECT_FALSE(reader.slot().has_pinpad(PadUse::verify));
    EXPECT_EQ(kind_of([&] { reader.slot().verify_on_pinpad(entry); }), Error::Kind::unsupported);
}

TEST(Pinpad, AnAnswerThatIsNoStatusWordIsRefused) {
    auto bus = test::make_bus();
    bus->descriptor[52] = 3;
    auto* wire = bus.get();
    bus->on_message = [wire](const Bytes& message) {
        return std::vector<Bytes>{wire->reply(message, Bytes{0x90})};
    };
    bus->icc = 0;
    test::FakePort port(bus);
    CardProtocol card;
    EXPECT_EQ(kind_of([&] { enter_pins(port, 0, card, entry, PadUse::verify); }), Error::Kind::protocol);
    EXPECT_EQ(bus->written.back()[0], static_cast<Byte>(ccid::Request::secure));
    EXPECT_GE(bus->read_waits.back(), Milliseconds(80000)) << "people type slowly";
}

TEST(PadKeys, WordsComeFromTheLinesOfAFile) {
    const jeton::test::ScratchDirectory scratch;
    const auto file = scratch / "keys";
    PadKeys keys(file);
    EXPECT_EQ(keys.next(), "timeout") << "there is no file";
    std::ofstream(file) << "123456\ncancel\n";
    EXPECT_EQ(keys.next(), "123456");
    EXPECT_EQ(keys.next(), "cancel");
    EXPECT_EQ(keys.next(), "timeout");
    std::ofstream(file, std::ios::app) << "654321\n";
    EXPECT_EQ(keys.next(), "654321");
}

}  // namespace

}  // namespace jeton::reader
