// AutoLink: a reader that pcscd takes away and gives back.
#include "reader/auto_link.hpp"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

#include "reader/auto_readers.hpp"
#include "reader/fake_pcsc.hpp"
#include "reader/pcsc_link.hpp"
#include "reader/reader_under_test.hpp"

namespace jeton::reader::test {
namespace {

using Kind = Error::Kind;

const Bytes set_state{0x00, 0x01, 0x2A, 0x00};
const Bytes get_state{0x00, 0x02, 0x00, 0x00};

/// DirectLink is a way that pcscd can block: its card is the one in pcscd's reader.
class DirectLink final : public CardLink {
  public:
    explicit DirectLink(SimpleCard& card) : m_card(card) {}

    std::string name() const override { return "direct"; }
    LinkLimits limits() const override { return {.extended_apdu = true}; }
    bool present() override {
        if (gone) {
            throw Error(Kind::gone, "gone");
        }
        return !blocked && m_card.inserted;
    }
    std::uint64_t insertion() const override { return insertions; }
    std::unique_ptr<Lease> acquire(Deadline) override {
        if (gone || blocked) {
            throw Error(gone ? Kind::gone : Kind::busy, "blocked");
        }
        return std::make_unique<KeptLease>();
    }
    View atr() const override { return m_card.atr; }
    SecretBytes transmit(View command, Milliseconds) override { return m_card.transmit(command); }
    void reset() override {
        ++resets;
        m_card.power_on();
    }

    std::atomic<bool> blocked = false;
    bool gone = false;
    int resets = 0;
    std::uint64_t insertions = 7;

  private:
    /// KeptLease believes in what it left, as a record that pcscd does not know would.
    class KeptLease final : public Lease {
      public:
        Continuity continuity() const override { return Continuity::kept; }
        bool others_wrote() const override { return false; }
        void mark_written() override {}
    };

    SimpleCard& m_card;
};

class AutoLinkTest : public testing::Test {
  protected:
    Continuity lease() { return link.acquire(soon())->continuity(); }
    std::optional<Kind> acquire_error() {
        return kind_of([&] { link.acquire(Deadline::after(Milliseconds(50))); });
    }

    FakePcsc pcscd;
    bool pcscd_has_it = false;
    std::shared_ptr<DirectLink> direct = std::make_shared<DirectLink>(pcscd.card);
    AutoLink link{direct, [this]() -> std::unique_ptr<CardLink> {
                      return pcscd_has_it ? std::make_unique<PcscLink>(pcscd.library, FakePcsc::reader)
                                          : nullptr;
                  }};
};

TEST_F(AutoLinkTest, goes_directly_while_it_can) {
    pcscd_has_it = true;
    EXPECT_TRUE(link.present());
    EXPECT_EQ(lease(), Continuity::kept);
    EXPECT_FALSE(link.through_pcscd());
    EXPECT_EQ(link.name(), "direct");
    EXPECT_TRUE(link.limits().extended_apdu);
}

TEST_F(AutoLinkTest, is_busy_when_pcscd_does_not_have_the_reader_either) {
    direct->blocked = true;
    EXPECT_EQ(acquire_error(), Kind::busy);
    EXPECT_FALSE(link.through_pcscd());
}

TEST_F(AutoLinkTest, goes_over_between_leases_and_says_so) {
    const auto before = link.insertion();
    {
        const auto lease = link.acquire(soon());
        link.transmit(set_state, apdu_limit);
        pcscd_has_it = true;
        EXPECT_EQ(to_hex(link.transmit(get_state, apdu_limit)), "2A9000") << "not in the middle of a burst";
    }
    direct->blocked = true;
    {
        const auto lease = link.acquire(soon());
        EXPECT_EQ(lease->continuity(), Continuity::reset);
        EXPECT_TRUE(lease->others_wrote());
        EXPECT_TRUE(pcscd.transaction.has_value());
        EXPECT_EQ(link.transmit(get_state, apdu_limit).size(), 3U);
    }
    EXPECT_TRUE(link.through_pcscd());
    EXPECT_EQ(link.insertion(), before) << "the login goes on";
    EXPECT_EQ(lease(), Continuity::shared);
    EXPECT_EQ(link.name(), "direct") << "the same slot for people";
}

TEST_F(AutoLinkTest, goes_back_when_pcscd_ends_and_believes_nothing_that_was_before) {
    direct->blocked = true;
    pcscd_has_it = true;
    const auto before = link.insertion();
    lease();
    ASSERT_TRUE(link.through_pcscd());
    EXPECT_EQ(link.insertion(), before);
    pcscd.running = false;
    pcscd_has_it = false;
    EXPECT_EQ(acquire_error(), Kind::busy) << "the other way is tried, and it is still blocked";
    direct->blocked = false;
    EXPECT_TRUE(link.present());
    direct->insertions = 30;  // it found the card without power
    EXPECT_EQ(lease(), Continuity::reset);
    EXPECT_EQ(link.insertion(), before) << "the login goes on";
    EXPECT_EQ(direct->resets, 1) << "the direct way's record knows nothing of pcscd";
    EXPECT_FALSE(link.through_pcscd());
    EXPECT_EQ(lease(), Continuity::kept);
    direct->blocked = true;
    pcscd_has_it = true;
    pcscd.running = true;
    pcscd.restart();
    EXPECT_EQ(lease(), Continuity::reset) << "and over again";
    EXPECT_TRUE(link.through_pcscd());
}

TEST_F(AutoLinkTest, waits_for_a_daemon_that_is_ending) {
    direct->blocked = true;
    pcscd_has_it = true;
    lease();
    pcscd.running = false;
    pcscd_has_it = false;
    std::thread ending([&] {
        std::this_thread::sleep_for(Milliseconds(150));
        direct->blocked = false;
    });
    EXPECT_EQ(lease(), Continuity::reset);
    ending.join();
    EXPECT_FALSE(link.through_pcscd());
}

TEST_F(AutoLinkTest, sees_the_card_of_a_reader_that_pcscd_had_all_along) {
    direct->blocked = true;
    EXPECT_FALSE(link.present());
    pcscd_has_it = true;
    EXPECT_TRUE(link.present());
    EXPECT_FALSE(link.through_pcscd()) << "looking changes nothing";
}

TEST_F(AutoLinkTest, a_swap_after_the_change_is_noticed) {
    direct->blocked = true;
    pcscd_has_it = true;
    lease();
    const auto before = link.insertion();
    pcscd.pull();
    pcscd.insert();
    EXPECT_TRUE(link.present());
    EXPECT_NE(link.insertion(), before);
}

TEST_F(AutoLinkTest, a_reader_that_nobody_has_is_gone) {
    direct->gone = true;
    EXPECT_EQ(kind_of([&] { link.present(); }), std::nullopt) << "pcscd may have it";
    EXPECT_EQ(acquire_error(), Kind::gone);
}

TEST(AutoReaders, find_a_device_on_the_bus_by_its_key) {
    const jeton::test::ScratchDirectory sysfs;
    std::filesystem::create_directory(sysfs / "1-2.3");
    std::ofstream(sysfs / "1-2.3/busnum") << "1\n";
    EXPECT_FALSE(usb_address_of("usb:1-2.3:0", sysfs.path()).has_value());
    std::ofstream(sysfs / "1-2.3/devnum") << "14\n";
    EXPECT_EQ(usb_address_of("usb:1-2.3:0", sysfs.path()), (UsbAddress{1, 14}));
    EXPECT_FALSE(usb_address_of("usb:1-2.4:0", sysfs.path()).has_value());
    EXPECT_FALSE(usb_address_of("usb:1-2.3", sysfs.path()).has_value());
    EXPECT_FALSE(usb_address_of("usb::0", sysfs.path()).has_value());
    EXPECT_FALSE(usb_address_of("usb:../1-2.3:0", sysfs.path()).has_value());
    EXPECT_FALSE(usb_address_of("softcard:1-2.3:0", sysfs.path()).has_value());
}

}  // namespace
}  // namespace jeton::reader::test
