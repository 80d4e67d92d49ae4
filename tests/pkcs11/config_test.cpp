// jeton.json and broken profiles: a broken file is left out with a line in the log that says why; the rest
// works.
#include <fstream>
#include <sstream>

#include "pkcs11/module_under_test.hpp"
#include "softcard/card_json.hpp"
#include "util/files.hpp"

namespace jeton::test {
namespace {

std::string log_of(const SoftCards& cards) {
    std::ifstream file(cards.apdu_log());
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

struct BrokenConfig {
    const char* name;
    const char* text;
    const char* told;
};

void PrintTo(const BrokenConfig& row, std::ostream* out) {
    *out << row.name;
}

class BrokenConfigTest : public testing::TestWithParam<BrokenConfig> {};

TEST_P(BrokenConfigTest, is_left_out_and_told) {
    const SoftCards cards;
    cards.write_config(GetParam().text);
    const Client client;
    EXPECT_EQ(client.login(), CKR_OK);
    EXPECT_NE(log_of(cards).find(GetParam().told), std::string::npos) << log_of(cards);
}

INSTANTIATE_TEST_SUITE_P(
    Files, BrokenConfigTest,
    testing::Values(BrokenConfig{"no_json", "{\"softCards\": ", "expected JSON"},
                    BrokenConfig{"not_an_object", "[]", "expected an object, found array"},
                    BrokenConfig{"unknown_key", R"({"softCard": {}})", "/softCard"},
                    BrokenConfig{"wrong_type", R"({"softCards": {"enabled": 1}})",
                                 "\"/softCards/enabled\": expected true or false"},
                    BrokenConfig{"wrong_value", R"({"softCards": {"exchange": "tpdu"}})",
                                 "expected \"extended-apdu\", \"short-apdu\", \"tpdu-t1\""},
                    BrokenConfig{"negative_time", R"({"softCards": {"commandMilliseconds": -1}})",
                                 "\"/softCards/commandMilliseconds\": expected a number"},
                    BrokenConfig{"long_time", R"({"softCards": {"powerOnMilliseconds": 600001}})",
                                 "\"/softCards/powerOnMilliseconds\": expected a number"},
                    BrokenConfig{"relative_plan", R"({"softCards": {"faultPlan": "plan"}})",
                                 "\"/softCards/faultPlan\": expected an absolute path"},
                    BrokenConfig{"relative_replay", R"({"readers": {"replay": ["card.apdu"]}})",
                                 "\"/readers/replay\": expected an array of absolute paths"},
                    BrokenConfig{"relative_trace", R"({"trace": "trace.pcapng"})",
                                 "\"/trace\": expected an absolute path"},
                    BrokenConfig{"wrong_access", R"({"readers": {"access": "ccid"}})",
                                 "\"/readers/access\": expected \"auto\", \"usb\", \"pcsc\" or \"none\""},
                    BrokenConfig{"vpcd_no_list", R"({"readers": {"vpcd": "listen"}})",
                                 "\"/readers/vpcd\": expected an array of texts"},
                    BrokenConfig{"vpcd_by_name", R"({"readers": {"vpcd": ["connect example.org:4000"]}})",
                                 "\"/readers/vpcd\": expected an array of texts"},
                    BrokenConfig{"wrong_touch", R"({"softCards": {"touch": "maybe"}})",
                                 "expected \"given\" or"},
                    BrokenConfig{"tokens_word", R"({"tokens": "both"})",
                                 "\"/tokens\": expected \"auto\", \"first\", \"all\" or an array"},
                    BrokenConfig{"tokens_none", R"({"tokens": []})", "\"/tokens\": expected"},
                    BrokenConfig{"tokens_number", R"({"tokens": ["piv", 1]})", "\"/tokens\": expected"},
                    BrokenConfig{"key_twice", R"({"overwrite": true, "overwrite": false})", "unique keys"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(ConfigTest, soft_cards_can_be_turned_off) {
    const SoftCards cards;
    cards.write_config(R"({"softCards": {"enabled": false}})");
    CK_FUNCTION_LIST_3_2* f = jeton().f;
    ASSERT_EQ(f->C_Initialize(nullptr), CKR_OK);
    CK_ULONG count = 77;
    EXPECT_EQ(f->C_GetSlotList(CK_FALSE, nullptr, &count), CKR_OK);
    EXPECT_EQ(count, 0U);
    f->C_Finalize(nullptr);
}

TEST(ConfigTest, a_trace_is_written_where_asked) {
    const SoftCards cards;
    const auto trace = cards.directory() / "trace.pcapng";
    cards.write_config(R"({"trace": ")" + trace.string() + "\"}");
    {
        const Client client;
        EXPECT_EQ(client.login(), CKR_OK);
    }
    const auto size = std::filesystem::file_size(trace);
    EXPECT_GT(size, 1000U);

    // The environment goes before the file; a path that is not absolute is none.
    ASSERT_EQ(setenv("JETON_TRACE", "trace.pcapng", 1), 0);
    {
        const Client client;
        EXPECT_EQ(client.login(), CKR_OK);
    }
    ASSERT_EQ(unsetenv("JETON_TRACE"), 0);
    EXPECT_FALSE(std::filesystem::exists("trace.pcapng"));
    EXPECT_EQ(std::filesystem::file_size(trace), size);
    EXPECT_NE(log_of(cards).find("\"trace.pcapng\" is not an absolute path"), std::string::npos);
}

TEST(ConfigTest, soft_cards_take_the_time_that_they_are_told) {
    const SoftCards cards;
    cards.write_config(R"({"softCards": {"powerOnMilliseconds": 60, "commandMilliseconds": 20}})");
    const auto begin = std::chrono::steady_clock::now();
    const Client client;  // power on, and at least two commands to recognise the card
    EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::milliseconds(100));
}

TEST(ConfigTest, a_fault_plan_breaks_the_reader_until_it_is_removed) {
    const SoftCards cards;
    const auto plan = cards.directory() / "plan";
    cards.write_config(R"({"softCards": {"faultPlan": ")" + plan.string() + R"("}})");
    const Client client;
    std::ofstream(plan) << "pull 1\n";
    CK_SLOT_INFO info{};
    EXPECT_EQ(client->C_GetSlotInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(info.flags & CKF_TOKEN_PRESENT, 0U);
    EXPECT_EQ(client.login(), CKR_SESSION_HANDLE_INVALID);
    std::filesystem::remove(plan);
    EXPECT_EQ(client->C_GetSlotInfo(client.slot(), &info), CKR_OK);
    EXPECT_NE(info.flags & CKF_TOKEN_PRESENT, 0U);
}

/// add_touch_key puts a key that wants to be touched into the slot 9A of the card.
void add_touch_key(const SoftCards& cards) {
    const auto file = softcard::card_file(cards.directory(), "test");
    auto card = std::get<softcard::CardState>(softcard::read_card(read_file(file, 1 << 20).value()));
    softcard::PivState& state = card.piv.value();
    state.keys.emplace(0x9A, softcard::make_key(state.sealing_key, 0x9A, *softcard::find_key_algorithm(0x11),
                                                softcard::PinPolicy::once, softcard::TouchPolicy::always,
                                                softcard::origin_generated,
                                                crypto::PrivateKey::generate_ec(crypto::Curve::p256)));
    replace_file(file, softcard::write_card(card), 0600);
}

TEST(ConfigTest, keys_of_soft_cards_are_touched_as_it_says) {
    const SoftCards cards;
    add_touch_key(cards);
    for (const auto& [touch, works] : {std::pair("given", true), std::pair("refused", false)}) {
        cards.write_config(R"({"softCards": {"touch": ")" + std::string(touch) + R"("}})");
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        const auto keys = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
        ASSERT_EQ(keys.size(), 1U);
        Bytes signature;
        const CK_RV answer = client.sign({CKM_ECDSA, nullptr, 0}, keys[0], Bytes(32, 0x11), signature);
        EXPECT_EQ(answer == CKR_OK, works) << touch << ": " << answer;
    }
}

TEST(ConfigTest, broken_profile_is_left_out_and_told) {
    const SoftCards cards;
    const auto profile = cards.directory() / "broken.json";
    std::ofstream(profile) << R"({"schemaVersion": "1.0", "id": "broken", "applett": "piv"})";
    cards.write_config(R"({"profiles": [")" + profile.string() + R"("]})");
    const Client client;
    EXPECT_EQ(client.login(), CKR_OK);
    const std::string log = log_of(cards);
    EXPECT_NE(log.find("broken.json"), std::string::npos) << log;
    EXPECT_NE(log.find("/applett"), std::string::npos) << log;
}

TEST(ConfigTest, overwrite_lets_a_key_be_replaced) {
    const SoftCards cards;
    cards.write_config(R"({"overwrite": true})");
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto first = client.generate_ec(1, p256_params());
    const Bytes point = client.attribute(first.public_key, CKA_EC_POINT);
    const auto second = client.generate_ec(1, p256_params());
    EXPECT_NE(client.attribute(second.public_key, CKA_EC_POINT), point);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).size(), 1U);
}

}  // namespace
}  // namespace jeton::test
