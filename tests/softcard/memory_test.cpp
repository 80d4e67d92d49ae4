// What a card keeps, and how several processes share it.
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>
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
    const auto& card_state = std::get<CardState>(read);
    const PivState& state = card_state.piv.value();
    EXPECT_EQ(state.keys.size(), 4U) << "with the attestation key";
    EXPECT_EQ(state.keys.at(0x95).pin_policy, PinPolicy::always);
    EXPECT_EQ(state.keys.at(0x95).touch_policy, TouchPolicy::always);
    EXPECT_EQ(write_card(card_state), *card.medium().bytes);
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
    {"/version", "4", "/version"},
    {"/version", "", ""},
    {"/serial", R"("0011")", "/serial"},
    {"/serial", "7", "/serial"},
    {"/applications/piv/sealing_key", R"("0011")", "/applications/piv/sealing_key"},
    {"/applications/piv/sealing_key", "", "/applications/piv"},
    {"/applications/piv/pin", "[]", "/applications/piv/pin"},
    {"/applications/piv/pin", "", "/applications/piv"},
    {"/applications/piv/puk", "", "/applications/piv"},
    {"/applications/piv/global_pin", "{}", "/applications/piv/global_pin"},
    {"/applications/piv/pin/tries", "4", "/applications/piv/pin/tries"},
    {"/applications/piv/pin/tries", "-1", "/applications/piv/pin/tries"},
    {"/applications/piv/pin/tries", "1.5", "/applications/piv/pin/tries"},
    {"/applications/piv/pin/tries", R"("3")", "/applications/piv/pin/tries"},
    {"/applications/piv/pin/most_tries", "0", "/applications/piv/pin/most_tries"},
    {"/applications/piv/pin/most_tries", "256", "/applications/piv/pin/most_tries"},
    {"/applications/piv/pin/most_tries", "2", "/applications/piv/pin/tries"},
    {"/applications/piv/pin/salt", R"("00112233445566778899AABBCCDDEE")", "/applications/piv/pin/salt"},
    {"/applications/piv/pin/iterations", "0", "/applications/piv/pin/iterations"},
    {"/applications/piv/pin/iterations", "1000001", "/applications/piv/pin/iterations"},
    {"/applications/piv/pin/sealing_key", R"("31323334353637")", "/applications/piv/pin/sealing_key"},
    {"/applications/piv/pin/sealing_key", R"("zz")", "/applications/piv/pin/sealing_key"},
    {"/applications/piv/pin/factory_value", "1", "/applications/piv/pin/factory_value"},
    {"/applications/piv/puk/salt", "null", "/applications/piv/puk/salt"},
    {"/applications/piv/puk/more", "1", "/applications/piv/puk"},
    {"/applications/piv/management_key", R"("00112233445566778899AABBCCDDEEFF")",
     "/applications/piv/management_key"},
    {"/applications/piv/management_key/algorithm", "0", "/applications/piv/management_key/algorithm"},
    {"/applications/piv/management_key/algorithm", "9", "/applications/piv/management_key/algorithm"},
    {"/applications/piv/management_key/algorithm", "8", "/applications/piv/management_key/value"},
    {"/applications/piv/management_key/algorithm", "12", "/applications/piv/management_key/value"},
    {"/applications/piv/management_key/touch_policy", "0", "/applications/piv/management_key/touch_policy"},
    {"/applications/piv/management_key/touch_policy", "4", "/applications/piv/management_key/touch_policy"},
    {"/applications/piv/management_key/value", R"("")", "/applications/piv/management_key/value"},
    {"/applications/piv/management_key/more", "1", "/applications/piv/management_key"},
    {"/applications/piv/keys", "[]", "/applications/piv/keys"},
    {"/applications/piv/keys/9b", "{}", "/applications/piv/keys/9b"},
    {"/applications/piv/keys/9A", "{}", "/applications/piv/keys/9A"},
    {"/applications/piv/keys/19a", "{}", "/applications/piv/keys/19a"},
    {"/applications/piv/keys/9a/algorithm", "8", "/applications/piv/keys/9a/algorithm"},
    {"/applications/piv/keys/9a/algorithm", "20", "/applications/piv/keys/9a/public_key"},
    {"/applications/piv/keys/9a/algorithm", "7", "/applications/piv/keys/9a/public_key"},
    {"/applications/piv/keys/9a/algorithm", "224", "/applications/piv/keys/9a/public_key"},
    {"/applications/piv/keys/9a/pin_policy", "0", "/applications/piv/keys/9a/pin_policy"},
    {"/applications/piv/keys/9a/pin_policy", "4", "/applications/piv/keys/9a/pin_policy"},
    {"/applications/piv/keys/9a/pin_policy", "1", "/applications/piv/keys/9a"},
    {"/applications/piv/keys/9a/touch_policy", "0", "/applications/piv/keys/9a/touch_policy"},
    {"/applications/piv/keys/9a/touch_policy", "4", "/applications/piv/keys/9a/touch_policy"},
    {"/applications/piv/keys/9a/origin", "3", "/applications/piv/keys/9a/origin"},
    {"/applications/piv/keys/9a/origin", "", "/applications/piv/keys/9a"},
    {"/applications/piv/keys/9a/public_key", R"("3000")", "/applications/piv/keys/9a/public_key"},
    {"/applications/piv/keys/9a/public_key", "", "/applications/piv/keys/9a"},
    {"/applications/piv/keys/9a/made_for", "256", "/applications/piv/keys/9a/made_for"},
    {"/applications/piv/keys/9a/made_for", "", "/applications/piv/keys/9a"},
    {"/applications/piv/keys/9a/sealed_key", R"("00")", "/applications/piv/keys/9a/sealed_key"},
    {"/applications/piv/keys/9a/sealed_key", "", "/applications/piv/keys/9a"},
    {"/applications/piv/keys/9a/private_key", R"("00")", "/applications/piv/keys/9a"},
    {"/applications/piv/keys/9e/pin_policy", "2", "/applications/piv/keys/9e"},
    {"/applications/piv/keys/9e/private_key", R"("3000")", "/applications/piv/keys/9e/private_key"},
    {"/applications/piv/keys/9e/private_key", "", "/applications/piv/keys/9e"},
    {"/applications/piv/keys/9e/sealed_key", R"("00")", "/applications/piv/keys/9e"},
    {"/applications/piv/keys/f9/pin_policy", "2", "/applications/piv/keys/f9"},
    {"/applications/piv/objects/5fc1ff", R"("AA")", "/applications/piv/objects/5fc1ff"},
    {"/applications/piv/objects/5fc105", R"("")", "/applications/piv/objects/5fc105"},
    {"/applications/piv/objects/5fc105", "{}", "/applications/piv/objects/5fc105"},
    {"/applications/piv/objects/x", R"("AA")", "/applications/piv/objects/x"},
    {"/applications", "", ""},
    {"/applications", "[]", "/applications"},
    {"/applications/other", "{}", "/applications/other"},
    {"/applications/piv", "[]", "/applications/piv"},
    {"/applications/piv/more", "1", "/applications/piv"},
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

TEST(CardMemory, KnownKeysAreSharedAndStillChecked) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9E, 0x11);
    const auto first = std::get<CardState>(read_card(*card.medium().bytes));
    const auto again = std::get<CardState>(read_card(*card.medium().bytes, &first));
    EXPECT_EQ(again.piv->keys, first.piv->keys) << "clear keys are compared by identity";
    Json changed = json_of(card.medium());
    changed["applications"]["piv"]["keys"]["9e"] = changed["applications"]["piv"]["keys"]["f9"];
    const auto other = std::get<CardState>(read_card(view_of(changed.dump()), &first));
    EXPECT_EQ(other.piv->keys.at(0x9E).public_key, first.piv->keys.at(0xF9).public_key);
    EXPECT_NE(other.piv->keys.at(0x9E), first.piv->keys.at(0x9E));
    changed["applications"]["piv"]["keys"]["9e"]["private_key"] =
        json_of(card.medium())["applications"]["piv"]["keys"]["9e"]["private_key"];
    EXPECT_TRUE(std::holds_alternative<JsonError>(read_card(view_of(changed.dump()), &first)))
        << "a known key beside another public key";
}

TEST(CardMemory, AKeyOfAnotherPublicKeyIsFound) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9E, 0x11);
    Json broken = json_of(card.medium());
    broken["applications"]["piv"]["keys"]["9e"]["public_key"] =
        broken["applications"]["piv"]["keys"]["f9"]["public_key"];
    const auto read = read_card(view_of(broken.dump()));
    ASSERT_TRUE(std::holds_alternative<JsonError>(read));
    EXPECT_EQ(std::get<JsonError>(read).pointer, "/applications/piv/keys/9e/private_key");
}

TEST(CardMemory, AnAttestationKeyThatThePinGuardsIsRefused) {
    CardUnderTest card;
    card.become_administrator();
    card.generate(0x9A, 0x11);
    Json broken = json_of(card.medium());
    broken["applications"]["piv"]["keys"]["f9"] = broken["applications"]["piv"]["keys"]["9a"];
    const auto read = read_card(view_of(broken.dump()));
    ASSERT_TRUE(std::holds_alternative<JsonError>(read));
    EXPECT_EQ(std::get<JsonError>(read).pointer, "/applications/piv/keys/f9/pin_policy");
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

/// The text of a card that a program of version 2 made: PIN and global PIN 123456, PUK 12345678, the
/// management key of fixed_options.
std::string card_of_version_2() {
    std::ostringstream text;
    text << std::ifstream(SOFTCARD_FILES "/version-2.softcard").rdbuf();
    return text.str();
}

TEST(CardMemory, ACardOfVersion2IsReadAndWrittenAnew) {
    const auto medium = std::make_shared<Medium>();
    put(*medium, card_of_version_2());
    const Json old = json_of(*medium);
    ASSERT_EQ(old["version"], 2);
    CardUnderTest card(medium);
    EXPECT_EQ(json_of(*medium), old) << "reading changes nothing";
    card.verify();
    card.become_administrator();
    const Json written = json_of(*medium);
    EXPECT_EQ(written["version"], 3);
    EXPECT_EQ(written["serial"], old["serial"]);
    for (const char* member : {"sealing_key", "puk", "management_key", "keys", "objects"}) {
        EXPECT_EQ(written["applications"]["piv"][member], old[member]) << member;
        EXPECT_FALSE(written.contains(member)) << member;
    }
    EXPECT_EQ(card.send("00200000 08 313233343536FFFF").status, 0x9000U) << "the global PIN";
}

TEST(CardMemory, ADamagedCardOfVersion2IsRefused) {
    for (const char* member : {"serial", "sealing_key", "pin", "keys"}) {
        Json broken = Json::parse(card_of_version_2());
        broken.erase(member);
        EXPECT_TRUE(std::holds_alternative<JsonError>(read_card(view_of(broken.dump())))) << member;
    }
    Json more = Json::parse(card_of_version_2());
    more["applications"] = Json::object();
    EXPECT_TRUE(std::holds_alternative<JsonError>(read_card(view_of(more.dump()))));
}

TEST(CardMemory, ACardThatLosesItsApplicationIsAnotherCard) {
    CardUnderTest card;
    Json changed = json_of(card.medium());
    changed["applications"].erase("piv");
    put(card.medium(), changed.dump());
    EXPECT_EQ(card.send("00200080").status, 0x6F00U);
    EXPECT_FALSE(card.card().power_on().empty());
    EXPECT_EQ(card.send("00A4040005A000000308").status, 0x6A82U);
    EXPECT_EQ(card.send("00200080").status, 0x6D00U) << "no application is selected";
}

TEST(CardMemory, ErrorsQuoteNoSecret) {
    CardUnderTest card;
    Json broken = json_of(card.medium());
    for (const char* pointer :
         {"/applications/piv/management_key/value", "/applications/piv/keys/f9/private_key",
          "/applications/piv/pin/sealing_key"}) {
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
