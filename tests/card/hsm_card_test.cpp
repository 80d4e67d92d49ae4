// The SmartCard-HSM applet and the Card above it on the software card's application.
#include <gtest/gtest.h>

#include "card/card.hpp"
#include "card/hsm_cvc.hpp"
#include "card/support/error_of.hpp"
#include "card/support/profiles.hpp"
#include "card/support/simulated_link.hpp"
#include "crypto/digest.hpp"
#include "crypto/padding.hpp"
#include "softcard/store.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::card {
namespace {

constexpr std::string_view user_pin = "123456";
constexpr std::string_view officer_pin = "3132333435363738";  // the bytes 12345678

/// named makes a Name; what is empty stays.
Name named(const std::string& label, const Bytes& id = {}) {
    Name name;
    name.label = label;
    name.id = id;
    return name;
}

class HsmCard : public testing::Test {
  protected:
    void insert(bool blank = false) {
        softcard::CreateOptions options;
        options.name = "main";
        options.applets = {"sc-hsm"};
        options.pin_iterations = 10;
        options.blank = blank;
        softcard::create(m_directory.path(), options);
        m_link = std::make_unique<support::SimulatedLink>(
            softcard::insert(softcard::card_file(m_directory.path(), "main")));
        recognise();
    }

    void recognise() {
        m_card = Card::recognise(*m_link, built_in_profiles());
        ASSERT_TRUE(m_card);
        ASSERT_EQ(m_card->profile().id, "sc-hsm-native");
    }

    void login() { m_card->begin().login(PinRole::user, view_of(user_pin)); }

    std::size_t make(KeyType type, Bytes id = {}, const std::string& label = "label") {
        Burst burst = m_card->begin();
        const std::size_t index = burst.new_key_slot({type, named(label, id)});
        burst.generate(index, type);
        return index;
    }

    /// spent gives the number of APDUs that |function| sent.
    template <typename Function>
    std::size_t spent(Function&& function) {
        const std::size_t before = m_link->sent.size();
        function();
        return m_link->sent.size() - before;
    }

    Bytes m_hash = Bytes(32, 0xA5);
    test::ScratchDirectory m_directory;
    std::unique_ptr<support::SimulatedLink> m_link;
    std::unique_ptr<Card> m_card;
};

TEST_F(HsmCard, MakesKeysThatAnotherProcessFinds) {
    insert();
    EXPECT_TRUE(m_card->layout()->keys.empty());
    login();
    const std::size_t rsa = make(KeyType::rsa2048, {0x01}, "first");
    const std::size_t ec = make(KeyType::p256);
    EXPECT_NE(rsa, ec);
    const auto rsa_key = m_card->begin().key(rsa)->public_key;
    const auto ec_key = m_card->begin().key(ec)->public_key;
    EXPECT_EQ(m_card->layout()->keys[ec]->pkcs11_id, key_identifier(ec_key));

    recognise();
    Burst burst = m_card->begin();
    burst.discover();
    const auto layout = m_card->layout();
    ASSERT_EQ(layout->keys.size(), 2U);
    EXPECT_EQ(layout->keys[0]->label, "first");
    EXPECT_EQ(layout->keys[0]->pkcs11_id, Bytes{0x01});
    EXPECT_TRUE(layout->keys[0]->decrypt && layout->keys[0]->sign && !layout->keys[0]->derive);
    EXPECT_TRUE(layout->keys[1]->sign && layout->keys[1]->derive && !layout->keys[1]->decrypt);
    EXPECT_EQ(burst.key(0)->public_key, rsa_key);
    EXPECT_EQ(burst.key(1)->public_key, ec_key);
    EXPECT_TRUE(burst.key(0)->generated_on_card);
}

TEST_F(HsmCard, AKeyWhoseDescriptionIsRefusedIsThereAllTheSame) {
    insert();
    login();
    make(KeyType::p256, {0x2A}, "described");
    m_link->intercept = [](View command) {
        const bool reads_description = command[1] == 0xB1 && command[2] == 0xC4;
        return reads_description ? std::optional(Bytes{0x69, 0x82}) : std::nullopt;
    };
    recognise();
    m_card->begin().discover();
    ASSERT_EQ(m_card->layout()->keys.size(), 1U);
    EXPECT_EQ(m_card->layout()->keys[0]->label, "Key 1");
}

TEST_F(HsmCard, Computes) {
    insert();
    login();
    const std::size_t rsa = make(KeyType::rsa2048);
    const std::size_t ec = make(KeyType::p384);
    Burst burst = m_card->begin();
    const auto rsa_key = std::get<crypto::RsaPublicKey>(burst.key(rsa)->public_key);
    const Bytes content = crypto::digest_info(crypto::Hash::sha256, m_hash);
    const Bytes block = crypto::pad_pkcs_signature(256, content).value();
    EXPECT_TRUE(
        crypto::verify_rsa_pkcs(rsa_key, content, burst.compute(rsa, Primitive::rsa_raw, Verb::sign, block)));
    const Bytes secret = crypto::encrypt_pkcs(rsa_key, view_of("secret")).value();
    const auto plain = crypto::unpad_pkcs(burst.compute(rsa, Primitive::rsa_raw, Verb::decipher, secret));
    ASSERT_TRUE(plain.has_value());
    EXPECT_TRUE(equal(*plain, view_of("secret")));

    const auto ec_key = std::get<crypto::EcPublicKey>(burst.key(ec)->public_key);
    EXPECT_TRUE(
        crypto::verify_ecdsa(ec_key, m_hash, burst.compute(ec, Primitive::ecdsa, Verb::sign, m_hash)));
    const auto peer = crypto::PrivateKey::generate_ec(crypto::Curve::p384);
    const auto point = std::get<crypto::EcPublicKey>(peer.public_key()).point;
    EXPECT_EQ(burst.compute(ec, Primitive::ecdh, Verb::derive, point), peer.agree(ec_key.point));
    EXPECT_EQ(error_of([&] { burst.compute(ec, Primitive::ecdh, Verb::derive, m_hash); }).kind(),
              Error::Kind::too_large);
}

TEST_F(HsmCard, CostsFewCommands) {
    insert();
    login();
    for (const Byte id : Bytes{1, 2, 3, 4}) {
        make(KeyType::p256, {id});
    }
    const std::size_t first = spent([&] {
        m_link->take_away();
        recognise();
        {
            Burst burst = m_card->begin();
            burst.label();
            burst.pin_status(PinRole::user);
            burst.discover();
        }
        login();
        m_card->begin().compute(0, Primitive::ecdsa, Verb::sign, m_hash);
    });
    EXPECT_LE(first, 12U + 3U) << "three look for other applications: "
                               << m_link->sent_since(m_link->sent.size() - first);
    EXPECT_EQ(spent([&] { m_card->begin().compute(0, Primitive::ecdsa, Verb::sign, m_hash); }), 1U);
    EXPECT_LE(spent([&] { m_card->begin().compute(1, Primitive::ecdsa, Verb::sign, m_hash); }), 2U);
    EXPECT_EQ(spent([&] {
                  Burst burst = m_card->begin();
                  burst.discover();
                  burst.key(0);
              }),
              0U);
}

TEST_F(HsmCard, RenamesAndErasesKeys) {
    insert();
    login();
    const std::size_t key = make(KeyType::p256, {0x01}, "old");
    m_card->begin().rename_key(key, named("new", {0x02}));
    recognise();
    m_card->begin().discover();
    EXPECT_EQ(m_card->layout()->keys[0]->label, "new");
    EXPECT_EQ(m_card->layout()->keys[0]->pkcs11_id, Bytes{0x02});
    login();
    m_card->begin().erase_key(0);
    EXPECT_EQ(*m_card->known_key(0), nullptr);
    EXPECT_EQ(make(KeyType::p256, {0x03}), 0U) << "an empty slot is used again";
    recognise();
    m_card->begin().discover();
    EXPECT_EQ(m_card->layout()->keys.size(), 1U);
}

TEST_F(HsmCard, KeepsDataObjects) {
    insert();
    login();
    const Bytes content(3000, 0x5A);
    Burst burst = m_card->begin();
    Name names = named("open");
    names.application = "app";
    names.oid = Bytes{0x06, 0x01, 0x2A};
    const std::size_t open = burst.new_object_slot({ObjectSlot::Class::data, names});
    burst.write_object(open, content);
    const std::size_t guarded = burst.new_object_slot({ObjectSlot::Class::data, named("guarded"), true});
    burst.write_object(guarded, m_hash);
    burst.write_object(open, m_hash);
    burst.write_object(open, content);
    burst.rename_object(open, named("renamed"));
    {
        const Burst done = std::move(burst);
    }

    m_link->take_away();
    recognise();
    m_card->begin().discover();
    const auto layout = m_card->layout();
    ASSERT_EQ(layout->objects.size(), 2U);
    for (std::size_t i = 0; i < 2; ++i) {
        if (layout->objects[i]->label == "renamed") {
            EXPECT_EQ(m_card->begin().object(i)->value, content);
            EXPECT_EQ(layout->objects[i]->application, "app");
            EXPECT_EQ(layout->objects[i]->oid, (Bytes{0x06, 0x01, 0x2A}));
            continue;
        }
        EXPECT_EQ(layout->objects[i]->label, "guarded");
        EXPECT_EQ(error_of([&] { m_card->begin().object(i); }).kind(), Error::Kind::not_logged_in);
        login();
        EXPECT_EQ(m_card->begin().object(i)->value, m_hash);
        m_card->begin().erase_object(i);
    }
    recognise();
    m_card->begin().discover();
    EXPECT_EQ(m_card->layout()->objects.size(), 1U);
}

TEST_F(HsmCard, TakesNoPrivateKeys) {
    insert();
    login();
    Burst burst = m_card->begin();
    const std::size_t index = burst.new_key_slot({KeyType::p256, {}});
    const auto parts = crypto::PrivateKey::generate_ec(crypto::Curve::p256).parts().value();
    EXPECT_EQ(error_of([&] { burst.import_key(index, parts); }).kind(), Error::Kind::unsupported);
}

TEST_F(HsmCard, HasPinsOfUserAndOfficer) {
    insert();
    EXPECT_EQ(tries_left(error_of([&] { m_card->begin().login(PinRole::user, view_of("000000")); }).status()),
              2U);
    m_card->begin().login(PinRole::so, view_of(officer_pin));
    m_card->begin().unblock_user(view_of("654321"));
    m_card->begin().logout();
    m_card->begin().login(PinRole::user, view_of("654321"));
    m_card->begin().change_pin(PinRole::user, view_of("654321"), view_of(user_pin));
    m_card->begin().logout();
    login();
    EXPECT_EQ(m_card->login(), PinRole::user);
}

TEST_F(HsmCard, IsInitialised) {
    insert();
    login();
    make(KeyType::p256);
    const Error wrong = error_of([&] { m_card->begin().initialize(view_of("0000000000000000")); });
    EXPECT_EQ(wrong.verb(), Verb::verify);
    EXPECT_TRUE(is_refusal(wrong));
    recognise();
    m_card->begin().initialize(view_of(officer_pin));
    EXPECT_FALSE(m_card->alive());
    recognise();
    m_card->begin().discover();
    EXPECT_TRUE(m_card->layout()->keys.empty());
    m_card->begin().login(PinRole::so, view_of(officer_pin));
    m_card->begin().unblock_user(view_of(user_pin));
    m_card->begin().logout();
    login();
}

TEST_F(HsmCard, ABlankCardTakesAnyOfficerPin) {
    insert(true);
    m_card->begin().initialize(view_of("00112233445566FF"));
    recognise();
    m_card->begin().login(PinRole::so, view_of("00112233445566FF"));
}

/// answers are what a card could say to anything: nothing of it is an object, or a result.
constexpr const char* hostile[] = {"9000",
                                   "6282",
                                   "00",
                                   "6F00",
                                   "3084FFFFFFFF9000",
                                   "678400FFFFFF9000",
                                   "30809000",
                                   "A0827FFF309000",
                                   "7F2182FFFF7F4E9000"};

TEST_F(HsmCard, StandsHostileAnswers) {
    insert();
    login();
    make(KeyType::p256);
    for (const char* answer : hostile) {
        SCOPED_TRACE(answer);
        m_link->intercept = nullptr;
        m_link->take_away();
        recognise();
        login();
        m_link->intercept = [&](View) { return from_hex(answer); };
        try {
            Burst burst = m_card->begin();
            burst.discover();
            EXPECT_TRUE(m_card->layout()->keys.empty());
        } catch (const Error&) {  // as good an answer as an empty layout
        }
        m_link->intercept = [&](View command) {
            return command[1] == 0x58 ? std::nullopt : from_hex(answer);
        };
        try {
            Burst burst = m_card->begin();
            burst.discover();
            for (std::size_t i = 0; i < m_card->layout()->keys.size(); ++i) {
                EXPECT_EQ(burst.key(i), nullptr);
            }
        } catch (const Error&) {
        }
    }
}

TEST(HsmRequest, HoldsAKeyWithoutASignature) {
    for (const crypto::Curve curve :
         {crypto::Curve::p256, crypto::Curve::p521, crypto::Curve::brainpoolP512r1}) {
        const auto key = crypto::PrivateKey::generate_ec(curve).public_key();
        EXPECT_EQ(hsm::requested_key(hsm::unsigned_request(key, "HOLDER00001")), key);
    }
    const auto key = crypto::PrivateKey::generate_rsa(2048).public_key();
    Bytes request = hsm::unsigned_request(key, "HOLDER00001");
    EXPECT_EQ(hsm::requested_key(request), key);
    for (std::size_t length = 0; length < 300; ++length) {
        EXPECT_EQ(hsm::requested_key(View(request).first(length)), std::nullopt);
    }
}

}  // namespace
}  // namespace jeton::card
