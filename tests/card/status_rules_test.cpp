// What a profile says of status words: what the application is told, and what is done first.
#include <gtest/gtest.h>

#include "card/support/card_fixture.hpp"

namespace jeton::card {
namespace {

constexpr Byte ins_verify = 0x20;
constexpr Byte ins_general_authenticate = 0x87;

class StatusRules : public SoftCardTest {
  protected:
    /// start has a card with a key in 9a, whose next command with |instruction| is answered |status|.
    void start(const std::string& rules, Byte instruction = ins_general_authenticate,
               std::uint16_t status = 0x6985) {
        insert_with(rules);
        m_card->begin().login(PinRole::so, view_of(management_key));
        generate("9a");
        m_card->begin().logout();
        login();
        m_link->intercept = [this, instruction, status](View command) -> std::optional<Bytes> {
            if (command[1] != instruction || m_refusals == 0) {
                return std::nullopt;
            }
            --m_refusals;
            return Bytes{static_cast<Byte>(status >> 8), static_cast<Byte>(status)};
        };
    }

    void insert_with(const std::string& rules) {
        insert(from_hex(management_key).value(),
               R"({"schemaVersion": "1.0", "patch": "piv", "status": [)" + rules + "]}");
    }

    std::size_t m_refusals = 1;
};

TEST_F(StatusRules, WithoutAnyTheRefusalStands) {
    start("");
    const Error error = error_of([&] { sign("9a"); });
    EXPECT_EQ(error.status(), sw::conditions_of_use);
    EXPECT_EQ(error.meaning(), std::nullopt);
}

TEST_F(StatusRules, GiveARefusalAnotherMeaning) {
    start(R"({"sw": "6985", "on": "sign", "rv": "CKR_FUNCTION_CANCELED"})");
    const Error error = error_of([&] { sign("9a"); });
    EXPECT_EQ(error.status(), sw::conditions_of_use);
    EXPECT_EQ(error.meaning(), 0x50U);
}

TEST_F(StatusRules, TheFirstThatFitsCounts) {
    start(R"({"sw": "6985", "on": "decipher", "rv": "CKR_FUNCTION_CANCELED"},
             {"sw": "698x", "rv": "CKR_DEVICE_ERROR"}, {"sw": "6985", "rv": "CKR_FUNCTION_FAILED"})");
    EXPECT_EQ(error_of([&] { sign("9a"); }).meaning(), 0x30U);
}

TEST_F(StatusRules, DoNotFitOtherStatusWords) {
    start(R"({"sw": "698x", "rv": "CKR_DEVICE_ERROR"})", ins_general_authenticate, 0x6A80);
    EXPECT_EQ(error_of([&] { sign("9a"); }).meaning(), std::nullopt);
}

TEST_F(StatusRules, RepeatACommandOnce) {
    start(R"({"sw": "6985", "on": "sign", "action": "retry-once"})");
    EXPECT_EQ(commands([&] { EXPECT_EQ(sign("9a").size(), 64U); }), "87 87");
    m_refusals = 2;
    EXPECT_EQ(commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).status(), sw::conditions_of_use); }),
              "87 87");
}

TEST_F(StatusRules, VerifyThePinAgain) {
    start(R"({"sw": "6985", "on": "sign", "action": "relogin"})");
    EXPECT_EQ(commands([&] { EXPECT_EQ(sign("9a").size(), 64U); }), "87 20 87");
}

TEST_F(StatusRules, SelectTheApplicationAgain) {
    start(R"({"sw": "6985", "action": "reselect"})");
    const std::string sent = commands([&] { EXPECT_EQ(sign("9a").size(), 64U); });
    EXPECT_EQ(sent.substr(0, 5), "87 A4");
    EXPECT_EQ(sent.substr(sent.size() - 2), "87");
}

TEST_F(StatusRules, NeverRepeatAPin) {
    for (const char* action : {"retry-once", "relogin", "reselect"}) {
        start(std::string(R"({"sw": "6985", "action": ")") + action + R"("})", ins_verify);
        m_card->begin().logout();
        m_refusals = 1;
        const std::size_t before = m_link->sent.size();
        error_of([&] { login(); });
        EXPECT_EQ(
            std::count_if(m_link->sent.begin() + static_cast<std::ptrdiff_t>(before), m_link->sent.end(),
                          [](const Bytes& command) { return command[1] == ins_verify; }),
            1)
            << action;
        std::filesystem::remove(m_file);
    }
}

}  // namespace
}  // namespace jeton::card
