// The application sc-hsm in a card's file.
#include <gtest/gtest.h>

#include "softcard/card_json.hpp"
#include "softcard/hsm_under_test.hpp"

namespace jeton::softcard {
namespace {

/// full_text is the file of a card with something of everything.
std::string full_text() {
    HsmUnderTest card;
    EXPECT_EQ(card.initialize("920102 970102").status, 0x9000U);
    EXPECT_EQ(card.command("80520000", Bytes(32, 1)).status, 0x9000U);
    card.verify();
    EXPECT_EQ(card.command("80520101", hex("01")).status, 0x9000U);
    EXPECT_EQ(card.command("80520001", test_dkek()).status, 0x9000U);
    card.generate(1, pair_request(crypto::Curve::p256, "900105 910170"));
    EXPECT_EQ(card.send("804802B2").status, 0x9000U);
    EXPECT_EQ(card.command("00D7CD01", hex("5402000053020011")).status, 0x9000U);
    return card.text();
}

std::string refusal(const std::string& text) {
    const auto read = read_card(view_of(text));
    const auto* const error = std::get_if<JsonError>(&read);
    return error == nullptr ? "" : error->pointer;
}

TEST(HsmInFile, ReadsAsItWasWritten) {
    const std::string text = full_text();
    const auto read = read_card(view_of(text));
    ASSERT_TRUE(std::holds_alternative<CardState>(read));
    EXPECT_EQ(to_text(write_card(std::get<CardState>(read))), text);
    const auto blank = HsmUnderTest(hsm_options(AesModes::ecb, true)).text();
    const auto read_blank = read_card(view_of(blank));
    ASSERT_TRUE(std::holds_alternative<CardState>(read_blank));
    EXPECT_EQ(to_text(write_card(std::get<CardState>(read_blank))), blank);
    EXPECT_EQ(std::get<CardState>(read_blank).hsm->modes, AesModes::ecb);
}

TEST(HsmInFile, EveryMemberIsChecked) {
    struct Row {
        const char *present, *changed, *pointer;
    };
    const std::string text = full_text();
    for (const Row& row : {
             Row{"\"modes\": \"native\"", "\"modes\": \"xts\"", "/modes"},
             Row{"\"modes\": \"native\"", "\"modes\": \"native\", \"more\": 1", ""},
             Row{"\"name\": \"UTJ", "\"name\": \"UTJUTJUTJUTJ", "/name"},
             Row{"\"device_key\": \"30", "\"device_key\": \"31", "/device_key"},
             Row{"\"domain_count\": 2", "\"domain_count\": 1", "/domains/1"},
             Row{"\"domain_count\": 2", "\"domain_count\": 256", "/domain_count"},
             Row{"\"missing\": 1", "\"missing\": 3", "/domains/0/missing"},
             Row{"\"missing\": 1", "\"missing\": 0", "/domains/0/sum"},
             Row{"\"pin_length\": 6", "\"pin_length\": 5", "/pin_length"},
             Row{"\"options\": 1", "\"options\": 65536", "/options"},
             Row{"\"aes_bytes\": 32", "\"aes_bytes\": 31", "/keys/2/aes_bytes"},
             Row{"\"algorithms\": \"70\"", "\"algorithms\": \"7\"", "/keys/1/algorithms"},
             Row{"\"uses\": 5", "\"uses\": -1", "/keys/1/uses"},
             Row{"\"uses\": 5", "\"usage\": 5", "/keys/1"},
             Row{"\"public_key\": \"30", "\"public_key\": \"31", "/keys/1/public_key"},
             Row{"\"2\": {\n          \"aes_bytes", "\"0\": {\n          \"aes_bytes", "/keys/0"},
             Row{"\"cd01\": \"", "\"1234\": \"", "/files/1234"},
             Row{"\"2f02\": \"", "\"2f03x\": \"", "/files/2f03x"},
             Row{"\"2f02\": \"", "\"cf02\": \"", "/files"},
             Row{"\"so_pin\": {", "\"so_pins\": {", ""},
         }) {
        std::string changed = text;
        std::string present = row.present;
        const std::size_t place = changed.find(present);
        ASSERT_NE(place, std::string::npos) << present;
        changed.replace(place, present.size(), row.changed);
        EXPECT_EQ(refusal(changed), std::string("/applications/sc-hsm") + row.pointer) << row.changed;
    }
}

}  // namespace
}  // namespace jeton::softcard
