#include "softcard/transcript_replay.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <ostream>

#include "crypto/block_cipher.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::size_t header_bytes = 4;
constexpr Byte chaining_bit = 0x10;

/// The management key that cards left the factory with, 3DES.
constexpr std::string_view management_key_hex = "010203040506070801020304050607080102030405060708";

/// The two steps of mutual authentication with it (NIST SP 800-73-4 part 2, A.1.1).
constexpr std::string_view first_step = "0087039B047C028000";
constexpr std::string_view second_step = "0087039B167C148008";

constexpr OwnValue own_values[] = {
    {"00F80000", Likeness::length, "serial number"},
    {"00FD0000", Likeness::length, "version of the implementation"},
    {"00CB3FFF055C035FC107", Likeness::objects, "card identifier in the capability container"},
    {"0047", Likeness::objects, "generated key"},
    {first_step, Likeness::objects, "random witness"},
    {second_step, Likeness::objects, "cryptogram of a random challenge"},
    {"0087079A", Likeness::objects, "signature with a key of the card's own"},
    {"0087119C", Likeness::tags, "the same; r and s are DER integers, whose lengths vary"},
    {"0087079D", Likeness::objects, "decipherment with a key of the card's own"},
};

const OwnValue* own_value(const std::string& command) {
    const auto* const row =
        std::ranges::find_if(own_values, [&](const OwnValue& it) { return command.starts_with(it.command); });
    return row == std::end(own_values) ? nullptr : row;
}

/// The data objects that hold others here. What else has the bit of a constructed one in a PIV card need not
/// be one (30, F0), and 53 has not, and is.
constexpr std::uint32_t templates[] = {0x53, 0x61, 0x79, 0x7C, 0x7E, 0x7F49};

struct Header {
    std::uint32_t tag = 0;
    std::size_t length = 0;
    std::size_t bytes = 0;  ///< of the header itself
};

/// read_header reads tag and length; nullopt when they are not all there.
std::optional<Header> read_header(View data) {
    Header out;
    do {
        if (out.bytes >= data.size() || out.bytes == 4) {
            return std::nullopt;
        }
        out.tag = out.tag << 8 | data[out.bytes++];
    } while (out.bytes == 1 ? (out.tag & 0x1F) == 0x1F : (out.tag & 0x80) != 0);
    if (out.bytes == data.size()) {
        return std::nullopt;
    }
    const Byte first = data[out.bytes++];
    const std::size_t more = first < 0x80 ? 0 : first & 0x7F;
    if (more > 4 || more > data.size() - out.bytes) {
        return std::nullopt;
    }
    out.length = more == 0 ? first : static_cast<std::size_t>(load_be(data.subspan(out.bytes, more)));
    out.bytes += more;
    return out;
}

/// objects_in is structure(), or nullopt when |data| is no sequence of data objects.
std::optional<std::string> objects_in(View data, bool cut, bool with_lengths) {
    std::string out;
    while (!data.empty()) {
        const auto header = read_header(data);
        if (!header) {
            return cut ? std::optional(out + "..") : std::nullopt;
        }
        data = data.subspan(header->bytes);
        const bool short_of_it = header->length > data.size();
        if (short_of_it && !cut) {
            return std::nullopt;
        }
        const View value = data.first(std::min(header->length, data.size()));
        out += fmt::format("{}{:02X}", out.empty() ? "" : " ", header->tag);
        out += with_lengths ? fmt::format(":{}", header->length) : "";
        const bool nested = std::ranges::find(templates, header->tag) != std::end(templates);
        const auto inner =
            nested && !value.empty() ? objects_in(value, short_of_it, with_lengths) : std::nullopt;
        out += inner ? "[" + *inner + "]" : "";
        data = data.subspan(value.size());
    }
    return out;
}

std::string described(View data, bool cut, Likeness likeness) {
    const auto objects =
        likeness == Likeness::length ? std::nullopt : objects_in(data, cut, likeness == Likeness::objects);
    return objects ? *objects : fmt::format("{} bytes", data.size());
}

bool is_get_response(View command) {
    return command[1] == 0xC0;
}

/// data_of is the data field of a short command.
View data_of(View command) {
    return command.size() <= header_bytes + 1 ? View{}
                                              : command.subspan(header_bytes + 1, command[header_bytes]);
}

}  // namespace

std::string structure(View data, bool cut) {
    return described(data, cut, Likeness::objects);
}

void PrintTo(const Mismatch& mismatch, std::ostream* out) {
    *out << mismatch.command << ": expected \"" << mismatch.expected << "\", got \"" << mismatch.got << '"';
}

std::vector<Mismatch> TranscriptReplay::run(const support::Transcript& transcript) {
    m_mismatches.clear();
    std::optional<Step> step;
    for (const support::Exchange& exchange : transcript.exchanges) {
        if (!is_get_response(exchange.command) || !step) {
            if (step) {
                finish(*step);
            }
            step.emplace().command = exchange.command;
        }
        if (exchange.after_power_on) {
            m_card.card().power_off();
            EXPECT_FALSE(m_card.card().power_on().empty());
        }
        add(*step, exchange.response, m_card.card().transmit(adapted(exchange.command)));
    }
    if (step) {
        finish(*step);
    }
    return m_mismatches;
}

void TranscriptReplay::add(Step& step, View recorded, View got) {
    const auto add_to = [](Bytes& data, std::string& words, View response) {
        const Answer answer = split(response);
        append(data, answer.data);
        words += fmt::format("{}{:04X}", words.empty() ? "" : " ", answer.status);
    };
    add_to(step.recorded, step.recorded_status, recorded);
    add_to(step.got, step.got_status, got);
    step.cut = recorded[recorded.size() - 2] == 0x61;
}

void TranscriptReplay::finish(const Step& step) {
    compare(step);
    append(m_chained, data_of(step.command));
    if ((step.command[0] & chaining_bit) == 0) {
        take_note(step);
        m_chained.clear();
    }
}

void TranscriptReplay::compare(const Step& step) {
    const std::string command = to_hex(step.command);
    const OwnValue* const own = own_value(command);
    const Likeness likeness = own == nullptr ? Likeness::objects : own->likeness;
    const auto text = [&](View data, const std::string& status) {
        const std::string what = data.empty() ? "" : described(data, step.cut, likeness) + " ";
        return what + status;
    };
    Mismatch mismatch{command, text(step.recorded, step.recorded_status), text(step.got, step.got_status)};
    if (own == nullptr && mismatch.expected == mismatch.got) {
        // Nothing excuses another value.
        mismatch.expected = to_hex(step.recorded) + " " + step.recorded_status;
        mismatch.got = to_hex(step.got) + " " + step.got_status;
    }
    if (mismatch.expected != mismatch.got) {
        m_mismatches.push_back(std::move(mismatch));
    }
}

/// adapted is |command| with what the host has to compute for this card.
Bytes TranscriptReplay::adapted(View command) const {
    if (m_witness.empty() || !to_hex(command).starts_with(second_step)) {
        return to_bytes(command);
    }
    const auto challenge = find_tlv_path(data_of(command), {0x7C, 0x81});
    const Bytes data =
        TlvWriter()
            .nest(0x7C,
                  [&](TlvWriter& out) {
                      out.put(0x80, crypto::crypt_block(crypto::BlockCipher::tdes, crypto::Direction::decrypt,
                                                        hex(management_key_hex), m_witness));
                      out.put(0x81, challenge.value());
                  })
            .take();
    Bytes out = to_bytes(command.first(header_bytes));
    out.push_back(static_cast<Byte>(data.size()));
    append(out, data);
    EXPECT_EQ(out.size(), command.size());
    return out;
}

/// take_note keeps what later commands need, and checks what a key computed.
void TranscriptReplay::take_note(const Step& step) {
    const std::string command = to_hex(step.command);
    const Byte algorithm = step.command[2];
    const Byte reference = step.command[3];
    const auto field = [](View data, std::initializer_list<std::uint32_t> path) {
        const auto found = find_tlv_path(data, path);
        return found ? to_bytes(*found) : Bytes{};
    };
    if (command.starts_with(first_step)) {
        m_witness = field(step.got, {0x7C, 0x80});
    } else if (command.starts_with(second_step)) {
        const Bytes expected = crypto::crypt_block(crypto::BlockCipher::tdes, crypto::Direction::encrypt,
                                                   hex(management_key_hex), field(m_chained, {0x7C, 0x81}));
        EXPECT_EQ(field(step.got, {0x7C, 0x82}), expected) << command;
        m_witness.clear();
        ++m_results;
    } else if (step.command[1] == 0x47) {
        const Bytes point = field(step.got, {0x7F49, 0x86});
        const crypto::PublicKey rsa =
            crypto::RsaPublicKey{field(step.got, {0x7F49, 0x81}), field(step.got, {0x7F49, 0x82})};
        const crypto::PublicKey ec = crypto::EcPublicKey{crypto::Curve::p256, point};
        m_keys.insert_or_assign(reference, point.empty() ? rsa : ec);
        EXPECT_TRUE(crypto::is_valid(m_keys.at(reference))) << command;
        ++m_results;
    } else if (step.command[1] == 0x87) {
        check_result(reference, algorithm, field(m_chained, {0x7C, 0x81}), field(step.got, {0x7C, 0x82}));
    }
}

/// check_result checks a signature, or that encrypting what was deciphered gives |input| again: the same for
/// a raw RSA operation.
void TranscriptReplay::check_result(Byte reference, Byte algorithm, View input, View result) {
    SCOPED_TRACE(fmt::format("key {:02X}, algorithm {:02X}", reference, algorithm));
    const auto key = m_keys.find(reference);
    ASSERT_NE(key, m_keys.end());
    if (const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&key->second)) {
        const auto back = crypto::rsa_public(*rsa, result);
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(to_hex(*back), to_hex(input));
    } else {
        const auto& ec = std::get<crypto::EcPublicKey>(key->second);
        const auto raw = crypto::ecdsa_raw_from_der(result, crypto::curve_facts(ec.curve).field_bytes);
        ASSERT_TRUE(raw.has_value());
        EXPECT_TRUE(crypto::verify_ecdsa(ec, input, *raw));
    }
    ++m_results;
}

}  // namespace jeton::softcard
