#include "reader/t1.hpp"

#include <gtest/gtest.h>

#include "reader_under_test.hpp"
#include "simple_card.hpp"

#include "reader/emulated_t1.hpp"
#include "reader/error.hpp"

namespace jeton::reader {

namespace {

using t1::Checksum;
using t1::Damage;
using test::kind_of;

std::string packed(std::string text) {
    std::erase(text, ' ');
    return text;
}

Bytes hex(const std::string& text) {
    return from_hex(packed(text)).value();
}

struct BlockVector {
    const char* name;
    Byte pcb;
    const char* information;
    const char* block;
};

constexpr BlockVector lrc_blocks[] = {
    {"IFS request 254", 0xC1, "FE", "00 C1 01 FE 3E"},
    {"IFS response 254", 0xE1, "FE", "00 E1 01 FE 1E"},
    {"GET CHALLENGE", 0x00, "00 84 00 00 08", "00 00 05 00 84 00 00 08 89"},
    {"R(0)", 0x80, "", "00 80 00 80"},
    {"R(1)", 0x90, "", "00 90 00 90"},
    {"R(0), checksum", 0x81, "", "00 81 00 81"},
    {"R(1), other", 0x92, "", "00 92 00 92"},
    {"WTX request 2", 0xC3, "02", "00 C3 01 02 C0"},
    {"WTX response 2", 0xE3, "02", "00 E3 01 02 E0"},
    {"RESYNCH request", 0xC0, "", "00 C0 00 C0"},
    {"RESYNCH response", 0xE0, "", "00 E0 00 E0"},
    {"I-block 1", 0x40, "90 00", "00 40 02 90 00 D2"},
};

/// The CRC is that of ISO/IEC 13239 without the last inversion (CRC-16/MCRF4XX: 6F91 over "123456789"), from
/// an implementation of its own.
constexpr BlockVector crc_blocks[] = {
    {"GET CHALLENGE", 0x00, "00 84 00 00 08", "00 00 05 00 84 00 00 08 BBC1"},
    {"IFS request 254", 0xC1, "FE", "00 C1 01 FE 544E"},
    {"R(0)", 0x80, "", "00 80 00 B5FF"},
};

void check_block(const BlockVector& vector, Checksum checksum) {
    const Bytes information = hex(vector.information);
    const Bytes block = hex(vector.block);
    EXPECT_EQ(to_hex(t1::encode_block(vector.pcb, information, checksum)), to_hex(block)) << vector.name;
    const auto parsed = t1::parse_block(block, checksum);
    ASSERT_TRUE(std::holds_alternative<t1::Block>(parsed)) << vector.name;
    EXPECT_EQ(std::get<t1::Block>(parsed).pcb, vector.pcb);
    EXPECT_TRUE(equal(std::get<t1::Block>(parsed).information, information));
    for (std::size_t i = 0; i < block.size() * 8; ++i) {
        Bytes flipped = block;
        flipped[i / 8] = static_cast<Byte>(flipped[i / 8] ^ 1U << i % 8);
        EXPECT_TRUE(std::holds_alternative<Damage>(t1::parse_block(flipped, checksum)))
            << vector.name << " bit " << i;
    }
}

TEST(T1Block, IsEncodedAndReadWithBothChecksums) {
    for (const BlockVector& vector : lrc_blocks) {
        check_block(vector, Checksum::lrc);
    }
    for (const BlockVector& vector : crc_blocks) {
        check_block(vector, Checksum::crc);
    }
}

struct BadBlock {
    const char* name;
    const char* block;
    Damage damage;
};

constexpr BadBlock bad_blocks[] = {
    {"nothing", "", Damage::other},
    {"no epilogue", "00 80 00", Damage::other},
    {"LEN too large", "00 00 02 01 03", Damage::other},
    {"LEN too small", "00 00 00 01 01", Damage::other},
    {"wrong checksum", "00 80 00 81", Damage::checksum},
    {"NAD", "01 80 00 81", Damage::other},
    {"I-block with reserved bits", "00 01 00 01", Damage::other},
    {"R-block with information", "00 80 01 00 81", Damage::other},
    {"R-block with an unknown error", "00 83 00 83", Damage::other},
    {"R-block with a reserved bit", "00 A0 00 A0", Damage::other},
    {"IFS without a size", "00 C1 00 C1", Damage::other},
    {"RESYNCH with information", "00 C0 01 00 C1", Damage::other},
    {"unknown S-block", "00 C4 00 C4", Damage::other},
};

TEST(T1Block, WhatIsNoBlockIsRefusedWithTheReason) {
    for (const BadBlock& bad : bad_blocks) {
        const auto parsed = t1::parse_block(hex(bad.block), Checksum::lrc);
        ASSERT_TRUE(std::holds_alternative<Damage>(parsed)) << bad.name;
        EXPECT_EQ(std::get<Damage>(parsed), bad.damage) << bad.name;
    }
    Bytes longest(3 + 255 + 1);
    longest[2] = 255;
    longest[258] = 255;
    EXPECT_TRUE(std::holds_alternative<Damage>(t1::parse_block(longest, Checksum::lrc)));
}

/// Turn is one block of the host and what comes back: a block without its checksum; "X" for one that the
/// reader calls damaged; "!" before one that has a wrong checksum.
struct Turn {
    const char* sent;
    const char* answer;
    Byte waiting = 1;
};

std::string with_checksum(const std::string& block) {
    Bytes bytes = hex(block);
    Byte sum = 0;
    for (const Byte byte : bytes) {
        sum = static_cast<Byte>(sum ^ byte);
    }
    bytes.push_back(sum);
    return to_hex(bytes);
}

class ScriptedWire final : public t1::Wire {
  public:
    explicit ScriptedWire(std::vector<Turn> turns, std::size_t room = 259)
        : m_turns(std::move(turns)), m_room(room) {}

    std::optional<SecretBytes> exchange(View block, Byte waiting) override {
        if (m_next == m_turns.size()) {
            throw Error(Error::Kind::mute, "the script ends before: " + to_hex(block));
        }
        const Turn& turn = m_turns[m_next++];
        EXPECT_EQ(to_hex(block), with_checksum(turn.sent)) << "turn " << m_next;
        EXPECT_EQ(int{waiting}, int{turn.waiting}) << "turn " << m_next;
        std::string answer = turn.answer;
        if (answer == "X") {
            return std::nullopt;
        }
        const bool damaged = answer[0] == '!';
        Bytes bytes = hex(with_checksum(answer.substr(damaged ? 1 : 0)));
        bytes.back() = static_cast<Byte>(bytes.back() ^ (damaged ? 1 : 0));
        return to_secret(bytes);
    }

    std::size_t room() const override { return m_room; }
    bool finished() const { return m_next == m_turns.size(); }

  private:
    std::vector<Turn> m_turns;
    std::size_t m_room;
    std::size_t m_next = 0;
};

struct Scenario {
    const char* name;
    const char* command;
    const char* response;  ///< nullptr: a protocol error
    std::vector<Turn> turns;
    Byte ifsc = 32;
};

const Scenario scenarios[] = {
    {"one block each way", "00840000", "9000", {{"00 00 04 00840000", "00 00 02 9000"}}},
    {"a chain to the card",
     "0011223344",
     "9000",
     {{"00 20 02 0011", "00 90 00"}, {"00 60 02 2233", "00 80 00"}, {"00 00 01 44", "00 00 02 9000"}},
     2},
    {"a chain from the card",
     "00840000",
     "0102039000",
     {{"00 00 04 00840000", "00 20 02 0102"}, {"00 90 00", "00 60 01 03"}, {"00 80 00", "00 00 02 9000"}}},
    {"a damaged answer is asked for again",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "!00 00 02 9000"}, {"00 81 00", "00 00 02 9000"}}},
    {"a parity error as well",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "X"}, {"00 81 00", "00 00 02 9000"}}},
    {"the card did not understand",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 81 00"}, {"00 00 04 00840000", "00 00 02 9000"}}},
    {"the same R-block again",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "!00 00 02 9000"}, {"00 81 00", "X"}, {"00 81 00", "00 00 02 9000"}}},
    {"a damaged acknowledgement",
     "0011223344",
     "9000",
     {{"00 20 03 001122", "!00 90 00"}, {"00 81 00", "00 90 00"}, {"00 40 02 3344", "00 00 02 9000"}},
     3},
    {"wrong N(S)",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 40 02 9000"}, {"00 82 00", "00 00 02 9000"}}},
    {"longer than IFSD",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 00 21 000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F9000"},
      {"00 82 00", "00 00 02 9000"}}},
    {"an empty block that goes on",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 20 00"}, {"00 82 00", "00 00 02 9000"}}},
    {"more time, twice",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 C3 01 05"},
      {"00 E3 01 05", "00 C3 01 02", 5},
      {"00 E3 01 02", "00 00 02 9000", 2}}},
    {"more time while the response comes",
     "00840000",
     "019000",
     {{"00 00 04 00840000", "00 20 01 01"}, {"00 90 00", "00 C3 01 01"}, {"00 E3 01 01", "00 40 02 9000"}}},
    {"the answer to a request is repeated",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 C3 01 05"},
      {"00 E3 01 05", "00 91 00", 5},
      {"00 E3 01 05", "00 00 02 9000", 5}}},
    {"no time at all is no request",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 C3 01 00"}, {"00 82 00", "00 00 02 9000"}}},
    {"the card changes its size",
     "0011223344",
     "9000",
     {{"00 20 02 0011", "00 C1 01 20"}, {"00 E1 01 20", "00 90 00"}, {"00 40 03 223344", "00 00 02 9000"}},
     2},
    {"a size of none is refused",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 C1 01 00"}, {"00 82 00", "00 00 02 9000"}}},
    {"the card breaks off",
     "0011223344",
     nullptr,
     {{"00 20 02 0011", "00 C2 00"}, {"00 E2 00", "00 90 00"}},
     2},
    {"a response amid the command",
     "0011223344",
     nullptr,
     {{"00 20 02 0011", "00 00 02 9000"},
      {"00 82 00", "00 00 02 9000"},
      {"00 82 00", "00 00 02 9000"},
      {"00 82 00", "00 00 02 9000"},
      {"00 C0 00", "00 E0 00"}},
     2},
    {"three repetitions and no more",
     "00840000",
     nullptr,
     {{"00 00 04 00840000", "00 81 00"},
      {"00 00 04 00840000", "00 81 00"},
      {"00 00 04 00840000", "00 81 00"},
      {"00 00 04 00840000", "00 81 00"},
      {"00 C0 00", "X"},
      {"00 C0 00", "00 80 00"},
      {"00 C0 00", "!00 E0 00"}}},
    {"RESYNCH by the card",
     "00840000",
     nullptr,
     {{"00 00 04 00840000", "00 C0 00"},
      {"00 82 00", "00 C0 00"},
      {"00 82 00", "00 C0 00"},
      {"00 82 00", "00 C0 00"},
      {"00 C0 00", "00 E0 00"}}},
    {"acknowledged, yet no answer",
     "00840000",
     "9000",
     {{"00 00 04 00840000", "00 90 00"}, {"00 82 00", "00 00 02 9000"}}},
    {"sizes without end",
     "00840000",
     nullptr,
     {{"00 00 04 00840000", "00 C1 01 20"},
      {"00 E1 01 20", "00 C1 01 21"},
      {"00 E1 01 21", "00 C1 01 20"},
      {"00 E1 01 20", "00 C1 01 21"},
      {"00 C0 00", "00 E0 00"}}},
};

TEST(T1Host, KeepsToTheRulesOfTheStandard) {
    for (const Scenario& scenario : scenarios) {
        ScriptedWire wire(scenario.turns);
        t1::State state{.ifsc = scenario.ifsc};
        try {
            const SecretBytes response = t1::transmit(wire, state, hex(scenario.command));
            ASSERT_NE(scenario.response, nullptr) << scenario.name;
            EXPECT_EQ(to_hex(response), scenario.response) << scenario.name;
            EXPECT_FALSE(state.out_of_step) << scenario.name;
        } catch (const Error& error) {
            EXPECT_EQ(scenario.response, nullptr) << scenario.name << ": " << error.what();
            EXPECT_EQ(error.kind(), Error::Kind::protocol) << scenario.name;
            EXPECT_TRUE(state.out_of_step) << scenario.name;
            EXPECT_EQ(kind_of([&] { t1::transmit(wire, state, hex("00840000")); }), Error::Kind::protocol);
        }
        EXPECT_TRUE(wire.finished()) << scenario.name;
    }
}

TEST(T1Host, NumbersGoOnFromCommandToCommand) {
    ScriptedWire wire({{"00 00 01 01", "00 00 02 9000"},
                       {"00 40 01 02", "00 40 02 9000"},
                       {"00 00 01 03", "00 20 01 11"},
                       {"00 90 00", "00 40 02 9000"},
                       {"00 40 01 04", "00 00 02 9000"}});
    t1::State state;
    for (const Byte command : Bytes{1, 2, 3, 4}) {
        t1::transmit(wire, state, View(&command, 1));
    }
    EXPECT_TRUE(wire.finished());
}

TEST(T1Host, BlocksAreNoLongerThanTheWireCarries) {
    ScriptedWire wire({{"00 20 04 00112233", "00 90 00"}, {"00 40 01 44", "00 00 02 9000"}}, 8);
    t1::State state{.ifsc = 254};
    t1::transmit(wire, state, hex("0011223344"));
    EXPECT_TRUE(wire.finished());
}

TEST(T1Host, IfsdIsAskedForThreeTimesAndNotInsistedOn) {
    ScriptedWire agreed(
        {{"00 C1 01 FE", "X"}, {"00 C1 01 FE", "00 E1 01 20"}, {"00 C1 01 FE", "00 E1 01 FE"}});
    t1::State state;
    t1::announce_ifsd(agreed, state, 254);
    EXPECT_EQ(int{state.ifsd}, 254);
    ScriptedWire silent(std::vector<Turn>{{"00 C1 01 FE", "00 82 00"}});
    state.ifsd = 32;
    t1::announce_ifsd(silent, state, 254);
    EXPECT_EQ(int{state.ifsd}, 32);
}

/// NoisyWire leads to a card in software and flips a bit of every |period|th block, in either direction.
class NoisyWire final : public t1::Wire {
  public:
    NoisyWire(SimulatedCard& card, const ContactOptions& options, unsigned period)
        : m_card(card, options, Milliseconds(2500)), m_period(period) {}

    std::optional<SecretBytes> exchange(View block, Byte) override {
        const SecretBytes answer = m_card.hear(pass(block)).bytes;
        ++m_blocks;
        return pass(answer);
    }
    std::size_t room() const override { return t1::longest_block; }
    unsigned blocks() const { return m_blocks; }

  private:
    SecretBytes pass(View block) {
        SecretBytes passed = to_secret(block);
        if (m_period != 0 && ++m_passed % m_period == 0) {
            passed[m_passed % passed.size()] ^= static_cast<Byte>(1 + m_passed % 255);
        }
        return passed;
    }

    emulated::T1Card m_card;
    unsigned m_period;
    unsigned m_passed = 0;
    unsigned m_blocks = 0;
};

TEST(T1BothEnds, UnderstandEachOtherThroughNoise) {
    for (const bool crc : {false, true}) {
        for (const Byte ifsc : Bytes{7, 32, 254}) {
            for (const unsigned period : {0U, 3U, 5U, 7U, 11U, 13U}) {
                const ContactOptions options{.crc = crc, .ifsc = ifsc};
                test::SimpleCard card;
                NoisyWire wire(card, options, period);
                t1::State state{.checksum = crc ? Checksum::crc : Checksum::lrc, .ifsc = ifsc};
                for (const std::size_t size : {4U, 40U, 300U, 2000U}) {
                    Bytes command(size);
                    for (std::size_t i = 0; i < size; ++i) {
                        command[i] = static_cast<Byte>(i * 7 + 9);
                    }
                    Bytes expected = command;
                    append(expected, Bytes{0x90, 0x00});
                    EXPECT_EQ(to_hex(t1::transmit(wire, state, command)), to_hex(expected));
                    EXPECT_EQ(card.last_command, command);
                }
                EXPECT_EQ(card.commands, 4) << "nothing was carried out twice; period " << period;
            }
        }
    }
}

TEST(T1BothEnds, ResynchStartsTheCardAnew) {
    test::SimpleCard card;
    emulated::T1Card contacts(card, {}, Milliseconds(0));
    EXPECT_EQ(to_hex(contacts.hear(hex("00 00 02 00 55 57")).bytes), with_checksum("00 00 04 00559000"));
    EXPECT_EQ(to_hex(contacts.hear(hex("00 00 02 00 55 57")).bytes), with_checksum("00 92 00"));
    EXPECT_EQ(to_hex(contacts.hear(hex("00 C0 00 C0")).bytes), with_checksum("00 E0 00"));
    EXPECT_EQ(to_hex(contacts.hear(hex("00 00 02 00 55 57")).bytes), with_checksum("00 00 04 00559000"));
}

TEST(T1BothEnds, ACardThatHasSaidNothingAsksForTheFirstBlock) {
    for (const char* first : {"00 E3 01 01 E3", "00 90 00 90", "00 E1 01 20 C0"}) {
        test::SimpleCard card;
        emulated::T1Card contacts(card, {}, Milliseconds(0));
        const SecretBytes said = contacts.hear(hex(first)).bytes;
        ASSERT_EQ(said.size(), 4U) << first;
        EXPECT_EQ(said[1] & 0xF0, 0x80) << first << ": an R-block that wants block 0";
    }
}

}  // namespace

}  // namespace jeton::reader
