#include "reader/fault_plan.hpp"

#include <gtest/gtest.h>

namespace jeton::reader {

namespace {

using Kind = Fault::Kind;

struct GoodLine {
    const char* line;
    Kind kind;
    std::uint32_t message;
    std::optional<std::uint32_t> value;
    const char* card;
};

const GoodLine good_lines[] = {
    {"pull 3", Kind::pull, 3, std::nullopt, ""},
    {"swap 1 /tmp/other card.softcard", Kind::swap, 1, std::nullopt, "/tmp/other card.softcard"},
    {"unplug 1000000", Kind::unplug, 1000000, std::nullopt, ""},
    {"corrupt 2", Kind::corrupt, 2, std::nullopt, ""},
    {"corrupt 2 0", Kind::corrupt, 2, 0, ""},
    {"cut 4", Kind::cut, 4, std::nullopt, ""},
    {"cut 4 65554", Kind::cut, 4, 65554, ""},
    {"double 5", Kind::twice, 5, std::nullopt, ""},
    {"delay 2 1500", Kind::delay, 2, 1500, ""},
    {"never 7", Kind::never, 7, std::nullopt, ""},
    {"error 1 FE", Kind::error, 1, 0xFE, ""},
    {"error 1 00", Kind::error, 1, 0, ""},
    {"status 9 6a82", Kind::status, 9, 0x6A82, ""},
};

TEST(FaultPlan, EachFaultHasALine) {
    for (const GoodLine& expected : good_lines) {
        const auto parsed = parse_fault_plan(expected.line);
        ASSERT_TRUE(std::holds_alternative<FaultPlan>(parsed)) << expected.line;
        const FaultPlan& plan = std::get<FaultPlan>(parsed);
        ASSERT_EQ(plan.size(), 1U) << expected.line;
        EXPECT_EQ(plan[0].kind, expected.kind) << expected.line;
        EXPECT_EQ(plan[0].message, expected.message) << expected.line;
        EXPECT_EQ(plan[0].value, expected.value) << expected.line;
        EXPECT_EQ(plan[0].card, expected.card) << expected.line;
        EXPECT_EQ(plan[0].text, expected.line);
    }
}

TEST(FaultPlan, SeveralLinesAreSeveralFaultsAndNothingIsNone) {
    const auto several = parse_fault_plan("double 1\n\nnever 2\n");
    EXPECT_EQ(std::get<FaultPlan>(several).size(), 2U);
    EXPECT_TRUE(std::get<FaultPlan>(parse_fault_plan("")).empty());
    EXPECT_TRUE(std::get<FaultPlan>(parse_fault_plan("\n\n")).empty());
}

struct BadPlan {
    std::string text;
    std::size_t line;
    const char* expected;
};

const BadPlan bad_plans[] = {
    {"push 1", 1, "pull, swap"},
    {"pull", 1, "the number of a message"},
    {"pull 0", 1, "the number of a message"},
    {"pull 1000001", 1, "the number of a message"},
    {"pull 99999999999999999999", 1, "the number of a message"},
    {"pull -1", 1, "the number of a message"},
    {"pull +1", 1, "the number of a message"},
    {"pull 1x", 1, "the number of a message"},
    {"pull  1", 1, "the number of a message"},
    {" pull 1", 1, "pull, swap"},
    {"pull 1 ", 1, "nothing behind"},
    {"pull 1 2", 1, "nothing behind"},
    {"pull 1\r\n", 1, "printable"},
    {"pull\t1", 1, "printable"},
    {"swap 1", 1, "absolute path"},
    {"swap 1 other.softcard", 1, "absolute path"},
    {"corrupt 1 65555", 1, "offset"},
    {"cut 1 x", 1, "length"},
    {"delay 1", 1, "milliseconds"},
    {"delay 1 0", 1, "milliseconds"},
    {"delay 1 600001", 1, "milliseconds"},
    {"error 1", 1, "bError"},
    {"error 1 F", 1, "bError"},
    {"error 1 0xF", 1, "bError"},
    {"error 1 FEFE", 1, "bError"},
    {"status 1 6A", 1, "status word"},
    {"status 1 6A8G", 1, "status word"},
    {"double 1\nnever 1", 2, "one for a message"},
    {"double 1\n\nsoon 2", 3, "pull, swap"},
    {std::string("pull 1\0", 7), 1, "printable"},
    {std::string(longest_fault_plan + 1, '\n'), 1, "bytes"},
};

TEST(FaultPlan, AMistakeSpoilsAllOfItAndIsToldWithItsLine) {
    for (const BadPlan& bad : bad_plans) {
        const auto parsed = parse_fault_plan(bad.text);
        ASSERT_TRUE(std::holds_alternative<FaultMistake>(parsed)) << bad.text.substr(0, 80);
        const FaultMistake& mistake = std::get<FaultMistake>(parsed);
        EXPECT_EQ(mistake.line, bad.line) << bad.text.substr(0, 80);
        EXPECT_NE(mistake.expected.find(bad.expected), std::string::npos)
            << bad.text.substr(0, 80) << ": " << mistake.expected;
    }
}

TEST(FaultPlan, ThirtyTwoFaultsAreTheMost) {
    std::string text;
    for (int i = 1; i <= 32; ++i) {
        text += "never " + std::to_string(i) + "\n";
    }
    EXPECT_EQ(std::get<FaultPlan>(parse_fault_plan(text)).size(), 32U);
    EXPECT_TRUE(std::holds_alternative<FaultMistake>(parse_fault_plan(text + "never 33")));
}

}  // namespace

}  // namespace jeton::reader
