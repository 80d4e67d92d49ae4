// The SmartCard-HSM applet and the Card above it on the recorded answers of another card: what an application
// gets from it.
#include <filesystem>
#include <gtest/gtest.h>

#include "card/support/error_of.hpp"
#include "card/support/recorded_hsm.hpp"
#include "crypto/digest.hpp"
#include "crypto/padding.hpp"

namespace jeton::card {
namespace {

constexpr UnrecordedHsm others[] = {
    {"", "00A40400", "6A82", "applications of profiles that come first; the recorded host looks for others"},
    {"picohsm-unblock", "0020008835373632", "9000",
     "a login verifies the PIN of the security officer; the recorded host sends it with the new PIN alone"},
    {"picohsm-initialize", "00B12F02", "6A82",
     "the record does not read the certificate of the device; without one the card is known by its ATR"},
    {"picohsm-initialize", "00200088", "6984",
     "we ask whether the card has a security officer, whose PIN would have to be right; this one is new"},
    {"picohsm-delete-key", "00E40200CE03", "9000",
     "the public key goes with the private one; the recorded host leaves it there"},
};

class RecordedHsmCard : public RecordedHsm {
  protected:
    std::span<const UnrecordedHsm> unrecorded() const override { return others; }

    std::optional<Bytes> answer_by_rule(const HsmCommand& command) override {
        if (command.ins() == hsm::ins_initialize && m_record == "picohsm-initialize") {
            return initialized(command);
        }
        if (command.text().starts_with("80680120") && m_record == "picohsm-sign-pss") {
            return signed_block(command.data);
        }
        return std::nullopt;
    }

    crypto::RsaPublicKey rsa_key(std::string_view label) {
        const std::size_t index = key_named(label);
        return std::get<crypto::RsaPublicKey>(m_card->begin().key(index)->public_key);
    }

    std::optional<Bytes> m_pss_block;  ///< that the card made in the record

  private:
    /// initialized: all fields are the recorded ones but the user's PIN, which the host made up there.
    std::optional<Bytes> initialized(const HsmCommand& command) const {
        const Bytes theirs = recorded_input(hsm::ins_initialize);
        for (const std::uint32_t tag : {0x80U, 0x82U, 0x91U}) {
            if (to_hex(find_tlv(command.data, tag).value_or(View{})) !=
                to_hex(find_tlv(theirs, tag).value_or(View{}))) {
                return std::nullopt;
            }
        }
        const View pin = find_tlv(command.data, 0x81).value_or(View{});
        const bool fits = pin.size() >= 6 && pin.size() <= 15;
        return fits ? std::optional(recorded(hsm::ins_initialize).response) : std::nullopt;
    }

    /// signed_block: the recorded card pads by itself (algorithm 40), for us the host does. For the block
    /// that the card made there is its signature, and for no other.
    std::optional<Bytes> signed_block(View block) {
        return m_pss_block && equal(*m_pss_block, block) ? std::optional(recorded(hsm::ins_sign).response)
                                                         : std::nullopt;
    }
};

/// Listing is what is on the card in a record.
struct Listing {
    const char* record;
    std::vector<std::string> keys;  ///< id, label and kind
};

const std::string rsa2k = "01 RSA2k RSA", certified = "01 Certificate RSA", ec256 = "02 EC256 P-256",
                  made_ec = "05 g P-256", made_rsa = "06 g2 RSA";

const Listing listings[] = {
    {"picohsm-discovery", {rsa2k, ec256}},
    {"picohsm-discovery-again", {rsa2k, ec256}},
    {"picohsm-pin-ok", {rsa2k, ec256}},
    {"picohsm-sign-rsa", {rsa2k, ec256}},
    {"picohsm-sign-pss", {rsa2k, ec256}},
    {"picohsm-sign-ec", {rsa2k, ec256}},
    {"picohsm-decipher", {rsa2k, ec256}},
    {"picohsm-ecdh", {rsa2k, ec256}},
    {"picohsm-keygen-ec", {rsa2k, ec256}},
    {"picohsm-keygen-rsa2048", {rsa2k, ec256, made_ec}},
    {"picohsm-write-cert", {rsa2k, ec256, made_ec, made_rsa}},
    {"picohsm-read-cert", {certified, ec256, made_ec, made_rsa}},
    {"picohsm-delete-key", {certified, ec256, made_ec, made_rsa}},
    {"picohsm-change-pin", {certified, ec256, made_rsa}},
    {"picohsm-change-pin-back", {certified, ec256, made_rsa}},
    {"picohsm-pin-wrong", {certified, ec256, made_rsa}},
    {"picohsm-pin-blocked", {certified, ec256, made_rsa}},
    {"picohsm-unblock", {certified, ec256, made_rsa}},
    {"picohsm-pin-after-unblock", {certified, ec256, made_rsa}},
    {"picohsm-random",
     {certified, ec256, made_rsa}},  // its random bytes are not for us: the host makes its own
};

/// Records that no listing is made of.
const struct {
    const char* record;
    const char* why;
} unlisted[] = {
    {"picohsm-initialize", "the card is made as new: there is nothing yet (InitializesANewCard)"},
    {"picohsm-aes", "single commands without a list of files; softcard compares what they compute"},
};

class RecordedListing : public RecordedHsmCard, public testing::WithParamInterface<Listing> {};

TEST_P(RecordedListing, HasTheKeysOfTheRecord) {
    m_only_lists = true;
    insert(GetParam().record);
    EXPECT_EQ(m_card->serial(), "ESPICOHSMTR");
    Burst burst = m_card->begin();
    EXPECT_EQ(burst.label(), "Pico-HSM");
    burst.discover();
    const auto layout = m_card->layout();
    std::vector<std::string> found;
    for (std::size_t i = 0; i < layout->keys.size(); ++i) {
        const KeySlot& slot = *layout->keys[i];
        const auto entry = burst.key(i);
        ASSERT_TRUE(entry) << slot.label;
        const auto type = key_type_of(entry->public_key);
        const bool is_rsa = type == KeyType::rsa2048;
        EXPECT_TRUE(is_rsa || type == KeyType::p256) << slot.label;
        EXPECT_TRUE(slot.sign && slot.decrypt == is_rsa && slot.derive != is_rsa) << slot.label;
        found.push_back(to_hex(slot.pkcs11_id) + " " + slot.label + (is_rsa ? " RSA" : " P-256"));
    }
    EXPECT_EQ(found, GetParam().keys);
}

std::string listing_name(const testing::TestParamInfo<Listing>& listing) {
    std::string name = listing.param.record;
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Records, RecordedListing, testing::ValuesIn(listings), listing_name);

TEST_F(RecordedHsmCard, EveryRecordIsReplayedOrAReasonSaysWhyNot) {
    std::set<std::string> named, there;
    for (const Listing& row : listings) {
        named.insert(row.record);
    }
    for (const auto& row : unlisted) {
        named.insert(row.record);
    }
    for (const auto& entry : std::filesystem::directory_iterator(JETON_TRANSCRIPTS)) {
        if (entry.path().filename().string().starts_with("picohsm-")) {
            there.insert(entry.path().stem().string());
        }
    }
    EXPECT_EQ(named, there);
}

TEST_F(RecordedHsmCard, ReadsACertificateAndTheKeyInIt) {
    insert("picohsm-read-cert");
    const std::size_t key = key_named("Certificate");
    Burst burst = m_card->begin();
    const auto certificate = burst.object(m_card->layout()->keys[key]->certificate.value());
    ASSERT_TRUE(certificate && certificate->certificate);
    EXPECT_EQ(certificate->certificate->common_name, "t");
    EXPECT_EQ(burst.key(key)->public_key, certificate->certificate->key);
}

TEST_F(RecordedHsmCard, WritesACertificateBesideItsKey) {
    insert("picohsm-write-cert");
    login();
    const std::size_t key = key_named("RSA2k");
    const Bytes file{hsm::prefix_certificate, 0x01};
    const Bytes certificate = m_writes.at(file);
    Burst burst = m_card->begin();
    const std::size_t beside = m_card->layout()->keys[key]->certificate.value();
    EXPECT_FALSE(burst.object(beside));
    burst.write_object(beside, certificate);
    EXPECT_EQ(to_hex(m_files.at(file)).substr(0, 2 * certificate.size()), to_hex(certificate));
    EXPECT_EQ(burst.object(beside)->certificate->key, burst.key(key)->public_key);
}

TEST_F(RecordedHsmCard, SignsWithRsa) {
    insert("picohsm-sign-rsa");
    login();
    const std::size_t key = key_named("RSA2k");
    Burst burst = m_card->begin();
    const SecretBytes signature =
        burst.compute(key, Primitive::rsa_raw, Verb::sign, recorded_input(hsm::ins_sign));
    EXPECT_EQ(to_hex(signature), to_hex(recorded_output(hsm::ins_sign)));
    const Bytes content =
        crypto::digest_info(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, view_of("hello\n")));
    EXPECT_TRUE(crypto::verify_rsa_pkcs(std::get<crypto::RsaPublicKey>(burst.key(key)->public_key), content,
                                        signature));
}

TEST_F(RecordedHsmCard, SignsTheBlockOfPssThatTheHostMade) {
    insert("picohsm-sign-pss");
    login();
    const std::size_t key = key_named("RSA2k");
    const crypto::RsaPublicKey known = rsa_key("RSA2k");
    const Bytes signature = recorded_output(hsm::ins_sign);
    m_pss_block = crypto::rsa_public(known, signature);
    ASSERT_TRUE(m_pss_block);
    const SecretBytes made = m_card->begin().compute(key, Primitive::rsa_raw, Verb::sign, *m_pss_block);
    EXPECT_EQ(to_hex(made), to_hex(signature));
    const Bytes digest = crypto::digest(crypto::Hash::sha256, view_of("hello\n"));
    EXPECT_TRUE(crypto::verify_rsa_pss(known, crypto::Hash::sha256, crypto::Hash::sha256, 32, digest, made));
}

TEST_F(RecordedHsmCard, SignsWithAnEcKey) {
    insert("picohsm-sign-ec");
    login();
    const std::size_t key = key_named("EC256");
    Burst burst = m_card->begin();
    const Bytes hash = recorded_input(hsm::ins_sign);
    const SecretBytes signature = burst.compute(key, Primitive::ecdsa, Verb::sign, hash);
    EXPECT_TRUE(
        crypto::verify_ecdsa(std::get<crypto::EcPublicKey>(burst.key(key)->public_key), hash, signature));
}

TEST_F(RecordedHsmCard, Deciphers) {
    insert("picohsm-decipher");
    login();
    const std::size_t key = key_named("RSA2k");
    const SecretBytes block =
        m_card->begin().compute(key, Primitive::rsa_raw, Verb::decipher, recorded_input(hsm::ins_decipher));
    const auto plain = crypto::unpad_pkcs(block);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(to_hex(*plain), "0C45EC7F09A79A490CE06D8ED797064B7ECE059364FB7935F730751B6BBB4604");
}

TEST_F(RecordedHsmCard, Derives) {
    insert("picohsm-ecdh");
    login();
    const std::size_t key = key_named("EC256");
    const SecretBytes shared =
        m_card->begin().compute(key, Primitive::ecdh, Verb::derive, recorded_input(hsm::ins_decipher));
    EXPECT_EQ(to_hex(shared), to_hex(View(recorded_output(hsm::ins_decipher)).subspan(1, 32)));
}

TEST_F(RecordedHsmCard, MakesAndNamesKeysWithTheRecordedCommands) {
    const struct {
        const char* file;
        KeyType type;
        std::size_t present;
        Byte id, reference;
        const char* label;
    } rows[] = {{"picohsm-keygen-ec", KeyType::p256, 2, 0x05, 0x03, "g"},
                {"picohsm-keygen-rsa2048", KeyType::rsa2048, 3, 0x06, 0x04, "g2"}};
    for (const auto& row : rows) {
        insert(row.file);
        login();
        Name name;
        name.id = Bytes{row.id};
        name.label = row.label;
        Burst burst = m_card->begin();
        const std::size_t index = burst.new_key_slot({row.type, name});
        EXPECT_EQ(index, row.present);
        const auto made = burst.generate(index, row.type);
        EXPECT_EQ(key_type_of(made->public_key), row.type);
        for (const Byte prefix : {hsm::prefix_certificate, hsm::prefix_key_description}) {
            const Bytes file{prefix, row.reference};
            EXPECT_GE(m_files[file].size(), m_writes.at(file).size()) << row.file << " " << to_hex(file);
        }
    }
}

TEST_F(RecordedHsmCard, ErasesAKey) {
    insert("picohsm-delete-key");
    login();
    const std::size_t key = key_named("g");
    m_card->begin().erase_key(key);
    EXPECT_FALSE(m_card->begin().key(key));
    for (const Byte prefix : {hsm::prefix_key_description, hsm::prefix_certificate}) {
        EXPECT_FALSE(m_files.contains(Bytes{prefix, 0x03}));
    }
}

TEST_F(RecordedHsmCard, TellsAboutPins) {
    insert("picohsm-pin-ok");
    login();
    EXPECT_EQ(m_card->login(), PinRole::user);

    insert("picohsm-pin-wrong");
    const Error wrong = error_of([&] { m_card->begin().login(PinRole::user, view_of("222222")); });
    EXPECT_EQ(tries_left(wrong.status()), 2U);

    insert("picohsm-pin-blocked");
    EXPECT_THROW(login(), Error);
    EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 0U);

    insert("picohsm-pin-after-unblock");
    login();
    EXPECT_EQ(m_card->login(), PinRole::user);
}

TEST_F(RecordedHsmCard, ChangesThePinThereAndBack) {
    const struct {
        const char* file;
        std::string_view old_pin, new_pin;
    } rows[] = {{"picohsm-change-pin", recorded_pin, other_pin},
                {"picohsm-change-pin-back", other_pin, recorded_pin}};
    for (const auto& row : rows) {
        insert(row.file);
        m_card->begin().change_pin(PinRole::user, view_of(row.old_pin), view_of(row.new_pin));
        EXPECT_EQ(to_hex(m_link->sent.back()), to_hex(m_transcript.exchanges.back().command));
        EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 3U);
    }
}

TEST_F(RecordedHsmCard, TheOfficerSetsANewPin) {
    insert("picohsm-unblock");
    EXPECT_EQ(m_card->begin().pin_status(PinRole::user).tries_left, 0U);
    Burst burst = m_card->begin();
    burst.login(PinRole::so, view_of(officer_pin));
    burst.unblock_user(view_of(recorded_pin));
    EXPECT_EQ(to_hex(m_link->sent.back()), to_hex(recorded(hsm::ins_reset_retry_counter).command));
    EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 3U);
}

TEST_F(RecordedHsmCard, InitializesANewCard) {
    insert("picohsm-initialize");
    m_card->begin().initialize(view_of(officer_pin));
    EXPECT_FALSE(m_card->alive()) << "it is to be recognised again";
    EXPECT_EQ(m_link->sent.back()[1], hsm::ins_initialize);
}

}  // namespace
}  // namespace jeton::card
