// APDUs through Reader and Slot into the emulated reader, at every exchange level.
#include <gtest/gtest.h>

#include "reader_under_test.hpp"
#include "simple_card.hpp"

namespace jeton::reader {

namespace {

using test::apdu_limit;
using test::SimpleCard;
using test::soon;

constexpr std::uint32_t pps_by_reader = feature::auto_voltage | feature::auto_pps;
constexpr std::uint32_t all_by_reader = feature::auto_voltage | feature::auto_negotiation;

struct LevelChoice {
    const char* name;
    EmulationOptions options;
    int resets = 1;
    const char* atr = nullptr;
};

EmulationOptions at(ExchangeLevel level, ContactOptions contacts,
                    std::optional<std::uint32_t> automatic = std::nullopt, std::uint32_t max_ifsd = 254) {
    return {.level = level,
            .max_message = 271,
            .contacts = contacts,
            .automatic = automatic,
            .max_ifsd = max_ifsd};
}

constexpr auto tpdu = ExchangeLevel::tpdu;
constexpr auto character = ExchangeLevel::character;

const LevelChoice t1_choices[] = {
    {"tpdu", at(tpdu, {}), 1, "3B808131FE458B"},
    {"tpdu, CRC", at(tpdu, {.crc = true})},
    {"tpdu, IFSC 1", at(tpdu, {.ifsc = 1})},
    {"tpdu, fast", at(tpdu, {.fi_di = 0x95})},
    {"tpdu, too fast", at(tpdu, {.fi_di = 0x97})},
    {"tpdu, the reader does PPS", at(tpdu, {.fi_di = 0x95}, pps_by_reader)},
    {"tpdu, the reader does everything", at(tpdu, {.fi_di = 0x95}, all_by_reader | feature::auto_ifsd)},
    {"tpdu, IFSD 64", at(tpdu, {}, std::nullopt, 64)},
    {"tpdu, IFSD 0", at(tpdu, {}, std::nullopt, 0)},
    {"tpdu, specific mode", at(tpdu, {.fi_di = 0x95, .specific_mode = true})},
    {"tpdu, refuses PPS", at(tpdu, {.fi_di = 0x95, .refuses_pps = true}), 2},
    {"tpdu, refuses the reader's PPS", at(tpdu, {.fi_di = 0x95, .refuses_pps = true}, pps_by_reader), 2},
    {"character", at(character, {})},
    {"character, CRC", at(character, {.crc = true, .ifsc = 17})},
    {"character, fast", at(character, {.fi_di = 0x95})},
    {"character, refuses PPS", at(character, {.fi_di = 0x95, .refuses_pps = true}), 2},
};

const LevelChoice t0_choices[] = {
    {"tpdu", at(tpdu, {.t0 = true, .t1 = false}), 1, "3B00"},
    {"tpdu, both", at(tpdu, {.t0 = true}), 1, "3B808031FE458A"},
    {"tpdu, both, fast", at(tpdu, {.t0 = true, .fi_di = 0x96})},
    {"tpdu, the reader does PPS", at(tpdu, {.t0 = true, .t1 = false, .fi_di = 0x95}, pps_by_reader)},
    {"tpdu, the reader does everything", at(tpdu, {.t0 = true, .t1 = false}, all_by_reader)},
    {"tpdu, refuses PPS", at(tpdu, {.t0 = true, .t1 = false, .fi_di = 0x95, .refuses_pps = true}), 2},
    {"character", at(character, {.t0 = true, .t1 = false})},
    {"character, specific mode", at(character, {.t0 = true, .fi_di = 0x95, .specific_mode = true})},
};

class Levels : public ::testing::Test {
  protected:
    Levels() { card->atr = {0x3B, 0x00}; }

    void open(const EmulationOptions& options) {
        lease.reset();
        reader = std::make_unique<Reader>(
            ReaderPlace{.name = "emulated", .key = "emulated:1", .lease_file = {}, .open = [this, options] {
                            return make_emulated_reader(card, options);
                        }});
        card->power_ons = 0;
        lease = reader->slot().acquire(soon());
    }

    /// echo sends a command with |size| bytes of data, in the form that it needs, and expects it back.
    void echo(std::size_t size, bool with_le) {
        Bytes command{0x00, 0x10, 0x01, 0x02};
        if (size > 255) {
            append(command, Bytes{0, static_cast<Byte>(size >> 8), static_cast<Byte>(size)});
        } else {
            command.push_back(static_cast<Byte>(size));
        }
        command.resize(command.size() + size, 0x5A);
        if (with_le) {
            append(command, size > 255 ? Bytes{0, 0} : Bytes{0});
        }
        const SecretBytes response = reader->slot().transmit(command, apdu_limit);
        EXPECT_EQ(card->last_command, command);
        Bytes expected = command;
        append(expected, Bytes{0x90, 0x00});
        EXPECT_TRUE(equal(response, expected)) << to_hex(response);
    }

    std::shared_ptr<SimpleCard> card = std::make_shared<SimpleCard>();
    std::unique_ptr<Reader> reader;
    std::unique_ptr<Lease> lease;
};

TEST_F(Levels, T1CarriesEveryApduThatTheHostSpeaks) {
    for (const LevelChoice& choice : t1_choices) {
        SCOPED_TRACE(choice.name);
        open(choice.options);
        EXPECT_EQ(card->power_ons, choice.resets);
        EXPECT_TRUE(reader->slot().limits().extended_apdu);
        EXPECT_FALSE(reader->slot().limits().by_envelope);
        for (const std::size_t size : {1U, 100U, 255U, 256U, 2000U}) {
            echo(size, true);
        }
        EXPECT_EQ(to_hex(reader->slot().transmit(Bytes{0, 3, 0, 5}, apdu_limit)), "77777777779000");
        EXPECT_EQ(card->commands, 6);
        card->commands = 0;
        if (choice.atr != nullptr) {
            EXPECT_EQ(to_hex(reader->slot().atr()), choice.atr);
        }
    }
}

TEST_F(Levels, T0CarriesShortApdusAndExtendedOnesByEnvelope) {
    for (const LevelChoice& choice : t0_choices) {
        SCOPED_TRACE(choice.name);
        open(choice.options);
        EXPECT_EQ(card->power_ons, choice.resets);
        EXPECT_TRUE(reader->slot().limits().by_envelope);
        for (const std::size_t size : {1U, 2U, 100U, 240U}) {
            echo(size, true);
        }
        echo(2000, true);
        EXPECT_EQ(to_hex(reader->slot().transmit(Bytes{0, 3, 0, 5, 0}, apdu_limit)), "77777777779000");
        EXPECT_EQ(reader->slot().transmit(Bytes{0, 3, 1, 0, 0}, apdu_limit).size(), 258U);
        EXPECT_EQ(to_hex(reader->slot().transmit(Bytes{0, 1, 0x44, 0}, apdu_limit)), "9000");
        EXPECT_EQ(to_hex(reader->slot().transmit(Bytes{0, 2, 0, 0, 0}, apdu_limit)), "449000");
        EXPECT_EQ(card->commands, 9) << "what is corrected or fetched is not carried out again";
        card->commands = 0;
        if (choice.atr != nullptr) {
            EXPECT_EQ(to_hex(reader->slot().atr()), choice.atr);
        }
    }
}

TEST_F(Levels, ProtocolStateOutlivesALease) {
    open(at(tpdu, {}));
    for (int i = 0; i < 3; ++i) {
        echo(10, true);
        lease.reset();
        lease = reader->slot().acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::kept);
    }
    EXPECT_EQ(card->power_ons, 1);
}

TEST_F(Levels, ACardThatFailsIsResetBeforeItIsUsedAgain) {
    for (const ContactOptions& contacts : {ContactOptions{}, ContactOptions{.t0 = true, .t1 = false}}) {
        open(at(tpdu, contacts));
        echo(10, true);
        card->fails = true;
        EXPECT_EQ(test::kind_of([&] { reader->slot().transmit(Bytes{0, 3, 0, 5}, apdu_limit); }),
                  Error::Kind::mute);
        card->fails = false;
        lease.reset();
        lease = reader->slot().acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::reset);
        echo(10, true);
        EXPECT_EQ(card->power_ons, 2);
    }
}

TEST_F(Levels, SlowCardsAskForTimeTheWayTheirProtocolHas) {
    for (const ExchangeLevel level : {tpdu, character}) {
        for (const bool t0 : {false, true}) {
            EmulationOptions options = at(level, {.t0 = t0, .t1 = !t0});
            options.command_time = Milliseconds(1100);
            open(options);
            const auto begin = Deadline::Clock::now();
            EXPECT_EQ(to_hex(reader->slot().transmit(Bytes{0, 3, 0, 1, 0}, apdu_limit)), "779000");
            EXPECT_GE(Deadline::Clock::now() - begin, Milliseconds(1100));
        }
    }
}

TEST_F(Levels, TimeWithoutEndEndsWithTheLimit) {
    for (const bool t0 : {false, true}) {
        EmulationOptions options = at(tpdu, {.t0 = t0, .t1 = !t0});
        options.command_time = Milliseconds(100000);
        open(options);
        const auto begin = Deadline::Clock::now();
        EXPECT_EQ(test::kind_of([&] { reader->slot().transmit(Bytes{0, 3, 0, 1, 0}, Milliseconds(1100)); }),
                  Error::Kind::timeout);
        EXPECT_LT(Deadline::Clock::now() - begin, Milliseconds(4000));
    }
}

TEST_F(Levels, TwoOpeningsAreTwoCards) {
    auto second = std::make_shared<SimpleCard>();
    lease.reset();
    for (const ExchangeLevel level : {tpdu, ExchangeLevel::extended_apdu}) {
        EmulationOptions options = at(level, {});
        reader = std::make_unique<Reader>(
            ReaderPlace{.name = "emulated",
                        .key = "emulated:2",
                        .lease_file = {},
                        .open =
                            [&] {
                                return make_emulated_reader(
                                    std::vector<std::shared_ptr<SimulatedCard>>{card, second}, options);
                            },
                        .openings = 2});
        CardLink& one = reader->slot(0);
        CardLink& two = reader->slot(1);
        second->inserted = true;
        const auto send = [](CardLink& link, const Bytes& command) {
            const auto turn = link.acquire(soon());
            return to_hex(link.transmit(command, apdu_limit));
        };
        EXPECT_EQ(send(one, {0, 1, 0x11, 0}), "9000");
        EXPECT_EQ(send(two, {0, 1, 0x22, 0}), "9000");
        EXPECT_EQ(send(one, {0, 2, 0, 0, 1}), "119000");
        EXPECT_EQ(send(two, {0, 2, 0, 0, 1}), "229000");
        second->inserted = false;
        EXPECT_TRUE(one.present());
        EXPECT_FALSE(two.present());
        EXPECT_EQ(test::kind_of([&] { two.acquire(soon()); }), Error::Kind::no_card);
        EXPECT_EQ(send(one, {0, 2, 0, 0, 1}), "119000");
    }
}

}  // namespace

}  // namespace jeton::reader
