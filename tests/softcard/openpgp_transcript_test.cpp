// The OpenPGP application against two real ones: it gives the answers that tests/transcripts holds, or a row
// of `differences` tells which other one, and why.
#include <algorithm>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "support/transcript.hpp"

#include "crypto/keys.hpp"
#include "softcard/command.hpp"
#include "softcard/openpgp_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {
namespace {

/// Start is what happened to the card before the record begins.
enum class Start {
    blank,      ///< selected, without keys
    keys,       ///< selected, with three RSA keys, their fingerprints and dates
    blocked,    ///< as |keys|, and PW1 has no try left
    other_pin,  ///< as |keys|, and PW1 is 654321
};

/// Record is one file, or several that follow each other on one card.
struct Record {
    const char* name;
    std::vector<const char*> files;
    Start start;
    int results;  ///< answers that can be checked with a key
};

std::vector<Record> records() {
    std::vector<Record> out{
        {"canokey_keygen",
         {"canokey-openpgp-keygen-1", "canokey-openpgp-keygen-2", "canokey-openpgp-keygen-3"},
         Start::blank,
         0},
        {"picopgp_keygen",
         {"picopgp-openpgp-keygen-1", "picopgp-openpgp-keygen-2", "picopgp-openpgp-keygen-3"},
         Start::blank,
         0},
        {"canokey_keygen_raw", {"canokey-openpgp-keygen-raw"}, Start::keys, 0},
        {"canokey_discovery", {"canokey-openpgp-discovery"}, Start::keys, 0},
        {"canokey_pin_ok", {"canokey-openpgp-pin-ok"}, Start::keys, 0},
        {"canokey_pin_wrong", {"canokey-openpgp-pin-wrong"}, Start::keys, 0},
        {"canokey_pin_blocked", {"canokey-openpgp-pin-blocked"}, Start::blocked, 0},
        {"canokey_unblock", {"canokey-openpgp-unblock"}, Start::blocked, 0},
        {"canokey_reset_retry", {"canokey-openpgp-reset-retry"}, Start::blocked, 0},
        {"canokey_after_unblock", {"canokey-openpgp-pin-after-unblock"}, Start::blocked, 0},
        {"canokey_change_pin", {"canokey-openpgp-change-pin"}, Start::keys, 0},
        {"canokey_change_pin_back", {"canokey-openpgp-change-pin-back"}, Start::other_pin, 0},
        {"canokey_sign_rsa", {"canokey-openpgp-sign-rsa"}, Start::keys, 1},
        {"canokey_auth_rsa", {"canokey-openpgp-auth-rsa"}, Start::keys, 1},
        {"canokey_decipher", {"canokey-openpgp-decipher"}, Start::keys, 1},
        {"picopgp_discovery", {"picopgp-openpgp-discovery"}, Start::keys, 0}};
    return out;
}

void PrintTo(const Record& record, std::ostream* out) {
    *out << record.name;
}

/// How much of an answer must be equal when its value is the card's own.
enum class Likeness { tags, length, status };

struct OwnValue {
    std::string_view command;  ///< begins with this
    Likeness likeness;
    std::string_view why;
};

constexpr OwnValue own_values[] = {
    {"00CA004F", Likeness::length, "manufacturer and serial number"},
    {"00CA5F52", Likeness::length, "capabilities in the historical bytes"},
    {"00CA006E", Likeness::tags, "AID, capabilities, lengths, fingerprints"},
    {"00CA00FA", Likeness::status, "the algorithms that a card has"},
    {"0047", Likeness::tags, "a key of the card's own"},
    {"002A9E9A", Likeness::length, "a signature with such a key"},
    {"00880000", Likeness::length, "the same"},
    {"0084", Likeness::length, "random"},
    {"00C0", Likeness::length, "the end of such a key"},
};

/// Mismatch is one answer that differs in more than it may.
struct Mismatch {
    std::string command;  ///< in hex, as recorded
    std::string expected;
    std::string got;
    bool operator==(const Mismatch&) const = default;
};

void PrintTo(const Mismatch& mismatch, std::ostream* out) {
    *out << mismatch.command << ": expected \"" << mismatch.expected << "\", got \"" << mismatch.got << '"';
}

/// tags_in writes the tags in |data|: "6E[4F 73[C0 C1]]".
std::string tags_in(View data) {
    static constexpr std::uint32_t templates[] = {0x65, 0x6E, 0x73, 0x7A, 0x7F49};
    std::string out;
    TlvReader reader(data);
    while (const auto object = reader.next()) {
        const Byte high = static_cast<Byte>(object->tag >> 8);
        out += out.empty() ? "" : " ";
        out += (high != 0 ? to_hex(Bytes{high}) : "") + to_hex(Bytes{static_cast<Byte>(object->tag)});
        if (std::ranges::count(templates, object->tag) == 1) {
            out += "[" + tags_in(object->value) + "]";
        }
    }
    return out;
}

std::string described(const std::string& command, const Answer& answer) {
    const std::string status =
        to_hex(Bytes{static_cast<Byte>(answer.status >> 8), static_cast<Byte>(answer.status)});
    const auto* const row =
        std::ranges::find_if(own_values, [&](const OwnValue& it) { return command.starts_with(it.command); });
    if (answer.data.empty() || (row != std::end(own_values) && row->likeness == Likeness::status)) {
        return status;
    }
    if (row == std::end(own_values)) {
        return to_hex(answer.data) + " " + status;
    }
    const bool tags = row->likeness == Likeness::tags && tags_in(answer.data) != "";
    return (tags ? tags_in(answer.data) : std::to_string(answer.data.size()) + " bytes") + " " + status;
}

constexpr const char* shorter_exponent = "the public exponent 65537 has no leading zero here";
constexpr const char* without_tag =
    "cards tell such objects with or without their own tag; here it is there, as on CanoKey";

/// Difference is an answer that this application gives otherwise.
struct Difference {
    std::string_view records;  ///< those whose name begins with this
    Mismatch answer;
    const char* why;
};

const std::vector<Difference>& differences() {
    static const auto* const rows = new std::vector<Difference>{
        {"canokey",
         {"00CA0065002000", "65095B005F2D005F350139 9000", "65095B005F2D005F350130 9000"},
         "before anybody says, the sex is 30, not known, not 39, not announced (ISO/IEC 5218)"},
        {"canokey", {"00CA0101002000", "6A88", "9000"}, "private objects are there here, and empty"},
        {"canokey", {"00CA0102002000", "00 9000", "9000"}, "the other card keeps something of its own there"},
        {"canokey",
         {"00CA0103002000", "6A88", "6982"},
         "private objects are there here; reading this one takes PW1"},
        {"canokey", {"00CA0104002000", "6A88", "6982"}, "the same, and PW3"},
        {"canokey",
         {"00CA00C400", "00404040030303 9000", "007F7F7F030303 9000"},
         "passwords may be longer here"},
        {"canokey", {"00CA006E00", "256 bytes 6103", "256 bytes 6101"}, "lengths in their shortest form"},
        {"canokey",
         {"00A404000BA000000308000010000100", "61114F0600001000010079074F05A000000308 9000",
          "615A4F0600001000010079074F05A00000030850136A65746F6E20736F66747761726520636172645F503168747470733A"
          "2F2F6373"
          "72632E6E6973742E676F762F707562732F73702F3830302F37332F342F757064312F66696E616C 9000"},
         "PIV, which tells more about itself here"},
        {"canokey", {"00478000000002B6000100", "256 bytes 610F", "256 bytes 610E"}, shorter_exponent},
        {"canokey", {"00478000000002B8000100", "256 bytes 610F", "256 bytes 610E"}, shorter_exponent},
        {"canokey", {"00478000000002A4000100", "256 bytes 610F", "256 bytes 610E"}, shorter_exponent},
        {"canokey", {"0047800002B60000", "256 bytes 610F", "256 bytes 610E"}, shorter_exponent},
        {"canokey", {"0047800002B80000", "256 bytes 610F", "256 bytes 610E"}, shorter_exponent},
        {"canokey", {"0047800002A40000", "256 bytes 610F", "256 bytes 610E"}, shorter_exponent},
        {"canokey", {"00C000000F", "15 bytes 9000", "14 bytes 9000"}, shorter_exponent},
        {"canokey_sign_rsa",
         {"00200081", "9000", "63C3"},
         "PW1 was given before the record; here it must be given again after every selection"},
        {"picopgp",
         {"00A4040006D2760001240100",
          "6F206216810200008201018302000084067600012401008A01056406530400100000 9000", "9000"},
         "file control information may come, or not (7.2.1)"},
        {"picopgp",
         {"00A4040C0FE828BD080FA000000167455349474E", "6A88", "6A82"},
         "no application of that name"},
        {"picopgp", {"00A500040660045C027F21", "6982", "9000"}, "SELECT DATA needs no password (7.2.5)"},
        {"picopgp",
         {"00CA0065002000", "5B005F2D005F350130 9000", "65095B005F2D005F350130 9000"},
         without_tag},
        {"picopgp", {"00CA007A002000", "9303000000 9000", "7A059303000000 9000"}, without_tag},
        {"picopgp",
         {"00CA006E002000", "4F 5F52 7F66 7F74 73[C0 C1 C2 C3 C4 C5 C6 CD D6 D7 D8] DE 9000",
          "6E[4F 5F52 7F66 7F74 73[C0 C1 C2 C3 C4 C5 C6 CD DE D6 D7 D8]] 9000"},
         without_tag},
    };
    return *rows;
}

/// A card with three RSA keys, and their public halves.
struct Personalised {
    Medium medium;
    std::array<crypto::PublicKey, key_count> keys;
};

const Personalised& personalised() {
    static const Personalised* const made = [] {
        auto* const out = new Personalised;
        CardUnderTest card;
        card.verify(pw3);
        for (std::size_t place = 0; place < key_count; ++place) {
            out->keys[place] = card.generate(place);
            card.put(static_cast<std::uint32_t>(tag::fingerprint + place), Bytes(20, 0x11));
            card.put(static_cast<std::uint32_t>(tag::date + place), hex("6B04535E"));
        }
        out->medium = card.medium();
        return out;
    }();
    return *made;
}

class OpenPgpTranscript : public testing::TestWithParam<Record> {
  protected:
    OpenPgpTranscript()
        : m_card(GetParam().start == Start::blank ? new_medium()
                                                  : std::make_shared<Medium>(personalised().medium)) {}

    void prepare() {
        if (GetParam().start == Start::blocked) {
            for (int i = 0; i < 3; ++i) {
                ASSERT_EQ(m_card.send("0020008106313131313131").status, 0x6982U);
            }
        } else if (GetParam().start == Start::other_pin) {
            ASSERT_EQ(m_card.send("002400810C313233343536363534333231").status, 0x9000U);
        }
    }

    /// adapted is |exchange|'s command for this card: what was encrypted for the other one is encrypted anew.
    static Bytes adapted(const support::Exchange& exchange) {
        const std::string command = to_hex(exchange.command);
        if (!command.starts_with("002A8086")) {
            return exchange.command;
        }
        const auto& key = std::get<crypto::RsaPublicKey>(personalised().keys[decryption_key]);
        const Answer recorded = split(exchange.response);
        const Bytes cryptogram = crypto::encrypt_pkcs(key, recorded.data).value();
        Bytes out(exchange.command.begin(), exchange.command.begin() + 7);
        out.push_back(0x00);
        append(out, cryptogram);
        append(out, View(exchange.command).subspan(out.size()));
        return out;
    }

    void check_result(const std::string& command, const Answer& answer) {
        if (answer.status != 0x9000 || !(command.starts_with("002A") || command.starts_with("0088"))) {
            return;
        }
        if (!command.starts_with("002A8086")) {
            const std::size_t place = command.starts_with("0088") ? authentication_key : signature_key;
            const auto& key = std::get<crypto::RsaPublicKey>(personalised().keys[place]);
            const SecretBytes data = parse_command(hex(command)).value().data;
            EXPECT_TRUE(crypto::verify_rsa_pkcs(key, data, answer.data)) << command;
        }
        ++m_results;
    }

    std::vector<Mismatch> run(const std::string& file) {
        std::vector<Mismatch> out;
        const auto transcript =
            support::Transcript::load(std::string(JETON_TRANSCRIPTS) + "/" + file + ".apdu");
        for (const support::Exchange& exchange : transcript.exchanges) {
            const std::string command = to_hex(exchange.command);
            if (exchange.after_power_on) {
                m_card.card().power_off();
                EXPECT_FALSE(m_card.card().power_on().empty());
            }
            const Answer got = m_card.send(adapted(exchange));
            check_result(command, got);
            Mismatch mismatch{command, described(command, split(exchange.response)), described(command, got)};
            if (mismatch.expected != mismatch.got && std::ranges::find(out, mismatch) == out.end()) {
                out.push_back(std::move(mismatch));
            }
        }
        return out;
    }

    CardUnderTest m_card;
    int m_results = 0;
};

TEST_P(OpenPgpTranscript, IsAnsweredAlikeOrTheDifferenceHasAReason) {
    prepare();
    for (const char* file : GetParam().files) {
        for (const Mismatch& mismatch : run(file)) {
            const bool known = std::ranges::any_of(differences(), [&](const Difference& row) {
                return std::string_view(GetParam().name).starts_with(row.records) && row.answer == mismatch;
            });
            EXPECT_TRUE(known) << testing::PrintToString(mismatch);
        }
    }
    EXPECT_EQ(m_results, GetParam().results);
}

/// A row that explains nothing any more must go: its command stands in a record with that answer.
TEST(OpenPgpTranscripts, EveryDifferenceIsOfSomeRecord) {
    for (const Difference& row : differences()) {
        bool occurs = false;
        for (const Record& record : records()) {
            for (const char* file : record.files) {
                const auto transcript =
                    support::Transcript::load(std::string(JETON_TRANSCRIPTS) + "/" + file + ".apdu");
                occurs = occurs ||
                         (std::string_view(record.name).starts_with(row.records) &&
                          std::ranges::any_of(transcript.exchanges, [&](const support::Exchange& exchange) {
                              const std::string command = to_hex(exchange.command);
                              return command == row.answer.command &&
                                     described(command, split(exchange.response)) == row.answer.expected;
                          }));
            }
        }
        EXPECT_TRUE(occurs) << testing::PrintToString(row.answer);
    }
}

std::string record_name(const testing::TestParamInfo<Record>& record) {
    return record.param.name;
}

INSTANTIATE_TEST_SUITE_P(Records, OpenPgpTranscript, testing::ValuesIn(records()), record_name);

}  // namespace
}  // namespace jeton::softcard::openpgp
