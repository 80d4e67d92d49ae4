// One process, one reader: what a Slot tells the card layer about its card.
#include <gtest/gtest.h>

#include "reader_under_test.hpp"

namespace jeton::reader {

namespace {

using ccid::Request;
using support::FakeBus;
using test::apdu_limit;
using test::fake_place;
using test::kind_of;
using test::soon;

const Bytes select_command{0x00, 0xA4, 0x04, 0x00};

class SlotTest : public ::testing::Test {
  protected:
    const jeton::test::ScratchDirectory scratch;
    std::shared_ptr<FakeBus> bus = test::make_bus({.max_slot_index = 1});
    Reader reader{fake_place(bus, scratch / "lease")};
    CardLink& link = reader.slot();
};

TEST_F(SlotTest, NothingIsOpenedBeforeTheFirstUse) {
    EXPECT_EQ(link.name(), "fake reader");
    EXPECT_EQ(reader.slot(1).name(), "fake reader slot 1");
    EXPECT_EQ(reader.place().key, "fake:1");
    EXPECT_EQ(bus->opened, 0);
    EXPECT_TRUE(link.present());
    EXPECT_EQ(bus->opened, 1);
    link.acquire(soon());
    EXPECT_EQ(bus->opened, 1);
}

TEST_F(SlotTest, LimitsOpenTheDeviceAndSendNothing) {
    EXPECT_TRUE(link.limits().extended_apdu);
    EXPECT_EQ(bus->opened, 1);
    EXPECT_TRUE(bus->written.empty());
    const auto short_bus =
        test::make_bus({.features = test::apdu_level_features | feature::level_short_apdu});
    Reader short_reader(fake_place(short_bus, scratch / "short"));
    EXPECT_FALSE(short_reader.slot().limits().extended_apdu);
}

TEST_F(SlotTest, TheFirstLeasePowersTheCardTheNextKeepsIt) {
    {
        const auto lease = link.acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::reset);
        EXPECT_FALSE(lease->others_wrote());
        EXPECT_EQ(to_hex(link.atr()), "3B80800101");
        EXPECT_EQ(to_hex(link.transmit(select_command, apdu_limit)), "9000");
    }
    {
        const auto lease = link.acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::kept);
        lease->mark_written();
    }
    EXPECT_FALSE(link.acquire(soon())->others_wrote()) << "it was this process that wrote";
    EXPECT_EQ(bus->count(Request::icc_power_on), 1U);
    EXPECT_EQ(bus->claims, 3);
    EXPECT_EQ(bus->releases, 3);
}

TEST_F(SlotTest, ResetPowersOffAndOn) {
    const auto lease = link.acquire(soon());
    link.reset();
    EXPECT_EQ(bus->count(Request::icc_power_off), 1U);
    EXPECT_EQ(bus->count(Request::icc_power_on), 2U);
    EXPECT_EQ(to_hex(link.transmit(select_command, apdu_limit)), "9000");
}

TEST_F(SlotTest, NothingIsSentWithoutALease) {
    EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::protocol);
    EXPECT_EQ(kind_of([&] { link.reset(); }), Error::Kind::protocol);
    EXPECT_TRUE(bus->written.empty());
}

TEST_F(SlotTest, PresenceFollowsTheCardWithoutPoweringIt) {
    EXPECT_TRUE(link.present());
    bus->icc = 2;
    EXPECT_FALSE(link.present());
    bus->icc = 1;
    EXPECT_TRUE(link.present());
    EXPECT_EQ(bus->count(Request::icc_power_on), 0U);
    EXPECT_EQ(bus->claims, bus->releases);
}

TEST_F(SlotTest, AnEmptyReaderGivesNoLease) {
    bus->icc = 2;
    EXPECT_EQ(kind_of([&] { link.acquire(soon()); }), Error::Kind::no_card);
    EXPECT_EQ(bus->claims, bus->releases);
    bus->icc = 1;
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::reset) << "the failure left nothing locked";
}

TEST_F(SlotTest, InsertionChangesWhenTheCardIsPulledAndWhenItComesBack) {
    link.present();
    const auto first = link.insertion();
    link.present();
    link.acquire(soon());
    EXPECT_EQ(link.insertion(), first);
    bus->icc = 2;
    link.present();
    const auto pulled = link.insertion();
    EXPECT_NE(pulled, first);
    bus->icc = 1;
    link.present();
    EXPECT_NE(link.insertion(), pulled);
}

TEST_F(SlotTest, ACardThatLostItsPowerWasChangedUnseen) {
    link.acquire(soon());
    const auto before = link.insertion();
    bus->icc = 1;
    const auto lease = link.acquire(soon());
    EXPECT_EQ(lease->continuity(), Continuity::reset);
    EXPECT_NE(link.insertion(), before);
}

TEST_F(SlotTest, AnotherAtrIsAnotherCard) {
    const auto lease = link.acquire(soon());
    const auto before = link.insertion();
    link.reset();
    EXPECT_EQ(link.insertion(), before);
    bus->atr = {0x3B, 0x00};
    link.reset();
    EXPECT_NE(link.insertion(), before);
    EXPECT_EQ(to_hex(link.atr()), "3B00");
}

TEST_F(SlotTest, ACardPulledInABurstIsNoticedAtOnce) {
    const auto lease = link.acquire(soon());
    const auto before = link.insertion();
    bus->icc = 2;
    EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::no_card);
    EXPECT_NE(link.insertion(), before);
}

TEST_F(SlotTest, AMuteCardIsResetByTheNextLease) {
    {
        const auto lease = link.acquire(soon());
        auto* wire = bus.get();
        bus->on_message = [wire](const Bytes& message) {
            return std::vector<Bytes>{wire->reply(message, {}, 0x40, 0xFE)};
        };
        EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::mute);
        bus->on_message = nullptr;
    }
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::reset);
}

TEST_F(SlotTest, AfterATimeoutTheReaderIsBroughtBackIntoStep) {
    {
        const auto lease = link.acquire(soon());
        bus->on_message = [](const Bytes&) { return std::vector<Bytes>{}; };
        EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::timeout);
        EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::protocol);
        bus->on_message = nullptr;
        bus->to_read.push_back(bus->reply(bus->written.back(), select_command));  // the answer, late
    }
    const auto lease = link.acquire(soon());
    EXPECT_EQ(lease->continuity(), Continuity::reset);
    EXPECT_EQ(to_hex(link.transmit(select_command, apdu_limit)), "9000");
    EXPECT_TRUE(bus->to_read.empty());
}

TEST_F(SlotTest, ResetBringsAReaderIntoStepWithinTheLease) {
    const auto lease = link.acquire(soon());
    bus->on_message = [](const Bytes&) { return std::vector<Bytes>{}; };
    EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::timeout);
    bus->on_message = nullptr;
    link.reset();
    EXPECT_EQ(to_hex(link.transmit(select_command, apdu_limit)), "9000");
}

TEST_F(SlotTest, AReaderThatStaysSilentIsAbortedThenGivenUp) {
    {
        const auto lease = link.acquire(soon());
        bus->on_message = [](const Bytes&) { return std::vector<Bytes>{}; };
        EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::timeout);
    }
    for (const bool stalls : {false, true}) {
        bus->control_unsupported = stalls;
        bus->controls.clear();
        EXPECT_EQ(kind_of([&] { link.acquire(soon()); }), Error::Kind::protocol);
        EXPECT_EQ(bus->controls.size(), 1U);
    }
    bus->on_message = nullptr;
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::reset);
}

TEST_F(SlotTest, ABusySlotIsAskedAgain) {
    auto* wire = bus.get();
    int refusals = 3;
    bus->on_message = [wire, &refusals](const Bytes& message) {
        if (message[0] == static_cast<Byte>(Request::icc_power_on) && refusals-- > 0) {
            return std::vector<Bytes>{wire->reply(message, {}, 0x40, 0xF2)};
        }
        return wire->usual(message);
    };
    link.acquire(soon());
    EXPECT_EQ(bus->count(Request::icc_power_on), 4U);
    refusals = 1000;
    bus->icc = 1;
    EXPECT_EQ(kind_of([&] { link.acquire(soon()); }), Error::Kind::busy);
}

TEST_F(SlotTest, AnUnpluggedReaderIsGoneAndOpenedAnewWhenItIsBack) {
    link.acquire(soon());
    const auto before = link.insertion();
    bus->gone = true;
    EXPECT_EQ(kind_of([&] { link.present(); }), Error::Kind::gone);
    EXPECT_NE(link.insertion(), before);
    EXPECT_EQ(kind_of([&] { link.acquire(soon()); }), Error::Kind::gone);
    bus->gone = false;
    bus->icc = 1;
    EXPECT_TRUE(link.present());
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::reset);
    EXPECT_GE(bus->opened, 2);
}

TEST_F(SlotTest, UnpluggingInABurstEndsTheLeaseQuietly) {
    {
        const auto lease = link.acquire(soon());
        bus->gone = true;
        EXPECT_EQ(kind_of([&] { link.transmit(select_command, apdu_limit); }), Error::Kind::gone);
    }
    bus->gone = false;
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::reset);
}

TEST_F(SlotTest, AClaimThatIsBusyForAMomentIsWaitedFor) {
    bus->busy_claims = 3;
    link.acquire(soon());
    bus->busy_claims = 1000000;
    EXPECT_EQ(kind_of([&] { link.acquire(soon()); }), Error::Kind::busy);
    EXPECT_TRUE(link.present()) << "from memory";
}

TEST_F(SlotTest, AReaderThatDoesNotAnswerLeavesThePresenceAsItWas) {
    EXPECT_TRUE(link.present());
    bus->on_message = [](const Bytes&) { return std::vector<Bytes>{}; };
    EXPECT_TRUE(link.present());
}

TEST_F(SlotTest, SlotsOfOneReaderHaveStatesOfTheirOwn) {
    link.acquire(soon());
    CardLink& second = reader.slot(1);
    EXPECT_EQ(second.acquire(soon())->continuity(), Continuity::reset);
    EXPECT_EQ(bus->written.back()[5], 1);
    EXPECT_EQ(link.acquire(soon())->continuity(), Continuity::kept);
    EXPECT_EQ(kind_of([&] { reader.slot(2).acquire(soon()); }), Error::Kind::unsupported);
    EXPECT_EQ(kind_of([&] { reader.slot(8); }), Error::Kind::unsupported);
}

TEST_F(SlotTest, ABrokenDescriptorOrAReaderThatCannotBeOpenedIsToldEachTime) {
    bus->descriptor.resize(10);
    EXPECT_EQ(kind_of([&] { link.acquire(soon()); }), Error::Kind::unsupported);
    EXPECT_EQ(kind_of([&] { link.acquire(soon()); }), Error::Kind::unsupported);
    EXPECT_FALSE(link.limits().extended_apdu);
    Reader missing(
        {.name = "missing", .key = "missing", .lease_file = {}, .open = []() -> std::unique_ptr<Device> {
             throw Error(Error::Kind::gone, "not there");
         }});
    EXPECT_EQ(kind_of([&] { missing.slot().acquire(soon()); }), Error::Kind::gone);
    EXPECT_EQ(kind_of([&] { missing.slot().present(); }), Error::Kind::gone);
}

}  // namespace

}  // namespace jeton::reader
