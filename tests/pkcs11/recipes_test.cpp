// The recipes of docs/profiles.md, seen through the module: each profile file changes what it names.
#include <algorithm>
#include <fstream>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

namespace {

const Bytes message(100, 0x5A);

/// Recipe is a software card, and profile files in the order in which they are read.
class Recipe : public testing::Test {
  protected:
    void start(const std::vector<std::string>& applets, const std::vector<std::string>& files) {
        m_client.reset();
        m_cards.reset();  // it clears the environment
        m_cards = std::make_unique<SoftCards>(applets);
        std::string list;
        for (std::size_t i = 0; i < files.size(); ++i) {
            const auto path = m_cards->directory() / ("recipe" + std::to_string(i) + ".json");
            std::ofstream(path) << R"({"schemaVersion": "1.0", )" << files[i] << "}";
            list += (list.empty() ? "\"" : ", \"") + path.string() + "\"";
        }
        m_cards->write_config(R"({"readers": {"access": "none"}, "profiles": [)" + list +
                              R"(], "softCards": {"exchange": ")" + usual_exchange() + R"("}})");
        m_client = std::make_unique<Client>();
        ASSERT_EQ(m_client->login(), CKR_OK);
    }

    const Client& client() const { return *m_client; }

    CK_OBJECT_HANDLE private_key(Byte id) const {
        return client().find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), bytes(CKA_ID, Bytes{id})});
    }

    bool offers(CK_MECHANISM_TYPE type) const {
        CK_ULONG count = 0;
        EXPECT_EQ(client()->C_GetMechanismList(client().slot(), nullptr, &count), CKR_OK);
        std::vector<CK_MECHANISM_TYPE> types(count);
        EXPECT_EQ(client()->C_GetMechanismList(client().slot(), types.data(), &count), CKR_OK);
        return std::find(types.begin(), types.end(), type) != types.end();
    }

    CK_RV sign(CK_MECHANISM_TYPE type, CK_OBJECT_HANDLE key) const {
        Bytes signature;
        return client().sign({type, nullptr, 0}, key, message, signature);
    }

    std::unique_ptr<SoftCards> m_cards;
    std::unique_ptr<Client> m_client;
};

constexpr const char* without_last_slot = R"("patch": "piv", "keys": [{"id": "95", "$delete": true}],
    "objects": [{"id": "cert-95", "$delete": true}])";

TEST_F(Recipe, ExtraKeySlot) {
    Client::Pair pair{};
    const std::vector<Value> curve{bytes(CKA_EC_PARAMS, p256_params())};
    start({"piv"}, {without_last_slot});
    EXPECT_NE(client().generate(CKM_EC_KEY_PAIR_GEN, curve, {bytes(CKA_ID, Bytes{0x24})}, pair), CKR_OK);
    start({"piv"}, {without_last_slot, R"("patch": "piv",
        "keys": [{"id": "95", "ref": "95", "pkcs11Id": "24", "label": "Extra key", "usage": ["sign"],
                  "pin": "user", "certificate": "cert-95", "presence": "either"}],
        "objects": [{"id": "cert-95", "class": "certificate", "ref": "5FC120", "label": "Extra certificate",
                     "pkcs11Id": "24", "container": "piv-cert"}])"});
    pair = client().generate_ec(0x24, p256_params());
    EXPECT_EQ(client().attribute(pair.private_key, CKA_LABEL), to_bytes(view_of("Extra key")));
    EXPECT_EQ(sign(CKM_ECDSA_SHA256, pair.private_key), CKR_OK);
}

TEST_F(Recipe, RenamedLabel) {
    start({"piv"}, {R"("patch": "piv", "keys": [{"id": "9a", "label": "VPN login key"}])"});
    const auto key = client().generate_ec(1, p256_params());
    EXPECT_EQ(client().attribute(key.private_key, CKA_LABEL), to_bytes(view_of("VPN login key")));
    EXPECT_EQ(client().attribute(key.public_key, CKA_LABEL), to_bytes(view_of("PIV AUTH pubkey")));
}

TEST_F(Recipe, MechanismOffAndMechanismForOneKey) {
    start({"piv"}, {R"("patch": "piv",
        "mechanisms": {"CKM_SHA1_RSA_PKCS": false, "CKM_SHA256_RSA_PKCS": {"keys": ["9a"]}})"});
    EXPECT_FALSE(offers(CKM_SHA1_RSA_PKCS));
    EXPECT_TRUE(offers(CKM_SHA256_RSA_PKCS));
    const auto allowed = client().generate_rsa(1);
    const auto other = client().generate_rsa(3);
    EXPECT_EQ(sign(CKM_SHA256_RSA_PKCS, allowed.private_key), CKR_OK);
    EXPECT_EQ(sign(CKM_SHA256_RSA_PKCS, other.private_key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    EXPECT_EQ(sign(CKM_SHA384_RSA_PKCS, other.private_key), CKR_OK);
    EXPECT_EQ(sign(CKM_SHA1_RSA_PKCS, allowed.private_key), CKR_MECHANISM_INVALID);
}

TEST_F(Recipe, HashingOnTheHost) {
    start({"sc-hsm"}, {R"("patch": ["smartcard-hsm", "sc-hsm-native"], "mechanisms": {
        "CKM_SHA256_RSA_PKCS": {"hash": "host", "pad": "host", "algorithm": "20"},
        "CKM_SHA384_RSA_PKCS": {"pad": "card"},
        "CKM_ECDSA_SHA256": {"hash": "host", "input": "hash", "algorithm": "70"},
        "CKM_ECDSA_SHA384": {"input": "message"}})"});
    EXPECT_TRUE(offers(CKM_SHA256_RSA_PKCS));
    EXPECT_TRUE(offers(CKM_ECDSA_SHA256));
    EXPECT_FALSE(offers(CKM_SHA384_RSA_PKCS)) << "this card does not pad";
    EXPECT_FALSE(offers(CKM_ECDSA_SHA384)) << "nor does it hash";
    const auto key = client().generate_ec(1, p256_params());
    EXPECT_EQ(sign(CKM_ECDSA_SHA256, key.private_key), CKR_OK);
    EXPECT_EQ(sign(CKM_ECDSA_SHA384, key.private_key), CKR_MECHANISM_INVALID);
}

TEST_F(Recipe, PinPolicy) {
    start({"piv"}, {R"("patch": "piv",
        "pins": {"user": {"cache": {"policy": "count", "count": 5, "forAlwaysAuth": false}}},
        "keys": [{"id": "9d", "alwaysAuthenticate": true}])"});
    EXPECT_TRUE(
        client().is_true(client().generate_ec(3, p256_params()).private_key, CKA_ALWAYS_AUTHENTICATE));
    EXPECT_FALSE(
        client().is_true(client().generate_ec(1, p256_params()).private_key, CKA_ALWAYS_AUTHENTICATE));
}

TEST_F(Recipe, NewAtr) {
    // The software card's ATR, but for the last byte.
    start({"piv"}, {R"("id": "mine", "extends": "yubikey-piv", "match": {"$replace": [
        {"atr": "3B8B8131FE458073C021C0556A65746F6E00", "atrMask": "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00"}]},
        "token": {"model": "Renamed"})"});
    CK_TOKEN_INFO info{};
    ASSERT_EQ(client()->C_GetTokenInfo(client().slot(), &info), CKR_OK);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(info.model), 7), "Renamed");
}

TEST_F(Recipe, SizesOfCommands) {
    start({"piv"}, {R"("patch": ["piv", "yubikey-piv"],
        "transport": {"extended": "never", "chaining": "always", "chunk": 240, "maxResponseData": 256})"});
    const auto key = client().generate_rsa(1);
    m_cards->commands();
    EXPECT_EQ(sign(CKM_SHA256_RSA_PKCS, key.private_key), CKR_OK);
    const auto commands = m_cards->commands();
    EXPECT_GE(commands.size(), 3U) << "two links, and GET RESPONSE";
    EXPECT_TRUE(std::any_of(commands.begin(), commands.end(),
                            [](const std::string& command) { return command.starts_with("1087"); }));
}

TEST_F(Recipe, KeysOfSomeLengthsAlone) {
    start({"piv"}, {R"("patch": "piv", "mechanisms": {"CKM_ECDSA_SHA256": {"maxBits": 256}})"});
    CK_MECHANISM_INFO info{};
    ASSERT_EQ(client()->C_GetMechanismInfo(client().slot(), CKM_ECDSA_SHA256, &info), CKR_OK);
    EXPECT_EQ(info.ulMaxKeySize, 256U);
    const auto small = client().generate_ec(1, p256_params());
    const auto large = client().generate_ec(3, p384_params());
    EXPECT_EQ(sign(CKM_ECDSA_SHA256, small.private_key), CKR_OK);
    EXPECT_EQ(sign(CKM_ECDSA_SHA256, large.private_key), CKR_MECHANISM_INVALID);
    EXPECT_EQ(sign(CKM_ECDSA_SHA384, large.private_key), CKR_OK);
}

}  // namespace

}  // namespace jeton::test
