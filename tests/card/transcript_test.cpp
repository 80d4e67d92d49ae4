// The PIV applet and the Card above it on the recorded answers of a real card: what an application gets from
// it.
#include <fstream>
#include <gtest/gtest.h>
#include <map>
#include <stdexcept>

#include "card/support/recorded_card.hpp"
#include "crypto/digest.hpp"
#include "crypto/padding.hpp"

namespace jeton::card {
namespace {

class RecordedCard : public RecordedCardTest {
  protected:
    void insert(const std::string& file) {
        RecordedCardTest::insert(file, unrecorded);
        recognise();
    }

    /// certificate is the one that was read with |command|: 53 L (4 bytes), 70 L (4 bytes), DER, 71 01 00 FE
    /// 00.
    Bytes certificate(std::string_view command) const {
        const Bytes data = recorded_data(command);
        return to_bytes(View(data).subspan(8, data.size() - 8 - 5));
    }
};

struct ObjectRow {
    const char* id;
    const char* cka_id;
    const char* label;
    const char* command;
};

constexpr ObjectRow certificates[] = {
    {"cert-9a", "01", "Certificate for PIV Authentication", "00CB3FFF055C035FC10500"},
    {"cert-9c", "02", "Certificate for Digital Signature", "00CB3FFF055C035FC10A00"},
    {"cert-9d", "03", "Certificate for Key Management", "00CB3FFF055C035FC10B00"},
    {"cert-9e", "04", "Certificate for Card Authentication", "00CB3FFF055C035FC10100"},
};

struct KeyRow {
    const char* id;
    const char* cka_id;
    const char* label;
    const char* certificate;
    KeyType type;
};

constexpr KeyRow keys[] = {
    {"9a", "01", "PIV AUTH key", "cert-9a", KeyType::rsa2048},
    {"9c", "02", "SIGN key", "cert-9c", KeyType::p256},
    {"9d", "03", "KEY MAN key", "cert-9d", KeyType::rsa2048},
    {"9e", "04", "CARD AUTH key", "cert-9e", KeyType::p256},
};

class RecordedDiscovery : public RecordedCard, public testing::WithParamInterface<std::string_view> {};

/// listed_objects gives the values of the objects that a listing shows, by their names in the profile.
std::map<std::string, Bytes> listed_objects(const Card& card, Burst& burst) {
    std::map<std::string, Bytes> out;
    for (std::size_t i = 0; i < card.profile().objects.size(); ++i) {
        const ObjectSlot& slot = card.profile().objects[i];
        if (const auto entry = burst.object_listed(i) ? burst.object(i) : nullptr) {
            out[slot.id] = entry->value;
            EXPECT_EQ(entry->certificate.has_value(), slot.object_class == ObjectSlot::Class::certificate);
        }
    }
    return out;
}

TEST_P(RecordedDiscovery, ListsTheObjectsThatAreThere) {
    insert(std::string(GetParam()));
    EXPECT_EQ(m_card->profile().id, "piv");
    EXPECT_EQ(m_card->serial(), "55749320DCA3636CF5D28F0841FE38A9");
    Burst burst = m_card->begin();
    EXPECT_EQ(burst.label(), "canokey");
    auto found = listed_objects(*m_card, burst);
    for (const ObjectRow& row : certificates) {
        const ObjectSlot& slot = m_card->profile().objects[object(row.id)];
        EXPECT_EQ(to_hex(found[row.id]), to_hex(certificate(row.command))) << row.id;
        EXPECT_EQ(to_hex(slot.pkcs11_id), row.cka_id);
        EXPECT_EQ(slot.label, row.label);
    }
    const Bytes identifier = recorded_data("00CB3FFF055C035FC1023D");
    const Bytes capabilities = recorded_data("00CB3FFF055C035FC10735");
    EXPECT_EQ(to_hex(found["chuid"]), to_hex(View(identifier).subspan(2)));
    EXPECT_EQ(to_hex(found["ccc"]), to_hex(View(capabilities).subspan(2)));
    EXPECT_EQ(found["discovery"], recorded_data("00CB3FFF035C017E00"));
    EXPECT_EQ(found.size(), std::size(certificates) + 3);
}

TEST_P(RecordedDiscovery, KnowsTheKeysByTheirCertificates) {
    insert(std::string(GetParam()));
    Burst burst = m_card->begin();
    std::size_t there = 0;
    for (std::size_t i = 0; i < m_card->profile().keys.size(); ++i) {
        there += burst.key_listed(i) && burst.key(i) ? 1 : 0;
    }
    EXPECT_EQ(there, std::size(keys));
    for (const KeyRow& row : keys) {
        const auto entry = burst.key(key(row.id));
        ASSERT_TRUE(entry) << row.id;
        EXPECT_EQ(key_type_of(entry->public_key), row.type) << row.id;
        EXPECT_EQ(entry->public_key, burst.object(object(row.certificate))->certificate->key) << row.id;
        EXPECT_EQ(entry->always_authenticate, std::string_view(row.id) == "9c") << row.id;
        const KeySlot& slot = m_card->profile().keys[key(row.id)];
        EXPECT_EQ(to_hex(slot.pkcs11_id), row.cka_id);
        EXPECT_EQ(slot.label, row.label);
    }
    // The other objects are another test's subject.
    for (const char* id : {"ccc", "security", "discovery"}) {
        burst.object(object(id));
    }
}

INSTANTIATE_TEST_SUITE_P(Records, RecordedDiscovery, testing::ValuesIn(listed),
                         [](const testing::TestParamInfo<std::string_view>& record) {
                             return record.param == listed.front() ? "AfterPowerOn" : "Again";
                         });

TEST_F(RecordedCard, TakesThePin) {
    for (const char* file : {"canokey-pin-ok", "canokey-pin-after-unblock"}) {
        insert(file);
        m_card->begin().login(PinRole::user, view_of("123456"));
        EXPECT_EQ(m_card->login(), PinRole::user);
        EXPECT_EQ(pin().tries_left, 3U);
        EXPECT_EQ(to_hex(m_link->sent.back()), to_hex(m_transcript.exchanges.back().command));
        check_record();
    }
}

TEST_F(RecordedCard, TellsTheTriesThatAWrongPinLeaves) {
    insert("canokey-pin-wrong");
    const Error error = error_of([&] { m_card->begin().login(PinRole::user, view_of("222222")); });
    EXPECT_EQ(error.verb(), Verb::verify);
    EXPECT_EQ(tries_left(error.status()), 2U);
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_TRUE(pin().known);
    EXPECT_EQ(pin().tries_left, 2U);
}

TEST_F(RecordedCard, TellsThatThePinIsBlocked) {
    insert("canokey-pin-blocked");
    const Error error = error_of([&] { m_card->begin().login(PinRole::user, view_of("123456")); });
    EXPECT_EQ(error.status(), sw::blocked);
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_TRUE(pin().known);
    EXPECT_EQ(pin().tries_left, 0U);
}

TEST_F(RecordedCard, UnblocksThePinWithThePuk) {
    insert("canokey-unblock");
    Burst burst = m_card->begin();
    EXPECT_EQ(burst.pin_status(PinRole::user).tries_left, 0U);
    EXPECT_TRUE(pin().known);
    burst.login(PinRole::so, view_of("12345678"));
    burst.unblock_user(view_of("123456"));
    EXPECT_EQ(to_hex(m_link->sent.back()), to_hex(m_transcript.exchanges.back().command));
    EXPECT_EQ(pin().tries_left, 3U);
}

TEST_F(RecordedCard, ChangesThePinThereAndBack) {
    const struct {
        const char* file;
        std::string_view old_pin, new_pin;
    } rows[] = {{"canokey-change-pin", "123456", "654321"}, {"canokey-change-pin-back", "654321", "123456"}};
    for (const auto& row : rows) {
        insert(row.file);
        m_card->begin().change_pin(PinRole::user, view_of(row.old_pin), view_of(row.new_pin));
        EXPECT_EQ(to_hex(m_link->sent.back()), to_hex(m_transcript.exchanges.back().command));
        EXPECT_EQ(pin().tries_left, 3U);
        check_record();
    }
}

/// The host signed "hello\n" and the 32 bytes below; the latter are also what it had encrypted.
constexpr std::string_view message = "hello\n";
constexpr std::string_view plain_text = "072DC94E09A367BC5A5EDE9FFF4313D105701AADAD83D63869BDE60C9AAD9D65";

TEST_F(RecordedCard, SignsWithRsa) {
    insert("canokey-sign-rsa");
    Burst burst = m_card->begin();
    EXPECT_EQ(burst.pin_status(PinRole::user).tries_left, 3U);  // 9000: verified in the session before
    burst.login(PinRole::user, view_of("123456"));
    const Bytes content =
        crypto::digest_info(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, view_of(message)));
    const Bytes block = crypto::pad_pkcs_signature(256, content).value();
    const SecretBytes signature = burst.compute(key("9a"), Primitive::rsa_raw, Verb::sign, block);
    // 7C L (4 bytes), 82 L (4 bytes), and the signature.
    EXPECT_EQ(to_hex(signature),
              to_hex(View(recorded_data("0087079A0BAF34D08286A2E846F6BE0300")).subspan(8)));
    const auto public_key = std::get<crypto::RsaPublicKey>(burst.key(key("9a"))->public_key);
    EXPECT_TRUE(crypto::verify_rsa_pkcs(public_key, content, signature));
    EXPECT_EQ(m_card->login(), PinRole::user);
}

TEST_F(RecordedCard, SignsWithAnEcKeyThatWantsThePinEachTime) {
    insert("canokey-sign-ec");
    Burst burst = m_card->begin();
    burst.login(PinRole::user, view_of("123456"));
    burst.key(key("9c"));
    burst.login_for_key(key("9c"), view_of("123456"));
    const SecretBytes signature = burst.compute(key("9c"), Primitive::ecdsa, Verb::sign, bytes(plain_text));
    EXPECT_EQ(to_hex(m_link->sent[m_link->sent.size() - 2]), "0020008008313233343536FFFF");
    // r and s as the card wrote them, SEQUENCE { INTEGER, INTEGER } without leading zeros.
    EXPECT_EQ(to_hex(signature),
              "52EB19B82DA01D14E23472A7CA0B2A5AD81784D554258144502E21CF9B26C5BD"
              "5CE73B58F161BBF169F75AE8CA2713DA68E28244F053F43699723FBB17E1E311");
    EXPECT_TRUE(crypto::verify_ecdsa(std::get<crypto::EcPublicKey>(burst.key(key("9c"))->public_key),
                                     bytes(plain_text), signature));
}

TEST_F(RecordedCard, Deciphers) {
    insert("canokey-decipher");
    Burst burst = m_card->begin();
    burst.login(PinRole::user, view_of("123456"));
    // 7C L (4 bytes), 82 00, 81 L (4 bytes), and what the host had encrypted.
    const Bytes input = recorded_inputs(0x87).back();
    const SecretBytes block =
        burst.compute(key("9d"), Primitive::rsa_raw, Verb::decipher, View(input).subspan(10));
    const auto plain = crypto::unpad_pkcs(block);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(to_hex(*plain), plain_text);
}

class RecordedAdministration : public RecordedCard {
  protected:
    void insert(const std::string& file) {
        RecordedCardTest::insert(file, unrecorded);
        know_management_key();
        recognise();
        m_card->begin().login(PinRole::so, view_of(management_key));
    }

    /// written is what the record's host wrote into the object |tag|: 5C 03 tag, then 53 L of |header| bytes,
    /// content.
    Bytes written(std::string_view tag, std::size_t header) const {
        for (const Bytes& data : recorded_inputs(0xDB)) {
            if (to_hex(data).substr(4, 6) == tag) {
                return to_bytes(View(data).subspan(5 + header));
            }
        }
        ADD_FAILURE() << "nothing was written to " << tag;
        return {};
    }

    /// written_certificate is without 70 L (4 bytes) and 71 01 00 FE 00.
    Bytes written_certificate(std::string_view tag) const {
        const Bytes content = written(tag, 4);
        return to_bytes(View(content).subspan(4, content.size() - 4 - 5));
    }

    /// imported gives the public key of an imported private key, as another program computed it.
    static crypto::PublicKey imported(const std::string& reference) {
        std::ifstream lines(std::string(JETON_TRANSCRIPTS) + "/imported-keys.txt");
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with(reference + " ")) {
                return crypto::parse_spki(bytes(line.substr(3))).value();
            }
        }
        throw std::runtime_error("no imported key " + reference);
    }
};

TEST_F(RecordedAdministration, ImportsAnEcKey) {
    insert("canokey-import-ec");
    // 06 20 and the scalar.
    const Bytes fields = recorded_inputs(0xFE).front();
    const crypto::EcPrivateParts parts{crypto::Curve::p256, to_secret(View(fields).subspan(2))};
    const auto entry = m_card->begin().import_key(key("82"), parts);
    EXPECT_EQ(sent_commands(0xFE), recorded_commands(0xFE));
    EXPECT_EQ(entry->public_key, imported("82"));
    EXPECT_FALSE(entry->generated_on_card);
}

TEST_F(RecordedAdministration, ImportsAnRsaKey) {
    insert("canokey-import-rsa");
    // 01 to 05, each 81 80 and 128 bytes.
    const Bytes fields = recorded_inputs(0xFE).front();
    ASSERT_EQ(fields.size(), 5U * 131);
    const auto part = [&](std::size_t number) {
        return to_secret(View(fields).subspan(131 * number + 3, 128));
    };
    const crypto::RsaPrivateParts parts{part(0), part(1), part(2), part(3), part(4), {0x01, 0x00, 0x01}};
    const auto entry = m_card->begin().import_key(key("83"), parts);
    EXPECT_EQ(sent_commands(0xFE), recorded_commands(0xFE));
    EXPECT_EQ(entry->public_key, imported("83"));
}

TEST_F(RecordedAdministration, MakesKeysAndWritesCertificatesAndIdentifier) {
    insert("canokey-personalize");
    const struct {
        const char* key;
        const char* tag;
    } rows[] = {{"9a", "5FC105"}, {"9c", "5FC10A"}, {"9d", "5FC10B"}, {"9e", "5FC101"}};
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        SCOPED_TRACE(rows[i].key);
        Burst burst = m_card->begin();
        const Bytes certificate = written_certificate(rows[i].tag);
        const auto made = burst.generate(key(rows[i].key), keys[i].type);
        EXPECT_EQ(made->public_key, crypto::parse_certificate(certificate)->key);
        EXPECT_TRUE(made->generated_on_card);
        burst.write_object(object(keys[i].certificate), certificate);
    }
    m_card->begin().write_object(object("chuid"), written("5FC102", 2));
    EXPECT_EQ(sent_commands(0xDB), recorded_commands(0xDB));

    recognise();  // what was remembered is gone
    Burst burst = m_card->begin();
    EXPECT_EQ(burst.label(), "canokey");
    EXPECT_EQ(burst.pin_status(PinRole::user).tries_left, 3U);
    auto found = listed_objects(*m_card, burst);
    for (std::size_t i = 0; i < std::size(rows); ++i) {
        EXPECT_EQ(to_hex(found[certificates[i].id]), to_hex(written_certificate(rows[i].tag)));
        EXPECT_EQ(key_type_of(burst.key(key(rows[i].key))->public_key), keys[i].type);
    }
    EXPECT_EQ(found["chuid"], written("5FC102", 2));
    EXPECT_EQ(found.size(), std::size(certificates) + 3);
}

}  // namespace
}  // namespace jeton::card
