#include "card/channel.hpp"

#include <array>
#include <functional>
#include <gtest/gtest.h>
#include <optional>

#include "support/replay_link.hpp"

#include "card/error.hpp"

namespace jeton::card {
namespace {

using support::ReplayLink;
using support::Transcript;

/// Conversation is a Channel over a card that knows its part by heart: any other command ends the test.
class Conversation : public testing::Test {
  protected:
    /// expect adds one exchange; |command| and |answer| in hex.
    void expect(const std::string& command, const std::string& answer) {
        m_transcript.exchanges.push_back({from_hex(command).value(), from_hex(answer).value()});
    }

    void start(bool extended) {
        m_link.emplace(m_transcript);
        m_link->link_limits.extended_apdu = extended;
        m_lease = m_link->acquire(Deadline::after(Milliseconds(100)));
        m_channel.emplace(*m_link, m_rule);
    }

    Response send(const Apdu& apdu) { return m_channel->transmit(apdu); }

    void TearDown() override {
        if (m_link) {
            EXPECT_TRUE(m_link->finished());
            EXPECT_EQ(m_channel->exchanges(), m_link->apdus);
        }
    }

    TransportRule m_rule;
    Transcript m_transcript;
    std::optional<ReplayLink> m_link;
    std::unique_ptr<reader::Lease> m_lease;
    std::optional<Channel> m_channel;
};

std::string repeat(const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += text;
    }
    return out;
}

Error::Kind kind_of(const std::function<void()>& function) {
    try {
        function();
    } catch (const Error& error) {
        return error.kind();
    }
    ADD_FAILURE() << "no Error";
    return Error::Kind::status;
}

constexpr std::array<Byte, 3> pin_commands{0x20, 0x24, 0x2C};
constexpr Apdu get_anything{.ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .le = any_length};

TEST_F(Conversation, SendsSmallCommandsInShortFormThoughExtendedIsThere) {
    expect("00A4040003010203 00", "9000");
    start(true);
    const Bytes aid{1, 2, 3};
    EXPECT_TRUE(send({.ins = 0xA4, .p1 = 0x04, .data = aid, .le = 256}).status.ok());
}

TEST_F(Conversation, FetchesAWholeObjectWithOneExtendedCommand) {
    expect("00CB3FFF 000000", repeat("AB", 1000) + "9000");
    start(true);
    EXPECT_EQ(send(get_anything).data.size(), 1000U);
}

TEST_F(Conversation, FetchesAThousandBytesWithFourShortCommands) {
    expect("00CB3FFF00", repeat("01", 256) + "6100");
    expect("00C0000000", repeat("02", 256) + "6100");
    expect("00C0000000", repeat("03", 256) + "61E8");
    expect("00C00000E8", repeat("04", 232) + "9000");
    start(false);
    const Response response = send(get_anything);
    EXPECT_TRUE(response.status.ok());
    ASSERT_EQ(response.data.size(), 1000U);
    EXPECT_EQ(response.data[767], 0x03);
    EXPECT_EQ(response.data[768], 0x04);
}

TEST_F(Conversation, ChainsLongDataInShortForm) {
    expect("1087079A FF" + repeat("55", 255), "9000");
    expect("0087079A 0B" + repeat("55", 11) + "00", repeat("AA", 256) + "6108");
    expect("00C0000008", repeat("BB", 8) + "9000");
    start(false);
    const Bytes data(266, 0x55);
    EXPECT_EQ(send({.ins = 0x87, .p1 = 0x07, .p2 = 0x9A, .data = data, .le = any_length}).data.size(), 264U);
}

TEST_F(Conversation, UsesTheProfilesChunkWhenChainingIsAlwaysWanted) {
    m_rule.chaining = Switch::always;
    m_rule.chunk = 4;
    expect("10DB3FFF 04 55555555", "9000");
    expect("10DB3FFF 04 55555555", "9000");
    expect("00DB3FFF 02 5555", "9000");
    start(true);
    const Bytes data(10, 0x55);
    EXPECT_TRUE(send({.ins = 0xDB, .p1 = 0x3F, .p2 = 0xFF, .data = data}).status.ok());
}

TEST_F(Conversation, EndsAChainAtTheFirstLinkThatTheCardRefuses) {
    expect("10DB3FFF FF" + repeat("55", 255), "6884");
    start(false);
    const Bytes data(600, 0x55);
    EXPECT_EQ(send({.ins = 0xDB, .p1 = 0x3F, .p2 = 0xFF, .data = data}).status, sw::chaining_not_supported);
}

TEST_F(Conversation, SendsNothingWhenTheCommandDoesNotFit) {
    m_rule.chaining = Switch::never;
    m_rule.max_command_data = 1000;
    start(false);
    const Bytes data(1001, 0x55);
    const Apdu too_long_for_one{.ins = 0xDB, .data = View(data).first(256)};
    const Apdu too_long{.ins = 0xDB, .data = data};
    EXPECT_EQ(kind_of([&] { send(too_long_for_one); }), Error::Kind::too_large);
    EXPECT_EQ(kind_of([&] { send(too_long); }), Error::Kind::too_large);
}

TEST_F(Conversation, GoesOnInShortFormWhenTheCardRefusesTheFirstExtendedCommand) {
    expect("00CB3FFF 000000", "6700");
    expect("00CB3FFF 00", "01029000");
    expect("00CB3FFF 00", "03049000");
    start(true);
    EXPECT_EQ(to_hex(send(get_anything).data), "0102");
    EXPECT_EQ(to_hex(send(get_anything).data), "0304");
}

TEST_F(Conversation, KeepsExtendedFormWhenTheRefusalWasAboutTheCommand) {
    expect("00F70000 000000", "6D00");
    expect("00F70000 00", "6D00");
    expect("00CB3FFF 000000", "01029000");
    expect("00F70000 000000", "6D00");
    start(true);
    EXPECT_EQ(send({.ins = 0xF7, .le = any_length}).status, sw::ins_not_supported);
    EXPECT_EQ(to_hex(send(get_anything).data), "0102");
    EXPECT_EQ(send({.ins = 0xF7, .le = any_length}).status, sw::ins_not_supported);
}

TEST_F(Conversation, NeverFallsBackWhenTheProfileSaysAlways) {
    m_rule.extended = Switch::always;
    expect("00CB3FFF 000000", "6700");
    start(true);
    EXPECT_EQ(send(get_anything).status, sw::wrong_length);
}

TEST_F(Conversation, UsesShortFormWhenTheProfileSaysSo) {
    m_rule.extended = Switch::never;
    expect("00CB3FFF 00", "9000");
    start(true);
    EXPECT_TRUE(send(get_anything).status.ok());
}

TEST_F(Conversation, RepeatsOnceWithTheLengthThatTheCardNames) {
    expect("00CB3FFF 00", "6C02");
    expect("00CB3FFF 02", "6C03");
    start(false);
    EXPECT_EQ(send(get_anything).status.value, 0x6C03);
}

TEST_F(Conversation, RepeatsOnlyTheLastLinkOfAChain) {
    expect("1087079A FF" + repeat("55", 255), "9000");
    expect("0087079A 01 55 00", "6C02");
    expect("0087079A 01 55 02", "01029000");
    start(false);
    const Bytes data(256, 0x55);
    EXPECT_EQ(to_hex(send({.ins = 0x87, .p1 = 0x07, .p2 = 0x9A, .data = data, .le = 256}).data), "0102");
}

TEST_F(Conversation, NeverRepeatsWhatCouldSpendATry) {
    const Bytes pin(8, 0x31);
    for (const Byte ins : pin_commands) {
        expect("00" + to_hex(View(&ins, 1)) + "0080 08 3131313131313131", "6C02");
    }
    start(false);
    for (const Byte ins : pin_commands) {
        EXPECT_EQ(send({.ins = ins, .p2 = 0x80, .data = pin}).status.value, 0x6C02);
    }
}

TEST_F(Conversation, TakesEndOfDataAsTheEndOfAnAnswer) {
    expect("00CB3FFF 00", "01026105");
    expect("00C0000005", "036282");
    start(false);
    const Response response = send(get_anything);
    EXPECT_TRUE(response.status.ok());
    EXPECT_EQ(to_hex(response.data), "010203");
}

TEST_F(Conversation, CorrectsTheLengthOfGetResponse) {
    expect("00CB3FFF 00", "01026100");
    expect("00C0000000", "6C01");
    expect("00C0000001", "039000");
    start(false);
    EXPECT_EQ(to_hex(send(get_anything).data), "010203");
}

TEST_F(Conversation, FetchesNothingWhenNobodyAsked) {
    expect("00DB3FFF", "6105");
    start(false);
    EXPECT_TRUE(send({.ins = 0xDB, .p1 = 0x3F, .p2 = 0xFF}).status.ok());
}

TEST_F(Conversation, KeepsTheLogicalChannelInGetResponse) {
    expect("01CB3FFF 00", "6101");
    expect("01C0000001", "AA9000");
    start(false);
    EXPECT_EQ(send({.cla = 0x01, .ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .le = any_length}).data.size(), 1U);
}

TEST_F(Conversation, LeavesTheProprietaryClassForGetResponse) {
    expect("80780110 00", "6101");
    expect("00C0000001", "AA9000");
    start(false);
    EXPECT_EQ(send({.cla = 0x80, .ins = 0x78, .p1 = 0x01, .p2 = 0x10, .le = any_length}).data.size(), 1U);
}

TEST_F(Conversation, GivesUpOnACardThatAnnouncesDataAndSendsNone) {
    expect("00CB3FFF 00", "6100");
    expect("00C0000000", "6100");
    start(false);
    EXPECT_EQ(kind_of([&] { send(get_anything); }), Error::Kind::malformed);
}

TEST_F(Conversation, TakesARefusalOfGetResponseForNoVerdictOnTheCommand) {
    expect("00CB3FFF 00", "6105");
    expect("00C0000005", "6982");
    start(false);
    EXPECT_EQ(kind_of([&] { send(get_anything); }), Error::Kind::malformed);
}

TEST_F(Conversation, GivesUpWhenOneAnswerIsLargerThanTheProfileAllows) {
    m_rule.max_response_data = 5;
    expect("00CB3FFF 00", "0102036106");
    expect("00C0000006", "0405060708099000");
    expect("00CB3FFF 00", "0102030405069000");
    start(false);
    EXPECT_EQ(kind_of([&] { send(get_anything); }), Error::Kind::malformed);
    EXPECT_EQ(kind_of([&] { send(get_anything); }), Error::Kind::malformed);
}

TEST_F(Conversation, PutsAnswersTogetherThatAreAsLargeAsTheProfileAllows) {
    m_rule.max_response_data = 5;
    expect("00CB3FFF 00", "01020304056105");
    expect("00C0000005", "060708090A9000");
    start(false);
    EXPECT_EQ(send(get_anything).data.size(), 10U);
}

TEST_F(Conversation, GivesUpWhenAllAnswersTogetherAreLongerThanAnswersCanBe) {
    expect("00CB3FFF 00", repeat("01", 256) + "6100");
    for (int i = 0; i < 256; ++i) {
        expect("00C0000000", repeat("01", 256) + "6100");
    }
    start(false);
    EXPECT_EQ(kind_of([&] { send(get_anything); }), Error::Kind::malformed);
}

/// One byte and "more" for ever.
class EndlessLink final : public reader::CardLink {
  public:
    std::string name() const override { return "endless"; }
    reader::LinkLimits limits() const override { return {}; }
    bool present() override { return true; }
    std::uint64_t insertion() const override { return 1; }
    std::unique_ptr<reader::Lease> acquire(Deadline) override { return nullptr; }
    View atr() const override { return {}; }
    SecretBytes transmit(View, Milliseconds) override { return to_secret(m_answer); }
    void reset() override {}

    Bytes m_answer{0xAA, 0x61, 0x00};
};

TEST(ChannelLimits, EndACardThatNeverStops) {
    EndlessLink link;
    const TransportRule rule;
    Channel channel(link, rule);
    EXPECT_EQ(kind_of([&] { channel.transmit(get_anything); }), Error::Kind::malformed);
    EXPECT_LT(channel.exchanges(), 1000U);
}

TEST(ChannelLimits, RefuseAnAnswerWithoutStatusWord) {
    EndlessLink link;
    link.m_answer = {0x90};
    const TransportRule rule;
    Channel channel(link, rule);
    EXPECT_EQ(kind_of([&] { channel.transmit(get_anything); }), Error::Kind::malformed);
}

}  // namespace
}  // namespace jeton::card
