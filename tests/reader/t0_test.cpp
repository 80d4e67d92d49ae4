#include "reader/t0.hpp"

#include <gtest/gtest.h>

#include "port_under_test.hpp"
#include "simple_card.hpp"

#include "reader/emulated_t0.hpp"
#include "reader/pps.hpp"
#include "reader/t0_wire.hpp"

namespace jeton::reader {

namespace {

using test::kind_of;

std::string packed(std::string text) {
    std::erase(text, ' ');
    return text;
}

Bytes hex(const std::string& text) {
    return from_hex(packed(text)).value();
}

/// Turn is one TPDU and its answer.
struct Turn {
    std::string sent;
    std::string answer;
};

class ScriptedWire final : public t0::Wire {
  public:
    explicit ScriptedWire(std::vector<Turn> turns) : m_turns(std::move(turns)) {}

    SecretBytes exchange(View header, View data) override {
        EXPECT_EQ(header.size(), 5U);
        Bytes sent = to_bytes(header);
        append(sent, data);
        if (m_next == m_turns.size()) {
            throw Error(Error::Kind::mute, "the script ends before: " + to_hex(sent));
        }
        const Turn& turn = m_turns[m_next++];
        EXPECT_EQ(to_hex(sent), packed(turn.sent)) << "turn " << m_next;
        return to_secret(hex(turn.answer));
    }
    bool finished() const { return m_next == m_turns.size(); }

  private:
    std::vector<Turn> m_turns;
    std::size_t m_next = 0;
};

struct Scenario {
    const char* name;
    std::string command;
    const char* response;  ///< nullptr: |kind|
    std::vector<Turn> turns;
    t0::Classes classes{};
    Error::Kind kind = Error::Kind::protocol;
};

std::string times(const char* byte, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += byte;
    }
    return out;
}

const Scenario scenarios[] = {
    {"case 1", "00 20 00 80", "63C2", {{"00200080 00", "63C2"}}},
    {"case 2", "00 84 00 00 02", "11229000", {{"00840000 02", "1122 9000"}}},
    {"case 2, Le 256", "00 84 00 00 00", "11226282", {{"00840000 00", "1122 6282"}}},
    {"case 2, wrong length",
     "00 CA 00 66 00",
     "11229000",
     {{"00CA0066 00", "6C02"}, {"00CA0066 02", "1122 9000"}}},
    {"case 2, wrong length twice",
     "00 CA 00 66 00",
     "6C03",
     {{"00CA0066 00", "6C02"}, {"00CA0066 02", "6C03"}}},
    {"case 2, announced",
     "00 CA 00 66 00",
     "1122339000",
     {{"00CA0066 00", "11 6102"}, {"00C00000 02", "2233 9000"}}},
    {"case 3", "00 20 00 80 02 3132", "9000", {{"00200080 02 3132", "9000"}}},
    {"case 3, nobody asked", "00 A4 04 00 02 3132", "6110", {{"00A40400 02 3132", "6110"}}},
    {"case 4",
     "00 CB 3F FF 02 5C00 00",
     "1122339000",
     {{"00CB3FFF 02 5C00", "6103"}, {"00C00000 03", "112233 9000"}}},
    {"case 4, only as many as asked for",
     "00 CB 3F FF 02 5C00 02",
     "11226101",
     {{"00CB3FFF 02 5C00", "6103"}, {"00C00000 02", "1122 6101"}}},
    {"case 4, in parts",
     "00 CB 3F FF 02 5C00 00",
     "1122339000",
     {{"00CB3FFF 02 5C00", "6102"}, {"00C00000 02", "1122 6101"}, {"00C00000 01", "33 9000"}}},
    {"case 4, length corrected",
     "00 CB 3F FF 02 5C00 00",
     "119000",
     {{"00CB3FFF 02 5C00", "6102"}, {"00C00000 02", "6C01"}, {"00C00000 01", "11 9000"}}},
    {"case 4, done and not announced",
     "00 CB 3F FF 02 5C00 00",
     "11229000",
     {{"00CB3FFF 02 5C00", "9000"}, {"00C00000 00", "6C02"}, {"00C00000 02", "1122 9000"}}},
    {"case 4, nothing to give",
     "00 CB 3F FF 02 5C00 00",
     "9000",
     {{"00CB3FFF 02 5C00", "9000"}, {"00C00000 00", "6985"}}},
    {"case 4, a warning",
     "00 CB 3F FF 02 5C00 02",
     "11226282",
     {{"00CB3FFF 02 5C00", "6282"}, {"00C00000 02", "1122 9000"}}},
    {"case 4, an error", "00 CB 3F FF 02 5C00 00", "6A82", {{"00CB3FFF 02 5C00", "6A82"}}},
    {"the data fail to come",
     "00 CB 3F FF 02 5C00 00",
     "6F00",
     {{"00CB3FFF 02 5C00", "6103"}, {"00C00000 03", "6F00"}}},
    {"announced and not given",
     "00 CB 3F FF 02 5C00 00",
     nullptr,
     {{"00CB3FFF 02 5C00", "6103"}, {"00C00000 03", "6103"}}},
    {"more than asked for", "00 84 00 00 02", nullptr, {{"00840000 02", "112233 9000"}}},
    {"data to a command that brings some", "00 20 00 80 02 3132", nullptr, {{"00200080 02 3132", "11 9000"}}},
    {"no status word", "00 84 00 00 02", nullptr, {{"00840000 02", "90"}}},
    {"the channel stays, chaining and secure messaging do not",
     "1F CB 3F FF 01 5C 00",
     "119000",
     {{"1FCB3FFF 01 5C", "6101"}, {"03C00000 01", "11 9000"}}},
    {"a further channel",
     "4A CB 3F FF 01 5C 00",
     "119000",
     {{"4ACB3FFF 01 5C", "6101"}, {"4AC00000 01", "11 9000"}}},
    {"a proprietary class",
     "84 CB 3F FF 01 5C 00",
     "119000",
     {{"84CB3FFF 01 5C", "6101"}, {"00C00000 01", "11 9000"}}},
    {"the class that the reader wants",
     "00 CB 3F FF 01 5C 00",
     "119000",
     {{"00CB3FFF 01 5C", "6101"}, {"A0C00000 01", "11 9000"}},
     {.get_response = Byte{0xA0}}},
    {"extended, but short enough",
     "00 CB 3F FF 00 0001 5C 0000",
     "119000",
     {{"00CB3FFF 01 5C", "6101"}, {"00C00000 01", "11 9000"}}},
    {"extended case 2", "00 CB 3F FF 00 0180", nullptr, {{"00CB3FFF 00", "6100"}, {"00C00000 00", "6100"}}},
    {"envelope",
     "00 DB 3F FF 00 0100" + times("5A", 256),
     "9000",
     {{"00C20000 FF 00DB3FFF000100" + times("5A", 248), "9000"},
      {"00C20000 08" + times("5A", 8), "9000"},
      {"00C20000 00", "9000"}}},
    {"envelope with an answer",
     "00 DB 3F FF 00 0100" + times("5A", 256) + "0000",
     "11229000",
     {{"00C20000 FF 00DB3FFF000100" + times("5A", 248), "9000"},
      {"00C20000 0A" + times("5A", 8) + "0000", "6102"},
      {"00C00000 02", "1122 9000"}}},
    {"no envelope known",
     "00 DB 3F FF 00 0100" + times("5A", 256),
     "6D00",
     {{"10C20000 FF 00DB3FFF000100" + times("5A", 248), "6D00"}},
     {.envelope = Byte{0x10}}},
    {"too short", "00 20 00", nullptr, {}, {}, Error::Kind::unsupported},
    {"Lc too large", "00 20 00 80 03 3132", nullptr, {}, {}, Error::Kind::unsupported},
    {"too much behind", "00 20 00 80 01 31 00 00", nullptr, {}, {}, Error::Kind::unsupported},
    {"extended Lc of none", "00 20 00 80 00 0000 31", nullptr, {}, {}, Error::Kind::unsupported},
};

TEST(T0Host, ApdusBecomeTpdus) {
    for (const Scenario& scenario : scenarios) {
        ScriptedWire wire(scenario.turns);
        try {
            const SecretBytes response = t0::transmit(wire, scenario.classes, hex(scenario.command));
            ASSERT_NE(scenario.response, nullptr) << scenario.name;
            EXPECT_EQ(to_hex(response), scenario.response) << scenario.name;
        } catch (const Error& error) {
            EXPECT_EQ(scenario.response, nullptr) << scenario.name << ": " << error.what();
            EXPECT_EQ(error.kind(), scenario.kind) << scenario.name;
        }
        EXPECT_TRUE(wire.finished()) << scenario.name;
    }
}

/// Procedure is a TPDU at the character level: what the host sends and how many bytes it waits for, and the
/// card's bytes.
struct Character {
    std::string sent;
    int wanted;
    std::string answer;
};

struct Procedure {
    const char* name;
    const char* header;
    const char* data;
    const char* response;  ///< nullptr: a protocol error
    std::vector<Character> characters;
};

const Procedure procedures[] = {
    {"status at once", "0020008000", "", "63C2", {{"0020008000", 1, "63"}, {"", 1, "C2"}}},
    {"all at once",
     "0020008002",
     "3132",
     "9000",
     {{"0020008002", 1, "20"}, {"3132", 1, "90"}, {"", 1, "00"}}},
    {"with INS turned",
     "0020008002",
     "3132",
     "9000",
     {{"0020008002", 1, "21"}, {"3132", 1, "90"}, {"", 1, "00"}}},
    {"byte by byte",
     "0020008002",
     "3132",
     "9000",
     {{"0020008002", 1, "DF"}, {"31", 1, "DE"}, {"32", 1, "90"}, {"", 1, "00"}}},
    {"more time",
     "0084000002",
     "",
     "11229000",
     {{"0084000002", 1, "60"},
      {"", 1, "60"},
      {"", 1, "84"},
      {"", 2, "1122"},
      {"", 1, "60"},
      {"", 1, "90"},
      {"", 1, "00"}}},
    {"one, then the others",
     "0084000003",
     "",
     "1122339000",
     {{"0084000003", 1, "7B"}, {"", 1, "11"}, {"", 1, "84"}, {"", 2, "2233"}, {"", 1, "90"}, {"", 1, "00"}}},
    {"another procedure byte", "0084000002", "", nullptr, {{"0084000002", 1, "42"}}},
    {"one too many", "0020008001", "31", nullptr, {{"0020008001", 1, "20"}, {"31", 1, "20"}}},
    {"two bytes instead of one", "0084000002", "", nullptr, {{"0084000002", 1, "8411"}}},
    {"too few data", "0084000002", "", nullptr, {{"0084000002", 1, "84"}, {"", 2, "11"}}},
};

TEST(T0Character, DoesWhatTheProcedureBytesSay) {
    for (const Procedure& procedure : procedures) {
        const auto bus = test::make_bus({.features = 0});
        bus->icc = 0;
        auto* wire = bus.get();
        std::size_t next = 0;
        bus->on_message = [&, wire](const Bytes& message) {
            const Character& turn = procedure.characters.at(next++);
            EXPECT_EQ(to_hex(View(message).subspan(10)), turn.sent) << procedure.name;
            EXPECT_EQ(message[8] | message[9] << 8, turn.wanted) << procedure.name;
            return std::vector<Bytes>{wire->reply(message, hex(turn.answer))};
        };
        test::FakePort port(bus);
        Xfr xfr(port, 0, {Milliseconds(1000), Milliseconds(1000)});
        ProcedureWire characters(xfr);
        try {
            const SecretBytes response = characters.exchange(hex(procedure.header), hex(procedure.data));
            ASSERT_NE(procedure.response, nullptr) << procedure.name;
            EXPECT_EQ(to_hex(response), procedure.response) << procedure.name;
        } catch (const Error& error) {
            EXPECT_EQ(procedure.response, nullptr) << procedure.name << ": " << error.what();
            EXPECT_EQ(error.kind(), Error::Kind::protocol) << procedure.name;
        }
        EXPECT_EQ(next, procedure.characters.size()) << procedure.name;
    }
}

TEST(T0Card, AsksForTimeAndGivesWhatItHolds) {
    test::SimpleCard card;
    emulated::T0Card contacts(card, Milliseconds(2000));
    auto said = contacts.hear(hex("00 03 00 02 00"));
    ASSERT_EQ(said.size(), 3U);
    EXPECT_EQ(to_hex(said[0].bytes) + to_hex(said[1].bytes) + to_hex(said[2].bytes), "60606C02");
    EXPECT_EQ((said[0].pause + said[1].pause + said[2].pause).count(), 2000);
    said = contacts.hear(hex("00 03 00 02 02"));
    ASSERT_EQ(said.size(), 1U) << "it does not work twice";
    EXPECT_EQ(to_hex(said[0].bytes), "0377779000");
    said = contacts.hear(hex("00 C0 00 00 02"));
    EXPECT_EQ(card.commands, 2) << "nothing is held, so the command is the card's own";
}

struct PpsVector {
    Byte protocol;
    Byte speed;
    const char* request;
};

constexpr PpsVector pps_vectors[] = {
    {1, 0x95, "FF11957B"}, {0, 0x96, "FF109679"}, {1, 0x11, "FF01FE"}, {0, 0x11, "FF00FF"}};

TEST(Pps, IsAskedAndAgreedOn) {
    for (const PpsVector& vector : pps_vectors) {
        const Bytes request = pps_request(vector.protocol, vector.speed);
        EXPECT_EQ(to_hex(request), vector.request);
        EXPECT_EQ(pps_agreed(request, request), vector.speed);
        for (const char* refusal : {"", "FF", "FF11957A", "FF12957C", "FF11947A", "FF02FD", "0011957B"}) {
            EXPECT_EQ(pps_agreed(request, hex(refusal)), std::nullopt) << vector.request << " " << refusal;
        }
    }
    EXPECT_EQ(pps_agreed(hex("FF11957B"), hex("FF01FE")), Byte{0x11}) << "the protocol, not the speed";
    EXPECT_EQ(pps_agreed(hex("FF11957B"), hex("FF00FF")), std::nullopt);
}

}  // namespace

}  // namespace jeton::reader
