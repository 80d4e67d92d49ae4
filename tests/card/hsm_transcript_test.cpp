// The SmartCard-HSM applet and the Card above it on the recorded answers of another card: what an application
// gets from it.
//
// The recorded host reads a file by SELECT and READ BINARY of the current file, we by READ BINARY with the
// file's identifier: the contents are put together from the record. Of a command, header and data count: the
// record asks for other lengths (Le).
#include <gtest/gtest.h>
#include <map>

#include "support/replay_link.hpp"

#include "card/card.hpp"
#include "card/support/profiles.hpp"
#include "crypto/digest.hpp"
#include "crypto/padding.hpp"

namespace jeton::card {
namespace {

constexpr std::string_view recorded_pin = "648219";

/// Command is what counts of an APDU.
struct Command {
    Bytes header;
    Bytes data;
    bool operator==(const Command&) const = default;
};

Command parse(View apdu) {
    Command out{to_bytes(apdu.first(4)), {}};
    if (apdu.size() > 7 && apdu[4] == 0) {
        const auto length = static_cast<std::size_t>(load_be(apdu.subspan(5, 2)));
        out.data = to_bytes(apdu.subspan(7, std::min(length, apdu.size() - 7)));
    } else if (apdu.size() > 5 && apdu[4] != 0) {
        out.data = to_bytes(apdu.subspan(5, std::min<std::size_t>(apdu[4], apdu.size() - 5)));
    }
    return out;
}

class RecordedHsm : public testing::Test {
  protected:
    void insert(const std::string& file) {
        m_transcript = support::Transcript::load(std::string(JETON_TRANSCRIPTS) + "/" + file + ".apdu");
        m_transcript.atr = from_hex("3BFE1800008131FE458031815448534D31738021408107FA").value();
        read_files();
        m_link.emplace(m_transcript, support::ReplayLink::Matching::by_command);
        m_link->computed = [this](View command) { return answer(parse(command)); };
        m_card = Card::recognise(*m_link, built_in_profiles());
        ASSERT_TRUE(m_card);
        EXPECT_EQ(m_card->profile().id, "smartcard-hsm");
    }

    void TearDown() override {
        for (const Bytes& command : m_link->unrecorded) {
            ADD_FAILURE() << "not in the record: " << to_hex(command);
        }
    }

    void login() { m_card->begin().login(PinRole::user, view_of(recorded_pin)); }

    /// recorded gives the answer to the last recorded command |ins|, without status word.
    Bytes recorded(Byte ins) const {
        Bytes out;
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            if (exchange.command[1] == ins) {
                out = to_bytes(View(exchange.response).first(exchange.response.size() - 2));
            }
        }
        return out;
    }

    Bytes recorded_input(Byte ins) const {
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            if (exchange.command[1] == ins) {
                return parse(exchange.command).data;
            }
        }
        return {};
    }

    /// key_named gives the index of the key with the label.
    std::size_t key_named(std::string_view label) {
        m_card->begin().discover();
        const auto layout = m_card->layout();
        for (std::size_t i = 0; i < layout->keys.size(); ++i) {
            if (layout->keys[i]->label == label) {
                return i;
            }
        }
        ADD_FAILURE() << "no key " << label;
        return 0;
    }

    support::Transcript m_transcript;
    std::map<Bytes, Bytes> m_files;
    std::optional<support::ReplayLink> m_link;
    std::unique_ptr<Card> m_card;

  private:
    void read_files() {
        Bytes current;
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            const Command command = parse(exchange.command);
            if (command.header[1] == 0xA4 && command.data.size() == 2) {
                current = command.data;
            } else if (command.header[1] == 0xB1 && command.data.size() == 4) {
                const View content = View(exchange.response).first(exchange.response.size() - 2);
                const auto offset = static_cast<std::size_t>(load_be(View(command.data).last(2)));
                Bytes& file = m_files[current];
                if (file.size() == offset) {
                    append(file, content);
                }
            }
        }
    }

    std::optional<Bytes> answer(const Command& command) {
        const Byte ins = command.header[1];
        if (ins == 0xA4 && command.data.size() > 2 && command.data[0] != 0xE8) {
            return from_hex("6A82");  // applications of profiles that come first
        }
        if (ins == 0xB1) {
            return read(command);
        }
        if (ins == 0xD7 || ins == 0xE4) {
            return from_hex("9000");  // the record's host writes and deletes other things, in another order
        }
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            if (parse(exchange.command) == command) {
                return exchange.response;
            }
        }
        return std::nullopt;
    }

    std::optional<Bytes> read(const Command& command) {
        const auto file = m_files.find(to_bytes(View(command.header).last(2)));
        if (file == m_files.end()) {
            return from_hex("6A82");
        }
        const auto offset = static_cast<std::size_t>(load_be(View(command.data).last(2)));
        Bytes out = to_bytes(View(file->second).subspan(std::min(offset, file->second.size())));
        append(out, from_hex("9000").value());
        return out;
    }
};

TEST_F(RecordedHsm, ListsTheKeys) {
    for (const char* file : {"picohsm-discovery", "picohsm-discovery-again"}) {
        insert(file);
        EXPECT_EQ(m_card->serial(), "ESPICOHSMTR");
        Burst burst = m_card->begin();
        EXPECT_EQ(burst.label(), "Pico-HSM");
        burst.discover();
        const auto layout = m_card->layout();
        ASSERT_EQ(layout->keys.size(), 2U);
        EXPECT_EQ(layout->keys[0]->label, "RSA2k");
        EXPECT_EQ(to_hex(layout->keys[0]->pkcs11_id), "01");
        EXPECT_EQ(key_type_of(burst.key(0)->public_key), KeyType::rsa2048);
        EXPECT_TRUE(layout->keys[0]->sign && layout->keys[0]->decrypt && !layout->keys[0]->derive);
        EXPECT_EQ(layout->keys[1]->label, "EC256");
        EXPECT_EQ(to_hex(layout->keys[1]->pkcs11_id), "02");
        EXPECT_EQ(key_type_of(burst.key(1)->public_key), KeyType::p256);
        EXPECT_TRUE(layout->keys[1]->sign && layout->keys[1]->derive && !layout->keys[1]->decrypt);
    }
}

TEST_F(RecordedHsm, ReadsACertificateAndTheKeyInIt) {
    insert("picohsm-read-cert");
    const std::size_t key = key_named("Certificate");
    Burst burst = m_card->begin();
    const auto certificate = burst.object(m_card->layout()->keys[key]->certificate.value());
    ASSERT_TRUE(certificate && certificate->certificate);
    EXPECT_EQ(certificate->certificate->common_name, "t");
    EXPECT_EQ(burst.key(key)->public_key, certificate->certificate->key);
}

TEST_F(RecordedHsm, SignsWithRsa) {
    insert("picohsm-sign-rsa");
    login();
    const std::size_t key = key_named("RSA2k");
    Burst burst = m_card->begin();
    const SecretBytes signature = burst.compute(key, Primitive::rsa_raw, Verb::sign, recorded_input(0x68));
    EXPECT_EQ(to_hex(signature), to_hex(recorded(0x68)));
    const Bytes content =
        crypto::digest_info(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, view_of("hello\n")));
    EXPECT_TRUE(crypto::verify_rsa_pkcs(std::get<crypto::RsaPublicKey>(burst.key(key)->public_key), content,
                                        signature));
}

TEST_F(RecordedHsm, SignsWithAnEcKey) {
    insert("picohsm-sign-ec");
    login();
    const std::size_t key = key_named("EC256");
    Burst burst = m_card->begin();
    const Bytes hash = recorded_input(0x68);
    const SecretBytes signature = burst.compute(key, Primitive::ecdsa, Verb::sign, hash);
    EXPECT_TRUE(
        crypto::verify_ecdsa(std::get<crypto::EcPublicKey>(burst.key(key)->public_key), hash, signature));
}

TEST_F(RecordedHsm, Deciphers) {
    insert("picohsm-decipher");
    login();
    const std::size_t key = key_named("RSA2k");
    const SecretBytes block =
        m_card->begin().compute(key, Primitive::rsa_raw, Verb::decipher, recorded_input(0x62));
    const auto plain = crypto::unpad_pkcs(block);
    ASSERT_TRUE(plain.has_value());
    EXPECT_EQ(to_hex(*plain), "0C45EC7F09A79A490CE06D8ED797064B7ECE059364FB7935F730751B6BBB4604");
}

TEST_F(RecordedHsm, Derives) {
    insert("picohsm-ecdh");
    login();
    const std::size_t key = key_named("EC256");
    const SecretBytes shared =
        m_card->begin().compute(key, Primitive::ecdh, Verb::derive, recorded_input(0x62));
    EXPECT_EQ(to_hex(shared), to_hex(View(recorded(0x62)).subspan(1, 32)));
}

TEST_F(RecordedHsm, MakesKeysWithTheRecordedCommands) {
    const struct {
        const char* file;
        KeyType type;
        std::size_t present;
    } rows[] = {{"picohsm-keygen-ec", KeyType::p256, 2}, {"picohsm-keygen-rsa2048", KeyType::rsa2048, 3}};
    for (const auto& row : rows) {
        insert(row.file);
        login();
        Name name;
        name.id = Bytes{0x05};
        Burst burst = m_card->begin();
        const std::size_t index = burst.new_key_slot({row.type, name});
        EXPECT_EQ(index, row.present);
        const auto made = burst.generate(index, row.type);
        EXPECT_EQ(key_type_of(made->public_key), row.type);
    }
}

TEST_F(RecordedHsm, TellsAboutPins) {
    insert("picohsm-pin-ok");
    login();
    EXPECT_EQ(m_card->login(), PinRole::user);

    insert("picohsm-pin-wrong");
    try {
        m_card->begin().login(PinRole::user, view_of("222222"));
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(tries_left(error.status()), 2U);
    }

    insert("picohsm-pin-blocked");
    EXPECT_THROW(login(), Error);
    EXPECT_EQ(m_card->known_pin_status(PinRole::user)->tries_left, 0U);

    insert("picohsm-pin-after-unblock");
    login();
    EXPECT_EQ(m_card->login(), PinRole::user);
}

}  // namespace
}  // namespace jeton::card
