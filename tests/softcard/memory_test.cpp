// What a card keeps, and how several processes share it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "softcard/card_json.hpp"
#include "softcard/card_under_test.hpp"

namespace jeton::softcard {
namespace {

Json json_of(const Medium& medium) {
    return std::get<Json>(parse_json(*medium.bytes, JsonLimits::large));
}

void put(Medium& medium, const std::string& text) {
    medium.bytes = to_secret(view_of(text));
    ++medium.writes;
}

TEST(CardMemory, TextAndStateAreTheSame) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9A, 0x11);
    card.generate(0x95, 0x14, "AA0103 AB0102");
    card.generate(0x9E, 0xE1);
    const auto read = read_card(*card.medium().bytes);
    ASSERT_TRUE(std::holds_alternative<CardState>(read));
    const auto& state = std::get<CardState>(read);
    EXPECT_EQ(state.keys.size(), 4U) << "with the attestation key";
    EXPECT_EQ(state.keys.at(0x95).pin_policy, PinPolicy::always);
    EXPECT_EQ(state.keys.at(0x95).touch_policy, TouchPolicy::always);
    EXPECT_EQ(write_card(state), *card.medium().bytes);
}

TEST(CardMemory, TwoProcessesSeeEachOthersChanges) {
    const auto medium = new_medium();
    CardUnderTest one(medium);
    CardUnderTest other(medium);
    one.become_administrator();
    one.generate(0x9E, 0x11);
    EXPECT_EQ(other.authenticate(0x11, 0x9E, 0x81, hex("01")).status, 0x9000U);
    EXPECT_EQ(other.send("0020008008323232323232FFFF").status, 0x63C2U);
    EXPECT_EQ(one.send("00200080").status, 0x63C2U);
    EXPECT_EQ(one.send("00DB3FFF085C035FC1055301AA").status, 0x9000U)
        << "the administrator stays in his process";
    EXPECT_EQ(other.send("00DB3FFF085C035FC1055301AA").status, 0x6982U);
    EXPECT_EQ(other.send("00CB3FFF055C035FC10500"), (Answer{hex("5301AA"), 0x9000}));
}

TEST(CardMemory, AnExchangedCardAnswersNothingUntilPowerOn) {
    CardUnderTest card;
    card.verify();
    put(card.medium(), to_text(*new_medium()->bytes));
    EXPECT_EQ(card.send("00200080").status, 0x6F00U);
    EXPECT_EQ(card.send("00200080").status, 0x6F00U);
    card.restart();
    EXPECT_EQ(card.send("00200080").status, 0x63C3U);
}

TEST(CardMemory, ARemovedCardIsAbsent) {
    CardUnderTest card;
    EXPECT_TRUE(card.card().present());
    card.medium().bytes.reset();
    EXPECT_FALSE(card.card().present());
    EXPECT_EQ(card.send("00200080").status, 0x6F00U);
    EXPECT_TRUE(card.card().power_on().empty());
}

TEST(CardMemory, AForkedChildNeedsPowerOnAndLosesNothing) {
    CardUnderTest card;
    const Bytes text = to_bytes(*card.medium().bytes);  // secret memory is empty in the child
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        const bool untouched = card.send("0020008008313233343536FFFF").status == 0x6F00;
        card.medium().bytes = to_secret(text);
        const bool works = !card.card().power_on().empty() &&
                           card.send("00A4040005A000000308").status == 0x9000 &&
                           card.send("0020008008313233343536FFFF").status == 0x9000;
        _exit(untouched && works ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    card.verify();
}

TEST(CardMemory, WithoutPowerNothingIsAnswered) {
    CardUnderTest card;
    card.card().power_off();
    EXPECT_EQ(card.send("00200080").status, 0x6F00U);
}

struct Damage {
    const char* pointer;     ///< where something is put
    const char* value;       ///< JSON; empty removes the member
    const char* told_about;  ///< the pointer in the error
};

constexpr Damage damages[] = {
    {"/format", R"("another")", "/format"},
    {"/version", "0", "/version"},
    {"/version", "1", "/version"},
    {"/version", "3", "/version"},
    {"/version", "", ""},
    {"/serial", R"("0011")", "/serial"},
    {"/serial", "7", "/serial"},
    {"/sealing_key", R"("0011")", "/sealing_key"},
    {"/sealing_key", "", ""},
    {"/pin", "[]", "/pin"},
    {"/pin", "", ""},
    {"/puk", "", ""},
    {"/global_pin", "{}", "/global_pin"},
    {"/pin/tries", "4", "/pin/tries"},
    {"/pin/tries", "-1", "/pin/tries"},
    {"/pin/tries", "1.5", "/pin/tries"},
    {"/pin/tries", R"("3")", "/pin/tries"},
    {"/pin/most_tries", "0", "/pin/most_tries"},
    {"/pin/most_tries", "256", "/pin/most_tries"},
    {"/pin/most_tries", "2", "/pin/tries"},
    {"/pin/salt", R"("00112233445566778899AABBCCDDEE")", "/pin/salt"},
    {"/pin/iterations", "0", "/pin/iterations"},
    {"/pin/iterations", "1000001", "/pin/iterations"},
    {"/pin/sealing_key", R"("31323334353637")", "/pin/sealing_key"},
    {"/pin/sealing_key", R"("zz")", "/pin/sealing_key"},
    {"/pin/factory_value", "1", "/pin/factory_value"},
    {"/puk/salt", "null", "/puk/salt"},
    {"/puk/more", "1", "/puk"},
    {"/management_key", R"("00112233445566778899AABBCCDDEEFF")", "/management_key"},
    {"/management_key/algorithm", "0", "/management_key/algorithm"},
    {"/management_key/algorithm", "9", "/management_key/algorithm"},
    {"/management_key/algorithm", "8", "/management_key/value"},
    {"/management_key/algorithm", "12", "/management_key/value"},
    {"/management_key/touch_policy", "0", "/management_key/touch_policy"},
    {"/management_key/touch_policy", "4", "/management_key/touch_policy"},
    {"/management_key/value", R"("")", "/management_key/value"},
    {"/management_key/more", "1", "/management_key"},
    {"/keys", "[]", "/keys"},
    {"/keys/9b", "{}", "/keys/9b"},
    {"/keys/9A", "{}", "/keys/9A"},
    {"/keys/19a", "{}", "/keys/19a"},
    {"/keys/9a/algorithm", "8", "/keys/9a/algorithm"},
    {"/keys/9a/algorithm", "20", "/keys/9a/public_key"},
    {"/keys/9a/algorithm", "7", "/keys/9a/public_key"},
    {"/keys/9a/algorithm", "224", "/keys/9a/public_key"},
    {"/keys/9a/pin_policy", "0", "/keys/9a/pin_policy"},
    {"/keys/9a/pin_policy", "4", "/keys/9a/pin_policy"},
    {"/keys/9a/pin_policy", "1", "/keys/9a"},
    {"/keys/9a/touch_policy", "0", "/keys/9a/touch_policy"},
    {"/keys/9a/touch_policy", "4", "/keys/9a/touch_policy"},
    {"/keys/9a/origin", "3", "/keys/9a/origin"},
    {"/keys/9a/origin", "", "/keys/9a"},
    {"/keys/9a/public_key", R"("3000")", "/keys/9a/public_key"},
    {"/keys/9a/public_key", "", "/keys/9a"},
    {"/keys/9a/made_for", "256", "/keys/9a/made_for"},
    {"/keys/9a/made_for", "", "/keys/9a"},
    {"/keys/9a/sealed_key", R"("00")", "/keys/9a/sealed_key"},
    {"/keys/9a/sealed_key", "", "/keys/9a"},
    {"/keys/9a/private_key", R"("00")", "/keys/9a"},
    {"/keys/9e/pin_policy", "2", "/keys/9e"},
    {"/keys/9e/private_key", R"("3000")", "/keys/9e/private_key"},
    {"/keys/9e/private_key", "", "/keys/9e"},
    {"/keys/9e/sealed_key", R"("00")", "/keys/9e"},
    {"/keys/f9/pin_policy", "2", "/keys/f9"},
    {"/objects/5fc1ff", R"("AA")", "/objects/5fc1ff"},
    {"/objects/5fc105", R"("")", "/objects/5fc105"},
    {"/objects/5fc105", "{}", "/objects/5fc105"},
    {"/objects/x", R"("AA")", "/objects/x"},
    {"/more", "1", ""},
};

TEST(CardMemory, EveryDamageIsFoundAndTold) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9A, 0x11);
    card.generate(0x9E, 0x11);
    const Json whole = json_of(card.medium());
    for (const Damage& damage : damages) {
        SCOPED_TRACE(std::string(damage.pointer) + " " + damage.value);
        Json broken = whole;
        const Json::json_pointer place(damage.pointer);
        if (*damage.value == '\0') {
            broken[place.parent_pointer()].erase(place.back());
        } else {
            broken[place] = Json::parse(damage.value);
        }
        const auto read = read_card(view_of(broken.dump()));
        ASSERT_TRUE(std::holds_alternative<JsonError>(read));
        EXPECT_EQ(std::get<JsonError>(read).pointer, damage.told_about);
        put(card.medium(), broken.dump());
        EXPECT_FALSE(card.card().present());
        EXPECT_TRUE(card.card().power_on().empty());
        EXPECT_EQ(card.send("00A4040005A000000308").status, 0x6F00U);
    }
    put(card.medium(), whole.dump());
    EXPECT_TRUE(card.card().present());
    card.restart();
}

TEST(CardMemory, TextThatIsNoJsonIsRefused) {
    for (const std::string& text : {std::string(), std::string("{"), std::string("[]"), std::string("{}"),
                                    std::string(R"({"format":"jeton software card","format":"x"})"),
                                    std::string(1000, '['), std::string("\xFF\xFE\0", 3)}) {
        EXPECT_TRUE(std::holds_alternative<JsonError>(read_card(view_of(text))));
    }
}

TEST(CardMemory, AKeyOfAnotherPublicKeyIsFound) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9E, 0x11);
    Json broken = json_of(card.medium());
    broken["keys"]["9e"]["public_key"] = broken["keys"]["f9"]["public_key"];
    const auto read = read_card(view_of(broken.dump()));
    ASSERT_TRUE(std::holds_alternative<JsonError>(read));
    EXPECT_EQ(std::get<JsonError>(read).pointer, "/keys/9e/private_key");
}

TEST(CardMemory, AnAttestationKeyThatThePinGuardsIsRefused) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9A, 0x11);
    Json broken = json_of(card.medium());
    broken["keys"]["f9"] = broken["keys"]["9a"];
    const auto read = read_card(view_of(broken.dump()));
    ASSERT_TRUE(std::holds_alternative<JsonError>(read));
    EXPECT_EQ(std::get<JsonError>(read).pointer, "/keys/f9/pin_policy");
}

TEST(CardMemory, ACardOfVersion1IsRefusedWithAdvice) {
    const auto read = read_card(view_of(
        R"({"format": "jeton software card", "version": 1, "serial": "00112233",
            "pin": {"block": "313233343536FFFF", "tries": 3}})"));
    ASSERT_TRUE(std::holds_alternative<JsonError>(read));
    const auto& error = std::get<JsonError>(read);
    EXPECT_EQ(error.pointer, "/version");
    EXPECT_NE(error.found.find("jeton softcard create"), std::string::npos) << error.found;
}

TEST(CardMemory, ErrorsQuoteNoSecret) {
    CardUnderTest card;
    Json broken = json_of(card.medium());
    for (const char* pointer : {"/management_key/value", "/keys/f9/private_key", "/pin/sealing_key"}) {
        Json changed = broken;
        changed[Json::json_pointer(pointer)] = "3132333435363738FF";
        const auto read = read_card(view_of(changed.dump()));
        ASSERT_TRUE(std::holds_alternative<JsonError>(read));
        const auto& error = std::get<JsonError>(read);
        EXPECT_EQ((error.expected + error.found).find("313233"), std::string::npos);
    }
}

}  // namespace
}  // namespace jeton::softcard
