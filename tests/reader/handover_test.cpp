// Two Readers with one lease file and one device stand for two processes that take turns.
#include <fstream>
#include <gtest/gtest.h>

#include "reader_under_test.hpp"
#include "simple_card.hpp"

#include "reader/handover_record.hpp"

namespace jeton::reader {

namespace {

using ccid::Request;
using support::FakeBus;
using test::apdu_limit;
using test::fake_place;
using test::soon;

class Handover : public ::testing::Test {
  protected:
    std::uint64_t file_bytes(std::size_t offset, std::size_t size) const {
        std::ifstream stream(scratch / "lease", std::ios::binary);
        Bytes content((std::istreambuf_iterator<char>(stream)), std::istreambuf_iterator<char>());
        return load_le(View(content).subspan(offset, size));
    }

    const jeton::test::ScratchDirectory scratch;
    std::shared_ptr<FakeBus> bus = test::make_bus();
    Reader first{fake_place(bus, scratch / "lease")};
    Reader second{fake_place(bus, scratch / "lease")};
    CardLink& ours = first.slot();
    CardLink& theirs = second.slot();
};

TEST_F(Handover, EachSideResetsWhatTheOtherUsed) {
    EXPECT_EQ(ours.acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(ours.acquire(soon())->continuity(), Continuity::kept);
    EXPECT_EQ(theirs.acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(theirs.acquire(soon())->continuity(), Continuity::kept);
    EXPECT_EQ(ours.acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(bus->count(Request::icc_power_on), 3U);
    EXPECT_EQ(bus->count(Request::icc_power_off), 2U);
}

TEST_F(Handover, TokensAreToldWithoutALease) {
    EXPECT_EQ(theirs.told_tokens(), 0U) << "there is no record yet";
    EXPECT_THROW(ours.tell_tokens(2), Error) << "without a lease";
    {
        const auto lease = ours.acquire(soon());
        ours.tell_tokens(2);
    }
    const std::size_t power_ons = bus->count(Request::icc_power_on);
    EXPECT_EQ(theirs.told_tokens(), 2U);
    EXPECT_EQ(first.slot(1).told_tokens(), 0U) << "of each opening";
    theirs.acquire(soon());
    EXPECT_EQ(ours.told_tokens(), 2U) << "a hand-over does not change it";
    EXPECT_EQ(bus->count(Request::icc_power_on), power_ons + 1);
}

/// Both sides trust each other.
class HandoverThatKeeps : public Handover {
  protected:
    static ReaderPlace keeping(ReaderPlace place) {
        place.handover = HandoverPolicy::keep;
        return place;
    }

    Reader third{keeping(fake_place(bus, scratch / "lease"))};
    Reader fourth{keeping(fake_place(bus, scratch / "lease"))};
};

TEST_F(HandoverThatKeeps, NobodyResetsTheCard) {
    EXPECT_EQ(third.slot().acquire(soon())->continuity(), Continuity::reset);
    const Bytes atr = to_bytes(third.slot().atr());
    const auto insertion = third.slot().insertion();
    EXPECT_EQ(fourth.slot().acquire(soon())->continuity(), Continuity::shared);
    EXPECT_EQ(to_bytes(fourth.slot().atr()), atr) << "from the record";
    EXPECT_EQ(fourth.slot().acquire(soon())->continuity(), Continuity::kept);
    EXPECT_EQ(third.slot().acquire(soon())->continuity(), Continuity::shared);
    EXPECT_EQ(third.slot().insertion(), insertion);
    EXPECT_EQ(bus->count(Request::icc_power_on), 1U);
}

TEST_F(HandoverThatKeeps, AForeignResetOrALostPowerIsNoticed) {
    third.slot().acquire(soon());
    bus->icc = 1;
    EXPECT_EQ(fourth.slot().acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(ours.acquire(soon())->continuity(), Continuity::reset) << "a process that keeps nothing";
    EXPECT_EQ(third.slot().acquire(soon())->continuity(), Continuity::shared);
}

TEST_F(HandoverThatKeeps, WhatIsInDoubtIsReset) {
    third.slot().acquire(soon());
    std::ofstream(scratch / "lease", std::ios::trunc) << "nonsense";
    EXPECT_EQ(fourth.slot().acquire(soon())->continuity(), Continuity::reset);
}

TEST_F(Handover, UseByTheOtherIsNoInsertion) {
    ours.acquire(soon());
    const auto before = ours.insertion();
    theirs.acquire(soon());
    ours.acquire(soon());
    EXPECT_EQ(ours.insertion(), before);
    bus->icc = 1;  // the other one switched the card off
    theirs.acquire(soon());
    bus->icc = 1;
    ours.acquire(soon());
    EXPECT_EQ(ours.insertion(), before);
}

TEST_F(Handover, LookingForACardChangesNothing) {
    ours.acquire(soon());
    EXPECT_TRUE(theirs.present());
    EXPECT_EQ(ours.acquire(soon())->continuity(), Continuity::kept);
}

TEST_F(Handover, ARemovalThatOnlyTheOtherSawIsTold) {
    ours.acquire(soon());
    theirs.present();
    const auto before = ours.insertion();
    bus->icc = 2;
    EXPECT_FALSE(theirs.present());
    bus->icc = 1;
    EXPECT_TRUE(ours.present());
    EXPECT_NE(ours.insertion(), before);
    const auto after = ours.insertion();
    EXPECT_EQ(ours.acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(ours.insertion(), after) << "once";
}

TEST_F(Handover, WritesAreToldToTheOtherOnce) {
    ours.acquire(soon());
    theirs.acquire(soon())->mark_written();
    EXPECT_TRUE(ours.acquire(soon())->others_wrote());
    EXPECT_FALSE(ours.acquire(soon())->others_wrote());
    EXPECT_FALSE(theirs.acquire(soon())->others_wrote());
}

TEST_F(Handover, WritesCanBeSeenWithoutALease) {
    EXPECT_FALSE(ours.others_wrote()) << "nothing known, nothing sent";
    EXPECT_EQ(bus->opened, 0);
    ours.acquire(soon());
    EXPECT_FALSE(ours.others_wrote());
    theirs.acquire(soon())->mark_written();
    const auto messages = bus->written.size();
    EXPECT_TRUE(ours.others_wrote());
    EXPECT_TRUE(ours.others_wrote()) << "looking changes nothing";
    EXPECT_FALSE(theirs.others_wrote());
    EXPECT_EQ(bus->written.size(), messages);
    const auto lease = ours.acquire(soon());
    EXPECT_TRUE(lease->others_wrote());
    EXPECT_FALSE(ours.others_wrote());
}

TEST_F(Handover, MessageNumbersGoOnAcrossProcesses) {
    ours.acquire(soon());
    const Byte last = bus->written.back()[6];
    theirs.acquire(soon());
    EXPECT_EQ(bus->written.at(bus->written.size() - 1)[6], static_cast<Byte>(last + 3)) << "status, off, on";
}

TEST_F(Handover, TheRecordSaysWhatIsInFlight) {
    const auto lease = ours.acquire(soon());
    EXPECT_EQ(file_bytes(17, 1), 0U);
    std::uint64_t phase_while_reading = 0;
    std::uint64_t seq_while_reading = 0;
    bus->on_read = [&] {
        phase_while_reading = file_bytes(17, 1);
        seq_while_reading = file_bytes(18, 1);
    };
    ours.transmit(Bytes{0, 0xA4, 4, 0}, apdu_limit);
    EXPECT_EQ(phase_while_reading, 2U);
    EXPECT_EQ(seq_while_reading, bus->written.back()[6]);
    EXPECT_EQ(file_bytes(17, 1), 0U);
    EXPECT_EQ(file_bytes(16, 1), bus->written.back()[6] + 1U);
}

TEST_F(Handover, ADamagedRecordIsAnUnknownState) {
    ours.acquire(soon());
    const auto before = ours.insertion();
    std::ofstream(scratch / "lease", std::ios::trunc) << "nonsense";
    const auto lease = ours.acquire(soon());
    EXPECT_EQ(lease->continuity(), Continuity::reset);
    EXPECT_TRUE(lease->others_wrote()) << "nobody knows";
    EXPECT_NE(ours.insertion(), before) << "nobody knows";
}

TEST_F(Handover, WithoutALeaseFileTheStateIsTrustedInThisProcess) {
    Reader lonely(fake_place(bus, {}));
    EXPECT_EQ(lonely.slot().acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(lonely.slot().acquire(soon())->continuity(), Continuity::kept);
}

TEST(HandoverOfEmulatedReaders, EachProcessHasAnInstanceOfItsOwn) {
    const jeton::test::ScratchDirectory scratch;
    const auto card = std::make_shared<test::SimpleCard>();
    const ReaderPlace place{.name = "emulated", .key = "e", .lease_file = scratch / "lease", .open = [card] {
                                return make_emulated_reader(card);
                            }};
    Reader first(place);
    Reader second(place);
    EXPECT_EQ(first.slot().acquire(soon())->continuity(), Continuity::reset);
    const auto before = first.slot().insertion();
    EXPECT_EQ(second.slot().acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(first.slot().acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(first.slot().acquire(soon())->continuity(), Continuity::kept);
    EXPECT_EQ(first.slot().insertion(), before) << "the other instance's power is no removal";
    card->inserted = false;
    EXPECT_FALSE(second.slot().present());
    EXPECT_FALSE(first.slot().present());
    card->inserted = true;
    EXPECT_TRUE(first.slot().present());
    first.slot().acquire(soon());
    const auto settled = first.slot().insertion();
    EXPECT_TRUE(second.slot().present());
    first.slot().acquire(soon());
    EXPECT_EQ(first.slot().insertion(), settled) << "one removal is told once";
}

}  // namespace

}  // namespace jeton::reader
