#include <gtest/gtest.h>
#include <system_error>
#include <vector>

#include "softcard/card_json.hpp"
#include "softcard/card_under_test.hpp"

namespace jeton::softcard {
namespace {

constexpr std::string_view right_pin = "0020008008313233343536FFFF";
constexpr std::string_view wrong_pin = "0020008008323232323232FFFF";
constexpr std::string_view pin_status = "00200080";

unsigned pin_tries_in(View text) {
    const auto card = read_card(text);
    EXPECT_TRUE(std::holds_alternative<CardState>(card));
    return std::get<CardState>(card).piv->pins.at(application_pin).tries;
}

TEST(Pins, CounterSurvivesPowerCyclesAndProcesses) {
    const auto medium = new_medium();
    {
        CardUnderTest card(medium);
        EXPECT_EQ(card.send(wrong_pin).status, 0x63C2U);
        card.restart();
        EXPECT_EQ(card.send(pin_status).status, 0x63C2U);
    }
    CardUnderTest again(medium);
    EXPECT_EQ(again.send(wrong_pin).status, 0x63C1U);
    again.restart();
    EXPECT_EQ(again.send(wrong_pin).status, 0x63C0U);
    again.restart();
    EXPECT_EQ(again.send(right_pin).status, 0x6983U);
}

TEST(Pins, VerificationEndsWithPower) {
    CardUnderTest card;
    card.verify();
    EXPECT_EQ(card.send(pin_status).status, 0x9000U);
    card.restart();
    EXPECT_EQ(card.send(pin_status).status, 0x63C3U);
}

TEST(Pins, TryIsWrittenBeforeTheComparison) {
    CardUnderTest card;
    std::vector<unsigned> written;
    card.before_write([&](View content) { written.push_back(pin_tries_in(content)); });
    EXPECT_EQ(card.send(right_pin).status, 0x9000U);
    EXPECT_EQ(written, (std::vector<unsigned>{2, 3}));
    written.clear();
    EXPECT_EQ(card.send(wrong_pin).status, 0x63C2U);
    EXPECT_EQ(written, (std::vector<unsigned>{2}));
}

TEST(Pins, CrashAfterTheComparisonCostsTheTry) {
    CardUnderTest card;
    int writes = 0;
    card.before_write([&](View) {
        if (++writes == 2) {
            throw std::system_error(ENOSPC, std::generic_category());
        }
    });
    EXPECT_EQ(card.send(right_pin).status, 0x6581U);
    EXPECT_EQ(card.send(pin_status).status, 0x63C2U);
    CardUnderTest next_process(std::make_shared<Medium>(card.medium()));
    EXPECT_EQ(next_process.send(pin_status).status, 0x63C2U);
}

TEST(Pins, NothingIsComparedWhenTheTryCannotBeWritten) {
    CardUnderTest card;
    card.before_write([](View) { throw std::system_error(EROFS, std::generic_category()); });
    for (const std::string_view command :
         {right_pin, wrong_pin, std::string_view("0024008010313233343536FFFF363534333231FFFF"),
          std::string_view("002C0080103132333435363738313233343536FFFF")}) {
        EXPECT_EQ(card.send(command).status, 0x6581U) << command;
    }
    EXPECT_EQ(card.send(pin_status).status, 0x63C3U);
    card.before_write({});
    EXPECT_EQ(card.send(right_pin).status, 0x9000U);
}

TEST(Pins, MalformedPinsWriteNothing) {
    CardUnderTest card;
    card.before_write([](View) { FAIL() << "nothing is to be written"; });
    EXPECT_EQ(card.send("0020008006313233343536").status, 0x6A80U);
    EXPECT_EQ(card.send(pin_status).status, 0x63C3U);
    EXPECT_EQ(card.send("0020FF80").status, 0x9000U);
}

TEST(Pins, EightCharactersNeedNoPadding) {
    CreateOptions options = fixed_options();
    options.pin = "aB !~345";
    CardUnderTest card(new_medium(options));
    EXPECT_EQ(card.send("00200080086142 20217E333435").status, 0x9000U);
}

}  // namespace
}  // namespace jeton::softcard
