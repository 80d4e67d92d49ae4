// Slots of cards with several applications: which there are, that they stay, and their events.
#include <filesystem>

#include "pkcs11/two_tokens_bench.hpp"

namespace jeton::test {
namespace {

using Ids = std::vector<CK_SLOT_ID>;

std::vector<std::string> labels(const TwoTokens& bench) {
    std::vector<std::string> out;
    for (const CK_SLOT_ID id : bench.slots()) {
        out.push_back(bench.label(id));
    }
    return out;
}

TEST(TokenSlots, OneApplicationCostsWhatItCostAlone) {
    SoftCards cards(std::vector<std::string>{"piv"});
    CK_FUNCTION_LIST_3_2* f = jeton().f;
    ASSERT_EQ(f->C_Initialize(nullptr), CKR_OK);
    CK_ULONG count = 0;
    EXPECT_EQ(f->C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
    EXPECT_EQ(count, 1U);
    EXPECT_EQ(cards.apdus(), 2U) << "SELECT and the serial number, once";
    EXPECT_EQ(f->C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
    CK_SLOT_ID slot = 0;
    count = 1;
    EXPECT_EQ(f->C_GetSlotList(CK_TRUE, &slot, &count), CKR_OK);
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    EXPECT_EQ(f->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session), CKR_OK);
    EXPECT_EQ(cards.apdus(), 0U);
    EXPECT_EQ(f->C_Finalize(nullptr), CKR_OK);
}

TEST(TokenSlots, AListOfAllSlotsSendsNothing) {
    TwoTokens bench;
    bench.forget();
    bench.initialize();
    EXPECT_EQ(bench.slots(false).size(), 1U);
    EXPECT_EQ(bench.cards.apdus(), 0U);
    const Ids both = bench.slots();
    EXPECT_EQ(both.size(), 2U);
    EXPECT_EQ(bench.cards.apdus(), 17U) << "both selected twice, and what each is asked for in any case";
    EXPECT_EQ(bench.slots(false), both);
    EXPECT_EQ(labels(bench).at(1), "OpenPGP card");
    EXPECT_EQ(bench.cards.apdus(), 0U);
    bench.finalize();
    bench.initialize();
    EXPECT_EQ(bench.slots(false), both) << "the process before this one saw both";
    EXPECT_EQ(bench.cards.apdus(), 0U);
    EXPECT_EQ(bench.label(both[1]), "OpenPGP card");
}

TEST(TokenSlots, ACardWithOneTokenIsExpectedToHaveOneAgain) {
    TwoTokens bench;
    bench.configure(R"("tokens": "first")");
    bench.initialize();
    const Ids expected = bench.slots(false);
    ASSERT_EQ(expected.size(), 2U);
    EXPECT_EQ(bench.slots(), Ids{expected[0]});
    bench.finalize();
    bench.initialize();
    EXPECT_EQ(bench.slots(false), Ids{expected[0]});
}

TEST(TokenSlots, SlotInfoFindsThemToo) {
    TwoTokens bench;
    bench.forget();
    bench.initialize();
    const Ids first = bench.slots(false);
    EXPECT_TRUE(bench.has_token(first.at(0)));
    const Ids both = bench.slots(false);
    ASSERT_EQ(both.size(), 2U);
    EXPECT_TRUE(bench.has_token(both[1]));
}

struct Choice {
    const char* name;
    const char* filled;
    const char* config;
    std::vector<std::string> expected;  ///< the beginnings of the labels
};

void PrintTo(const Choice& choice, std::ostream* out) {
    *out << choice.name;
}

class TokenChoices : public testing::TestWithParam<Choice> {};

TEST_P(TokenChoices, AreAsConfigured) {
    TwoTokens bench(GetParam().filled);
    bench.configure(GetParam().config);
    bench.initialize();
    EXPECT_EQ(labels(bench), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cards, TokenChoices,
    testing::Values(
        Choice{"both", "piv,openpgp", "", {"PIV_II", "OpenPGP card"}},
        Choice{"both_empty", "", "", {"PIV_II"}}, Choice{"piv_alone", "piv", "", {"PIV_II"}},
        Choice{"openpgp_alone", "openpgp", "", {"OpenPGP card"}},
        Choice{"automatic", "piv", R"("tokens": "auto")", {"PIV_II"}},
        Choice{"all", "", R"("tokens": "all")", {"PIV_II", "OpenPGP card"}},
        Choice{"first", "piv,openpgp", R"("tokens": "first")", {"PIV_II"}},
        Choice{"first_though_empty", "openpgp", R"("tokens": "first")", {"PIV_II"}},
        Choice{"one", "piv,openpgp", R"("tokens": ["openpgp"])", {"OpenPGP card"}},
        Choice{"in_order", "", R"("tokens": ["openpgp", "piv"])", {"OpenPGP card", "PIV_II"}},
        Choice{"one_not_there", "piv,openpgp", R"("tokens": ["sc-hsm"])", {"PIV_II", "OpenPGP card"}},
        Choice{"one_not_known", "piv,openpgp", R"("tokens": ["nothing", "piv"])", {"PIV_II"}}),
    [](const auto& row) { return std::string(row.param.name); });

TEST(TokenSlots, AProfileSaysWhichTokensThereAre) {
    TwoTokens bench("piv");
    const auto file = bench.cards.directory() / "site.json";
    bench.configure(R"("profiles": [")" + file.string() + "\"]");
    for (const auto& [tokens, expected] :
         {std::pair{R"(["openpgp", "piv"])", std::vector<std::string>{"OpenPGP card", "PIV_II"}},
          std::pair{R"(["piv"])", std::vector<std::string>{"PIV_II"}},
          std::pair{R"(["openpgp"])", std::vector<std::string>{"OpenPGP card"}},
          std::pair{R"(["sc-hsm"])", std::vector<std::string>{"PIV_II"}}}) {
        std::ofstream(file) << R"({"schemaVersion": "1.0", "patch": "piv", "tokens": )" << tokens << "}";
        bench.initialize();
        EXPECT_EQ(labels(bench), expected) << tokens;
        bench.finalize();
    }
}

TEST(TokenSlots, ThreeApplicationsAreThreeTokens) {
    TwoTokens bench("", {"piv", "openpgp", "sc-hsm"});
    bench.configure(R"("tokens": "all")");
    bench.initialize();
    EXPECT_EQ(labels(bench).size(), 3U);
    bench.finalize();
    bench.configure("");
    bench.initialize();
    EXPECT_EQ(labels(bench), std::vector<std::string>{"PIV_II"});
}

TEST(TokenSlots, AnIdThatWasKeptStillWorks) {
    TwoTokens bench;
    bench.initialize();
    const Ids both = bench.slots();
    ASSERT_EQ(both.size(), 2U);
    bench.finalize();
    bench.forget();
    bench.initialize();
    EXPECT_EQ(bench.label(both[1]), "OpenPGP card");
    EXPECT_EQ(bench.slots(), both);
    CK_SLOT_INFO info{};
    EXPECT_EQ(bench.f->C_GetSlotInfo(both[1] + 100, &info), CKR_SLOT_ID_INVALID);
}

/// ChangesTest has the card in a reader that a fault plan steers.
class ChangesTest : public testing::Test {
  protected:
    void SetUp() override {
        bench.configure(R"("softCards": {"faultPlan": ")" + plan_file().string() + "\"}");
        bench.initialize();
        both = bench.slots();
        ASSERT_EQ(both.size(), 2U);
        EXPECT_EQ(events(), Ids{});
    }

    std::filesystem::path plan_file() const { return bench.cards.directory() / "plan"; }

    void plan(const std::string& text) const {
        const auto draft = bench.cards.directory() / "plan.new";
        std::ofstream(draft) << text;
        std::filesystem::rename(draft, plan_file());
    }

    /// events gives the slots that have one each, in the order in which they are told.
    Ids events() const {
        Ids told;
        CK_SLOT_ID id = 0;
        while (told.size() < 10 && bench.poll_event(&id) == CKR_OK) {
            told.push_back(id);
        }
        return told;
    }

    TwoTokens bench;
    Ids both;
};

TEST_F(ChangesTest, ACardThatIsPulledEndsBothTokens) {
    const Side piv = bench.enter(both[0], TwoTokens::piv_key);
    const Side openpgp = bench.enter(both[1], TwoTokens::openpgp_key);
    plan("pull 1");
    EXPECT_EQ(events(), both);
    CK_SESSION_INFO info{};
    for (const Side* side : {&piv, &openpgp}) {
        EXPECT_EQ(bench.f->C_GetSessionInfo(side->session, &info), CKR_SESSION_HANDLE_INVALID);
        EXPECT_FALSE(bench.has_token(side->slot));
        CK_TOKEN_INFO token{};
        EXPECT_EQ(bench.f->C_GetTokenInfo(side->slot, &token), CKR_TOKEN_NOT_PRESENT);
    }
    EXPECT_EQ(bench.slots(), Ids{});
    EXPECT_EQ(bench.slots(false), both);
    std::filesystem::remove(plan_file());
    EXPECT_EQ(events(), both);
    EXPECT_EQ(bench.slots(), both);
    const Side again = bench.enter(both[1], TwoTokens::openpgp_key);
    EXPECT_EQ(bench.sign(again), CKR_OK);
}

TEST_F(ChangesTest, ACardPulledDuringASwitchEndsBoth) {
    const Side piv = bench.enter(both[0], TwoTokens::piv_key);
    const Side openpgp = bench.enter(both[1], TwoTokens::openpgp_key);
    plan("pull 2");
    EXPECT_EQ(bench.sign(piv), CKR_DEVICE_REMOVED);
    CK_SESSION_INFO info{};
    EXPECT_EQ(bench.f->C_GetSessionInfo(piv.session, &info), CKR_SESSION_HANDLE_INVALID);
    EXPECT_EQ(bench.f->C_GetSessionInfo(openpgp.session, &info), CKR_SESSION_HANDLE_INVALID);
}

TEST_F(ChangesTest, ASlotIsWithoutATokenWhereTheCardHasOne) {
    softcard::create(bench.cards.directory() / "elsewhere",
                     {.name = "single", .applets = {"piv"}, .management_key = {}, .pin_iterations = 10});
    const auto single = softcard::card_file(bench.cards.directory() / "elsewhere", "single");
    const Side openpgp = bench.enter(both[1], TwoTokens::openpgp_key);
    plan("swap 1 " + single.string());
    EXPECT_EQ(events(), both) << "one each";
    EXPECT_EQ(bench.slots(), Ids{both[0]});
    EXPECT_EQ(bench.slots(false), both);
    EXPECT_FALSE(bench.has_token(both[1]));
    CK_TOKEN_INFO token{};
    EXPECT_EQ(bench.f->C_GetTokenInfo(both[1], &token), CKR_TOKEN_NOT_PRESENT);
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    EXPECT_EQ(bench.f->C_OpenSession(both[1], CKF_SERIAL_SESSION, nullptr, nullptr, &session),
              CKR_TOKEN_NOT_PRESENT);
    CK_ULONG count = 0;
    EXPECT_EQ(bench.f->C_GetMechanismList(both[1], nullptr, &count), CKR_TOKEN_NOT_PRESENT);
    EXPECT_EQ(bench.label(both[0]), "PIV_II");
    CK_SESSION_INFO info{};
    EXPECT_EQ(bench.f->C_GetSessionInfo(openpgp.session, &info), CKR_SESSION_HANDLE_INVALID);
}

TEST_F(ChangesTest, ASecondTokenThatComesLaterIsAnEvent) {
    bench.finalize();
    bench.forget();
    plan("pull 1");
    bench.initialize();
    const Ids all = bench.slots(false);
    EXPECT_EQ(bench.slots(), Ids{});
    EXPECT_EQ(events(), Ids{});
    std::filesystem::remove(plan_file());
    EXPECT_EQ(events(), Ids{both[0]}) << "nobody knows yet that there are two";
    EXPECT_EQ(bench.slots(), both);
    EXPECT_EQ(events(), Ids{both[1]});
    EXPECT_EQ(events(), Ids{});
}

}  // namespace
}  // namespace jeton::test
