#include "tool/vpcd_card.hpp"

#include <gtest/gtest.h>
#include <thread>

#include "reader/emulated_reader.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "reader/simple_card.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::tool {

namespace {

using Kind = reader::VpcdMessage::Kind;
using reader::Continuity;
using reader::Error;
using reader::test::SimpleCard;

const Bytes set_state{0x00, 0x01, 0x42, 0x00};
const Bytes read_state{0x00, 0x02, 0x00, 0x00};

/// Two programs with a reader object of their own for the same lease file: one is served, |other| is not. (In
/// one process the record locks do not keep them apart; what happens between processes is tested with
/// processes.)
class VpcdCardTest : public ::testing::Test {
  protected:
    reader::ReaderPlace place() {
        return {.name = "emulated", .key = "e", .lease_file = scratch / "lease", .open = [this] {
                    return reader::make_emulated_reader(card);
                }};
    }

    std::optional<SecretBytes> ask(Kind kind, View apdu = {}) {
        return served.answer({.kind = kind, .apdu = to_secret(apdu)});
    }
    std::string send(View apdu) { return to_hex(ask(Kind::apdu, apdu).value()); }

    std::optional<Error::Kind> error_of(Kind kind, View apdu = {}) {
        try {
            ask(kind, apdu);
        } catch (const Error& error) {
            return error.kind();
        }
        return std::nullopt;
    }

    const test::ScratchDirectory scratch;
    std::shared_ptr<SimpleCard> card = std::make_shared<SimpleCard>();
    reader::Reader own{place()};
    bool stop = false;
    VpcdCard served{own.slot(), [this] { return stop; }};
};

TEST_F(VpcdCardTest, TellsItsAtrBeforeAndAfterPower) {
    ASSERT_TRUE(served.meet());
    EXPECT_FALSE(served.powered());
    EXPECT_EQ(to_hex(ask(Kind::get_atr).value()), to_hex(card->atr));
    EXPECT_EQ(card->power_ons, 1);
    EXPECT_FALSE(ask(Kind::power_on));
    EXPECT_TRUE(served.powered());
    EXPECT_EQ(to_hex(ask(Kind::get_atr).value()), to_hex(card->atr));
    EXPECT_FALSE(ask(Kind::power_off));
    EXPECT_EQ(to_hex(ask(Kind::get_atr).value()), to_hex(card->atr));
}

TEST_F(VpcdCardTest, EachPowerOnAndResetMakesTheCardForget) {
    ASSERT_TRUE(served.meet());
    ask(Kind::power_on);
    for (const Kind again : {Kind::power_on, Kind::reset}) {
        EXPECT_EQ(send(set_state), "9000");
        EXPECT_EQ(send(read_state), "429000");
        const int before = card->power_ons;
        EXPECT_FALSE(ask(again));
        EXPECT_EQ(card->power_ons, before + 1);
        EXPECT_EQ(send(read_state), "009000");
    }
    send(set_state);
    ask(Kind::power_off);
    ask(Kind::power_on);
    EXPECT_EQ(send(read_state), "009000");
}

TEST_F(VpcdCardTest, AResetWithoutPowerIsAPowerOn) {
    ASSERT_TRUE(served.meet());
    ask(Kind::reset);
    EXPECT_TRUE(served.powered());
    EXPECT_EQ(send(read_state), "009000");
}

TEST_F(VpcdCardTest, WithoutPowerTheCardDoesNothing) {
    ASSERT_TRUE(served.meet());
    EXPECT_EQ(send(set_state), "6F00");
    EXPECT_EQ(card->commands, 0);
    ask(Kind::power_on);
    ask(Kind::power_off);
    EXPECT_EQ(send(set_state), "6F00");
    EXPECT_FALSE(ask(Kind::power_off));
}

TEST_F(VpcdCardTest, ACommandThatNoReaderCarriesIsOfWrongLength) {
    ASSERT_TRUE(served.meet());
    ask(Kind::power_on);
    EXPECT_EQ(send(Bytes{0x00, 0xA4}), "6700");
    EXPECT_EQ(send(Bytes{0x00, 0xA4, 0x04}), "6700");
    EXPECT_EQ(card->commands, 0);
}

TEST_F(VpcdCardTest, CarriesTheLongestCommandAndRefusesAnAnswerThatIsTooLong) {
    ASSERT_TRUE(served.meet());
    ask(Kind::power_on);
    Bytes longest(reader::vpcd_longest, 0x11);
    EXPECT_EQ(send(longest), "6F00") << "the echo with its status word is two bytes too long";
    EXPECT_EQ(card->last_command, longest);
    longest.resize(reader::vpcd_longest - 2);
    EXPECT_EQ(ask(Kind::apdu, longest).value().size(), reader::vpcd_longest);
}

TEST_F(VpcdCardTest, TheLeaseLastsFromPowerOnToPowerOff) {
    ASSERT_TRUE(served.meet());
    const auto free = [&] {
        std::optional<Error::Kind> kind;
        std::thread([&] {
            try {
                own.slot().acquire(Deadline::after(Milliseconds(50)));
            } catch (const Error& error) {
                kind = error.kind();
            }
        }).join();
        return !kind;
    };
    EXPECT_TRUE(free());
    ask(Kind::power_on);
    EXPECT_FALSE(free());
    ask(Kind::reset);
    send(set_state);
    EXPECT_FALSE(free());
    ask(Kind::power_off);
    EXPECT_TRUE(free());
}

TEST_F(VpcdCardTest, TheNextProgramMeetsAResetCardAndDropsWhatItRemembers) {
    reader::Reader other(place());
    other.slot().acquire(Deadline::after(Milliseconds(500)));
    ASSERT_TRUE(served.meet());
    EXPECT_FALSE(other.slot().acquire(Deadline::after(Milliseconds(500)))->others_wrote());
    ask(Kind::power_on);
    ask(Kind::power_off);
    EXPECT_FALSE(other.slot().others_wrote()) << "power alone changes nothing";
    ask(Kind::power_on);
    send(set_state);
    EXPECT_TRUE(other.slot().others_wrote()) << "told with the first command already";
    ask(Kind::power_off);
    const auto lease = other.slot().acquire(Deadline::after(Milliseconds(500)));
    EXPECT_TRUE(lease->others_wrote());
    EXPECT_EQ(lease->continuity(), Continuity::reset);
    EXPECT_EQ(to_hex(other.slot().transmit(read_state, Milliseconds(1000))), "009000");
}

TEST_F(VpcdCardTest, ACardThatIsPulledEndsTheService) {
    ASSERT_TRUE(served.meet());
    card->inserted = false;
    EXPECT_EQ(error_of(Kind::get_atr), Error::Kind::no_card);
    EXPECT_EQ(error_of(Kind::power_on), Error::Kind::no_card);
    card->inserted = true;
    ask(Kind::power_on);
    card->inserted = false;
    EXPECT_EQ(error_of(Kind::apdu, read_state), Error::Kind::no_card);
    EXPECT_EQ(error_of(Kind::get_atr), Error::Kind::no_card);
}

TEST_F(VpcdCardTest, ACardThatWasNeverThereCannotBeMet) {
    card->inserted = false;
    EXPECT_THROW(served.meet(), Error);
    EXPECT_FALSE(served.powered());
}

TEST_F(VpcdCardTest, AWaitForTheCardEndsWithTheSignal) {
    const auto lease = own.slot().acquire(Deadline::after(Milliseconds(500)));
    std::atomic<bool> interrupted{false};
    VpcdCard waiting(own.slot(), [&interrupted] { return interrupted.load(); });
    std::thread waits([&waiting] { EXPECT_FALSE(waiting.meet()); });
    interrupted = true;
    waits.join();
    stop = true;
    EXPECT_FALSE(served.meet());
    EXPECT_FALSE(ask(Kind::power_on));
    EXPECT_FALSE(served.powered());
}

}  // namespace

}  // namespace jeton::tool
