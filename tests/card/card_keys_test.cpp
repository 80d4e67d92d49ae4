// Keys that come, move and go, the management key, attestation and C_InitToken's work, on the software card.
#include <gtest/gtest.h>

#include "card/support/card_fixture.hpp"
#include "util/gzip.hpp"
#include "util/tlv.hpp"

namespace jeton::card {
namespace {

using Import = SoftCardTest;

/// sample gives a fresh private key of |type|.
crypto::PrivateKey sample(KeyType type) {
    if (const auto bits = rsa_bits(type)) {
        return crypto::PrivateKey::generate_rsa(*bits);
    }
    if (const auto curve = curve_of(type)) {
        return crypto::PrivateKey::generate_ec(*curve);
    }
    return crypto::PrivateKey::generate_okp(okp_of(type).value());
}

TEST_F(Import, BringsEachKindOfKeyOntoTheCard) {
    insert();
    login();
    for (const KeyType type :
         {KeyType::rsa2048, KeyType::p256, KeyType::p384, KeyType::ed25519, KeyType::x25519}) {
        const auto private_key = sample(type);
        const auto entry = m_card->begin().import_key(key("9a"), private_key.parts().value());
        EXPECT_EQ(entry->public_key, private_key.public_key());
        EXPECT_FALSE(entry->generated_on_card);
        EXPECT_EQ(*m_card->known_key(key("9a")), entry);
    }
}

TEST_F(Import, MakesAKeyThatSigns) {
    insert();
    login();
    const auto private_key = sample(KeyType::p256);
    m_card->begin().import_key(key("9a"), private_key.parts().value());
    EXPECT_TRUE(
        crypto::verify_ecdsa(std::get<crypto::EcPublicKey>(private_key.public_key()), m_hash, sign("9a")));
    const auto edwards = sample(KeyType::ed25519);
    m_card->begin().import_key(key("9a"), edwards.parts().value());
    const auto signature =
        m_card->begin().compute(key("9a"), Primitive::eddsa, Verb::sign, view_of("message"));
    EXPECT_TRUE(crypto::verify_eddsa(std::get<crypto::OkpPublicKey>(edwards.public_key()), view_of("message"),
                                     signature));
}

TEST_F(Import, AgreesAsTheOtherSideDoes) {
    insert();
    login();
    for (const KeyType type : {KeyType::p256, KeyType::p384, KeyType::x25519}) {
        const auto ours = sample(type);
        const auto theirs = sample(type);
        m_card->begin().import_key(key("9d"), ours.parts().value());
        const auto point_of = [](const crypto::PublicKey& key) {
            const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
            return ec != nullptr ? ec->point : std::get<crypto::OkpPublicKey>(key).value;
        };
        EXPECT_EQ(
            m_card->begin().compute(key("9d"), Primitive::ecdh, Verb::derive, point_of(theirs.public_key())),
            theirs.agree(point_of(ours.public_key())));
    }
}

TEST_F(Import, RefusesWhatIsNoKey) {
    insert();
    login();
    const crypto::EcPrivateParts zero{crypto::Curve::p256, SecretBytes(32, 0x00)};
    EXPECT_EQ(commands([&] {
                  EXPECT_EQ(error_of([&] { m_card->begin().import_key(key("9a"), zero); }).kind(),
                            Error::Kind::unsupported);
              }),
              "");
}

TEST_F(Import, FollowsThePolicyThatItIsGiven) {
    insert();
    login();
    const auto parts = sample(KeyType::p256).parts().value();
    EXPECT_TRUE(m_card->begin().import_key(key("9c"), parts)->always_authenticate);
    m_card->begin().import_key(key("9e"), parts, {PinPolicy::once, {}});
    m_card->begin().logout();
    EXPECT_EQ(error_of([&] { sign("9e"); }).status(), sw::security_status);
}

TEST_F(Import, NeedsTheManagementKey) {
    insert_with_known_key();
    login();
    EXPECT_EQ(error_of([&] {
                  m_card->begin().import_key(key("9a"), sample(KeyType::p256).parts().value());
              }).kind(),
              Error::Kind::needs_admin);
}

using Erase = SoftCardTest;

TEST_F(Erase, EmptiesTheSlot) {
    insert();
    login();
    generate("9a");
    m_card->begin().erase_key(key("9a"));
    EXPECT_EQ(*m_card->known_key(key("9a")), nullptr);
    EXPECT_EQ(error_of([&] { sign("9a"); }).status(), sw::reference_not_found);
    EXPECT_EQ(error_of([&] { m_card->begin().erase_key(key("9a")); }).status(), sw::reference_not_found);
}

TEST_F(Erase, WantsTheCertificateGoneThatSaysTheKeyIsThere) {
    insert();
    login();
    m_card->begin().import_key(key("9a"), sample(KeyType::p256).parts().value());
    m_card->begin().write_object(object("cert-9a"), vector_file("ec-certificate.hex"));
    EXPECT_NO_THROW(m_card->begin().key(key("9a")));
    EXPECT_EQ(error_of([&] { m_card->begin().erase_key(key("9a")); }).kind(), Error::Kind::unsupported);
    m_card->begin().erase_object(object("cert-9a"));
    m_card->begin().erase_key(key("9a"));
    EXPECT_EQ(m_card->begin().key(key("9a")), nullptr);
}

TEST_F(Erase, SaysSoWhereTheCardHasNoCommandForIt) {
    insert();
    login();
    generate("9a");
    m_link->intercept = [](View command) -> std::optional<Bytes> {
        return command[1] == 0xF6 ? std::optional(Bytes{0x6D, 0x00}) : std::nullopt;
    };
    EXPECT_EQ(error_of([&] { m_card->begin().erase_key(key("9a")); }).status(), sw::ins_not_supported);
    m_link->intercept = nullptr;
    EXPECT_FALSE(sign("9a").empty());
}

using Move = SoftCardTest;

TEST_F(Move, TakesTheKeyToARetiredSlotAndListsIt) {
    insert();
    login();
    const auto public_key = generate("9d");
    m_card->begin().move_key(key("9d"), key("83"));
    Burst burst = m_card->begin();
    EXPECT_EQ(burst.key(key("9d")), nullptr);
    EXPECT_EQ(burst.key(key("83"))->public_key, crypto::PublicKey(public_key));
    EXPECT_TRUE(burst.key_listed(key("83")));
}

using ManagementKey = SoftCardTest;

TEST_F(ManagementKey, IsChangedToOneOfAnyLength) {
    insert_with_known_key();
    m_card->begin().login(PinRole::so, view_of(management_key));
    std::string present(management_key);
    for (const std::size_t digits : {32U, 64U, 48U}) {
        const std::string next(digits, 'B');
        m_card->begin().change_pin(PinRole::so, view_of(present), view_of(next));
        present = next;
        m_link->take_away();
        EXPECT_NO_THROW(generate("9a"));
    }
    m_card->begin().logout();
    EXPECT_EQ(error_of([&] { m_card->begin().login(PinRole::so, view_of(management_key)); }).status(),
              sw::security_status);
    EXPECT_NO_THROW(m_card->begin().login(PinRole::so, view_of(present)));
}

TEST_F(ManagementKey, StaysWhenTheOldOneIsWrongOrTheNewOneNone) {
    insert_with_known_key();
    const std::string wrong(48, 'A');
    const auto change = [&](std::string_view old_key, std::string_view new_key) {
        return error_of([&] { m_card->begin().change_pin(PinRole::so, view_of(old_key), view_of(new_key)); });
    };
    EXPECT_EQ(change(wrong, std::string(64, 'B')).verb(), Verb::authenticate);
    EXPECT_EQ(change(management_key, std::string(40, 'B')).kind(), Error::Kind::pin_form);
    EXPECT_EQ(change(management_key, std::string(64, 'x')).kind(), Error::Kind::pin_form);
    EXPECT_NO_THROW(m_card->begin().login(PinRole::so, view_of(management_key)));
}

TEST_F(ManagementKey, ThatThePinProtectsStaysWithThePin) {
    insert();
    login();
    const auto printed = m_card->begin().object(object("printed"));
    const auto stored = find_tlv_path(printed->value, {0x88, 0x89});
    ASSERT_TRUE(stored);
    m_card->begin().change_pin(PinRole::so, view_of(to_hex(*stored)), view_of(std::string(64, 'C')));
    m_link->take_away();
    EXPECT_NO_THROW(generate("9a"));
}

using Attestation = SoftCardTest;

TEST_F(Attestation, IsOfTheKeyThatTheCardMade) {
    insert();
    login();
    const auto public_key = generate("9a");
    const auto entry = m_card->begin().object(object("attestation-9a"));
    ASSERT_TRUE(entry && entry->certificate);
    EXPECT_EQ(entry->certificate->key, crypto::PublicKey(public_key));
    EXPECT_FALSE(m_card->begin().object_listed(object("attestation-9a")));
    const auto next = generate("9a");
    EXPECT_EQ(m_card->begin().object(object("attestation-9a"))->certificate->key, crypto::PublicKey(next));
    m_card->begin().import_key(key("9a"), sample(KeyType::p256).parts().value());
    EXPECT_EQ(m_card->begin().object(object("attestation-9a")), nullptr);
}

using LargeCertificate = SoftCardTest;

TEST_F(LargeCertificate, IsCompressedWhereItWouldNotFit) {
    const Bytes certificate = vector_file("rsa-certificate.hex");
    const std::size_t compressed = compress(certificate).size();
    ASSERT_LT(compressed + 20, certificate.size());
    insert({}, R"({"schemaVersion": "1.0", "patch": "piv", "objects": [{"id": "cert-9a", "maxSize": )" +
                   std::to_string(compressed + 20) + "}]}");
    login();
    m_card->begin().write_object(object("cert-9a"), certificate);
    elsewhere([&](Card& other) { EXPECT_EQ(other.begin().object(object("cert-9a"))->value, certificate); });
}

using Initialize = SoftCardTest;

TEST_F(Initialize, MakesTheCardAsNewAndKeepsTheManagementKey) {
    insert_with_known_key();
    login();
    m_card->begin().change_pin(PinRole::user, view_of(user_pin), view_of("777777"));
    m_card->begin().logout();
    m_card->begin().login(PinRole::so, view_of(management_key));
    generate("9a");
    m_card->begin().write_object(object("cert-9a"), vector_file("ec-certificate.hex"));
    m_card->begin().logout();
    m_card->begin().initialize(view_of(management_key));
    EXPECT_FALSE(m_card->alive());

    m_card = Card::recognise(*m_link, built_in_profiles());
    ASSERT_TRUE(m_card);
    EXPECT_EQ(m_card->begin().key(key("9a")), nullptr);
    EXPECT_EQ(m_card->begin().object(object("cert-9a")), nullptr);
    EXPECT_NE(m_card->begin().object(object("chuid")), nullptr);
    EXPECT_NE(m_card->begin().object(object("ccc")), nullptr);
    EXPECT_NO_THROW(m_card->begin().login(PinRole::user, view_of(user_pin)));
    m_card->begin().logout();
    EXPECT_NO_THROW(m_card->begin().login(PinRole::so, view_of(management_key)));
    EXPECT_NO_THROW(generate("9a"));
}

TEST_F(Initialize, LeavesTheUserAbleToGenerateWhereThePinProtectedTheKey) {
    insert();
    login();
    const auto printed = m_card->begin().object(object("printed"));
    const std::string stored = to_hex(find_tlv_path(printed->value, {0x88, 0x89}).value());
    m_card->begin().initialize(view_of(stored));
    m_card = Card::recognise(*m_link, built_in_profiles());
    ASSERT_TRUE(m_card);
    login();
    EXPECT_NO_THROW(generate("9a"));
}

TEST_F(Initialize, SpendsNothingWithAWrongKeyOrACardThatCannot) {
    insert_with_known_key();
    const std::string wrong(48, 'A');
    EXPECT_EQ(error_of([&] { m_card->begin().initialize(view_of(wrong)); }).verb(), Verb::authenticate);
    EXPECT_EQ(error_of([&] { m_card->begin().initialize(view_of("123456x")); }).kind(),
              Error::Kind::pin_form);
    m_link->intercept = [](View command) -> std::optional<Bytes> {
        return command[1] == 0xFB ? std::optional(Bytes{0x6D, 0x00}) : std::nullopt;
    };
    EXPECT_EQ(error_of([&] { m_card->begin().initialize(view_of(management_key)); }).status(),
              sw::ins_not_supported);
    EXPECT_TRUE(m_card->alive());
    EXPECT_EQ(m_card->begin().pin_status(PinRole::user).tries_left, 3U);
    EXPECT_NO_THROW(login());
}

}  // namespace
}  // namespace jeton::card
