// The software card against a real card's firmware: it gives the answers that tests/transcripts holds, or a
// row of `differences` tells which other one, and why.
#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <stdexcept>
#include <string>
#include <vector>

#include "crypto/padding.hpp"
#include "softcard/transcript_replay.hpp"

namespace jeton::softcard {
namespace {

constexpr std::string_view select_command = "00A4040005A000000308";
constexpr std::string_view right_pin = "0020008008313233343536FFFF";
constexpr std::string_view wrong_pin = "0020008008323232323232FFFF";

/// Start is what happened to the card before the record begins.
enum class Start {
    blank,         ///< no keys
    personalised,  ///< all of canokey-personalize
    selected,      ///< that, and the application is selected
    verified,      ///< that, and the PIN is verified
    blocked,       ///< selected, and no try is left
    other_pin,     ///< selected, and the PIN is 654321
};

struct Record {
    const char* file;
    Start start;
    int results;  ///< answers that can be checked with a key
};

constexpr Record records[] = {
    {"canokey-personalize", Start::blank, 4 + 9},    {"canokey-discovery", Start::personalised, 0},
    {"canokey-discovery-again", Start::selected, 0}, {"canokey-pin-ok", Start::selected, 0},
    {"canokey-pin-wrong", Start::selected, 0},       {"canokey-pin-blocked", Start::blocked, 0},
    {"canokey-unblock", Start::blocked, 0},          {"canokey-pin-after-unblock", Start::selected, 0},
    {"canokey-change-pin", Start::selected, 0},      {"canokey-change-pin-back", Start::other_pin, 0},
    {"canokey-sign-rsa", Start::verified, 1},        {"canokey-sign-ec", Start::verified, 1},
    {"canokey-decipher", Start::verified, 1},        {"canokey-import-ec", Start::selected, 1},
    {"canokey-import-rsa", Start::selected, 1},
};

void PrintTo(const Record& record, std::ostream* out) {
    *out << record.file;
}

const std::vector<std::string_view> selecting{"canokey-personalize", "canokey-unblock", "canokey-import-ec",
                                              "canokey-import-rsa"};
const std::vector<std::string_view> looking_around_selected{
    "canokey-discovery-again",   "canokey-pin-ok",     "canokey-pin-wrong",       "canokey-pin-blocked",
    "canokey-pin-after-unblock", "canokey-change-pin", "canokey-change-pin-back", "canokey-sign-rsa",
    "canokey-sign-ec",           "canokey-decipher"};
const std::vector<std::string_view> looking_around = [] {
    std::vector<std::string_view> files = looking_around_selected;
    files.emplace_back("canokey-discovery");
    return files;
}();

constexpr const char* more_than_ff =
    "61FF tells of 255 bytes and more; ISO/IEC 7816-4, 5.6, has 6100 for 256 and more than that";

/// Difference is an answer that the software card gives otherwise.
struct Difference {
    std::vector<std::string_view> files;
    Mismatch answer;
    const char* why;
};

const std::vector<Difference>& differences() {
    static const auto* const rows = new std::vector<Difference>{
        {selecting,
         {"00A4040005A000000308", "61:17[4F:6 79:7[4F:5]] 9000", "61:90[4F:6 79:7[4F:5] 50:19 5F50:49] 9000"},
         "the standard lets a card add its label and an address where it is described"},
        {{"canokey-discovery"},
         {"00A4040009A0000003080000100000", "61:17[4F:6 79:7[4F:5]] 9000",
          "61:90[4F:6 79:7[4F:5] 50:19 5F50:49] 9000"},
         "the same"},
        {looking_around,
         {"00CB3FFF035C017E00", "7E124F0BA0000003080000100001005F2F024010 9000",
          "7E124F0BA0000003080000100001005F2F024000 9000"},
         "PIN usage policy: the second byte means something only on a card that has a global PIN as well"},
        {looking_around,
         {"00CB3FFF035C017E14", "7E124F0BA0000003080000100001005F2F024010 9000",
          "7E124F0BA0000003080000100001005F2F024000 9000"},
         "the same"},
        {looking_around,
         {"00CB3FFF035C017E08", "7E:18[4F:11 5F2F:2] 9000", "8 bytes 610C"},
         "the other card does not keep to Le here (ISO/IEC 7816-4, 5.1)"},
        {looking_around,
         {"00CB3FFF055C035FC10C08", "6A82", "8 bytes 6102"},
         "a new software card has a key history, of no keys"},
        {{"canokey-discovery"},
         {"00CB3FFF035C017E08", "6A82", "6D00"},
         "with no application selected, a card that has only this one knows no instruction but SELECT"},
        {{"canokey-discovery"}, {"00CADF3005", "6A82", "6D00"}, "the same"},
        {looking_around_selected,
         {"00A4040C0FD23300000045737445494420763335", "6A86", "6A82"},
         "the other card gives a name that it does not know to the selected application, which does not "
         "offer "
         "P2 0C; here nothing but the name decides, as on the other card before an application is selected"},
        {{"canokey-unblock"},
         {"0020008000", "63C0", "6983"},
         "a blocked PIN is told as such; the standard has both (SP 800-73-4 part 2, 3.2.1)"},
        {looking_around,
         {"00CB3FFF055C035FC10508", "53:679[70:670] 61FF", "53:679[70:670] 6100"},
         more_than_ff},
        {looking_around,
         {"00CB3FFF055C035FC10500", "53:679[70:670 71:1 FE:0] 61FF 61AC 9000",
          "53:679[70:670 71:1 FE:0] 6100 61AC 9000"},
         more_than_ff},
        {looking_around,
         {"00CB3FFF055C035FC10A08", "53:474[70:465] 61FF", "53:474[70:465] 6100"},
         more_than_ff},
        {looking_around,
         {"00CB3FFF055C035FC10B08", "53:679[70:670] 61FF", "53:679[70:670] 6100"},
         more_than_ff},
        {looking_around,
         {"00CB3FFF055C035FC10B00", "53:679[70:670 71:1 FE:0] 61FF 61AC 9000",
          "53:679[70:670 71:1 FE:0] 6100 61AC 9000"},
         more_than_ff},
        {looking_around,
         {"00CB3FFF055C035FC10108", "53:475[70:466] 61FF", "53:475[70:466] 6100"},
         more_than_ff},
        {{"canokey-personalize"},
         {"00CB3FFF055C035FC105", "53:679[70:670 71:1 FE:0] 61FF 61AB 9000",
          "53:679[70:670 71:1 FE:0] 6100 61AB 9000"},
         more_than_ff},
        {{"canokey-personalize"},
         {"00CB3FFF055C035FC10B", "53:679[70:670 71:1 FE:0] 61FF 61AB 9000",
          "53:679[70:670 71:1 FE:0] 6100 61AB 9000"},
         more_than_ff},
        {{"canokey-personalize"},
         {"0047009A05AC03800107", "7F49:266[81:256 82:4] 610F 9000", "7F49:265[81:256 82:3] 610E 9000"},
         "the public exponent 65537 has no leading zero here"},
        {{"canokey-personalize"},
         {"0047009D05AC03800107", "7F49:266[81:256 82:4] 610F 9000", "7F49:265[81:256 82:3] 610E 9000"},
         "the same"},
    };
    return *rows;
}

support::Transcript transcript(const std::string& file) {
    return support::Transcript::load(std::string(JETON_TRANSCRIPTS) + "/" + file + ".apdu");
}

/// blank_card has the PIN 123456, the PUK 12345678 and the well-known management key for 3DES.
std::shared_ptr<Medium> blank_card() {
    CreateOptions options = fixed_options();
    options.management_algorithm = ManagementAlgorithm::tdes;
    return new_medium(options);
}

/// Personalised is a card that went through canokey-personalize, and its public keys.
struct Personalised {
    Medium medium;
    std::map<Byte, crypto::PublicKey> keys;
};

const Personalised& personalised() {
    static const Personalised* const made = [] {
        CardUnderTest card(blank_card());
        TranscriptReplay replay(card);
        replay.run(transcript("canokey-personalize"));
        return new Personalised{card.medium(), replay.keys()};
    }();
    return *made;
}

class SoftCardTranscript : public testing::TestWithParam<Record> {
  protected:
    SoftCardTranscript()
        : m_card(GetParam().start == Start::blank ? blank_card()
                                                  : std::make_shared<Medium>(personalised().medium)),
          m_replay(m_card, GetParam().start == Start::blank ? std::map<Byte, crypto::PublicKey>()
                                                            : personalised().keys) {}

    void prepare() {
        m_card.card().power_off();
        m_card.card().power_on();
        if (GetParam().start <= Start::personalised) {
            return;
        }
        ASSERT_EQ(m_card.send(select_command).status, 0x9000U);
        if (GetParam().start == Start::verified) {
            ASSERT_EQ(m_card.send(right_pin).status, 0x9000U);
        } else if (GetParam().start == Start::blocked) {
            for (const unsigned left : {0x63C2U, 0x63C1U, 0x63C0U}) {
                ASSERT_EQ(m_card.send(wrong_pin).status, left);
            }
        } else if (GetParam().start == Start::other_pin) {
            ASSERT_EQ(m_card.send("0024008010313233343536FFFF363534333231FFFF").status, 0x9000U);
        }
    }

    CardUnderTest m_card;
    TranscriptReplay m_replay;
};

TEST_P(SoftCardTranscript, IsAnsweredAlikeOrTheDifferenceHasAReason) {
    prepare();
    const std::vector<Mismatch> found = m_replay.run(transcript(GetParam().file));
    EXPECT_EQ(m_replay.results(), GetParam().results);
    std::vector<Mismatch> known;
    for (const Difference& row : differences()) {
        if (std::ranges::find(row.files, GetParam().file) != row.files.end()) {
            known.push_back(row.answer);
        }
    }
    for (const Mismatch& mismatch : found) {
        EXPECT_TRUE(std::ranges::find(known, mismatch) != known.end()) << testing::PrintToString(mismatch);
    }
    for (const Mismatch& mismatch : known) {
        EXPECT_TRUE(std::ranges::find(found, mismatch) != found.end())
            << "does not occur any more: " << testing::PrintToString(mismatch);
    }
}

std::string test_name(const testing::TestParamInfo<Record>& record) {
    std::string name = record.param.file;
    std::ranges::replace(name, '-', '_');
    return name;
}

/// imported_key gives the public key of an imported private key, as another program computed it.
crypto::PublicKey imported_key(const std::string& reference) {
    std::ifstream lines(std::string(JETON_TRANSCRIPTS) + "/imported-keys.txt");
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(reference + " ")) {
            return crypto::parse_spki(hex(line.substr(3))).value();
        }
    }
    throw std::runtime_error("no imported key " + reference);
}

TEST(SoftCardTranscripts, ImportedKeysComputeWhatTheirOwnersDo) {
    CardUnderTest card(std::make_shared<Medium>(personalised().medium));
    TranscriptReplay(card).run(transcript("canokey-import-ec"));
    TranscriptReplay(card).run(transcript("canokey-import-rsa"));
    card.verify();

    const auto ec = std::get<crypto::EcPublicKey>(imported_key("82"));
    const Bytes digest(32, 0xA5);
    const Answer signature = card.authenticate(0x11, 0x82, 0x81, digest);
    ASSERT_EQ(signature.status, 0x9000U);
    const auto raw = crypto::ecdsa_raw_from_der(signature.data, 32);
    ASSERT_TRUE(raw.has_value());
    EXPECT_TRUE(crypto::verify_ecdsa(ec, digest, *raw));

    const auto rsa = std::get<crypto::RsaPublicKey>(imported_key("83"));
    const Bytes cryptogram = crypto::encrypt_pkcs(rsa, view_of("plain text")).value();
    const Answer block = card.authenticate(0x07, 0x83, 0x81, cryptogram);
    ASSERT_EQ(block.status, 0x9000U);
    EXPECT_EQ(to_text(crypto::unpad_pkcs(block.data).value_or(SecretBytes{})), "plain text");
}

INSTANTIATE_TEST_SUITE_P(Records, SoftCardTranscript, testing::ValuesIn(records), test_name);

}  // namespace
}  // namespace jeton::softcard
