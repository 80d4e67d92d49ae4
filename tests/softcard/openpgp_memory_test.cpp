// The OpenPGP application in the card's file.
#include <gtest/gtest.h>

#include "softcard/card_json.hpp"
#include "softcard/openpgp_under_test.hpp"

namespace jeton::softcard::openpgp {
namespace {

Json json_of(const Medium& medium) {
    return std::get<Json>(parse_json(*medium.bytes, JsonLimits::large));
}

void put(Medium& medium, const Json& json) {
    medium.bytes = to_secret(view_of(json.dump()));
    ++medium.writes;
}

/// full is a card with something in every member.
const Json& full() {
    static const Json* const json = [] {
        CardUnderTest card;
        card.verify_all();
        card.use_algorithm(signature_key, "16 2B6570");
        card.use_algorithm(decryption_key, "12 2A8648CE3D030107");
        card.generate(signature_key);
        card.generate(decryption_key);
        card.put(0x7F21, hex("3000"));
        card.put(0xD3, view_of("resetcode"));
        card.put(0xD5, Bytes(32));
        card.put(0x5B, view_of("Lovelace<<Ada"));
        card.send("002A9E9A01AA00");
        return new Json(json_of(card.medium()));
    }();
    return *json;
}

TEST(OpenPgpMemory, TextAndStateAreTheSame) {
    const SecretBytes text = to_secret(view_of(full().dump(2)));
    const auto read = read_card(text);
    ASSERT_TRUE(std::holds_alternative<CardState>(read));
    const State& state = std::get<CardState>(read).openpgp.value();
    EXPECT_EQ(state.signatures, 1U);
    EXPECT_EQ(state.passwords.size(), 3U);
    EXPECT_TRUE(state.keys[decryption_key].has_value());
    EXPECT_FALSE(state.keys[authentication_key].has_value());
    EXPECT_EQ(write_card(std::get<CardState>(read)), text);
}

TEST(OpenPgpMemory, ApplicationsAreChosen) {
    struct Choice {
        std::vector<std::string> applets;
        unsigned piv;
        unsigned openpgp;
    };
    for (const Choice& choice : {Choice{{"piv"}, 0x9000, 0x6A82}, Choice{{"openpgp"}, 0x6A82, 0x9000},
                                 Choice{{"openpgp", "piv"}, 0x9000, 0x9000}}) {
        CreateOptions options = fixed_options();
        options.applets = choice.applets;
        SoftCard card(std::make_unique<MemoryStorage>(softcard::new_medium(options)));
        ASSERT_FALSE(card.power_on().empty());
        EXPECT_EQ(split(card.transmit(hex("00A4040005A000000308"))).status, choice.piv);
        EXPECT_EQ(split(card.transmit(hex("00A4040006D27600012401"))).status, choice.openpgp);
    }
}

TEST(OpenPgpMemory, PasswordsComeFromTheOptions) {
    CreateOptions options = fixed_options();
    options.applets = {"openpgp"};
    options.pin = "271828";
    options.admin_pin = "a long admin PIN";
    CardUnderTest card(softcard::new_medium(options));
    EXPECT_EQ(card.command("00200081", view_of("271828")).status, 0x9000U);
    EXPECT_EQ(card.command("00200083", view_of("a long admin PIN")).status, 0x9000U);
}

struct Damage {
    const char* pointer;     ///< below the application; where something is put
    const char* value;       ///< JSON; empty removes the member
    const char* told_about;  ///< the pointer in the error, below the application
};

constexpr Damage damages[] = {
    {"/terminated", "0", "/terminated"},
    {"/terminated", "", ""},
    {"/sealing_key", R"("00")", "/sealing_key"},
    {"/several_signatures", "null", "/several_signatures"},
    {"/signatures", "16777216", "/signatures"},
    {"/signatures", "-1", "/signatures"},
    {"/pw1", "", ""},
    {"/pw3", "", ""},
    {"/pw1/length", "5", "/pw1/length"},
    {"/pw1/length", "128", "/pw1/length"},
    {"/pw3/length", "7", "/pw3/length"},
    {"/pw3/more", "1", "/pw3"},
    {"/pw1/pin", "{}", "/pw1/pin"},
    {"/resetting_code/length", "7", "/resetting_code/length"},
    {"/resetting_code/pin/tries", "4", "/resetting_code/pin/tries"},
    {"/keys", "[]", "/keys"},
    {"/keys/0", "{}", "/keys/0"},
    {"/keys/4", "{}", "/keys/4"},
    {"/keys/11", "{}", "/keys/11"},
    {"/keys/1/origin", "0", "/keys/1/origin"},
    {"/keys/1/origin", "3", "/keys/1/origin"},
    {"/keys/1/public_key", R"("3000")", "/keys/1/public_key"},
    {"/keys/1/sealed_key", R"("00")", "/keys/1/sealed_key"},
    {"/keys/1/more", "1", "/keys/1"},
    {"/objects/c1", R"("010800002000")", "/keys/1/public_key"},
    {"/objects/c1", R"("010800002004")", "/objects/c1"},
    {"/objects/C1", R"("162B6570")", "/objects/C1"},
    {"/objects/4f", R"("00")", "/objects/4f"},
    {"/objects/d6", R"("00")", "/objects/d6"},
    {"/objects/5f35", R"("33")", "/objects/5f35"},
    {"/certificates/4", R"("00")", "/certificates/4"},
    {"/certificates/1", R"("")", "/certificates/1"},
    {"/aes_key", R"("00")", "/aes_key"},
    {"/more", "1", ""},
};

TEST(OpenPgpMemory, EveryDamageIsFoundAndTold) {
    const std::string application = "/applications/openpgp";
    for (const Damage& damage : damages) {
        SCOPED_TRACE(std::string(damage.pointer) + " " + damage.value);
        Json broken = full();
        const Json::json_pointer place(application + damage.pointer);
        if (*damage.value == '\0') {
            broken[place.parent_pointer()].erase(place.back());
        } else {
            broken[place] = Json::parse(damage.value);
        }
        const auto read = read_card(view_of(broken.dump()));
        ASSERT_TRUE(std::holds_alternative<JsonError>(read));
        EXPECT_EQ(std::get<JsonError>(read).pointer, application + damage.told_about);
    }
}

TEST(OpenPgpMemory, KeysStandInTheFileSealedToTheirPlace) {
    const auto medium = std::make_shared<Medium>();
    Json changed = full();
    Json& application = changed["applications"]["openpgp"];
    application["keys"]["1"]["origin"] = 2;
    put(*medium, changed);
    CardUnderTest card(medium);
    card.verify(pw1_signature);
    EXPECT_EQ(card.send("002A9E9A01AA00"), (Answer{{}, 0x6581}));
    application["keys"]["1"]["origin"] = 1;
    application["keys"]["3"] = application["keys"]["1"];
    application["objects"]["c3"] = application["objects"]["c1"];
    put(*medium, changed);
    EXPECT_EQ(card.send("002A9E9A01AA00").status, 0x9000U);
    card.verify(pw1);
    EXPECT_EQ(card.send("0088000001AA00"), (Answer{{}, 0x6581}));
}

TEST(OpenPgpMemory, AnotherProcessMakesTheCardANewOne) {
    const auto medium = new_medium();
    CardUnderTest card(medium);
    CardUnderTest other(medium);
    card.verify_all();
    other.verify(pw3);
    EXPECT_EQ(other.put(0x5E, hex("616461")), 0x9000U);
    EXPECT_EQ(card.get(0x5E), hex("616461"));
    EXPECT_EQ(card.send("00200083").status, 0x9000U) << "what one gave stays";
    EXPECT_EQ(other.send("00E60000").status, 0x9000U);
    EXPECT_EQ(card.send("00200083").status, 0x6285U);
    EXPECT_EQ(other.send("00440000").status, 0x9000U);
    EXPECT_EQ(card.send("00200083").status, 0x63C3U);
    EXPECT_EQ(card.put(0x5E, hex("00")), 0x6982U);
}

}  // namespace
}  // namespace jeton::softcard::openpgp
