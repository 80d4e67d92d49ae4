// Command templates: what is sent, what the answer is divided into, how much fits.
#include "card/command_template.hpp"

#include <gtest/gtest.h>
#include <optional>

#include "support/replay_link.hpp"

#include "card/support/error_of.hpp"

namespace jeton::card {
namespace {

using support::ReplayLink;
using support::Transcript;

const Json& constants() {
    static const Json& all = *new Json(Json::parse(R"({
        "mode": "51", "oid": { "128": "060106", "192": "06011A", "256": "06012E" } })"));
    return all;
}

std::shared_ptr<const CommandTemplate> template_of(const char* json) {
    return CommandTemplate::read(Json::parse(json), constants());
}

/// The template of card-side AES-GCM.
constexpr const char* gcm_encrypt = R"({
    "cla": "80", "ins": "78", "p1": "{keyRef}", "p2": "{const.mode}",
    "data": [ { "hex": "{const.oid}" }, { "tlv": "82", "value": "{iv}" },
              { "tlv": "83", "value": "{aad}", "omitIfEmpty": true }, { "tlv": "81", "value": "{data}" } ],
    "answer": [ { "field": "ciphertext", "length": "input" }, { "field": "tag", "length": 16 } ] })";

class CommandTemplateTest : public testing::Test {
  protected:
    void expect(const std::string& command, const std::string& answer) {
        m_transcript.exchanges.push_back({from_hex(command).value(), from_hex(answer).value()});
    }

    CommandTemplate::Fields run(const char* json, const TemplateValues& values, Verb verb = Verb::sign) {
        m_link.emplace(m_transcript);
        m_link->link_limits.extended_apdu = false;
        m_lease = m_link->acquire(Deadline::after(Milliseconds(100)));
        Channel channel(*m_link, m_rule);
        return template_of(json)->run(channel, values, verb);
    }

    void TearDown() override {
        if (m_link) {
            EXPECT_TRUE(m_link->finished());
            EXPECT_TRUE(m_link->unrecorded.empty());
        }
    }

    TransportRule m_rule;
    Transcript m_transcript;
    std::optional<ReplayLink> m_link;
    std::unique_ptr<reader::Lease> m_lease;
};

TEST_F(CommandTemplateTest, FillsInKeyConstantOfItsLengthAndValuesInTheirTlvs) {
    expect("80780551 0F 06012E 8203A0A1A2 8301DD 81020102 00", "F1F2 000102030405060708090A0B0C0D0E0F 9000");
    const Bytes data{1, 2};
    const Bytes iv{0xA0, 0xA1, 0xA2};
    const Bytes aad{0xDD};
    auto fields = run(gcm_encrypt, {.key_ref = 5, .key_bits = 256, .data = data, .iv = iv, .aad = aad});
    EXPECT_EQ(to_hex(fields["ciphertext"]), "F1F2");
    EXPECT_EQ(to_hex(fields["tag"]), "000102030405060708090A0B0C0D0E0F");
    EXPECT_EQ(fields.size(), 2U);
}

TEST_F(CommandTemplateTest, LeavesOutATlvWithNothingInItWhereTheTemplateSaysSo) {
    expect("80780551 08 060106 8201A0 8100 00", "000102030405060708090A0B0C0D0E0F 9000");
    const Bytes iv{0xA0};
    EXPECT_TRUE(run(gcm_encrypt, {.key_ref = 5, .key_bits = 128, .iv = iv})["ciphertext"].empty());
}

TEST_F(CommandTemplateTest, FillsInSingleBytesAndCounters) {
    expect("002A1480 07 05 7F4902C0C1 80", "9000");
    const Bytes counter{0xC0, 0xC1};
    run(R"({ "cla": "00", "ins": "2A", "p1": "{alg}", "p2": "{tagBits}",
             "data": [ { "value": "{keyRef}" }, { "tlv": "7F49", "value": "{counter}" }, { "value": "{tagBits}" } ] })",
        {.key_ref = 5, .algorithm = 0x14, .counter = counter, .tag_bits = 128});
}

TEST_F(CommandTemplateTest, LengthsHaveTheFixedNumberOfBytesThatTheCardWants) {
    expect("00220000 0C 800101 81810102 8282000103", "9000");
    run(R"({ "cla": "00", "ins": "22", "p1": "00", "p2": "00",
             "data": [ { "tlv": "80", "hex": "01", "lenBytes": 1 }, { "tlv": "81", "hex": "02", "lenBytes": 2 },
                       { "tlv": "82", "hex": "03", "lenBytes": 3 } ] })",
        {});
}

TEST_F(CommandTemplateTest, SendsNothingWhereALengthCannotNameTheData) {
    const Bytes data(128, 0x5A);
    const Error error = error_of([&] {
        run(R"({ "cla": "00", "ins": "2A", "p1": "9E", "p2": "9A",
                 "data": [ { "tlv": "80", "value": "{data}", "lenBytes": 1 } ] })",
            {.data = data});
    });
    EXPECT_EQ(error.kind(), Error::Kind::too_large);
    EXPECT_EQ(m_link->apdus, 0U);
}

TEST_F(CommandTemplateTest, SendsNothingForAKeyWhoseLengthAConstantDoesNotHave) {
    const Error error = error_of([&] { run(gcm_encrypt, {.key_bits = 512}, Verb::decipher); });
    EXPECT_EQ(error.kind(), Error::Kind::unsupported);
    EXPECT_EQ(error.verb(), Verb::decipher);
    EXPECT_EQ(m_link->apdus, 0U);
}

constexpr const char* two_steps = R"({ "steps": [
    { "cla": "00", "ins": "22", "p1": "41", "p2": "B6", "data": [ { "tlv": "84", "value": "{keyRef}" } ] },
    { "cla": "00", "ins": "2A", "p1": "9E", "p2": "9A", "data": [ { "value": "{data}" } ], "le": "short",
      "ok": ["9000", "6200"], "answer": [ { "field": "signature", "length": "rest" } ] } ] })";

TEST_F(CommandTemplateTest, StepsFollowEachOther) {
    expect("002241B603840107", "9000");
    expect("002A9E9A03010203 00", "AABBCC6200");
    const Bytes data{1, 2, 3};
    EXPECT_EQ(to_hex(run(two_steps, {.key_ref = 7, .data = data})["signature"]), "AABBCC");
}

TEST_F(CommandTemplateTest, TheFirstStepThatFailsEndsTheSequence) {
    expect("002241B603840107", "6A88");
    const Error error = error_of([&] { run(two_steps, {.key_ref = 7}, Verb::sign); });
    EXPECT_EQ(error.kind(), Error::Kind::status);
    EXPECT_EQ(error.status(), sw::reference_not_found);
    EXPECT_EQ(error.verb(), Verb::sign);
}

TEST_F(CommandTemplateTest, SuccessIsOnlyWhatTheTemplateNames) {
    expect("002241B603840107", "6200");
    EXPECT_EQ(error_of([&] { run(two_steps, {.key_ref = 7}); }).status().value, 0x6200);
}

TEST_F(CommandTemplateTest, AnAnswerShorterOrLongerThanItsFieldsIsMalformed) {
    const Bytes data{1, 2};
    for (const char* answer : {"9000", "F1F2 000102030405060708090A0B0C0D0E 9000",
                               "F1F2 000102030405060708090A0B0C0D0E0F 00 9000"}) {
        m_lease.reset();
        m_transcript.exchanges.clear();
        expect("80780551 09 060106 8200 81020102 00", answer);
        const Error error =
            error_of([&] { run(gcm_encrypt, {.key_ref = 5, .key_bits = 128, .data = data}); });
        EXPECT_EQ(error.kind(), Error::Kind::malformed) << answer;
    }
}

/// One question for most_data: 12 bytes of IV, no AAD.
struct Room {
    const char* name;
    TransportRule rule;
    const char* json;
    std::size_t most;
};

constexpr const char* bounded = R"({ "cla": "00", "ins": "2A", "p1": "9E", "p2": "9A", "maxData": 100,
    "data": [ { "value": "{data}" } ] })";
constexpr const char* without_data = R"({ "cla": "00", "ins": "2A", "p1": "9E", "p2": "9A" })";
constexpr const char* short_length = R"({ "cla": "00", "ins": "2A", "p1": "9E", "p2": "9A",
    "data": [ { "tlv": "80", "value": "{data}", "lenBytes": 1 } ] })";

// The GCM template has 3 bytes of constant, 14 of IV, and 2 to 4 before the data; its answer 16 behind them.
const Room rooms[] = {
    {"everything", {}, gcm_encrypt, 65535 - 3 - 14 - 4},
    {"command_of_2028_bytes", {.max_command_data = 2028}, gcm_encrypt, 2028 - 3 - 14 - 4},
    {"short_command", {.max_command_data = 255}, gcm_encrypt, 255 - 3 - 14 - 3},
    {"no_long_form", {.extended = Switch::never, .chaining = Switch::never}, gcm_encrypt, 255 - 3 - 14 - 3},
    {"short_answer", {.max_response_data = 256, .get_response = false}, gcm_encrypt, 256 - 16},
    {"one_answer", {.extended = Switch::never, .get_response = false}, gcm_encrypt, 256 - 16},
    {"no_room", {.max_command_data = 18}, gcm_encrypt, 0},
    {"room_for_one", {.max_command_data = 20}, gcm_encrypt, 1},
    {"bound_of_the_template", {}, bounded, 100},
    {"no_data", {}, without_data, 0},
    {"length_of_one_byte", {}, short_length, 127},
};

class CommandTemplateRoom : public testing::TestWithParam<Room> {};

TEST_P(CommandTemplateRoom, IsWhatFitsBesideTheOtherValuesAndTheAnswer) {
    const Bytes iv(12, 0);
    EXPECT_EQ(template_of(GetParam().json)->most_data(GetParam().rule, {.key_bits = 128, .iv = iv}),
              GetParam().most);
}

INSTANTIATE_TEST_SUITE_P(All, CommandTemplateRoom, testing::ValuesIn(rooms),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(CommandTemplateRooms, ThereIsNoneForAKeyWhoseLengthAConstantDoesNotHave) {
    EXPECT_EQ(template_of(gcm_encrypt)->most_data({}, {.key_bits = 512}), 0U);
}

}  // namespace
}  // namespace jeton::card
