// A card that no program knows: the profile of docs/new-card.md, and nothing else, makes the whole module
// list it, log in to it, sign, decipher and agree with it.
#include <fstream>
#include <gtest/gtest.h>

#include "usb/invented_card.hpp"
#include "usb/mock_bus.hpp"

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

namespace {

const Bytes message(100, 0x5A);

/// profile_of_page is the only JSON on the page.
std::string profile_of_page() {
    std::ifstream page(NEW_CARD_PAGE);
    std::string text;
    std::string line;
    while (std::getline(page, line) && line != "```json") {
    }
    while (std::getline(page, line) && line != "```") {
        text += line + "\n";
    }
    return text;
}

class NewCard : public testing::TestWithParam<const char*> {
  protected:
    NewCard() : m_card(std::make_shared<InventedCard>()) {
        const auto profile = m_scratch.path() / "town-hall.json";
        std::ofstream(profile) << profile_of_page();
        std::ofstream(m_scratch.path() / "jeton.json")
            << R"({"readers": {"access": "usb"}, "softCards": {"enabled": false}, "profiles": [")"
            << profile.string() << "\"]}";
        setenv("JETON_CONFIG", (m_scratch.path() / "jeton.json").c_str(), 1);
        setenv("XDG_RUNTIME_DIR", m_scratch.path().c_str(), 1);
        reader::EmulationOptions options;
        EXPECT_TRUE(reader::set_exchange(options, GetParam()));
        m_bus.plug("1-1", reader_with(reader::make_emulated_reader(m_card, options)));
    }
    ~NewCard() override {
        EXPECT_TRUE(m_card->unexpected.empty()) << m_card->unexpected.front();
        unsetenv("JETON_CONFIG");
        unsetenv("XDG_RUNTIME_DIR");
    }

    /// commands runs |function| and gives INS P1 P2 of what it sent.
    template <typename Function>
    std::string commands(Function&& function) {
        m_card->commands.clear();
        function();
        std::string out;
        for (const std::string& command : m_card->commands) {
            out += (out.empty() ? "" : " ") + command.substr(2, 6);
        }
        return out;
    }

    static Bytes label_of(const Client& client, CK_OBJECT_HANDLE object) {
        return client.attribute(object, CKA_LABEL);
    }

    CK_OBJECT_HANDLE private_key(const Client& client, Byte id) {
        return client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), bytes(CKA_ID, Bytes{id})});
    }
    CK_OBJECT_HANDLE public_key(const Client& client, Byte id) {
        return client.find_one({number(CKA_CLASS, CKO_PUBLIC_KEY), bytes(CKA_ID, Bytes{id})});
    }

    ScratchDirectory m_scratch;
    std::shared_ptr<InventedCard> m_card;
    MockBus m_bus;
};

std::string trimmed(const CK_UTF8CHAR* text, std::size_t length) {
    std::string out(reinterpret_cast<const char*>(text), length);
    out.erase(out.find_last_not_of(' ') + 1);
    return out;
}

TEST_P(NewCard, ListsWhatTheProfileSays) {
    const Client client;
    CK_TOKEN_INFO info{};
    ASSERT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(trimmed(info.label, sizeof info.label), "Town hall 20261126");
    EXPECT_EQ(trimmed(info.manufacturerID, sizeof info.manufacturerID), "Town hall");
    EXPECT_EQ(trimmed(info.model, sizeof info.model), "Clerk");
    EXPECT_EQ(trimmed(info.serialNumber, sizeof info.serialNumber), "20261126");
    ASSERT_EQ(client.login(InventedCard::pin), CKR_OK);
    EXPECT_EQ(label_of(client, private_key(client, 1)), to_bytes(view_of("Seal")));
    EXPECT_EQ(label_of(client, private_key(client, 2)), to_bytes(view_of("Desk")));
    const auto certificate = client.find_one({number(CKA_CLASS, CKO_CERTIFICATE), bytes(CKA_ID, Bytes{2})});
    EXPECT_EQ(label_of(client, certificate), to_bytes(view_of("Desk certificate")));
    const auto note = client.find_one({text(CKA_LABEL, "Note")});
    EXPECT_EQ(client.attribute(note, CKA_VALUE), to_bytes(view_of("The key is under the mat.")));
    const auto address = client.find_one({text(CKA_LABEL, "Address")});
    EXPECT_EQ(client.attribute(address, CKA_VALUE), to_bytes(view_of("1 Market Square")));
    for (const CK_OBJECT_CLASS kind : {CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, CKO_CERTIFICATE, CKO_DATA}) {
        EXPECT_EQ(client.find({number(CKA_CLASS, kind)}).size(), 2U) << kind;
    }
    EXPECT_EQ(commands([&] { client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}); }), "");
}

TEST_P(NewCard, Signs) {
    const Client client;
    ASSERT_EQ(client.login(InventedCard::pin), CKR_OK);
    const auto sign = [&](CK_MECHANISM_TYPE type, Byte id) {
        const auto key = private_key(client, id);
        const auto verifier = public_key(client, id);
        Bytes signature;
        const std::string sent =
            commands([&] { EXPECT_EQ(client.sign({type, nullptr, 0}, key, message, signature), CKR_OK); });
        EXPECT_EQ(client.verify({type, nullptr, 0}, verifier, message, signature), CKR_OK);
        return sent;
    };
    sign(CKM_ECDSA_SHA256, 1);
    sign(CKM_SHA256_RSA_PKCS, 2);  // its certificate lies elsewhere: the card has forgotten the PIN
    EXPECT_EQ(sign(CKM_ECDSA_SHA256, 1), "2241B6 2A9E9A");
    EXPECT_EQ(sign(CKM_SHA256_RSA_PKCS, 2), "2241B6 2A9E9A");
    EXPECT_EQ(sign(CKM_ECDSA_SHA256, 1), "2241B6 2A9E9A");
}

TEST_P(NewCard, Deciphers) {
    const Client client;
    ASSERT_EQ(client.login(InventedCard::pin), CKR_OK);
    const auto key = private_key(client, 2);
    Bytes secret;
    ASSERT_EQ(client.encrypt({CKM_RSA_PKCS, nullptr, 0}, public_key(client, 2), message, secret), CKR_OK);
    Bytes plain;
    EXPECT_EQ(client.decrypt({CKM_RSA_PKCS, nullptr, 0}, key, secret, plain), CKR_OK);
    EXPECT_EQ(plain, message);
}

TEST_P(NewCard, Agrees) {
    const Client client;
    ASSERT_EQ(client.login(InventedCard::pin), CKR_OK);
    const auto other = crypto::PrivateKey::generate_ec(crypto::Curve::p256);
    Bytes point = std::get<crypto::EcPublicKey>(other.public_key()).point;
    CK_ECDH1_DERIVE_PARAMS parameters{CKD_NULL, 0, nullptr, point.size(), point.data()};
    CK_OBJECT_HANDLE secret = CK_INVALID_HANDLE;
    ASSERT_EQ(
        client.derive({CKM_ECDH1_DERIVE, &parameters, sizeof parameters}, private_key(client, 1),
                      {number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_GENERIC_SECRET),
                       number(CKA_VALUE_LEN, 32), flag(CKA_SENSITIVE, false), flag(CKA_EXTRACTABLE, true)},
                      secret),
        CKR_OK);
    const auto own = other.agree(std::get<crypto::EcPublicKey>(m_card->seal().public_key()).point);
    ASSERT_TRUE(own);
    EXPECT_EQ(client.attribute(secret, CKA_VALUE), to_bytes(*own));
}

TEST_P(NewCard, OffersWhatItsTemplatesCarryOut) {
    const Client client;
    CK_MECHANISM_INFO info{};
    EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), CKM_ECDSA, &info), CKR_OK);
    EXPECT_EQ(info.ulMinKeySize, 256U);
    EXPECT_EQ(info.ulMaxKeySize, 256U);
    EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), CKM_SHA512_RSA_PKCS, &info), CKR_OK);
    EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), CKM_RSA_X_509, &info), CKR_MECHANISM_INVALID);
    EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), CKM_EDDSA, &info), CKR_MECHANISM_INVALID);
}

TEST_P(NewCard, ComparesItsPinInItsOwnForm) {
    const Client client;
    EXPECT_EQ(client.login("314159"), CKR_PIN_INCORRECT);
    EXPECT_EQ(commands([&] { EXPECT_EQ(client.login("123"), CKR_PIN_LEN_RANGE); }), "");
    EXPECT_EQ(commands([&] { EXPECT_NE(client.login("27182x"), CKR_OK); }), "");
    ASSERT_EQ(client.login(InventedCard::pin), CKR_OK);
    EXPECT_EQ(m_card->commands.back(),
              "00200001"
              "0C"
              "323731383238"
              "000000000000");
    Bytes old_pin = to_bytes(view_of(InventedCard::pin));
    Bytes new_pin = to_bytes(view_of("123456789012"));
    ASSERT_EQ(
        client->C_SetPIN(client.session(), old_pin.data(), old_pin.size(), new_pin.data(), new_pin.size()),
        CKR_OK);
    ASSERT_EQ(client->C_Logout(client.session()), CKR_OK);
    EXPECT_EQ(client.login("123456789012"), CKR_OK);
}

TEST_P(NewCard, TellsWhatItsStatusWordsMean) {
    const Client client;
    ASSERT_EQ(client.login(InventedCard::pin), CKR_OK);
    const auto key = private_key(client, 1);
    m_card->button_held = false;
    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA_SHA256, nullptr, 0}, key, message, signature), CKR_FUNCTION_CANCELED);
    m_card->button_held = true;
    EXPECT_EQ(client.sign({CKM_ECDSA_SHA256, nullptr, 0}, key, message, signature), CKR_OK);
}

TEST_P(NewCard, IsNotWrittenTo) {
    const Client client;
    ASSERT_EQ(client.login(InventedCard::pin), CKR_OK);
    Client::Pair pair{};
    EXPECT_NE(client.generate(CKM_EC_KEY_PAIR_GEN, {bytes(CKA_EC_PARAMS, p256_params())},
                              {bytes(CKA_ID, Bytes{1})}, pair),
              CKR_OK);
    CK_OBJECT_HANDLE object = CK_INVALID_HANDLE;
    EXPECT_NE(client.create({number(CKA_CLASS, CKO_DATA), flag(CKA_TOKEN, true), text(CKA_LABEL, "Note"),
                             bytes(CKA_VALUE, message)},
                            object),
              CKR_OK);
    EXPECT_NE(client.destroy(private_key(client, 1)), CKR_OK);
}

INSTANTIATE_TEST_SUITE_P(Readers, NewCard, testing::Values("extended-apdu", "short-apdu", "tpdu-t1"),
                         [](const auto& it) {
                             std::string name = it.param;
                             std::erase(name, '-');
                             return name;
                         });

}  // namespace

}  // namespace jeton::test
