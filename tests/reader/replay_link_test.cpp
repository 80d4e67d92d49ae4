#include "support/replay_link.hpp"

#include <gtest/gtest.h>

#include "reader_under_test.hpp"

namespace jeton::support {

namespace {

using reader::Continuity;
using reader::test::apdu_limit;
using reader::test::soon;

constexpr const char* text =
    "# a remark\n"
    "# ATR 3b00\n"
    "\n"
    "> 00a40400\n"
    "< 6a82\n"
    "> 00ca0101\n"
    "< 019000\r\n"
    "> 00ca0101\n"
    "< 029000\n";

TEST(ReplayLink, InOrderRefusesAnyOtherCommand) {
    ReplayLink link(Transcript::parse(text));
    const auto lease = link.acquire(soon());
    EXPECT_EQ(to_hex(link.atr()), "3B00");
    EXPECT_EQ(to_hex(link.transmit(from_hex("00A40400").value(), apdu_limit)), "6A82");
    EXPECT_THROW(link.transmit(from_hex("00A40400").value(), apdu_limit), reader::Error);
    EXPECT_EQ(to_hex(link.transmit(from_hex("00CA0101").value(), apdu_limit)), "019000");
    EXPECT_FALSE(link.finished());
    EXPECT_EQ(to_hex(link.transmit(from_hex("00CA0101").value(), apdu_limit)), "029000");
    EXPECT_TRUE(link.finished());
    EXPECT_EQ(link.apdus, 4U);
}

TEST(ReplayLink, ByCommandUsesEachRecordedAnswerThenTheLastAgain) {
    ReplayLink link(Transcript::parse(text), ReplayLink::Matching::by_command);
    link.unknown_command_answer = {0x6D, 0x00};
    const auto lease = link.acquire(soon());
    const Bytes get = from_hex("00CA0101").value();
    EXPECT_EQ(to_hex(link.transmit(get, apdu_limit)), "019000");
    EXPECT_EQ(to_hex(link.transmit(get, apdu_limit)), "029000");
    EXPECT_EQ(to_hex(link.transmit(get, apdu_limit)), "029000");
    EXPECT_EQ(to_hex(link.transmit(from_hex("00FF0000").value(), apdu_limit)), "6D00");
}

TEST(ReplayLink, ByCommandFetchesTheRestOfTheCommandBefore) {
    ReplayLink link(Transcript::parse("> 00cb0001\n< 016102\n> 00c0000002\n< 02039000\n"
                                      "> 00cb0002\n< 046101\n> 00c0000002\n< 059000\n"),
                    ReplayLink::Matching::by_command);
    const auto lease = link.acquire(soon());
    const Bytes rest = from_hex("00C0000002").value();
    EXPECT_EQ(to_hex(link.transmit(from_hex("00CB0002").value(), apdu_limit)), "046101");
    EXPECT_EQ(to_hex(link.transmit(rest, apdu_limit)), "059000");
    EXPECT_THROW(link.transmit(rest, apdu_limit), reader::Error);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(to_hex(link.transmit(from_hex("00CB0001").value(), apdu_limit)), "016102");
        EXPECT_EQ(to_hex(link.transmit(rest, apdu_limit)), "02039000");
    }
    EXPECT_EQ(link.unrecorded, std::vector<Bytes>{rest});
}

TEST(ReplayLink, StandInsAndComputedAnswersAreForWhatWasNotRecorded) {
    ReplayLink link(Transcript::parse(text), ReplayLink::Matching::by_command);
    const Bytes longer = from_hex("00CA010100").value();
    const Bytes new_one = from_hex("00F70000").value();
    const Bytes never = from_hex("00F80000").value();
    const Bytes random = from_hex("00840000").value();
    link.stand_ins = {
        {longer, from_hex("00CA0101").value(), {}}, {new_one, {}, {0x6D, 0x00}}, {never, {}, {}}};
    link.computed = [&](View command) -> std::optional<Bytes> {
        return equal(command, random) ? std::optional(Bytes{0x55, 0x90, 0x00}) : std::nullopt;
    };
    const auto lease = link.acquire(soon());
    EXPECT_EQ(to_hex(link.transmit(longer, apdu_limit)), "019000");
    EXPECT_EQ(to_hex(link.transmit(new_one, apdu_limit)), "6D00");
    EXPECT_EQ(to_hex(link.transmit(random, apdu_limit)), "559000");
    EXPECT_TRUE(link.stand_ins[0].used);
    EXPECT_TRUE(link.stand_ins[1].used);
    EXPECT_FALSE(link.stand_ins[2].used);
    EXPECT_TRUE(link.unrecorded.empty());
}

TEST(ReplayLink, LeasesAreExclusiveAndTellTheContinuityThatTheTestSet) {
    ReplayLink link(Transcript::parse(text));
    {
        const auto lease = link.acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::reset);
        EXPECT_THROW(link.acquire(soon()), reader::Error);
    }
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::kept);
    link.continuity = Continuity::reset;
    link.others_wrote = true;
    {
        const auto lease = link.acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::reset);
        EXPECT_TRUE(lease->others_wrote());
        lease->mark_written();
    }
    EXPECT_EQ(link.writes, 1U);
    EXPECT_EQ(link.leases, 3U);
    EXPECT_THROW(link.transmit(from_hex("00A40400").value(), apdu_limit), std::logic_error);
}

TEST(ReplayLink, TranscriptsTellWhenTheCardWasPowered) {
    const Transcript transcript = Transcript::parse(
        "# power on\n> 0001\n< 9000\n> 0002\n< 9000\n# reset\n# reset\n> 0003\n< 9000\n# reset\n");
    ASSERT_EQ(transcript.exchanges.size(), 3U);
    EXPECT_TRUE(transcript.exchanges[0].after_power_on);
    EXPECT_FALSE(transcript.exchanges[1].after_power_on);
    EXPECT_TRUE(transcript.exchanges[2].after_power_on);
}

TEST(ReplayLink, NamesTheLineOfATranscriptThatItCannotRead) {
    EXPECT_THROW(Transcript::parse("> 0"), std::runtime_error);
    EXPECT_THROW(Transcript::parse("< 9000"), std::runtime_error);
    EXPECT_THROW(Transcript::parse("hello"), std::runtime_error);
}

}  // namespace

}  // namespace jeton::support
