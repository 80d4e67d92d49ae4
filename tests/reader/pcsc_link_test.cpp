// PcscLink against a pcscd in memory: what is told of the card's state, whose turn it is, and what goes
// wrong.
#include "reader/pcsc_link.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "reader/error.hpp"
#include "reader/fake_pcsc.hpp"
#include "reader/pcsc_readers.hpp"
#include "reader/reader_under_test.hpp"

namespace jeton::reader::test {
namespace {

using Kind = Error::Kind;

constexpr Milliseconds limit{1000};
const Bytes echo{0x00, 0xA4, 0x00, 0x00};

class PcscLinkTest : public testing::Test {
  protected:
    Continuity lease() { return link.acquire(soon())->continuity(); }
    std::optional<Kind> acquire_error(Milliseconds wait = Milliseconds(100)) {
        return kind_of([&] { link.acquire(Deadline::after(wait)); });
    }

    FakePcsc pcscd;
    PcscLink link{pcscd.library, FakePcsc::reader};
};

TEST_F(PcscLinkTest, a_lease_is_a_transaction_and_leaves_no_connection) {
    EXPECT_TRUE(link.present());
    EXPECT_TRUE(pcscd.cards.empty()) << "looking does not connect";
    {
        const auto lease = link.acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::reset) << "the first time";
        EXPECT_FALSE(lease->others_wrote());
        EXPECT_TRUE(pcscd.transaction.has_value());
        EXPECT_EQ(to_hex(link.atr()), "3B80800101");
        EXPECT_EQ(to_hex(link.transmit(echo, limit)), "00A400009000");
        EXPECT_EQ(pcscd.last_protocol, pcsc::protocol_t1);
    }
    EXPECT_FALSE(pcscd.transaction.has_value());
    EXPECT_TRUE(pcscd.cards.empty()) << "others may have the card to themselves now";
    EXPECT_EQ(kind_of([&] { link.transmit(echo, limit); }), Kind::protocol) << "without a lease";
}

TEST_F(PcscLinkTest, nobody_tells_what_others_did_between_leases) {
    lease();
    EXPECT_EQ(lease(), Continuity::shared);
    EXPECT_EQ(lease(), Continuity::shared);
    EXPECT_EQ(pcscd.connections, 3);
}

TEST_F(PcscLinkTest, a_link_on_hold_stays_connected_and_hears_of_resets) {
    link.hold(true);
    lease();
    EXPECT_EQ(lease(), Continuity::shared);
    EXPECT_EQ(pcscd.connections, 1);
    pcscd.reset_by_others();
    EXPECT_EQ(lease(), Continuity::reset);
    EXPECT_EQ(lease(), Continuity::shared);
    EXPECT_EQ(pcscd.connections, 1);
    link.hold(false);
    lease();
    EXPECT_TRUE(pcscd.cards.empty());
}

TEST_F(PcscLinkTest, a_reset_while_we_begin_is_told) {
    lease();
    pcscd.at_begin = [&] { pcscd.reset_by_others(); };
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, a_card_that_is_reset_all_the_time_is_given_up) {
    lease();
    std::function<void()> again = [&] {
        pcscd.reset_by_others();
        pcscd.at_begin = again;
    };
    pcscd.at_begin = again;
    EXPECT_EQ(acquire_error(), Kind::protocol);
    pcscd.at_begin = nullptr;
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, our_own_reset_powers_the_card) {
    const auto lease = link.acquire(soon());
    const int before = pcscd.card.power_ons;
    link.reset();
    EXPECT_EQ(pcscd.card.power_ons, before + 1);
    EXPECT_EQ(to_hex(link.transmit(echo, limit)), "00A400009000") << "still in the transaction";
}

TEST_F(PcscLinkTest, removal_and_insertion_are_counted) {
    lease();
    const auto first = link.insertion();
    pcscd.pull();
    EXPECT_FALSE(link.present());
    EXPECT_NE(link.insertion(), first);
    EXPECT_EQ(acquire_error(), Kind::no_card);
    const auto second = link.insertion();
    pcscd.insert();
    EXPECT_TRUE(link.present());
    EXPECT_NE(link.insertion(), second);
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, a_swap_that_nobody_saw_is_in_the_count) {
    lease();
    const auto before = link.insertion();
    pcscd.pull();
    pcscd.insert();
    EXPECT_EQ(lease(), Continuity::reset);
    EXPECT_NE(link.insertion(), before);
}

TEST_F(PcscLinkTest, a_swap_while_we_begin_is_another_card) {
    lease();
    const auto before = link.insertion();
    pcscd.at_begin = [&] {
        pcscd.pull();
        pcscd.insert();
    };
    EXPECT_EQ(lease(), Continuity::reset);
    EXPECT_NE(link.insertion(), before);
}

TEST_F(PcscLinkTest, another_atr_is_another_card) {
    lease();
    const auto before = link.insertion();
    pcscd.card.atr = {0x3B, 0x00};
    EXPECT_EQ(lease(), Continuity::reset);
    EXPECT_NE(link.insertion(), before);
}

TEST_F(PcscLinkTest, a_card_that_is_pulled_under_a_command_is_no_card) {
    const auto lease = link.acquire(soon());
    pcscd.at_transmit = [&] {
        pcscd.pull();
        return pcsc::code::not_transacted;
    };
    EXPECT_EQ(kind_of([&] { link.transmit(echo, limit); }), Kind::no_card);
    EXPECT_EQ(kind_of([&] { link.transmit(echo, limit); }), Kind::no_card);
}

TEST_F(PcscLinkTest, a_driver_that_fails_is_told_and_nothing_is_believed_after_it) {
    {
        const auto lease = link.acquire(soon());
        pcscd.at_transmit = [] { return pcsc::code::not_transacted; };
        EXPECT_EQ(kind_of([&] { link.transmit(echo, limit); }), Kind::protocol);
    }
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, the_turn_is_waited_for_until_the_deadline) {
    lease();
    link.hold(true);
    lease();
    pcscd.locked_by_others = true;
    const auto begin = Deadline::Clock::now();
    EXPECT_EQ(acquire_error(Milliseconds(150)), Kind::busy);
    const auto waited = Deadline::Clock::now() - begin;
    EXPECT_GE(waited, Milliseconds(140));
    EXPECT_LT(waited, Milliseconds(1500));
    pcscd.locked_by_others = false;
    EXPECT_EQ(lease(), Continuity::shared);
}

TEST_F(PcscLinkTest, a_card_that_somebody_has_to_himself_is_busy) {
    pcscd.exclusive_by_others = true;
    EXPECT_EQ(acquire_error(), Kind::busy);
    EXPECT_TRUE(link.present());
    pcscd.exclusive_by_others = false;
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, threads_take_turns_and_present_does_not_wait_for_them) {
    link.present();
    auto lease = link.acquire(soon());
    EXPECT_EQ(acquire_error(Milliseconds(50)), Kind::busy);
    std::thread([&] { EXPECT_TRUE(link.present()); }).join();
    pcscd.pull();
    EXPECT_TRUE(link.present()) << "what was last seen";
    lease.reset();
    EXPECT_FALSE(link.present());
}

TEST_F(PcscLinkTest, a_pcscd_that_ends_is_gone_and_one_that_comes_back_works) {
    lease();
    const auto before = link.insertion();
    pcscd.running = false;
    EXPECT_EQ(kind_of([&] { link.present(); }), Kind::gone);
    EXPECT_EQ(acquire_error(), Kind::gone);
    EXPECT_NE(link.insertion(), before);
    pcscd.running = true;
    pcscd.restart();
    EXPECT_TRUE(link.present());
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, a_pcscd_that_restarts_between_leases_resets_and_is_no_removal) {
    lease();
    const auto before = link.insertion();
    pcscd.restart();
    EXPECT_EQ(lease(), Continuity::reset);
    EXPECT_EQ(link.insertion(), before);
    link.hold(true);
    lease();
    pcscd.restart();
    EXPECT_EQ(lease(), Continuity::reset);
    EXPECT_EQ(link.insertion(), before);
}

TEST_F(PcscLinkTest, a_pcscd_that_ends_under_a_command_is_gone) {
    {
        const auto lease = link.acquire(soon());
        pcscd.running = false;
        EXPECT_EQ(kind_of([&] { link.transmit(echo, limit); }), Kind::gone);
        EXPECT_EQ(kind_of([&] { link.transmit(echo, limit); }), Kind::gone);
        EXPECT_EQ(kind_of([&] { link.reset(); }), Kind::gone);
    }
    pcscd.running = true;
    pcscd.restart();
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, a_reader_that_is_unplugged_is_gone) {
    lease();
    pcscd.plugged = false;
    EXPECT_EQ(kind_of([&] { link.present(); }), Kind::gone);
    EXPECT_EQ(acquire_error(), Kind::gone);
    pcscd.plugged = true;
    EXPECT_EQ(lease(), Continuity::reset);
}

TEST_F(PcscLinkTest, with_t0_le_stays_at_home) {
    pcscd.card_protocol = pcsc::protocol_t0;
    const auto lease = link.acquire(soon());
    link.transmit(Bytes{0x00, 0xA4, 0x04, 0x00, 0x02, 0xA0, 0x00, 0x00}, limit);
    EXPECT_EQ(to_hex(pcscd.card.last_command), "00A4040002A000");
    link.transmit(Bytes{0x00, 0xA4, 0x04, 0x00, 0x02, 0xA0, 0x00}, limit);
    EXPECT_EQ(to_hex(pcscd.card.last_command), "00A4040002A000");
    link.transmit(Bytes{0x00, 0xC0, 0x00, 0x00, 0x10}, limit);
    EXPECT_EQ(to_hex(pcscd.card.last_command), "00C0000010");
    EXPECT_EQ(pcscd.last_protocol, pcsc::protocol_t0);
}

TEST_F(PcscLinkTest, extended_apdus_where_the_driver_says_so) {
    lease();
    EXPECT_FALSE(link.limits().extended_apdu) << "a driver that says nothing";
    pcscd.controls[pcsc::get_features] = {0x06, 0x04, 0x42, 0x33, 0x00, 0x06,
                                          0x12, 0x04, 0x42, 0x33, 0x00, 0x12};
    pcscd.controls[0x42330012] = {0x0A, 0x04, 0x00, 0x00, 0x01, 0x00};
    PcscLink other(pcscd.library, FakePcsc::reader);
    other.acquire(soon());
    EXPECT_TRUE(other.limits().extended_apdu);
    pcscd.controls[0x42330012] = {0x0A, 0x04, 0x00, 0x01, 0x00, 0x00};
    PcscLink third(pcscd.library, FakePcsc::reader);
    third.acquire(soon());
    EXPECT_FALSE(third.limits().extended_apdu);
}

TEST_F(PcscLinkTest, answers_as_long_as_they_come) {
    const auto lease = link.acquire(soon());
    EXPECT_EQ(link.transmit(Bytes{0x00, 0x03, 0xFF, 0xFF}, limit).size(), 65537U);
}

TEST_F(PcscLinkTest, a_forked_child_makes_a_context_of_its_own) {
    const auto lease = link.acquire(soon());
    const auto contexts = pcscd.contexts.size();
    const pid_t child = fork();
    if (child == 0) {
        const bool fresh = link.present() && pcscd.contexts.size() == contexts + 1 &&
                           link.acquire(soon())->continuity() == Continuity::reset;
        _exit(fresh ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(to_hex(link.transmit(echo, limit)), "00A400009000");
}

TEST(PcscReaders, are_listed_by_name_and_become_places) {
    const FakePcsc pcscd;
    const auto names = list_pcsc_readers(&pcscd.library);
    ASSERT_TRUE(names.has_value());
    EXPECT_EQ(*names, (std::vector<std::string>{FakePcsc::reader, "Other 01 00"}));
    EXPECT_TRUE(pcscd.contexts.empty());
    const ReaderPlace place = pcsc_place(pcscd.library, FakePcsc::reader);
    EXPECT_EQ(place.key, "pcsc:" + FakePcsc::reader);
    Reader reader(place);
    EXPECT_TRUE(reader.slot().present());
    EXPECT_EQ(reader.slot().name(), FakePcsc::reader);
}

TEST(PcscReaders, no_library_no_daemon_and_no_reader_are_three_things) {
    FakePcsc pcscd;
    EXPECT_FALSE(list_pcsc_readers(nullptr).has_value());
    pcscd.plugged = false;
    EXPECT_TRUE(list_pcsc_readers(&pcscd.library).value().empty());
    pcscd.running = false;
    EXPECT_FALSE(list_pcsc_readers(&pcscd.library).has_value());
}

TEST(PcscReaders, tell_where_on_usb_they_are) {
    FakePcsc pcscd;
    EXPECT_FALSE(pcsc_usb_address(pcscd.library, FakePcsc::reader).has_value());
    pcscd.channel = Bytes{0x07, 0x02, 0x20, 0x00};
    EXPECT_EQ(pcsc_usb_address(pcscd.library, FakePcsc::reader), (UsbAddress{2, 7}));
    pcscd.channel = Bytes{0x07, 0x02, 0x10, 0x00};
    EXPECT_FALSE(pcsc_usb_address(pcscd.library, FakePcsc::reader).has_value()) << "not on USB";
    pcscd.channel = Bytes{0x07, 0x02};
    EXPECT_FALSE(pcsc_usb_address(pcscd.library, FakePcsc::reader).has_value());
    EXPECT_TRUE(pcscd.cards.empty());
}

TEST(PcscFeatures, are_read_whole_or_not_at_all) {
    using namespace pcsc;
    const Bytes two = from_hex("060442330006120442330012").value();
    EXPECT_EQ(parse_features(two), (std::vector<Feature>{{0x06, 0x42330006}, {0x12, 0x42330012}}));
    EXPECT_EQ(code_of(parse_features(two), FeatureTag::properties), 0x42330012U);
    EXPECT_FALSE(code_of(parse_features(two), FeatureTag::modify_pin_direct).has_value());
    EXPECT_TRUE(parse_features(View(two).first(11)).empty());
    EXPECT_TRUE(parse_features(from_hex("060342330006").value()).empty());
    EXPECT_TRUE(parse_features({}).empty());
}

TEST(PcscFeatures, properties_are_walked_within_their_bytes) {
    using pcsc::largest_apdu;
    EXPECT_EQ(largest_apdu(from_hex("0102000003010C0A0400000100").value()), 0x10000U);
    EXPECT_FALSE(largest_apdu(from_hex("010200000301").value()).has_value());
    EXPECT_FALSE(largest_apdu(from_hex("0A0200010A").value()).has_value());
    EXPECT_FALSE(largest_apdu(from_hex("0A04000001").value()).has_value());
    EXPECT_FALSE(largest_apdu({}).has_value());
}

}  // namespace
}  // namespace jeton::reader::test
