// Recognising a card, what is remembered, hand-over between processes, and errors on the way.
#include <gtest/gtest.h>

#include "card/support/card_fixture.hpp"

namespace jeton::card {
namespace {

using Recognition = SoftCardTest;

TEST_F(Recognition, TakesTwoCommands) {
    insert();
    EXPECT_EQ(m_card->profile().id, "piv");
    EXPECT_EQ(m_card->exchanges(), 2U);
    EXPECT_EQ(m_link->sent_since(0), "A4 CB");
    EXPECT_EQ(m_card->serial().size(), 32U);
    EXPECT_TRUE(m_card->alive());
    EXPECT_EQ(m_card->login(), std::nullopt);
}

TEST_F(Recognition, GivesNothingForACardThatNoProfileKnows) {
    support::SimulatedLink link(softcard::insert(create("main")));
    link.intercept = [](View) { return Bytes{0x6A, 0x82}; };
    EXPECT_EQ(Card::recognise(link, built_in_profiles()), nullptr);
    EXPECT_LE(link.sent.size(), 4U) << "two names of PIV, one of OpenPGP, one of SC-HSM";
}

TEST_F(Recognition, GivesNothingForACardThatTalksNonsense) {
    support::SimulatedLink link(softcard::insert(create("main")));
    link.intercept = [](View) { return Bytes{0x61, 0x00}; };
    EXPECT_EQ(Card::recognise(link, built_in_profiles()), nullptr);
}

TEST_F(Recognition, ComparesAtrAndHistoricalBytes) {
    const std::string piv = R"({"schemaVersion": "1.0", "extends": "piv", "priority": 50, )";
    const struct {
        const char* match;
        bool fits;
    } rows[] = {{R"({"historicalText": "JETON"})", true},
                {R"({"historicalText": "other"})", false},
                {R"({"historicalHex": "6A65746F6E"})", true},
                {R"({"historicalHex": "6A65746F6F"})", false},
                {R"({"atr": "3B00"})", false},
                {R"({"historicalText": "jeton", "aid": "A000000308"})", true},
                {R"({"historicalText": "jeton", "aid": "A000000309"})", false}};
    const auto file = create("main");
    for (const auto& row : rows) {
        const auto path = m_directory / "mine.json";
        std::ofstream(path) << piv << R"("id": "mine", "match": {"$replace": [)" << row.match << "]}}";
        const ProfileSet profiles = ProfileSet::load({{.path = path}});
        ASSERT_TRUE(profiles.problems().empty()) << profiles.problems().front().text();
        support::SimulatedLink link(softcard::insert(file));
        const auto card = Card::recognise(link, profiles);
        ASSERT_TRUE(card);
        EXPECT_EQ(card->profile().id == "mine", row.fits) << row.match;
    }
}

using Memory = SoftCardTest;

TEST_F(Memory, AsksTheCardOnceForWhatIsThereAndWhatIsNot) {
    insert();
    const std::size_t slot = object("cert-9a");
    EXPECT_EQ(m_card->known_object(slot), std::nullopt);
    EXPECT_EQ(commands([&] { EXPECT_EQ(m_card->begin().object(slot), nullptr); }), "CB");
    EXPECT_EQ(commands([&] { EXPECT_EQ(m_card->begin().object(slot), nullptr); }), "");
    ASSERT_TRUE(m_card->known_object(slot));
    EXPECT_EQ(*m_card->known_object(slot), nullptr);
}

TEST_F(Memory, FollowsWhatThisProcessWrites) {
    insert();
    login();
    const std::uint64_t version = m_card->version();
    const Bytes certificate = vector_file("rsa-certificate.hex");
    m_card->begin().write_object(object("cert-9a"), certificate);
    EXPECT_GT(m_card->version(), version);
    EXPECT_GT(m_link->writes, 0U);
    EXPECT_EQ(commands([&] { EXPECT_EQ(m_card->begin().object(object("cert-9a"))->value, certificate); }),
              "");
    EXPECT_EQ(m_card->begin().label(), "Kari Nordmann");
    EXPECT_EQ(m_card->known_label(), "Kari Nordmann");
    ASSERT_TRUE(m_card->begin().key(key("9a")));
    m_card->begin().erase_object(object("cert-9a"));
    EXPECT_EQ(*m_card->known_object(object("cert-9a")), nullptr);
    EXPECT_EQ(m_card->known_key(key("9a")), std::nullopt);
    EXPECT_EQ(m_card->begin().label(), "PIV_II");
}

TEST_F(Memory, IsDroppedWhenAnotherProcessWrote) {
    insert();
    EXPECT_EQ(m_card->begin().object(object("cert-9a")), nullptr);
    const std::uint64_t version = m_card->version();
    elsewhere([&](Card& other) {
        other.begin().login(PinRole::user, view_of(user_pin));
        other.begin().write_object(object("cert-9a"), vector_file("ec-certificate.hex"));
    });
    m_link->others_wrote = true;
    Burst burst = m_card->begin();
    EXPECT_GT(m_card->version(), version);
    ASSERT_TRUE(burst.object(object("cert-9a")));
    EXPECT_EQ(burst.label(), "Ola Nordmann");
}

TEST_F(Memory, ListsRetiredSlotsAsFarAsTheKeyHistoryGoes) {
    insert();
    EXPECT_EQ(commands([&] {
                  Burst burst = m_card->begin();
                  EXPECT_TRUE(burst.key_listed(key("9a")));
                  EXPECT_FALSE(burst.key_listed(key("82")));
                  EXPECT_FALSE(burst.object_listed(object("cert-82")));
              }),
              "CB");
    login();
    generate("83");
    Burst burst = m_card->begin();
    EXPECT_TRUE(burst.key_listed(key("82")));
    EXPECT_TRUE(burst.key_listed(key("83")));
    EXPECT_FALSE(burst.key_listed(key("84")));
    EXPECT_TRUE(burst.object_listed(object("cert-83")));
}

TEST_F(Memory, ListsARetiredSlotBeforeItIsWritten) {
    insert();
    login();
    m_link->intercept = [](View command) {
        return command[1] == 0x47 ? std::optional(Bytes{0x6F, 0x00}) : std::nullopt;
    };
    EXPECT_THROW(generate("84"), Error);
    m_link->intercept = {};
    Burst burst = m_card->begin();
    EXPECT_TRUE(burst.key_listed(key("84"))) << "whatever the card did can be found";
    EXPECT_FALSE(burst.key(key("84")));
}

TEST_F(Memory, ForgetsAtLogoutWhatOnlyTheUserMaySee) {
    insert();
    const std::size_t slot = object("printed");
    EXPECT_EQ(error_of([&] { m_card->begin().object(slot); }).kind(), Error::Kind::not_logged_in);
    login();
    EXPECT_TRUE(m_card->begin().object(slot));
    m_card->begin().logout();
    EXPECT_EQ(m_card->known_object(slot), std::nullopt);
    EXPECT_EQ(error_of([&] { m_card->begin().object(slot); }).kind(), Error::Kind::not_logged_in);
}

using HandOver = SoftCardTest;

TEST_F(HandOver, SpendsNothingWhenNobodyElseUsedTheCard) {
    insert();
    EXPECT_EQ(commands([&] { m_card->begin(); }), "");
}

TEST_F(HandOver, SelectsAndComparesAfterAResetAndLeavesThePinAlone) {
    insert();
    login();
    m_link->take_away();
    EXPECT_EQ(commands([&] { m_card->begin().object(object("cert-9a")); }), "A4 CB CB");
    EXPECT_EQ(m_card->login(), PinRole::user);
}

TEST_F(HandOver, VerifiesAgainWhenAKeyNeedsIt) {
    insert();
    login();
    const auto public_key = generate("9a");
    m_link->take_away();
    SecretBytes signature;
    EXPECT_EQ(commands([&] { signature = sign("9a"); }), "A4 CB 20 20 87");
    EXPECT_TRUE(crypto::verify_ecdsa(public_key, m_hash, signature));
    EXPECT_EQ(commands([&] { sign("9a"); }), "87");
}

TEST_F(HandOver, NeverSendsAPinToASwappedCard) {
    insert();
    login();
    generate("9a");
    m_link->exchange(softcard::insert(create("other")));
    const std::string sent =
        commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::swapped); });
    EXPECT_EQ(sent, "A4 CB");
    EXPECT_FALSE(m_card->alive());
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_EQ(error_of([&] { m_card->begin(); }).kind(), Error::Kind::swapped);
}

TEST_F(HandOver, EndsTheLoginWhenThePinWasChangedElsewhere) {
    insert();
    login();
    generate("9a");
    elsewhere(
        [](Card& other) { other.begin().change_pin(PinRole::user, view_of("123456"), view_of("654321")); });
    EXPECT_EQ(commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in); }),
              "A4 CB 20 20");
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 2U);
    EXPECT_EQ(commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in); }),
              "");
}

TEST_F(HandOver, NeverSpendsTheLastTryUnasked) {
    insert();
    login();
    generate("9a");
    elsewhere([](Card& other) {
        for (int i = 0; i < 2; ++i) {
            EXPECT_THROW(other.begin().login(PinRole::user, view_of("000000")), Error);
        }
    });
    EXPECT_EQ(commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).kind(), Error::Kind::not_logged_in); }),
              "A4 CB 20");
    EXPECT_NO_THROW(login());
    EXPECT_NO_THROW(sign("9a"));
}

TEST_F(HandOver, RepeatsTheLoginWhenTheCardForgotItWithoutTellingUs) {
    insert();
    login();
    generate("9a");
    bool refused = false;
    m_link->intercept = [&](View command) -> std::optional<Bytes> {
        if (command[1] == 0x87 && !std::exchange(refused, true)) {
            return Bytes{0x69, 0x82};
        }
        return std::nullopt;
    };
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9a").empty()); }), "87 20 87");
}

TEST_F(HandOver, GivesUpWhenTheCardRefusesDirectlyAfterTheLogin) {
    insert();
    login();
    generate("9a");
    m_link->intercept = [](View command) -> std::optional<Bytes> {
        return command[1] == 0x87 ? std::optional(Bytes{0x69, 0x82}) : std::nullopt;
    };
    EXPECT_EQ(commands([&] { EXPECT_EQ(error_of([&] { sign("9a"); }).status(), sw::security_status); }),
              "87 20 87");
}

TEST_F(HandOver, SelectsAgainWhenTheApplicationIsNotCurrentAnyMore) {
    insert();
    login();
    generate("9a");
    bool lost = false;
    // The card answers 6D00 or 6E00 to a command of an application that is not selected.
    m_link->intercept = [&](View command) -> std::optional<Bytes> {
        if (command[1] == 0x87 && !std::exchange(lost, true)) {
            m_link->reset();
            return Bytes{0x6D, 0x00};
        }
        return std::nullopt;
    };
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9a").empty()); }), "87 A4 CB 20 20 87");
}

TEST_F(HandOver, ACardThatFailsAtSelectIsNotTakenForAnother) {
    insert();
    m_link->take_away();
    m_link->intercept = [](View) { return from_hex("6F00"); };
    EXPECT_EQ(error_of([&] { m_card->begin().key(key("9a")); }).verb(), Verb::select);
    m_link->intercept = {};
    EXPECT_TRUE(m_card->alive());
    EXPECT_NO_THROW(m_card->begin().key(key("9a")));
}

using LinkErrors = SoftCardTest;

TEST_F(LinkErrors, PulledCardIsDead) {
    insert();
    login();
    m_link->pull();
    EXPECT_FALSE(m_card->alive());
    EXPECT_THROW(m_card->begin(), reader::Error);
    EXPECT_EQ(m_card->login(), std::nullopt);
}

TEST_F(LinkErrors, CardThatGoesDuringABurstIsDead) {
    insert();
    m_link->intercept = [](View) -> std::optional<Bytes> {
        throw reader::Error(reader::Error::Kind::no_card, "pulled");
    };
    EXPECT_THROW(m_card->begin().object(object("cert-9a")), reader::Error);
    EXPECT_FALSE(m_card->alive());
}

TEST_F(LinkErrors, ErrorOnTheWayCostsTheSelectionAlone) {
    insert();
    login();
    generate("9a");
    m_link->intercept = [](View) -> std::optional<Bytes> {
        throw reader::Error(reader::Error::Kind::protocol, "noise");
    };
    EXPECT_THROW(sign("9a"), reader::Error);
    m_link->intercept = {};
    EXPECT_TRUE(m_card->alive());
    EXPECT_EQ(commands([&] { EXPECT_FALSE(sign("9a").empty()); }), "A4 CB 20 20 87");
}

}  // namespace
}  // namespace jeton::card
