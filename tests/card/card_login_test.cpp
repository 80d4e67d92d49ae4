// Logins: PIN, management key, PUK, keys that want the PIN each time, and the PIN policies of profiles.
#include <gtest/gtest.h>

#include "card/support/card_fixture.hpp"

namespace jeton::card {
namespace {

using Login = SoftCardTest;

TEST_F(Login, TakesOneCommand) {
    insert();
    EXPECT_EQ(commands([&] { login(); }), "20");
    EXPECT_EQ(m_card->login(), PinRole::user);
}

TEST_F(Login, WrongPinTellsTheTriesAndLeavesNobodyLoggedIn) {
    insert();
    const Error error = error_of([&] { m_card->begin().login(PinRole::user, view_of("000000")); });
    EXPECT_EQ(error.verb(), Verb::verify);
    EXPECT_EQ(tries_left(error.status()), 2U);
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_TRUE(m_card->known_pin_status(PinRole::user)->known);
    EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 2U);
}

TEST_F(Login, SuccessBringsTheKnownCounterBackToItsMaximum) {
    insert();
    EXPECT_THROW(m_card->begin().login(PinRole::user, view_of("000000")), Error);
    login();
    EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 3U);
    EXPECT_EQ(commands([&] { EXPECT_EQ(m_card->begin().pin_status(PinRole::user).tries_left, 3U); }), "");
}

TEST_F(Login, StatusIsAskedWithoutSpendingATry) {
    insert();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(m_card->begin().pin_status(PinRole::user).tries_left, 3U);
    }
    EXPECT_FALSE(m_card->begin().pin_status(PinRole::so).known);
    EXPECT_EQ(to_hex(m_link->sent.back()), "00200080");
}

TEST_F(Login, BlockedPinIsToldAsSuch) {
    insert();
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW(m_card->begin().login(PinRole::user, view_of("000000")), Error);
    }
    EXPECT_EQ(tries_left(error_of([&] { login(); }).status()), 0U);
    EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 0U);
}

TEST_F(Login, ImpossiblePinIsNotSent) {
    insert();
    EXPECT_EQ(commands([&] {
                  EXPECT_EQ(error_of([&] { m_card->begin().login(PinRole::user, view_of("123")); }).kind(),
                            Error::Kind::pin_form);
              }),
              "");
}

TEST_F(Login, LogoutIsFelt) {
    insert();
    login();
    generate("9a");
    m_card->begin().logout();
    EXPECT_EQ(commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in); }),
              "A4 CB");  // the management key was used: only a reset takes that back
    login();
    EXPECT_EQ(commands([&] { sign("9a"); }), "87");
    EXPECT_EQ(commands([&] { m_card->begin().logout(); }), "20");
    EXPECT_EQ(m_link->resets, 1U);
}

TEST_F(Login, ForgottenWithoutTheCardIsTakenBackWithTheNextBurst) {
    insert();
    login();
    m_card->forget_login();
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_EQ(commands([&] { m_card->begin(); }), "20");
    EXPECT_EQ(to_hex(m_link->sent.back()), "0020FF80");
    EXPECT_EQ(commands([&] { m_card->begin(); }), "");
}

TEST_F(Login, RefusalToLogOutIsAnsweredWithAReset) {
    insert();
    login();
    m_link->intercept = [](View command) -> std::optional<Bytes> {
        return command[1] == 0x20 ? std::optional(Bytes{0x6A, 0x86}) : std::nullopt;
    };
    m_card->begin().logout();
    EXPECT_EQ(m_link->resets, 1U);
}

TEST_F(Login, ChangedPinServesTheHandOver) {
    insert();
    login();
    generate("9a");
    m_card->begin().change_pin(PinRole::user, view_of(user_pin), view_of("654321"));
    m_link->take_away();
    EXPECT_FALSE(sign("9a").empty());
    EXPECT_EQ(tries_left(error_of([&] {
                             m_card->begin().change_pin(PinRole::user, view_of(user_pin), view_of("111111"));
                         }).status()),
              2U);
    EXPECT_FALSE(sign("9a").empty());
}

TEST_F(Login, EndsWhenNobodyKnowsWhichPinIsRight) {
    insert();
    login();
    generate("9a");
    m_card->begin().logout();
    for (const char* answer : {"", "6F00", "6581"}) {
        login();
        m_link->intercept = [&](View command) -> std::optional<Bytes> {
            if (command[1] != 0x24) {
                return std::nullopt;
            }
            if (*answer == 0) {
                throw reader::Error(reader::Error::Kind::timeout, "the answer was lost");
            }
            return from_hex(answer);
        };
        EXPECT_ANY_THROW(m_card->begin().change_pin(PinRole::user, view_of(user_pin), view_of("654321")));
        m_link->intercept = {};
        m_link->take_away();
        EXPECT_EQ(
            commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in); }),
            "A4 CB")
            << answer << ": the old PIN may be wrong by now, and is not tried";
    }
}

TEST_F(Login, StaysWhenTheCardRefusesToChangeThePin) {
    insert();
    login();
    m_link->intercept = [&](View command) {
        return command[1] == 0x24 ? std::optional(Bytes{0x69, 0x85}) : std::nullopt;
    };
    EXPECT_THROW(m_card->begin().change_pin(PinRole::user, view_of(user_pin), view_of("654321")), Error);
    EXPECT_EQ(m_card->login(), PinRole::user);
}

TEST_F(Login, EndsForCertainWithoutACommand) {
    insert();
    login();
    generate("9a");
    EXPECT_EQ(commands([&] { m_card->begin().end_login(); }), "");
    EXPECT_EQ(m_link->resets, 1U);
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in);
}

using SecurityOfficer = SoftCardTest;

TEST_F(SecurityOfficer, LogsInWithTheManagementKeyAndWrites) {
    insert_with_known_key();
    m_card->begin().login(PinRole::so, view_of(management_key));
    EXPECT_EQ(m_card->login(), PinRole::so);
    generate("9a");
    m_link->take_away();
    EXPECT_EQ(commands([&] { generate("9d"); }), "A4 CB F7 87 87 47 F7");
    EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in);
    m_card->begin().logout();
    EXPECT_EQ(error_of([&] { generate("9d"); }).kind(), Error::Kind::not_logged_in);
}

TEST_F(SecurityOfficer, IsRefusedWithAWrongKey) {
    insert_with_known_key();
    const std::string wrong(48, 'A');
    const Error error = error_of([&] { m_card->begin().login(PinRole::so, view_of(wrong)); });
    EXPECT_EQ(error.kind(), Error::Kind::status);
    EXPECT_EQ(error.verb(), Verb::authenticate);
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_EQ(error_of([&] { m_card->begin().login(PinRole::so, view_of(std::string(48, 'x'))); }).kind(),
              Error::Kind::pin_form);
}

TEST_F(SecurityOfficer, DoesNotBelieveACardThatCannotProveItsKey) {
    insert_with_known_key();
    m_link->intercept = [](View command) -> std::optional<Bytes> {
        const bool second_step = command[1] == 0x87 && command.size() > 20;
        return second_step ? from_hex("7C12 8210 00112233445566778899AABBCCDDEEFF 9000") : std::nullopt;
    };
    EXPECT_EQ(error_of([&] { m_card->begin().login(PinRole::so, view_of(management_key)); }).kind(),
              Error::Kind::malformed);
    EXPECT_EQ(m_card->login(), std::nullopt);
}

TEST_F(SecurityOfficer, IsNeededWhenTheCardDoesNotTakeTheStoredKey) {
    insert();
    login();
    for (const char* answer : {"6982", "63C2", "6300"}) {
        m_link->intercept = [&](View command) {
            return command[1] == 0x87 ? from_hex(answer) : std::nullopt;
        };
        EXPECT_EQ(error_of([&] { generate("9a"); }).kind(), Error::Kind::needs_admin) << answer;
    }
    m_link->intercept = [&](View command) { return command[1] == 0x87 ? from_hex("6F00") : std::nullopt; };
    EXPECT_EQ(error_of([&] { generate("9a"); }).verb(), Verb::write) << "nobody entered a PIN";
}

TEST_F(SecurityOfficer, UnblocksWithThePuk) {
    insert();
    for (int i = 0; i < 3; ++i) {
        EXPECT_THROW(m_card->begin().login(PinRole::user, view_of("000000")), Error);
    }
    EXPECT_EQ(commands([&] { m_card->begin().login(PinRole::so, view_of(puk)); }), "");
    EXPECT_EQ(m_card->login(), PinRole::so);
    EXPECT_EQ(error_of([&] { generate("9a"); }).kind(), Error::Kind::needs_admin);
    m_card->begin().unblock_user(view_of("654321"));
    m_card->begin().logout();
    EXPECT_NO_THROW(m_card->begin().login(PinRole::user, view_of("654321")));
}

TEST_F(SecurityOfficer, WrongPukIsNotTriedTwice) {
    insert();
    m_card->begin().login(PinRole::so, view_of("00000000"));
    const Error error = error_of([&] { m_card->begin().unblock_user(view_of("654321")); });
    EXPECT_EQ(error.verb(), Verb::unblock);
    EXPECT_EQ(tries_left(error.status()), 2U);
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_EQ(m_card->known_pin_status(PinRole::puk)->tries_left, 2U);
    EXPECT_EQ(error_of([&] { m_card->begin().unblock_user(view_of("654321")); }).kind(),
              Error::Kind::not_logged_in);
}

TEST_F(SecurityOfficer, ChangesThePuk) {
    insert();
    m_card->begin().login(PinRole::so, view_of(puk));
    m_card->begin().change_pin(PinRole::so, view_of(puk), view_of("87654321"));
    EXPECT_NO_THROW(m_card->begin().unblock_user(view_of("654321")));
}

TEST_F(SecurityOfficer, CannotUnblockWithTheManagementKey) {
    insert_with_known_key();
    m_card->begin().login(PinRole::so, view_of(management_key));
    EXPECT_EQ(error_of([&] { m_card->begin().unblock_user(view_of("654321")); }).kind(),
              Error::Kind::unsupported);
}

TEST_F(SecurityOfficer, IsNeededWhereTheKeyIsNotOnTheCard) {
    insert_with_known_key();
    login();
    EXPECT_EQ(error_of([&] { generate("9a"); }).kind(), Error::Kind::needs_admin);
}

using AlwaysAuthenticate = SoftCardTest;

TEST_F(AlwaysAuthenticate, SignsDirectlyAfterItsLogin) {
    insert();
    login();
    const auto public_key = generate("9c");
    ASSERT_TRUE(m_card->begin().key(key("9c"))->always_authenticate);
    SecretBytes signature;
    EXPECT_EQ(commands([&] {
                  m_card->begin().login_for_key(key("9c"), view_of(user_pin));
                  signature = sign("9c");
              }),
              "20 87");
    EXPECT_TRUE(crypto::verify_ecdsa(public_key, m_hash, signature));
    EXPECT_EQ(error_of([&] { sign("9c"); }).kind(), Error::Kind::not_logged_in);
}

TEST_F(AlwaysAuthenticate, VerifiesAgainWhenSomethingCameBetween) {
    insert();
    login();
    generate("9c");
    m_card->begin().login_for_key(key("9c"), view_of(user_pin));
    m_card->begin().object(object("cert-9a"));
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9c").empty()); }), "20 87");
    m_card->begin().login_for_key(key("9c"), view_of(user_pin));
    m_link->take_away();
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9c").empty()); }), "A4 CB 20 20 87");
}

TEST_F(AlwaysAuthenticate, NeedsALogin) {
    insert();
    EXPECT_EQ(error_of([&] { m_card->begin().login_for_key(key("9c"), view_of(user_pin)); }).kind(),
              Error::Kind::not_logged_in);
    login();
    generate("9c");
    EXPECT_EQ(error_of([&] { sign("9c"); }).kind(), Error::Kind::not_logged_in);
}

TEST_F(AlwaysAuthenticate, GoesAheadDirectlyAfterTheUsersLoginAlone) {
    insert();
    login();
    generate("9c");
    EXPECT_FALSE(m_card->begin().grants(key("9c")));
    m_card->begin().login_for_key(key("9c"), view_of(user_pin));
    EXPECT_FALSE(m_card->begin().grants(key("9c"))) << "that login is for who asked for it";
    m_card->begin().object(object("cert-9a"));
    EXPECT_FALSE(sign("9c").empty());

    m_card->begin().logout();
    login();
    EXPECT_TRUE(m_card->begin().grants(key("9c")));
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9c").empty()); }), "87");
    EXPECT_FALSE(m_card->begin().grants(key("9c")));
}

TEST_F(AlwaysAuthenticate, WrongPinIsToldAtOnceAndAllowsNothing) {
    insert();
    login();
    generate("9c");
    generate("9a");
    const Error error = error_of([&] { m_card->begin().login_for_key(key("9c"), view_of("000000")); });
    EXPECT_EQ(tries_left(error.status()), 2U);
    EXPECT_EQ(error_of([&] { sign("9c"); }).kind(), Error::Kind::not_logged_in);
    EXPECT_EQ(m_card->login(), PinRole::user);
    EXPECT_FALSE(sign("9a").empty());  // the PIN of the login still serves
}

TEST_F(AlwaysAuthenticate, TwoLoginsAllowTwoOperations) {
    insert();
    login();
    generate("9c");
    m_card->begin().login_for_key(key("9c"), view_of(user_pin));
    m_card->begin().login_for_key(key("9c"), view_of(user_pin));
    EXPECT_FALSE(sign("9c").empty());
    EXPECT_FALSE(sign("9c").empty());
    EXPECT_EQ(error_of([&] { sign("9c"); }).kind(), Error::Kind::not_logged_in);
}

/// PolicyRow is a PIN policy of a profile, and how many hand-overs a login survives under it.
struct PolicyRow {
    const char* name;
    const char* cache;
    int survives;
};

void PrintTo(const PolicyRow& row, std::ostream* out) {
    *out << row.name;
}

class CachePolicy : public SoftCardTest, public testing::WithParamInterface<PolicyRow> {};

TEST_P(CachePolicy, SaysHowOftenThePinServesAgain) {
    const std::string patch = R"({"schemaVersion": "1.0", "patch": "piv", "pins": {"user": {"cache": )" +
                              std::string(GetParam().cache) + "}}}";
    insert({}, patch);
    login();
    generate("9a");
    for (int i = 0; i < GetParam().survives; ++i) {
        m_link->take_away();
        EXPECT_FALSE(sign("9a").empty());
    }
    if (GetParam().survives < 3) {
        m_link->take_away();
        EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in);
        EXPECT_EQ(m_card->login(), std::nullopt);
    }
}

INSTANTIATE_TEST_SUITE_P(Policies, CachePolicy,
                         testing::Values(PolicyRow{"none", R"({"policy": "none"})", 0},
                                         PolicyRow{"count", R"({"policy": "count", "count": 2})", 2},
                                         PolicyRow{"time, over", R"({"policy": "time", "ttlMs": 1})", 0},
                                         PolicyRow{"time, not over",
                                                   R"({"policy": "time", "ttlMs": 3600000})", 3},
                                         PolicyRow{"session", R"({"policy": "session"})", 3}));

TEST_F(Login, LastTryIsHeldBackOnceWhereTheProfileSaysSo) {
    insert({}, R"({"schemaVersion": "1.0", "patch": "piv", "pins": {"user": {"finalTryGuard": true}}})");
    for (int i = 0; i < 2; ++i) {
        EXPECT_THROW(m_card->begin().login(PinRole::user, view_of("000000")), Error);
    }
    EXPECT_EQ(commands([&] { EXPECT_EQ(tries_left(error_of([&] { login(); }).status()), 1U); }), "");
    EXPECT_EQ(commands([&] { login(); }), "20");
}

TEST_F(Login, LastTryThatWeKnowOfIsNotSpentUnaskedWhereTheCardDoesNotTell) {
    insert({}, R"({"schemaVersion": "1.0", "patch": "piv",
                   "pins": {"user": {"status": "data-object", "statusObject": "printed"}}})");
    login();
    generate("9a");
    for (int i = 0; i < 2; ++i) {
        EXPECT_THROW(m_card->begin().login(PinRole::user, view_of("000000")), Error);
    }
    m_link->take_away();
    const std::string sent =
        commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in); });
    EXPECT_EQ(sent.find("20"), std::string::npos) << sent;
}

TEST_F(Login, ServesKeysThatWantThePinEachTimeWhereTheProfileSaysSo) {
    insert(
        {},
        R"({"schemaVersion": "1.0", "patch": "piv", "pins": {"user": {"cache": {"forAlwaysAuth": true}}}})");
    login();
    generate("9c");
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9c").empty()); }), "20 87");
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9c").empty()); }), "20 87");
}

/// A card that other processes of this user used, and did not reset.
class SharedCard : public SoftCardTest {
  protected:
    SharedCard() {
        insert(
            {},
            R"({"schemaVersion": "1.0", "patch": "piv", "pins": {"user": {"cache": {"policy": "none"}}}})");
        login();
        generate("9a");
    }

    /// as_other sends what another process would.
    void as_other(const char* command) {
        const auto lease = m_link->acquire(Deadline::after(Milliseconds(1000)));
        m_link->transmit(*from_hex(command), Milliseconds(1000));
        m_link->share();
    }
};

TEST_F(SharedCard, StaysLoggedInWithoutThePinWhereTheyLeftItVerified) {
    m_link->share();
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9a").empty()); }), "CB 20 87");
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9a").empty()); }), "87");
    EXPECT_EQ(m_link->resets, 0U);
}

TEST_F(SharedCard, IsLoggedOutWhereTheyLoggedOut) {
    as_other("0020FF80");
    EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in);
    EXPECT_EQ(m_card->login(), std::nullopt);
}

TEST_F(SharedCard, IsLoggedOutWhereTheySelectedAnew) {
    as_other("00A4040005A000000308");
    EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in);
}

TEST_F(SharedCard, OfAnotherOwnerIsNotTheSameCard) {
    m_link->exchange(softcard::insert(create("second")));
    m_link->share();
    EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::swapped);
    EXPECT_FALSE(m_card->alive());
}

}  // namespace
}  // namespace jeton::card
