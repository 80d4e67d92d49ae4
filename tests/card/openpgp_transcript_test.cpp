// The OpenPGP applet and the Card above it on the recorded answers of two real implementations.
#include <filesystem>
#include <gtest/gtest.h>
#include <set>

#include "card/support/recorded_card.hpp"
#include "crypto/digest.hpp"
#include "crypto/padding.hpp"

namespace jeton::card {
namespace {

/// without_le is a command without what it says about the length of the answer: the recorded host asks with
/// extended lengths, where we know that there are none.
Bytes without_le(View command) {
    constexpr std::size_t header = 4;
    Bytes out = to_bytes(command.first(header));
    const View body = command.subspan(header);
    if (body.size() > 3 && body[0] == 0) {
        const std::size_t length = load_be(body.subspan(1, 2));
        append(out, body.subspan(3, std::min(length, body.size() - 3)));
    } else if (body.size() > 1 && body[0] != 0) {
        append(out, body.subspan(1, std::min<std::size_t>(body[0], body.size() - 1)));
    }
    return out;
}

/// What our applet sends and no record has, with the answer, and why.
struct Other {
    std::string_view begin;  ///< of the command
    std::string_view answer;
    const char* why;
};

constexpr Other others[] = {
    {"00CA00C400", "004040400303039000",
     "we ask for the counters; the answer is from canokey-openpgp-reset-retry"},
    {"0020008206", "9000",
     "a login verifies 82 and, for the signature key, 81; the record verifies 81 alone"},
    {"00A501040660045C027F21", "6982", "the record ends when 0 is refused; so is 1"},
    {"00A502040660045C027F21", "6982", "the same"},
    {"00CA00F900", "6A88",
     "the record does not look for the key derivation function, which its card may have"},
    {"00DA00CE04", "9000", "the time of the generation is now"},
    {"00DA00CF04", "9000", "the same"},
    {"00DA00D004", "9000", "the same"},
    {"00DA00C714", "9000", "the fingerprint depends on the time"},
    {"00DA00C814", "9000", "the same"},
    {"00DA00C914", "9000", "the same"},
    {"0047810000", "6A88", "we look what keys there are; the host of canokey-openpgp-keygen-raw does not"},
    {"00A40400", "6A82", "PIV is looked for first; the recorded host did not"},
};

class RecordedOpenPgp : public RecordedCardTest {
  protected:
    void insert(const std::string& file) {
        RecordedCardTest::insert(file, {});
        m_used.assign(m_transcript.exchanges.size(), false);
        m_link->link_limits.extended_apdu = true;
        m_link->computed = [this](View command) { return answer(command); };
        recognise();
        EXPECT_EQ(m_card->profile().id, "openpgp");
    }

    /// answer is the first one in the record that was not given yet, else the last again.
    std::optional<Bytes> answer(View command) {
        std::optional<std::size_t> last;
        for (std::size_t i = 0; i < m_used.size(); ++i) {
            if (without_le(m_transcript.exchanges[i].command) != without_le(command)) {
                continue;
            }
            last = i;
            if (!m_used[i]) {
                break;
            }
        }
        if (last) {
            m_used[*last] = true;
            return is_whole(*last) ? whole_answer(*last) : later_answer(*last);
        }
        if (to_hex(command).starts_with("00CA006E")) {
            return application_data();  // the record goes on where another ended
        }
        for (const Other& other : others) {
            if (to_hex(command).starts_with(other.begin)) {
                return bytes(other.answer);
            }
        }
        return std::nullopt;
    }

    /// application_data is what the same card answers in another record.
    static Bytes application_data() {
        const auto other =
            support::Transcript::load(std::string(JETON_TRANSCRIPTS) + "/canokey-openpgp-discovery.apdu");
        const auto found = std::ranges::find_if(other.exchanges, [](const support::Exchange& exchange) {
            return to_hex(exchange.command).starts_with("00CA006E");
        });
        return found->response;
    }

    /// is_whole tells whether the recorded host fetched all of an answer.
    bool is_whole(std::size_t at) const {
        const auto& all = m_transcript.exchanges;
        const Bytes& response = all[at].response;
        const bool more = response.size() >= 2 && response[response.size() - 2] == 0x61;
        return !more || (at + 1 < all.size() && all[at + 1].command[1] == 0xC0);
    }

    /// later_answer is for a host that did not fetch the end of an answer: it asked once more afterwards, for
    /// a new public key with P1 81.
    Bytes later_answer(std::size_t at) const {
        Bytes command = without_le(m_transcript.exchanges[at].command);
        if (command[1] == 0x47) {
            command[2] = 0x81;
        }
        for (std::size_t i = at + 1; i < m_transcript.exchanges.size(); ++i) {
            if (without_le(m_transcript.exchanges[i].command) == command && is_whole(i)) {
                return m_transcript.exchanges[i].response;
            }
        }
        return {};
    }

    /// whole_answer joins what the recorded host fetched with GET RESPONSE.
    Bytes whole_answer(std::size_t at) const {
        Bytes out = m_transcript.exchanges[at].response;
        while (out.size() >= 2 && out[out.size() - 2] == 0x61) {
            out.resize(out.size() - 2);
            append(out, m_transcript.exchanges[++at].response);
        }
        return out;
    }

    /// recorded gives the answer to |command| (without Le) without its status word.
    Bytes recorded(std::string_view command) const {
        for (std::size_t i = 0; i < m_used.size(); ++i) {
            if (to_hex(without_le(m_transcript.exchanges[i].command)) == command) {
                const Bytes all = is_whole(i) ? whole_answer(i) : later_answer(i);
                return to_bytes(View(all).first(all.size() - 2));
            }
        }
        ADD_FAILURE() << command << " is not in the record";
        return {};
    }

    /// recorded_input gives the data of the first recorded command that begins with |header|.
    Bytes recorded_input(std::string_view header) const {
        for (const support::Exchange& exchange : m_transcript.exchanges) {
            const Bytes command = without_le(exchange.command);
            if (to_hex(command).starts_with(header)) {
                return to_bytes(View(command).subspan(4));
            }
        }
        ADD_FAILURE() << header << " is not in the record";
        return {};
    }

    /// modulus_of is in an answer 7F49 82 L L 81 82 L L modulus 82 ...
    static Bytes modulus_of(View answer) { return to_bytes(answer.subspan(9, 256)); }

    std::vector<bool> m_used;
};

struct KeyRow {
    const char* id;
    const char* read;
};
constexpr KeyRow keys[] = {
    {"signature", "00478100B600"}, {"decryption", "00478100B800"}, {"authentication", "00478100A400"}};

TEST_F(RecordedOpenPgp, ListsWhatIsThere) {
    insert("canokey-openpgp-discovery");
    EXPECT_EQ(m_card->serial(), "F1D000000000");
    Burst burst = m_card->begin();
    EXPECT_EQ(burst.label(), "OpenPGP card");
    for (const KeyRow& row : keys) {
        const auto entry = burst.key(key(row.id));
        ASSERT_TRUE(entry) << row.id;
        EXPECT_EQ(to_hex(std::get<crypto::RsaPublicKey>(entry->public_key).modulus),
                  to_hex(modulus_of(recorded(row.read))));
        EXPECT_EQ(entry->always_authenticate, std::string_view(row.id) == "signature")
            << row.id << ": C4 begins with 00";
    }
    for (const char* id : {"cert-signature", "cert-decryption", "cert-authentication", "private-1"}) {
        EXPECT_FALSE(burst.object(object(id))) << id;
    }
    EXPECT_EQ(to_hex(burst.object(object("private-2"))->value), "00");
}

/// The records of a host that gave up when the card refused SELECT DATA, whatever it had been asked for: it
/// ended in the same commands each time.
constexpr const char* given_up[] = {"picopgp-openpgp-discovery",         "picopgp-openpgp-pin-ok",
                                    "picopgp-openpgp-pin-wrong",         "picopgp-openpgp-pin-blocked",
                                    "picopgp-openpgp-pin-after-unblock", "picopgp-openpgp-change-pin",
                                    "picopgp-openpgp-change-pin-back",   "picopgp-openpgp-unblock",
                                    "picopgp-openpgp-sign-rsa",          "picopgp-openpgp-auth-rsa",
                                    "picopgp-openpgp-decipher"};

class RecordedRefusal : public RecordedOpenPgp, public testing::WithParamInterface<const char*> {};

TEST_P(RecordedRefusal, CertificatesThatTheCardDoesNotShowAreLeftOut) {
    insert(GetParam());
    EXPECT_EQ(m_card->serial(), "FFFE00000000");
    Burst burst = m_card->begin();
    for (const char* id : {"cert-authentication", "cert-decryption", "cert-signature"}) {
        EXPECT_FALSE(burst.object(object(id))) << id;
    }
    for (const KeyRow& row : keys) {
        EXPECT_FALSE(burst.key(key(row.id))) << row.id << ": no fingerprint, no key";
    }
}

std::string name_of_record(const testing::TestParamInfo<const char*>& record) {
    std::string name = record.param;
    std::erase(name, '-');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Records, RecordedRefusal, testing::ValuesIn(given_up), name_of_record);

TEST_F(RecordedOpenPgp, TakesThePin) {
    insert("canokey-openpgp-pin-ok");
    m_card->begin().login(PinRole::user, view_of("123456"));
    EXPECT_EQ(m_card->login(), PinRole::user);
    EXPECT_EQ(pin().tries_left, 3U);
}

TEST_F(RecordedOpenPgp, TellsTheTriesThatAWrongPinLeaves) {
    insert("canokey-openpgp-pin-wrong");
    const Error error = error_of([&] { m_card->begin().login(PinRole::user, view_of("222222")); });
    EXPECT_EQ(error.verb(), Verb::verify);
    EXPECT_TRUE(tries_left(error.status()).has_value())
        << "6982 alone does not tell: the counter is asked for";
    EXPECT_EQ(m_card->login(), std::nullopt);
    EXPECT_TRUE(pin().known);
}

TEST_F(RecordedOpenPgp, TellsThatThePinIsBlocked) {
    // The unblocking before the second record had failed.
    for (const char* file : {"canokey-openpgp-pin-blocked", "canokey-openpgp-pin-after-unblock"}) {
        insert(file);
        const Error error = error_of([&] { m_card->begin().login(PinRole::user, view_of("123456")); });
        EXPECT_EQ(error.status(), sw::blocked);
        EXPECT_EQ(pin().tries_left, 0U);
        check_record();
    }
}

TEST_F(RecordedOpenPgp, ChangesThePinThereAndBack) {
    const struct {
        const char* file;
        std::string_view old_pin, new_pin;
    } rows[] = {{"canokey-openpgp-change-pin", "123456", "654321"},
                {"canokey-openpgp-change-pin-back", "654321", "123456"}};
    for (const auto& row : rows) {
        insert(row.file);
        m_card->begin().change_pin(PinRole::user, view_of(row.old_pin), view_of(row.new_pin));
        EXPECT_EQ(to_hex(m_link->sent.back()), to_hex(m_transcript.exchanges.back().command));
        check_record();
    }
}

TEST_F(RecordedOpenPgp, TheOfficerSetsANewPin) {
    for (const char* file : {"canokey-openpgp-unblock", "canokey-openpgp-reset-retry"}) {
        insert(file);
        Burst burst = m_card->begin();
        burst.login(PinRole::so, view_of("12345678"));
        burst.unblock_user(view_of("123456"));
        EXPECT_EQ(to_hex(m_link->sent.back()), "002C028106313233343536") << file;
        EXPECT_EQ(pin().tries_left, 3U);
        check_record();
    }
}

/// The recorded host signed "hello\n" with SHA-256.
Bytes digest_info() {
    return crypto::digest_info(crypto::Hash::sha256,
                               crypto::digest(crypto::Hash::sha256, view_of("hello\n")));
}

TEST_F(RecordedOpenPgp, Signs) {
    const struct {
        const char* file;
        const char* key;
        const char* command;
    } rows[] = {{"canokey-openpgp-sign-rsa", "signature", "002A9E9A"},
                {"canokey-openpgp-auth-rsa", "authentication", "00880000"}};
    for (const auto& row : rows) {
        insert(row.file);
        Burst burst = m_card->begin();
        burst.login(PinRole::user, view_of("123456"));
        const Bytes input = recorded_input(row.command);
        EXPECT_EQ(input, digest_info());
        if (burst.key(key(row.key))->always_authenticate) {
            burst.login_for_key(key(row.key), view_of("123456"));
        }
        const SecretBytes signature = burst.compute(key(row.key), Primitive::rsa_pkcs1, Verb::sign, input);
        EXPECT_EQ(to_hex(signature), to_hex(recorded(row.command + to_hex(input)))) << row.key;
        EXPECT_TRUE(crypto::verify_rsa_pkcs(
            std::get<crypto::RsaPublicKey>(burst.key(key(row.key))->public_key), input, signature));
        check_record();
    }
}

TEST_F(RecordedOpenPgp, Deciphers) {
    insert("canokey-openpgp-decipher");
    Burst burst = m_card->begin();
    burst.login(PinRole::user, view_of("123456"));
    const Bytes input = recorded_input("002A8086");
    const SecretBytes plain =
        burst.compute(key("decryption"), Primitive::rsa_pkcs1, Verb::decipher, View(input).subspan(1));
    EXPECT_EQ(to_hex(plain), to_hex(recorded("002A8086" + to_hex(input))));
    EXPECT_EQ(plain.size(), 32U);
}

class RecordedGeneration : public RecordedOpenPgp, public testing::WithParamInterface<const char*> {};

TEST_P(RecordedGeneration, MakesAKeyThatEverybodySees) {
    const std::string name = GetParam();
    const std::size_t number = static_cast<std::size_t>(name.back() - '1');
    insert(name);
    Burst burst = m_card->begin();
    burst.login(PinRole::so, view_of("12345678"));
    const auto made = burst.generate(key(keys[number].id), KeyType::rsa2048);
    std::string command = keys[number].read;
    command.replace(4, 2, "80");
    EXPECT_TRUE(made->generated_on_card);
    const auto& rsa = std::get<crypto::RsaPublicKey>(made->public_key);
    EXPECT_NE(to_hex(recorded(command)).find(to_hex(rsa.modulus)), std::string::npos);
    EXPECT_EQ(sent_commands(0xDA).size(), 2U) << "the attributes fit already: time and fingerprint";
}

constexpr const char* generations[] = {"canokey-openpgp-keygen-1", "canokey-openpgp-keygen-2",
                                       "canokey-openpgp-keygen-3", "picopgp-openpgp-keygen-1",
                                       "picopgp-openpgp-keygen-2", "picopgp-openpgp-keygen-3"};

INSTANTIATE_TEST_SUITE_P(Records, RecordedGeneration, testing::ValuesIn(generations), name_of_record);

TEST_F(RecordedOpenPgp, MakesAllKeysOfOneRecord) {
    insert("canokey-openpgp-keygen-raw");
    Burst burst = m_card->begin();
    burst.login(PinRole::so, view_of("12345678"));
    for (const KeyRow& row : keys) {
        std::string command = row.read;
        command.replace(4, 2, "80");
        const auto made = burst.generate(key(row.id), KeyType::rsa2048);
        EXPECT_EQ(to_hex(std::get<crypto::RsaPublicKey>(made->public_key).modulus),
                  to_hex(modulus_of(recorded(command))));
    }
}

/// The records of the tests above that have no table of their own.
constexpr const char* others_replayed[] = {
    "canokey-openpgp-discovery",   "canokey-openpgp-pin-ok",      "canokey-openpgp-pin-wrong",
    "canokey-openpgp-pin-blocked", "canokey-openpgp-unblock",     "canokey-openpgp-pin-after-unblock",
    "canokey-openpgp-change-pin",  "canokey-openpgp-reset-retry", "canokey-openpgp-change-pin-back",
    "canokey-openpgp-sign-rsa",    "canokey-openpgp-auth-rsa",    "canokey-openpgp-decipher",
    "canokey-openpgp-keygen-raw"};

TEST(OpenPgpRecords, AreAllReplayed) {
    std::set<std::string> named(std::begin(given_up), std::end(given_up));
    named.insert(std::begin(generations), std::end(generations));
    named.insert(std::begin(others_replayed), std::end(others_replayed));
    std::set<std::string> there;
    for (const auto& entry : std::filesystem::directory_iterator(JETON_TRANSCRIPTS)) {
        if (entry.path().filename().string().find("-openpgp-") != std::string::npos) {
            there.insert(entry.path().stem().string());
        }
    }
    EXPECT_EQ(named, there);
}

}  // namespace
}  // namespace jeton::card
