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

TEST(ReplayLink, NamesTheLineOfATranscriptThatItCannotRead) {
    EXPECT_THROW(Transcript::parse("> 0"), std::runtime_error);
    EXPECT_THROW(Transcript::parse("< 9000"), std::runtime_error);
    EXPECT_THROW(Transcript::parse("hello"), std::runtime_error);
}

}  // namespace

}  // namespace jeton::support
