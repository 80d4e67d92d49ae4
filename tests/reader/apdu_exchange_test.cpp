#include "reader/apdu_exchange.hpp"

#include <gtest/gtest.h>

#include "port_under_test.hpp"

namespace jeton::reader {

namespace {

using ccid::Request;
using support::FakeBus;
using test::FakePort;
using test::kind_of;

constexpr std::uint32_t extended = test::apdu_level_features | feature::level_extended_apdu;
constexpr std::uint32_t short_level = test::apdu_level_features | feature::level_short_apdu;

/// powered_bus is a reader with a card that has power.
std::shared_ptr<FakeBus> powered_bus(std::uint32_t features, std::uint32_t max_message = 65556) {
    auto bus = test::make_bus({.features = features, .max_message = max_message});
    bus->icc = 0;
    return bus;
}

/// A part of a response as the reader sends it.
struct Part {
    Byte chain;
    Bytes data;
};

/// answers makes the reader answer the n-th XfrBlock with the n-th part.
void script(const std::shared_ptr<FakeBus>& bus, std::vector<Part> parts) {
    auto* wire = bus.get();
    bus->on_message = [wire, parts = std::move(parts), next = std::size_t{0}](const Bytes& message) mutable {
        const Part& part = parts.at(std::min(next++, parts.size() - 1));
        return std::vector<Bytes>{wire->reply(message, part.data, 0, 0, part.chain)};
    };
}

std::vector<int> levels(const FakeBus& bus) {
    std::vector<int> result;
    for (const Bytes& message : bus.written) {
        result.push_back(message[8]);
    }
    return result;
}

/// transceive is exchange_apdu with a card that may be silent as long as everything may take.
ApduResult transceive(CcidPort& port, View command, Wait wait = {test::apdu_limit, test::apdu_limit}) {
    CardProtocol card{.silence = wait.first, .t1 = {}};
    return exchange_apdu(port, 0, card, command, wait.total);
}

const Bytes select_command{0x00, 0xA4, 0x04, 0x00, 0x00};

TEST(ExtendedApdu, OneMessageCarriesWhatFits) {
    const auto bus = powered_bus(extended);
    FakePort port(bus);
    EXPECT_EQ(to_hex(transceive(port, select_command).response), "9000");
    EXPECT_EQ(levels(*bus), std::vector<int>{0});
}

TEST(ExtendedApdu, LongCommandsAreSplitAndLongResponsesJoined) {
    const auto bus = powered_bus(extended, 64);
    FakePort port(bus);
    const Bytes command(150, 0x11);
    script(bus, {{0x10, {}}, {0x10, {}}, {1, {1, 2}}, {3, {3}}, {3, {4}}, {2, {0x90, 0x00}}});
    EXPECT_EQ(to_hex(transceive(port, command).response), "010203049000");
    EXPECT_EQ(levels(*bus), (std::vector<int>{1, 3, 2, 0x10, 0x10, 0x10}));
    Bytes joined;
    for (const Bytes& message : bus->written) {
        EXPECT_LE(message.size(), 64U);
        append(joined, View(message).subspan(10));
    }
    EXPECT_EQ(joined, command);
}

struct BadParts {
    const char* name;
    std::vector<Part> parts;
};

const BadParts bad_parts[] = {
    {"no response at all", {{0, {}}}},
    {"half a status word", {{0, {0x90}}}},
    {"begins with a middle part", {{3, {1, 2}}}},
    {"begins with a last part", {{2, {0x90, 0}}}},
    {"begins twice", {{1, {1, 2}}, {1, {3, 4}}}},
    {"whole after a first part", {{1, {1, 2}}, {0, {0x90, 0}}}},
    {"asks for more of a command that was sent", {{0x10, {}}}},
    {"unknown chain parameter", {{7, {0x90, 0}}}},
    {"endless empty parts", {{1, {}}}},
    {"endless parts", {{1, Bytes(1000)}, {3, Bytes(1000)}}},
};

TEST(ExtendedApdu, PartsThatDoNotFollowAreRefused) {
    for (const BadParts& bad : bad_parts) {
        const auto bus = powered_bus(extended);
        FakePort port(bus);
        script(bus, bad.parts);
        EXPECT_EQ(kind_of([&] { transceive(port, select_command); }), Error::Kind::protocol) << bad.name;
        EXPECT_LT(bus->written.size(), 100U) << bad.name;
    }
}

TEST(ExtendedApdu, AnAnswerBeforeTheLastPartOfTheCommandIsRefused) {
    const auto bus = powered_bus(extended, 64);
    FakePort port(bus);
    script(bus, {{0, {0x67, 0x00}}});
    EXPECT_EQ(kind_of([&] { transceive(port, Bytes(150, 1)); }), Error::Kind::protocol);
}

TEST(ShortApdu, CarriesShortCommandsAndIgnoresTheChainParameter) {
    const auto bus = powered_bus(short_level, 271);
    FakePort port(bus);
    script(bus, {{1, {0x90, 0x00}}});
    EXPECT_EQ(to_hex(transceive(port, Bytes(261, 0x11)).response), "9000");
    EXPECT_EQ(levels(*bus), std::vector<int>{0});
}

TEST(ShortApdu, RefusesExtendedCommandsWithoutSendingThem) {
    const Bytes extended_case_2{0x00, 0xCB, 0x3F, 0xFF, 0x00, 0x00, 0x00};
    for (const Bytes& command : {extended_case_2, Bytes(262, 0x11)}) {
        const auto bus = powered_bus(short_level, 271);
        FakePort port(bus);
        EXPECT_EQ(kind_of([&] { transceive(port, command); }), Error::Kind::unsupported);
        EXPECT_TRUE(bus->written.empty());
    }
    const auto small = powered_bus(short_level, 100);
    FakePort port(small);
    EXPECT_EQ(kind_of([&] { transceive(port, Bytes(120, 0x11)); }), Error::Kind::unsupported);
}

TEST(ExchangeLevels, CommandsThatAreNoApduAreRefused) {
    const auto bus = powered_bus(extended);
    FakePort port(bus);
    for (const std::size_t size : {0U, 3U, 65545U}) {
        EXPECT_EQ(kind_of([&] { transceive(port, Bytes(size)); }), Error::Kind::unsupported);
    }
    EXPECT_TRUE(bus->written.empty());
}

TEST(ExchangeLevels, AFailedTransmitSaysWhy) {
    const auto bus = powered_bus(extended);
    FakePort port(bus);
    bus->icc = 1;
    EXPECT_EQ(kind_of([&] { transceive(port, select_command); }), Error::Kind::no_card)
        << "a card without power was taken out and put in";
    bus->icc = 2;
    EXPECT_EQ(kind_of([&] { transceive(port, select_command); }), Error::Kind::no_card);
    bus->icc = 0;
    auto* wire = bus.get();
    bus->on_message = [wire](const Bytes& message) {
        return std::vector<Bytes>{wire->reply(message, {}, 0x40, 0xFE)};
    };
    EXPECT_EQ(kind_of([&] { transceive(port, select_command); }), Error::Kind::mute);
}

TEST(ExchangeLevels, TheReaderMayBeSilentForTheFirstWaitUntilItAsksForMore) {
    const auto bus = powered_bus(extended);
    FakePort port(bus);
    auto* wire = bus.get();
    bus->on_message = [wire](const Bytes& message) {
        return std::vector<Bytes>{wire->reply(message, {}, 0x80, 10),
                                  wire->reply(message, Bytes{0x90, 0x00})};
    };
    transceive(port, select_command, {Milliseconds(1000), Milliseconds(60000)});
    ASSERT_EQ(bus->read_waits.size(), 2U);
    EXPECT_LE(bus->read_waits[0], Milliseconds(1000));
    EXPECT_LE(bus->read_waits[1], Milliseconds(10000));
    EXPECT_GT(bus->read_waits[1], Milliseconds(7000));
}

}  // namespace

}  // namespace jeton::reader
