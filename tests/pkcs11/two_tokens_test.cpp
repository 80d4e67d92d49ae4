// Two tokens on one card: their slots, and both in use at once.
#include <atomic>
#include <thread>

#include "pkcs11/two_tokens_bench.hpp"

namespace jeton::test {
namespace {

/// BothTest has both tokens logged in.
class BothTest : public testing::Test {
  protected:
    void enter() {
        bench.initialize();
        const auto ids = bench.slots();
        ASSERT_EQ(ids.size(), 2U);
        piv = bench.enter(ids[0], TwoTokens::piv_key);
        openpgp = bench.enter(ids[1], TwoTokens::openpgp_key);
        ASSERT_NE(piv.key, CK_INVALID_HANDLE);
        ASSERT_NE(openpgp.key, CK_INVALID_HANDLE);
        tries = bench.tries();
        bench.cards.commands();
    }

    TwoTokens bench;
    Side piv;
    Side openpgp;
    std::pair<unsigned, unsigned> tries;
};

using Commands = std::vector<std::string>;

/// begins cuts each command to the beginning that tells what it is.
Commands begins(Commands commands) {
    for (std::string& command : commands) {
        command = command.substr(0, 8);
    }
    return commands;
}

TEST_F(BothTest, SignInTurnAndASwitchCostsFourCommandsOrFive) {
    enter();
    for (int round = 0; round < 3; ++round) {
        EXPECT_EQ(bench.sign(piv), CKR_OK);
        EXPECT_EQ(begins(bench.cards.commands()),
                  (Commands{"00A40400", "00CB3FFF", "00200080", "00200080", "0087119A"}))
            << "SELECT, serial number, PIN status, PIN, signature";
        EXPECT_EQ(bench.sign(piv), CKR_OK);
        EXPECT_EQ(bench.cards.apdus(), 1U);
        EXPECT_EQ(bench.sign(openpgp), CKR_OK);
        EXPECT_EQ(begins(bench.cards.commands()),
                  (Commands{"00A40400", "00CA006E", "00CA00C4", "00CA00F9", "00200082", "00880000"}))
            << "and how the PIN is derived";
        EXPECT_EQ(bench.sign(openpgp), CKR_OK);
        EXPECT_EQ(bench.cards.apdus(), 1U);
    }
    EXPECT_EQ(bench.tries(), tries);
    EXPECT_EQ(bench.state(piv), CKS_RW_USER_FUNCTIONS);
    EXPECT_EQ(bench.state(openpgp), CKS_RW_USER_FUNCTIONS);
}

TEST_F(BothTest, TokenInfoComesFromMemory) {
    enter();
    for (int round = 0; round < 2; ++round) {
        EXPECT_NE(bench.label(piv.slot), bench.label(openpgp.slot));
        EXPECT_EQ(bench.label(openpgp.slot), "OpenPGP card");
        EXPECT_TRUE(bench.has_token(piv.slot));
        EXPECT_TRUE(bench.has_token(openpgp.slot));
        EXPECT_EQ(bench.slots(), (std::vector{piv.slot, openpgp.slot}));
    }
    EXPECT_EQ(bench.cards.apdus(), 0U);
}

TEST_F(BothTest, ThreadsUseBothAtOnce) {
    enter();
    std::atomic<int> good = 0;
    std::vector<std::thread> threads;
    for (const Side* side : {&piv, &openpgp, &piv, &openpgp}) {
        threads.emplace_back([&, side] {
            Side own = bench.open(side->slot, side->id);
            own.key = side->key;
            own.public_key = side->public_key;
            for (int round = 0; round < 10; ++round) {
                good += bench.sign(own) == CKR_OK ? 1 : 0;
                good += bench.label(own.slot).empty() ? -1000 : 0;
            }
            EXPECT_EQ(bench.f->C_CloseSession(own.session), CKR_OK);
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(good, 4 * 10);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_F(BothTest, LogoutOfOneLeavesTheOther) {
    enter();
    EXPECT_EQ(bench.f->C_Logout(openpgp.session), CKR_OK);
    EXPECT_EQ(bench.sign(openpgp), CKR_KEY_HANDLE_INVALID);
    EXPECT_EQ(bench.state(openpgp), CKS_RW_PUBLIC_SESSION);
    EXPECT_EQ(bench.state(piv), CKS_RW_USER_FUNCTIONS);
    EXPECT_EQ(bench.sign(piv), CKR_OK);
    EXPECT_EQ(bench.login(openpgp), CKR_OK);
    openpgp.key = bench.find(openpgp, CKO_PRIVATE_KEY);
    EXPECT_EQ(bench.f->C_Logout(piv.session), CKR_OK);
    EXPECT_EQ(bench.state(openpgp), CKS_RW_USER_FUNCTIONS);
    EXPECT_EQ(bench.sign(openpgp), CKR_OK);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_F(BothTest, ClosingAllSessionsOfOneLeavesTheOther) {
    enter();
    EXPECT_EQ(bench.f->C_CloseAllSessions(piv.slot), CKR_OK);
    EXPECT_EQ(bench.state(openpgp), CKS_RW_USER_FUNCTIONS);
    EXPECT_EQ(bench.sign(openpgp), CKR_OK);
    const Side again = bench.open(piv.slot, TwoTokens::piv_key);
    EXPECT_EQ(bench.state(again), CKS_RW_PUBLIC_SESSION);
    EXPECT_EQ(bench.f->C_CloseAllSessions(openpgp.slot), CKR_OK);
    EXPECT_EQ(bench.login(again), CKR_OK);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_F(BothTest, AWrongPinOfOneCostsTheOtherNothing) {
    enter();
    EXPECT_EQ(bench.f->C_Logout(openpgp.session), CKR_OK);
    bench.cards.commands();
    EXPECT_EQ(bench.login(openpgp, "999999"), CKR_PIN_INCORRECT);
    EXPECT_EQ(TwoTokens::verifies(bench.cards.commands()), 1U);
    EXPECT_EQ(bench.sign(piv), CKR_OK);
    EXPECT_EQ(bench.tries(), (std::pair{tries.first, tries.second - 1}));
    EXPECT_EQ(bench.login(openpgp), CKR_OK);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_F(BothTest, ThePinOfOneOperationIsRepeatedForItAlone) {
    enter();
    // A key that wants the PIN each time: 9C.
    const Byte id = 2;
    TemplateOf public_template{flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, p256_params())};
    TemplateOf private_template{flag(CKA_TOKEN, true), flag(CKA_PRIVATE, true), bytes(CKA_ID, View(&id, 1))};
    CK_MECHANISM generate{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    ASSERT_EQ(
        bench.f->C_GenerateKeyPair(piv.session, &generate, public_template.data(), public_template.size(),
                                   private_template.data(), private_template.size(), &public_key, &key),
        CKR_OK);
    CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
    Bytes digest(32, 1);
    Bytes signature(64);
    CK_ULONG length = signature.size();
    ASSERT_EQ(bench.f->C_SignInit(piv.session, &mechanism, key), CKR_OK);
    ASSERT_EQ(bench.login(piv, SoftCards::pin, CKU_CONTEXT_SPECIFIC), CKR_OK);
    EXPECT_EQ(bench.sign(openpgp), CKR_OK) << "it comes between the PIN and the signature";
    EXPECT_EQ(bench.f->C_Sign(piv.session, digest.data(), digest.size(), signature.data(), &length), CKR_OK);
    length = signature.size();
    ASSERT_EQ(bench.f->C_SignInit(piv.session, &mechanism, key), CKR_OK);
    EXPECT_EQ(bench.f->C_Sign(piv.session, digest.data(), digest.size(), signature.data(), &length),
              CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_F(BothTest, WithoutARepeatedPinASwitchEndsTheLogin) {
    bench.with_policy(R"({"policy": "none"})");
    enter();
    EXPECT_EQ(bench.state(piv), CKS_RW_USER_FUNCTIONS) << "nobody found out yet";
    EXPECT_EQ(bench.sign(openpgp), CKR_OK);
    EXPECT_EQ(bench.label(piv.slot).empty(), false);
    EXPECT_EQ(bench.sign(openpgp), CKR_OK) << "asking about the other token switches nothing";
    EXPECT_EQ(bench.sign(piv), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(bench.state(piv), CKS_RW_PUBLIC_SESSION);
    EXPECT_EQ(TwoTokens::verifies(bench.cards.commands()), 0U);
    EXPECT_EQ(bench.sign(openpgp), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(bench.login(piv), CKR_OK);
    EXPECT_EQ(bench.sign(piv), CKR_OK);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_F(BothTest, TheEndOfOneTokenLeavesALoginThatCannotBeProvedAgain) {
    bench.with_policy(R"({"policy": "none"})");
    enter();  // OpenPGP's login is the newer one
    EXPECT_EQ(bench.f->C_CloseAllSessions(piv.slot), CKR_OK);
    EXPECT_EQ(bench.cards.apdus(), 0U) << "a SELECT would end the other login";
    EXPECT_EQ(bench.sign(openpgp), CKR_OK);
}

TEST_F(BothTest, AsManyPinsAsThePolicyCounts) {
    bench.with_policy(R"({"policy": "count", "count": 1})");
    enter();
    EXPECT_EQ(bench.sign(piv), CKR_OK);
    EXPECT_EQ(bench.sign(openpgp), CKR_OK);
    EXPECT_EQ(bench.sign(piv), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_F(BothTest, APinThatWasChangedMeanwhileIsTriedOnce) {
    enter();
    std::string old_pin = SoftCards::pin;
    std::string new_pin = "654321";
    const auto text = read_file(bench.cards.card_file(), 1 << 20).value();
    ASSERT_EQ(
        bench.f->C_SetPIN(piv.session, reinterpret_cast<CK_UTF8CHAR_PTR>(old_pin.data()), old_pin.size(),
                          reinterpret_cast<CK_UTF8CHAR_PTR>(new_pin.data()), new_pin.size()),
        CKR_OK);
    EXPECT_EQ(bench.sign(openpgp), CKR_OK);
    EXPECT_EQ(bench.sign(piv), CKR_OK) << "the new PIN is the one that is repeated";
    replace_file(bench.cards.card_file(), text, 0600);  // as another host would change it
    EXPECT_EQ(bench.sign(openpgp), CKR_OK);
    bench.cards.commands();
    EXPECT_EQ(bench.sign(piv), CKR_USER_NOT_LOGGED_IN);
    EXPECT_EQ(TwoTokens::verifies(bench.cards.commands()), 1U);
    EXPECT_EQ(bench.sign(piv), CKR_KEY_HANDLE_INVALID);
    EXPECT_EQ(TwoTokens::verifies(bench.cards.commands()), 0U);
    EXPECT_EQ(bench.tries(), (std::pair{tries.first - 1, tries.second}));
}

TEST_F(BothTest, InitTokenOfOneLeavesTheOther) {
    enter();
    EXPECT_EQ(bench.f->C_CloseAllSessions(openpgp.slot), CKR_OK);
    std::string officer = SoftCards::puk;
    CK_UTF8CHAR label[33] = "                                ";
    EXPECT_EQ(bench.f->C_InitToken(openpgp.slot, reinterpret_cast<CK_UTF8CHAR_PTR>(officer.data()),
                                   officer.size(), label),
              CKR_OK);
    EXPECT_EQ(bench.state(piv), CKS_RW_USER_FUNCTIONS);
    EXPECT_EQ(bench.sign(piv), CKR_OK);
    EXPECT_EQ(bench.label(openpgp.slot), "OpenPGP card") << "it stays a token, without a key";
    openpgp = bench.open(openpgp.slot, TwoTokens::openpgp_key);
    EXPECT_EQ(bench.find(openpgp, CKO_PUBLIC_KEY), CK_INVALID_HANDLE);
    EXPECT_EQ(bench.sign(piv), CKR_OK);
}

}  // namespace
}  // namespace jeton::test
