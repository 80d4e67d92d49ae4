// AES with keys that stay on the card: every mode against the same key in this process, the number of
// commands, and what is refused.
#include <algorithm>
#include <fstream>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

constexpr std::string_view officer_pin = "12345678";

Bytes counted(std::size_t length, unsigned first = 0) {
    Bytes out(length);
    for (std::size_t i = 0; i < length; ++i) {
        out[i] = static_cast<Byte>(first + 3 * i);
    }
    return out;
}

/// Gcm owns the parameters of one message.
class Gcm {
  public:
    explicit Gcm(std::size_t iv_bytes = 12, std::size_t aad_bytes = 0, CK_ULONG tag_bits = 128)
        : m_iv(counted(iv_bytes, 9)), m_aad(counted(aad_bytes, 5)) {
        m_params.pIv = m_iv.data();
        m_params.ulIvLen = m_iv.size();
        m_params.ulIvBits = 8 * m_iv.size();
        m_params.pAAD = m_aad.data();
        m_params.ulAADLen = m_aad.size();
        m_params.ulTagBits = tag_bits;
    }
    Gcm(const Gcm&) = delete;
    Gcm& operator=(const Gcm&) = delete;
    CK_MECHANISM mechanism() { return {CKM_AES_GCM, &m_params, sizeof(m_params)}; }

  private:
    Bytes m_iv, m_aad;
    CK_GCM_PARAMS m_params{};
};

CK_MECHANISM with_iv(CK_MECHANISM_TYPE type, Bytes& iv) {
    return {type, iv.empty() ? nullptr : iv.data(), iv.size()};
}

/// In parts, whatever C_EncryptUpdate and C_DecryptUpdate make of them.
CK_RV in_parts(const Client& client, bool encrypts, CK_MECHANISM mechanism, CK_OBJECT_HANDLE key, View data,
               std::size_t part, Bytes& out) {
    const auto init = encrypts ? client->C_EncryptInit : client->C_DecryptInit;
    const auto update = encrypts ? client->C_EncryptUpdate : client->C_DecryptUpdate;
    const auto final = encrypts ? client->C_EncryptFinal : client->C_DecryptFinal;
    CK_RV rv = init(client.session(), &mechanism, key);
    Bytes buffer(data.size() + 64);
    out.clear();
    for (; rv == CKR_OK && !data.empty(); data = data.subspan(std::min(part, data.size()))) {
        Bytes piece = to_bytes(data.first(std::min(part, data.size())));
        CK_ULONG length = buffer.size();
        rv = update(client.session(), piece.data(), piece.size(), buffer.data(), &length);
        append(out, View(buffer).first(rv == CKR_OK ? length : 0));
    }
    if (rv != CKR_OK) {
        return rv;
    }
    CK_ULONG length = buffer.size();
    rv = final(client.session(), buffer.data(), &length);
    append(out, View(buffer).first(rv == CKR_OK ? length : 0));
    return rv;
}

softcard::CreateOptions hsm(softcard::AesModes modes = softcard::AesModes::native) {
    softcard::CreateOptions options;
    options.applets = {"sc-hsm"};
    options.aes = modes;
    return options;
}

CK_RV generate(const Client& client, CK_ULONG bytes_of_key, CK_OBJECT_HANDLE& key,
               const std::vector<Value>& more = {}) {
    std::vector<Value> values{flag(CKA_TOKEN, true), number(CKA_VALUE_LEN, bytes_of_key)};
    values.insert(values.end(), more.begin(), more.end());
    TemplateOf given(values);
    CK_MECHANISM mechanism{CKM_AES_KEY_GEN, nullptr, 0};
    return client->C_GenerateKey(client.session(), &mechanism, given.data(), given.size(), &key);
}

/// A card with the AES key of OpenPGP, whose value the test knows.
class OpenPgpAesTest : public testing::Test {
  protected:
    static inline const Bytes value = counted(32, 1);

    OpenPgpAesTest() : m_cards(std::vector<std::string>{"openpgp"}) {
        const Client client;
        EXPECT_EQ(client.login(), CKR_OK);
        EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_SECRET_KEY)}).empty());
        client->C_Logout(client.session());
        EXPECT_EQ(client.login(officer_pin, CKU_SO), CKR_OK);
        EXPECT_EQ(bring_key(client), CKR_OK);
    }

    static CK_RV bring_key(const Client& client) {
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        return client.create({number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                              flag(CKA_TOKEN, true), bytes(CKA_VALUE, value)},
                             key);
    }

    /// patch adds to the profile.
    void patch(const std::string& text) {
        const auto file = m_cards.directory() / "patch.json";
        std::ofstream(file) << R"({"schemaVersion": "1.0", "patch": "openpgp", )" << text << "}";
        setenv("JETON_PROFILES", file.c_str(), 1);
    }
    ~OpenPgpAesTest() override { unsetenv("JETON_PROFILES"); }

    static CK_OBJECT_HANDLE card_key(const Client& client) {
        return client.find_one({number(CKA_CLASS, CKO_SECRET_KEY), flag(CKA_TOKEN, true)});
    }

    SoftCards m_cards;
};

TEST_F(OpenPgpAesTest, does_what_the_same_key_does_in_this_process) {
    patch(R"("gcm": {"exclusiveModes": false})");
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE on_card = card_key(client);
    const CK_OBJECT_HANDLE here = client.aes_key(value);
    CK_AES_CTR_PARAMS counter{128, {0}};
    std::fill_n(counter.cb, sizeof(counter.cb), CK_BYTE{0xFF});
    Bytes iv = counted(16, 77);
    Bytes none;
    const CK_MECHANISM mechanisms[] = {with_iv(CKM_AES_ECB, none),
                                       with_iv(CKM_AES_CBC, iv),
                                       with_iv(CKM_AES_CBC_PAD, iv),
                                       {CKM_AES_CTR, &counter, sizeof(counter)}};
    for (const CK_MECHANISM& mechanism : mechanisms) {
        for (const std::size_t length : {0U, 1U, 16U, 32U, 33U, 624U, 1280U}) {
            const Bytes plain = counted(length, 4);
            Bytes expected, sealed, again;
            const CK_RV rv = client.encrypt(mechanism, here, plain, expected);
            EXPECT_EQ(client.encrypt(mechanism, on_card, plain, sealed), rv) << length;
            if (rv != CKR_OK) {
                continue;
            }
            EXPECT_EQ(sealed, expected) << mechanism.mechanism << " of " << length;
            EXPECT_EQ(client.decrypt(mechanism, on_card, sealed, again), CKR_OK);
            EXPECT_EQ(again, plain);
            EXPECT_EQ(in_parts(client, true, mechanism, on_card, plain, 17, sealed), CKR_OK);
            EXPECT_EQ(sealed, expected);
            EXPECT_EQ(in_parts(client, false, mechanism, on_card, sealed, 21, again), CKR_OK);
            EXPECT_EQ(again, plain);
        }
    }
}

TEST_F(OpenPgpAesTest, does_GCM_as_the_same_key_does_in_this_process) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE on_card = card_key(client);
    const CK_OBJECT_HANDLE here = client.aes_key(value);
    for (const std::size_t length : {0U, 1U, 16U, 37U, 256U}) {
        for (const std::size_t iv_bytes : {1U, 12U, 16U, 64U}) {
            Gcm gcm(iv_bytes, length % 40, 96 + 8 * (length % 5));
            const Bytes plain = counted(length, 4);
            Bytes expected, sealed, again;
            ASSERT_EQ(client.encrypt(gcm.mechanism(), here, plain, expected), CKR_OK);
            EXPECT_EQ(client.encrypt(gcm.mechanism(), on_card, plain, sealed), CKR_OK);
            EXPECT_EQ(sealed, expected) << length << " IV " << iv_bytes;
            EXPECT_EQ(client.decrypt(gcm.mechanism(), on_card, expected, again), CKR_OK);
            EXPECT_EQ(again, plain);
            EXPECT_EQ(in_parts(client, true, gcm.mechanism(), on_card, plain, 7, sealed), CKR_OK);
            EXPECT_EQ(sealed, expected);
            EXPECT_EQ(in_parts(client, false, gcm.mechanism(), on_card, expected, 100, again), CKR_OK);
            EXPECT_EQ(again, plain);
        }
    }
}

// b blocks cost b + 2 commands, and b + 1 when E(0) is known from before in this login.
TEST_F(OpenPgpAesTest, sends_as_few_commands_as_one_block_each_allows) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = card_key(client);
    Gcm gcm;
    Bytes out;
    m_cards.apdus();
    EXPECT_EQ(client.encrypt(gcm.mechanism(), key, Bytes(1024), out), CKR_OK);
    EXPECT_EQ(m_cards.apdus(), 64U + 2U);
    EXPECT_EQ(client.encrypt(gcm.mechanism(), key, Bytes(16), out), CKR_OK);
    EXPECT_EQ(m_cards.apdus(), 1U + 1U);
    client->C_Logout(client.session());
    ASSERT_EQ(client.login(), CKR_OK);
    m_cards.apdus();
    EXPECT_EQ(client.encrypt(gcm.mechanism(), card_key(client), Bytes(16), out), CKR_OK);
    EXPECT_LE(m_cards.apdus(), 3U + 1U);  // and the key is looked for again
}

TEST_F(OpenPgpAesTest, gives_nothing_of_a_forgery) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = card_key(client);
    Gcm gcm(12, 20);
    Bytes sealed, out;
    ASSERT_EQ(client.encrypt(gcm.mechanism(), key, counted(40), sealed), CKR_OK);
    sealed.back() ^= 1;
    EXPECT_EQ(client.decrypt(gcm.mechanism(), key, sealed, out), CKR_ENCRYPTED_DATA_INVALID);
    EXPECT_EQ(in_parts(client, false, gcm.mechanism(), key, sealed, 8, out), CKR_ENCRYPTED_DATA_INVALID);
    EXPECT_TRUE(out.empty());
    EXPECT_EQ(client.decrypt(gcm.mechanism(), key, Bytes(15), out), CKR_ENCRYPTED_DATA_LEN_RANGE);
}

TEST_F(OpenPgpAesTest, keeps_the_modes_apart) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = card_key(client);
    Gcm gcm;
    Bytes iv = counted(16), none, out;
    ASSERT_EQ(client.encrypt(gcm.mechanism(), key, Bytes(16), out), CKR_OK);
    EXPECT_EQ(client.encrypt(with_iv(CKM_AES_CBC, iv), key, Bytes(16), out), CKR_KEY_FUNCTION_NOT_PERMITTED);
    EXPECT_EQ(client.decrypt(with_iv(CKM_AES_ECB, none), key, Bytes(16), out),
              CKR_KEY_FUNCTION_NOT_PERMITTED);
    EXPECT_EQ(client.encrypt(gcm.mechanism(), key, Bytes(16), out), CKR_OK);
}

TEST_F(OpenPgpAesTest, authenticates_as_the_same_key_does_in_this_process) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE on_card = card_key(client);
    CK_OBJECT_HANDLE here = CK_INVALID_HANDLE;
    ASSERT_EQ(client.create({number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                             bytes(CKA_VALUE, value), flag(CKA_SIGN, true), flag(CKA_VERIFY, true)},
                            here),
              CKR_OK);
    CK_MAC_GENERAL_PARAMS short_code = 5;
    const CK_MECHANISM mechanisms[] = {{CKM_AES_CMAC, nullptr, 0},
                                       {CKM_AES_CMAC_GENERAL, &short_code, sizeof(short_code)}};
    for (const CK_MECHANISM& mechanism : mechanisms) {
        for (const std::size_t length : {0U, 1U, 16U, 40U, 1300U}) {
            Bytes code, expected;
            ASSERT_EQ(client.sign(mechanism, here, counted(length), expected), CKR_OK);
            EXPECT_EQ(expected.size(), mechanism.mechanism == CKM_AES_CMAC ? 16U : 5U);
            EXPECT_EQ(client.sign(mechanism, on_card, counted(length), code), CKR_OK);
            EXPECT_EQ(code, expected) << length;
            EXPECT_EQ(client.verify(mechanism, on_card, counted(length), code), CKR_OK);
            code.front() ^= 1;
            EXPECT_EQ(client.verify(mechanism, on_card, counted(length), code), CKR_SIGNATURE_INVALID);
            EXPECT_EQ(client.verify(mechanism, here, counted(length), Bytes(4)), CKR_SIGNATURE_LEN_RANGE);
        }
    }
    CK_MAC_GENERAL_PARAMS too_long = 17;
    Bytes code;
    EXPECT_EQ(client.sign({CKM_AES_CMAC_GENERAL, &too_long, sizeof(too_long)}, here, counted(1), code),
              CKR_MECHANISM_PARAM_INVALID);
    EXPECT_EQ(client.sign({CKM_AES_CMAC, nullptr, 0}, client.aes_key(value), counted(1), code),
              CKR_KEY_FUNCTION_NOT_PERMITTED);
}

TEST_F(OpenPgpAesTest, obeys_the_limits_of_the_profile) {
    patch(R"("gcm": {"maxBytes": 32}, "mechanisms": {"CKM_AES_CTR": false})");
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = card_key(client);
    Gcm gcm;
    Bytes out;
    EXPECT_EQ(client.encrypt(gcm.mechanism(), key, Bytes(32), out), CKR_OK);
    EXPECT_EQ(client.encrypt(gcm.mechanism(), key, Bytes(33), out), CKR_DATA_LEN_RANGE);
    EXPECT_EQ(client.decrypt(gcm.mechanism(), key, Bytes(49), out), CKR_ENCRYPTED_DATA_LEN_RANGE);
    CK_AES_CTR_PARAMS counter{128, {0}};
    EXPECT_EQ(client.encrypt({CKM_AES_CTR, &counter, sizeof(counter)}, key, Bytes(1), out),
              CKR_MECHANISM_INVALID);
}

TEST_F(OpenPgpAesTest, is_seen_by_the_user_alone_and_goes_with_the_officer) {
    {
        const Client client;
        EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_SECRET_KEY)}).empty());
        ASSERT_EQ(client.login(), CKR_OK);
        const CK_OBJECT_HANDLE key = card_key(client);
        EXPECT_TRUE(client.is_true(key, CKA_PRIVATE));
        EXPECT_TRUE(client.is_true(key, CKA_SENSITIVE));
        EXPECT_TRUE(client.is_true(key, CKA_ENCRYPT));
        EXPECT_TRUE(client.is_true(key, CKA_DECRYPT));
        EXPECT_FALSE(client.is_true(key, CKA_EXTRACTABLE));
        EXPECT_FALSE(client.is_true(key, CKA_LOCAL));
        EXPECT_EQ(client.attribute(key, CKA_LABEL), to_bytes(view_of("AES key")));
        CK_ATTRIBUTE secret{CKA_VALUE, nullptr, 0};
        EXPECT_EQ(client->C_GetAttributeValue(client.session(), key, &secret, 1), CKR_ATTRIBUTE_SENSITIVE);
    }
    {
        const Client client;
        ASSERT_EQ(client.login(officer_pin, CKU_SO), CKR_OK);
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        EXPECT_EQ(bring_key(client), CKR_ATTRIBUTE_VALUE_INVALID);  // who knows what is there
        EXPECT_EQ(generate(client, 32, key), CKR_ATTRIBUTE_VALUE_INVALID);
        EXPECT_EQ(generate(client, 24, key), CKR_KEY_SIZE_RANGE);
        EXPECT_EQ(generate(client, 16, key, {bytes(CKA_ID, Bytes{0x77})}), CKR_ATTRIBUTE_VALUE_INVALID);
        EXPECT_EQ(generate(client, 16, key, {flag(CKA_EXTRACTABLE, true)}), CKR_TEMPLATE_INCONSISTENT);
    }
}

/// A card that holds any number of AES keys and makes them itself.
class HsmAesTest : public testing::Test {
  protected:
    HsmAesTest() : m_cards(hsm(softcard::AesModes::cbc0)) {}
    SoftCards m_cards;
};

TEST_F(HsmAesTest, makes_keys_under_the_names_that_were_asked_for) {
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        for (const CK_ULONG length : {16U, 24U, 32U}) {
            CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
            ASSERT_EQ(generate(client, length, key,
                               {bytes(CKA_ID, Bytes{static_cast<Byte>(length)}), text(CKA_LABEL, "box")}),
                      CKR_OK);
            EXPECT_EQ(client.attribute(key, CKA_LABEL), to_bytes(view_of("box")));
            EXPECT_TRUE(client.is_true(key, CKA_LOCAL));
            EXPECT_TRUE(client.is_true(key, CKA_NEVER_EXTRACTABLE));
        }
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        EXPECT_EQ(generate(client, 16, key, {bytes(CKA_ID, Bytes{16})}), CKR_ATTRIBUTE_VALUE_INVALID);
        EXPECT_EQ(generate(client, 20, key), CKR_KEY_SIZE_RANGE);
        EXPECT_EQ(client.create({number(CKA_CLASS, CKO_SECRET_KEY), number(CKA_KEY_TYPE, CKK_AES),
                                 flag(CKA_TOKEN, true), bytes(CKA_VALUE, Bytes(16))},
                                key),
                  CKR_TEMPLATE_INCONSISTENT);
    }
    const Client client;
    EXPECT_TRUE(client.find({number(CKA_CLASS, CKO_SECRET_KEY)}).empty());
    ASSERT_EQ(client.login(), CKR_OK);
    ASSERT_EQ(client.find({number(CKA_CLASS, CKO_SECRET_KEY)}).size(), 3U);
    const CK_OBJECT_HANDLE key =
        client.find_one({number(CKA_CLASS, CKO_SECRET_KEY), bytes(CKA_ID, Bytes{24})});
    const Bytes length = client.attribute(key, CKA_VALUE_LEN);
    EXPECT_EQ(load_le(length), 24U);
    EXPECT_TRUE(client.is_true(key, CKA_LOCAL));
    ASSERT_EQ(client.set(key, {bytes(CKA_ID, Bytes{0x09}), text(CKA_LABEL, "new")}), CKR_OK);
    EXPECT_EQ(client.find_one({text(CKA_LABEL, "new")}), key);
    EXPECT_EQ(client.set(key, {bytes(CKA_ID, Bytes{16})}), CKR_ATTRIBUTE_VALUE_INVALID);
    EXPECT_EQ(client.destroy(key), CKR_OK);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_SECRET_KEY)}).size(), 2U);
}

TEST_F(HsmAesTest, encrypts_what_it_decrypts) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    CK_OBJECT_HANDLE blocks = CK_INVALID_HANDLE, streams = CK_INVALID_HANDLE;
    ASSERT_EQ(generate(client, 32, blocks), CKR_OK);
    ASSERT_EQ(generate(client, 16, streams), CKR_OK);
    Bytes iv = counted(16), sealed, again;
    for (const std::size_t length : {0U, 1U, 1008U, 1009U, 5000U}) {
        const Bytes plain = counted(length, 8);
        EXPECT_EQ(client.encrypt(with_iv(CKM_AES_CBC_PAD, iv), blocks, plain, sealed), CKR_OK);
        EXPECT_EQ(sealed.size(), (length / 16 + 1) * 16);
        EXPECT_EQ(in_parts(client, false, with_iv(CKM_AES_CBC_PAD, iv), blocks, sealed, 100, again), CKR_OK);
        EXPECT_EQ(again, plain);
    }
    Gcm gcm(12, 7);
    const Bytes plain = counted(333);
    EXPECT_EQ(client.encrypt(gcm.mechanism(), streams, plain, sealed), CKR_OK);
    EXPECT_EQ(client.decrypt(gcm.mechanism(), streams, sealed, again), CKR_OK);
    EXPECT_EQ(again, plain);
}

// CBC takes as many blocks as go into one command.
TEST_F(HsmAesTest, sends_as_few_commands_as_CBC_allows) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    ASSERT_EQ(generate(client, 32, key), CKR_OK);
    Bytes iv = counted(16), out;
    m_cards.apdus();
    EXPECT_EQ(client.encrypt(with_iv(CKM_AES_CBC, iv), key, Bytes(4032), out), CKR_OK);
    EXPECT_EQ(m_cards.apdus(), carries_extended_apdus() ? 4U : 17U);
    EXPECT_EQ(client.decrypt(with_iv(CKM_AES_CBC, iv), key, out, out), CKR_OK);
    EXPECT_EQ(m_cards.apdus(), carries_extended_apdus() ? 4U : 17U);
}

// The card's own CMAC for what goes into one command, and CBC with its AES for more.
TEST_F(HsmAesTest, authenticates) {
    const CK_MECHANISM cmac{CKM_AES_CMAC, nullptr, 0};
    Bytes native, other;
    {
        const Client client;
        ASSERT_EQ(client.login(), CKR_OK);
        CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
        ASSERT_EQ(generate(client, 32, key), CKR_OK);
        m_cards.apdus();
        ASSERT_EQ(client.sign(cmac, key, counted(200), native), CKR_OK);
        EXPECT_EQ(m_cards.apdus(), 1U);
        EXPECT_EQ(client.verify(cmac, key, counted(200), native), CKR_OK);
    }
    const auto file = m_cards.directory() / "patch.json";
    std::ofstream(file)
        << R"({"schemaVersion": "1.0", "patch": "sc-hsm", "transport": {"maxCommandData": 100}})";
    setenv("JETON_PROFILES", file.c_str(), 1);
    const Client client;
    unsetenv("JETON_PROFILES");
    ASSERT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = client.find_one({number(CKA_CLASS, CKO_SECRET_KEY)});
    ASSERT_EQ(client.sign(cmac, key, counted(200), other), CKR_OK);
    EXPECT_EQ(other, native);
}

// The card goes between two bursts, or with the answer on its way.
TEST_F(HsmAesTest, ends_cleanly_when_the_card_is_pulled) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    ASSERT_EQ(generate(client, 32, key), CKR_OK);
    Gcm gcm;
    CK_MECHANISM mechanism = gcm.mechanism();
    ASSERT_EQ(client->C_EncryptInit(client.session(), &mechanism, key), CKR_OK);
    std::filesystem::remove(m_cards.card_file());
    Bytes data(100), out(200);
    CK_ULONG length = out.size();
    const CK_RV rv = client->C_Encrypt(client.session(), data.data(), data.size(), out.data(), &length);
    EXPECT_TRUE(rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_SESSION_HANDLE_INVALID)
        << rv;
    EXPECT_EQ(out, Bytes(200));
}

// A card that encrypts any number of blocks, each by itself.
constexpr const char* ecb_profile = R"({
  "schemaVersion": "1.0", "patch": "sc-hsm",
  "gcm": { "block": "ecb" },
  "constants": {
    "ecb": { "128": "0609608648016503040101", "192": "0609608648016503040115", "256": "0609608648016503040129" }
  },
  "commands": {
    "ecb-encrypt": { "cla": "80", "ins": "78", "p1": "{keyRef}", "p2": "51",
      "data": [{ "hex": "{const.ecb}" }, { "tlv": "81", "value": "{data}" }],
      "le": "max", "answer": [{ "field": "ciphertext", "length": "input" }] },
    "ecb-decrypt": { "cla": "80", "ins": "78", "p1": "{keyRef}", "p2": "52",
      "data": [{ "hex": "{const.ecb}" }, { "tlv": "81", "value": "{data}" }],
      "le": "max", "answer": [{ "field": "plaintext", "length": "input" }] }
  },
  "mechanisms": { "CKM_AES_GCM": { "command": { "block": "ecb-encrypt" } },
                  "CKM_AES_ECB": { "command": { "encrypt": "ecb-encrypt", "decrypt": "ecb-decrypt" } },
                  "CKM_AES_CBC": false, "CKM_AES_CBC_PAD": false } })";

/// A card whose profile has command templates, built in or in |profile|, and a key on it.
class TemplateAesTest : public testing::Test {
  protected:
    TemplateAesTest(softcard::AesModes modes, const char* profile) : m_cards(hsm(modes)) {
        if (profile != nullptr) {
            const auto file = m_cards.directory() / "patch.json";
            std::ofstream(file) << profile;
            setenv("JETON_PROFILES", file.c_str(), 1);
        }
        m_client.emplace();
        EXPECT_EQ(m_client->login(), CKR_OK);
        EXPECT_EQ(generate(*m_client, 32, m_key), CKR_OK);
    }
    ~TemplateAesTest() override { unsetenv("JETON_PROFILES"); }

    /// commands counts the APDUs of one encryption.
    std::size_t commands(std::size_t length, Bytes& sealed, std::size_t iv_bytes = 12) {
        Gcm gcm(iv_bytes);
        m_cards.apdus();
        EXPECT_EQ(m_client->encrypt(gcm.mechanism(), m_key, counted(length), sealed), CKR_OK);
        return m_cards.apdus();
    }

    SoftCards m_cards;
    std::optional<Client> m_client;
    CK_OBJECT_HANDLE m_key = CK_INVALID_HANDLE;
};

class NativeAesTest : public TemplateAesTest {
  protected:
    NativeAesTest() : TemplateAesTest(softcard::AesModes::native, nullptr) {}
};

class EcbAesTest : public TemplateAesTest {
  protected:
    EcbAesTest() : TemplateAesTest(softcard::AesModes::ecb, ecb_profile) {}
};

TEST_F(NativeAesTest, has_the_card_do_what_goes_into_one_command) {
    Client& client = *m_client;
    CK_MECHANISM_INFO info{};
    EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), CKM_AES_GCM, &info), CKR_OK);
    EXPECT_NE(info.flags & CKF_HW, 0U);
    for (const std::size_t length : {0U, 1U, 16U, 1000U, 1999U}) {
        for (const CK_ULONG tag_bits : {128U, 96U}) {
            Gcm gcm(12, length == 1999 ? 0 : 20, tag_bits);
            const Bytes plain = counted(length, 3);
            Bytes native, assisted, again;
            m_cards.apdus();
            ASSERT_EQ(client.encrypt(gcm.mechanism(), m_key, plain, native), CKR_OK);
            if (carries_extended_apdus()) {
                EXPECT_EQ(m_cards.apdus(), 1U);
            }
            ASSERT_EQ(in_parts(client, true, gcm.mechanism(), m_key, plain, 500, assisted), CKR_OK);
            EXPECT_EQ(native, assisted) << length;  // two engines that have nothing in common but the key
            EXPECT_EQ(client.decrypt(gcm.mechanism(), m_key, native, again), CKR_OK);
            EXPECT_EQ(again, plain);
            if (!native.empty()) {
                native.front() ^= 1;
                EXPECT_EQ(client.decrypt(gcm.mechanism(), m_key, native, again), CKR_ENCRYPTED_DATA_INVALID);
            }
        }
    }
}

// Zeros in CTR mode from J0 on: one command for each 1968 bytes or so, and one more for E(0) the first time.
TEST_F(NativeAesTest, helps_with_longer_messages) {
    Bytes sealed, again;
    const std::size_t first = commands(65536, sealed);
    const std::size_t second = commands(65536, sealed);
    if (carries_extended_apdus()) {
        EXPECT_EQ(first, 35U);
        EXPECT_EQ(second, 34U);
    }
    Gcm gcm;
    EXPECT_EQ(m_client->decrypt(gcm.mechanism(), m_key, sealed, again), CKR_OK);
    EXPECT_EQ(again, counted(65536));
    for (const std::size_t iv_bytes : {1U, 16U, 64U}) {
        Gcm other(iv_bytes);
        Bytes native;
        ASSERT_EQ(m_client->encrypt(other.mechanism(), m_key, counted(300), native), CKR_OK);
        ASSERT_EQ(in_parts(*m_client, true, other.mechanism(), m_key, counted(300), 77, sealed), CKR_OK);
        EXPECT_EQ(native, sealed);
    }
}

// ceil((b + 2) / k) commands with k blocks each, and one block less when E(0) is known.
TEST_F(EcbAesTest, sends_as_many_blocks_as_go_into_one_command) {
    Bytes sealed, again;
    const std::size_t k = carries_extended_apdus() ? 62 : 15;
    EXPECT_EQ(commands(1024, sealed), (64 + 2 + k - 1) / k);
    EXPECT_EQ(commands(16, sealed), 1U);
    EXPECT_EQ(commands(4096, sealed), (256 + 1 + k - 1) / k);
    EXPECT_EQ(commands(65536, sealed), (4096 + 1 + k - 1) / k);
    Gcm gcm;
    EXPECT_EQ(m_client->decrypt(gcm.mechanism(), m_key, sealed, again), CKR_OK);
    EXPECT_EQ(again, counted(65536));
    CK_MECHANISM_INFO info{};
    EXPECT_EQ((*m_client)->C_GetMechanismInfo(m_client->slot(), CKM_AES_GCM, &info), CKR_OK);
    EXPECT_EQ(info.flags & CKF_HW, 0U);
}

TEST_F(EcbAesTest, decrypts_blocks_in_batches) {
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    ASSERT_EQ(generate(*m_client, 16, key), CKR_OK);
    Bytes none, sealed, again;
    ASSERT_EQ(m_client->encrypt(with_iv(CKM_AES_ECB, none), key, counted(3200), sealed), CKR_OK);
    m_cards.apdus();
    ASSERT_EQ(m_client->decrypt(with_iv(CKM_AES_ECB, none), key, sealed, again), CKR_OK);
    EXPECT_EQ(m_cards.apdus(), carries_extended_apdus() ? 4U : 14U);
    EXPECT_EQ(again, counted(3200));
}

}  // namespace
}  // namespace jeton::test
