// The application sc-hsm against a real card's firmware: it gives the answers that tests/transcripts holds,
// or one of the rules below tells which other one, and why.
#include <algorithm>
#include <gtest/gtest.h>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "support/transcript.hpp"

#include "crypto/ec_group.hpp"
#include "crypto/padding.hpp"
#include "softcard/card_json.hpp"
#include "softcard/hsm_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

using support::Exchange;
using support::Transcript;

constexpr std::string_view recorded_pin = "648219";
constexpr std::string_view recorded_so_pin = "57621880";
constexpr std::string_view other_pin = "123456";
constexpr std::string_view rsa_key_ids = "\x01\x04";  ///< the RSA keys; the others are on P-256

struct Record {
    const char* file;
    bool other_pin = false;
    bool blocked = false;
    int results = 0;  ///< answers that were checked with a key
};

constexpr Record records[] = {
    {.file = "picohsm-initialize"},
    {.file = "picohsm-discovery"},
    {.file = "picohsm-discovery-again"},
    {.file = "picohsm-random"},
    {.file = "picohsm-pin-ok"},
    {.file = "picohsm-pin-wrong"},
    {.file = "picohsm-pin-blocked", .blocked = true},
    {.file = "picohsm-unblock", .blocked = true},
    {.file = "picohsm-pin-after-unblock"},
    {.file = "picohsm-change-pin"},
    {.file = "picohsm-change-pin-back", .other_pin = true},
    {.file = "picohsm-read-cert"},
    {.file = "picohsm-write-cert"},
    {.file = "picohsm-keygen-ec", .results = 1},
    {.file = "picohsm-keygen-rsa2048", .results = 1},
    {.file = "picohsm-delete-key"},
    {.file = "picohsm-sign-ec", .results = 1},
    {.file = "picohsm-sign-rsa", .results = 1},
    {.file = "picohsm-sign-pss", .results = 1},
    {.file = "picohsm-decipher", .results = 1},
    {.file = "picohsm-ecdh", .results = 1},
    {.file = "picohsm-aes", .results = 28},
};

void PrintTo(const Record& record, std::ostream* out) {
    *out << record.file;
}

/// Difference is an answer that the software card gives otherwise, whatever the record.
struct Difference {
    std::string_view command;
    std::string_view recorded;  ///< data and status word, in hex; "" for any
    std::string_view got;
    std::string_view why;
};

constexpr Difference differences[] = {
    {"00A404000BE82B0601040181C31F020100",
     "62228102000082010183020000840B2B0601040181C31F0201008A010585050001FF06069000",
     "621E820138"
     "83023F00"
     "840BE82B0601040181C31F0201"
     "8A0105"
     "85050001FF0606"
     "9000",
     "the name in 84 lacks its first byte there, and the file is a directory (ISO/IEC 7816-4, 7.4.5); what "
     "hosts "
     "look at, 85, is the same"},
    {"00A4000002C40000", "620E8102003A8201088302C4008A01059000", "620E8102003A8201018302C4008A01059000",
     "the description of the device key is a transparent file like those of others"},
    {"00A4000002CE0000", "620E810201A28201088302CE008A01059000", "620E810201A28201018302CE008A01059000",
     "the same"},
    {"00A4000002C40300", "620E8102001C8201018302C4038A01059000", "6A82",
     "the other card writes a description of each new key; here the host does"},
    {"00A4000002C40400", "620E8102001B8201018302C4048A01059000", "6A82", "the same"},
    {"8078205100002D06096086480165030401298120000000000000000000000000000000000000000000000000000000000000000"
     "00000",
     "0C6EA842B176479AEB8B32B1467EB4B49000", "6700",
     "the other card drops what follows the first block; nothing is dropped silently here"},
    {"8078215100002D06096086480165030401018120000000000000000000000000000000000000000000000000000000000000000"
     "00000",
     "D3F665EB47E909676B6D60B1BFC073849000", "6700", "the same"},
};

const Difference* find_difference(const Exchange& exchange) {
    const auto* const row = std::ranges::find_if(differences, [&](const Difference& it) {
        return it.command == to_hex(exchange.command) && it.recorded == to_hex(exchange.response);
    });
    return row == std::end(differences) ? nullptr : row;
}

HsmFile selected_file(View command) {
    return command.size() >= 7 && command[1] == 0xA4 && command[4] == 2
               ? static_cast<HsmFile>(load_be(command.subspan(5, 2)))
               : HsmFile{0};
}

/// recorded_files gathers what the card had in its files, as far as the host read them before it wrote.
std::map<HsmFile, SecretBytes> recorded_files(const Transcript& transcript) {
    std::map<HsmFile, SecretBytes> out;
    HsmFile current = 0;
    for (const Exchange& exchange : transcript.exchanges) {
        const View command = exchange.command;
        if (command[1] == 0xD7 || command[1] == 0xE4) {
            break;
        }
        if (selected_file(command) != 0) {
            current = selected_file(command);
        } else if (command[1] == 0xB1 && find_hsm_file_rule(current) != nullptr) {
            const auto offset = static_cast<std::size_t>(load_be(command.subspan(7, 2)));
            SecretBytes& content = out[current];
            if (offset == content.size()) {
                append(content, split(exchange.response).data);
            }
        }
    }
    return out;
}

/// recorded_keys gives the identifiers of the keys that the first list of the card has.
std::set<Byte> recorded_keys(const Transcript& transcript) {
    std::set<Byte> out;
    for (const Exchange& exchange : transcript.exchanges) {
        const Bytes list = split(exchange.response).data;
        if (exchange.command[1] != 0x58) {
            continue;
        }
        for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
            if (list[i] == hsm_file::key_prefix && list[i + 1] != hsm_device_key) {
                out.insert(list[i + 1]);
            }
        }
        return out;
    }
    return {1, 2};
}

HsmSecret key_for(Byte id) {
    static const auto rsa =
        std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate_rsa(2048));
    static const auto ec =
        std::make_shared<const crypto::PrivateKey>(crypto::PrivateKey::generate_ec(crypto::Curve::p256));
    return rsa_key_ids.find(static_cast<char>(id)) != std::string_view::npos ? rsa : ec;
}

/// Replay plays the host of a recorded exchange with a card that has the same files, PINs and kinds of keys.
class Replay {
  public:
    Replay(HsmUnderTest& card, const Transcript& transcript) : m_card(card), m_transcript(transcript) {}

    void prepare(const Record& record) {
        CardState whole = std::get<CardState>(read_card(*m_card.medium().bytes));
        HsmState state =
            initialised(*whole.hsm, {.pin = to_secret(view_of(record.other_pin ? other_pin : recorded_pin)),
                                     .so_pin = to_secret(view_of(recorded_so_pin))});
        for (const auto& [file, content] : recorded_files(m_transcript)) {
            state.files[file] = content;
        }
        for (const Byte id : recorded_keys(m_transcript)) {
            HsmKey key{.kind = HsmKey::Aes{}};
            seal_hsm_key(state.sealing_key, id, key_for(id), key);
            state.keys.emplace(id, key);
            m_keys[id] = std::get<std::shared_ptr<const crypto::PrivateKey>>(key_for(id))->public_key();
        }
        if (record.blocked) {
            state.pins.at(hsm_user_pin).tries = 0;
        }
        whole.hsm = state;
        m_card.medium().bytes = write_card(whole);
        ++m_card.medium().writes;
        m_card.restart();
        if (record.results != 0) {
            ASSERT_EQ(m_card.command("00200081", view_of(recorded_pin)).status, 0x9000U);
        }
    }

    void run() {
        for (const Exchange& exchange : m_transcript.exchanges) {
            SCOPED_TRACE(to_hex(exchange.command).substr(0, 60));
            const Answer got = m_card.send(adapted(exchange.command));
            compare(exchange, got);
        }
    }

    int results() const { return m_results; }

  private:
    /// A decryption gets what this card encrypted in place of what the other one did.
    Bytes adapted(View command) const {
        Bytes out = to_bytes(command);
        for (const auto& [recorded, own] : m_ciphertexts) {
            const View body = View(recorded).first(recorded.size() - 1);
            const auto place = std::search(out.begin(), out.end(), body.begin(), body.end());
            if (command[1] == 0x78 && command[3] == 0x52 && place != out.end()) {
                const Byte change = place[static_cast<std::ptrdiff_t>(body.size())] ^ recorded.back();
                std::copy(own.begin(), own.end(), place);
                place[static_cast<std::ptrdiff_t>(body.size())] ^= change;
            }
        }
        return out;
    }

    void compare(const Exchange& exchange, const Answer& got) {
        const Answer recorded = split(exchange.response);
        if (const Difference* const row = find_difference(exchange)) {
            Bytes whole = got.data;
            append(whole, Bytes{static_cast<Byte>(got.status >> 8), static_cast<Byte>(got.status & 0xFF)});
            EXPECT_EQ(to_hex(whole), row->got) << row->why;
            return;
        }
        switch (exchange.command[1]) {
            case 0xB1:
                return compare_read(exchange.command, recorded, got);
            case 0x58:
                return compare_list(recorded, got);
            case 0x46:
                return compare_request(exchange.command, recorded, got);
            case 0x62:
            case 0x68:
                return check_result(exchange.command, recorded, got);
            case 0x78:
                return compare_cipher(exchange.command, recorded, got);
            case 0x84:
                EXPECT_EQ(got.data.size(), recorded.data.size());
                EXPECT_EQ(got.status, recorded.status);
                return;
            default:
                EXPECT_EQ(got, recorded);
        }
    }

    /// The other card says 6100 when the file goes on, and 9000 at its end. Cards of the kind answer 9000 as
    /// long as they give what was asked for, and 6282 when that is more than there is (ISO/IEC 7816-4,
    /// 11.3.3); nothing waits for GET RESPONSE.
    static void compare_read(View command, const Answer& recorded, const Answer& got) {
        const std::size_t asked = command.back() == 0 ? 256 : command.back();
        EXPECT_EQ(got.data, recorded.data);
        EXPECT_EQ(got.status, recorded.data.size() < asked ? 0x6282U : 0x9000U);
    }

    /// The other card leaves certificates out of its list; their order is each card's own.
    static void compare_list(const Answer& recorded, const Answer& got) {
        const auto entries = [](const Bytes& list) {
            std::set<std::uint64_t> out;
            for (std::size_t i = 0; i + 1 < list.size(); i += 2) {
                if (list[i] != hsm_file::request_prefix) {
                    out.insert(load_be(View(list).subspan(i, 2)));
                }
            }
            return out;
        };
        EXPECT_EQ(entries(got.data), entries(recorded.data));
        EXPECT_EQ(got.status, recorded.status);
    }

    /// layout writes tags and lengths.
    static std::string layout(View data) {
        std::string out;
        TlvReader reader(data);
        while (const auto field = reader.next()) {
            out += " " + std::to_string(field->tag) + ":" + std::to_string(field->value.size());
            const bool nested =
                field->tag == 0x67 || field->tag == 0x7F21 || field->tag == 0x7F4E || field->tag == 0x7F49;
            out += nested ? "[" + layout(field->value) + "]" : "";
        }
        return out;
    }

    void compare_request(View command, const Answer& recorded, const Answer& got) {
        EXPECT_EQ(got.status, recorded.status);
        EXPECT_EQ(layout(got.data), layout(recorded.data));
        EXPECT_EQ(find_tlv_path(got.data, {0x67, 0x7F21, 0x7F4E}).has_value(), true) << command.size();
        ++m_results;
    }

    void check_result(View command, const Answer& recorded, const Answer& got) {
        ASSERT_EQ(got.status, recorded.status);
        const Byte algorithm = command[3];
        const auto length = static_cast<std::size_t>(load_be(command.subspan(5, 2)));
        const View input = command.subspan(7, length);
        const crypto::PublicKey& key = m_keys.at(command[2]);
        ++m_results;
        if (algorithm == 0x80) {
            // The other card gives X alone.
            EXPECT_EQ(recorded.data.size(), 33U);
            const auto own = std::get<std::shared_ptr<const crypto::PrivateKey>>(key_for(command[2]));
            EXPECT_EQ(got.data, to_bytes(crypto::agree_on_point(*own, input).value()));
        } else if (algorithm == 0x70) {
            const auto raw = crypto::ecdsa_raw_from_der(got.data, 32);
            EXPECT_TRUE(raw && crypto::verify_ecdsa(std::get<crypto::EcPublicKey>(key), input, *raw));
        } else if (algorithm == 0x40) {
            EXPECT_TRUE(crypto::verify_rsa_pss(std::get<crypto::RsaPublicKey>(key), crypto::Hash::sha256,
                                               crypto::Hash::sha256, 32, input.last(32), got.data));
        } else {
            const auto back = crypto::rsa_public(std::get<crypto::RsaPublicKey>(key), got.data);
            EXPECT_TRUE(back && equal(*back, input));
        }
    }

    /// Keys are random: a ciphertext is compared by its length, a plaintext byte by byte.
    void compare_cipher(View command, const Answer& recorded, const Answer& got) {
        EXPECT_EQ(got.status, recorded.status);
        EXPECT_EQ(got.data.size(), recorded.data.size());
        if (command[3] == 0x52) {
            EXPECT_EQ(got.data, recorded.data);
        } else if (command[3] == 0x51 && !recorded.data.empty()) {
            m_ciphertexts.emplace_back(recorded.data, got.data);
        }
        ++m_results;
    }

    HsmUnderTest& m_card;
    const Transcript& m_transcript;
    std::map<Byte, crypto::PublicKey> m_keys;
    std::vector<std::pair<Bytes, Bytes>> m_ciphertexts;
    int m_results = 0;
};

class HsmTranscript : public testing::TestWithParam<Record> {};

TEST_P(HsmTranscript, IsAnsweredAlikeOrARuleSaysWhyNot) {
    const Transcript transcript =
        Transcript::load(std::string(JETON_TRANSCRIPTS) + "/" + GetParam().file + ".apdu");
    HsmUnderTest card;
    Replay replay(card, transcript);
    replay.prepare(GetParam());
    replay.run();
    EXPECT_EQ(replay.results(), GetParam().results);
}

std::string hsm_test_name(const testing::TestParamInfo<Record>& record) {
    std::string name = record.param.file;
    std::ranges::replace(name, '-', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Records, HsmTranscript, testing::ValuesIn(records), hsm_test_name);

}  // namespace
}  // namespace jeton::softcard
