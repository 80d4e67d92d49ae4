// A card for the fuzz targets of applets: it answers whatever the input says.
//
// The input: one byte of options, with option_short one byte more, then the card's answers. An answer is a
// length byte and that many bytes, status word included; a length byte from E0 on begins a length of 13 bits.
// After the last answer the card says 6A82. Each answer has an allocation of its own, without a byte to
// spare.
//
// With option_by_command each answer comes behind two bytes that say which commands it is for: the
// instruction, and a reference (the target says what that is; FF stands for any). Each answers
// one command, and the last of those that fit all further ones. The order of the commands does not matter
// then.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "card/card.hpp"
#include "reader/error.hpp"
#include "reader/pinpad.hpp"

namespace jeton::fuzz {

using namespace jeton::card;

// Options, beside those of the target.
inline constexpr Byte option_extended = 0x01;
inline constexpr Byte option_short = 0x08;  ///< answers end early, see ScriptedCard::shorten
inline constexpr Byte option_by_command = 0x10;
inline constexpr Byte any_reference = 0xFF;
inline constexpr std::size_t longest_header = 5;  ///< 7F49 82 LLLL
inline constexpr std::size_t most_commands = 20000;

inline void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

class ScriptedLease final : public reader::Lease {
  public:
    reader::Continuity continuity() const override { return reader::Continuity::kept; }
    bool others_wrote() const override { return false; }
    void mark_written() override {}
};

/// ScriptedCard answers what the input says, in order or by command.
class ScriptedCard final : public reader::CardLink {
  public:
    /// |reference_of| tells commands with one instruction apart; |computed| gives answers that no input
    /// could, first.
    ScriptedCard(View input, Byte options, Byte (*reference_of)(View),
                 std::optional<SecretBytes> (*computed)(View) = nullptr)
        : m_answers(input),
          m_extended((options & option_extended) != 0),
          m_reference_of(reference_of),
          m_computed(computed) {
        if ((options & option_short) != 0 && !m_answers.empty()) {
            m_kept = take_byte();
        }
        while ((options & option_by_command) != 0 && !m_answers.empty()) {
            const Byte instruction = take_byte();
            const Byte reference = take_byte();
            m_rules.push_back({instruction, reference, take_answer()});
        }
    }

    std::string name() const override { return "fuzz"; }
    reader::LinkLimits limits() const override { return {.extended_apdu = m_extended}; }
    bool present() override { return true; }
    std::uint64_t insertion() const override { return 1; }
    std::unique_ptr<reader::Lease> acquire(Deadline) override { return std::make_unique<ScriptedLease>(); }
    View atr() const override { return m_atr; }
    void reset() override {}
    bool has_pinpad(reader::PadUse) const override { return true; }
    SecretBytes verify_on_pinpad(const reader::PinEntry& entry) override {
        return transmit(reader::pin_template(entry, reader::PadUse::verify), {});
    }
    SecretBytes modify_on_pinpad(const reader::PinEntry& entry) override {
        return transmit(reader::pin_template(entry, reader::PadUse::modify), {});
    }

    SecretBytes transmit(View command, Milliseconds) override {
        require(command.size() >= 4 && ++m_commands < most_commands);
        if (auto answer = m_computed != nullptr ? m_computed(command) : std::nullopt) {
            return std::move(*answer);
        }
        if (!m_rules.empty()) {
            return shorten(answer_to(command));
        }
        return m_answers.empty() ? SecretBytes{0x6A, 0x82} : shorten(take_answer());
    }

  private:
    /// Rule is an answer to commands of one kind.
    struct Rule {
        Byte instruction;
        Byte reference;
        View answer;
        bool used = false;
    };

    View answer_to(View command) {
        constexpr Byte get_response = 0xC0;
        static constexpr Byte not_found[] = {0x6A, 0x82};
        const Byte reference = m_reference_of(command);
        View answer = not_found;
        for (Rule& rule : m_rules) {
            if (rule.instruction == command[1] &&
                (rule.reference == any_reference || rule.reference == reference)) {
                if (!std::exchange(rule.used, true)) {
                    return rule.answer;
                }
                // Data without end are not for here: their number would have no bound but that of the code.
                answer = rule.instruction == get_response ? View(not_found) : rule.answer;
            }
        }
        return answer;
    }

    /// shorten keeps the status word of an answer and, with option_short, only the beginning of the data's
    /// tag and length: from one answer to the next one byte more, so that each kind of answer comes to end in
    /// each place.
    SecretBytes shorten(View answer) {
        if (!m_kept || answer.size() <= 2) {
            return to_secret(answer);
        }
        const std::size_t kept = std::min(*m_kept % (longest_header + 1), answer.size() - 2);
        ++*m_kept;
        SecretBytes out;
        out.reserve(kept + 2);
        append(out, answer.first(kept));
        append(out, answer.last(2));
        return out;
    }

    View take_answer() {
        const std::size_t first = take_byte();
        return take(first < 0xE0 ? first : (first & 0x1F) << 8 | take_byte());
    }

    Byte take_byte() {
        const View byte = take(1);
        return byte.empty() ? Byte{0} : byte[0];
    }

    View take(std::size_t length) {
        const View out = m_answers.first(std::min(length, m_answers.size()));
        m_answers = m_answers.subspan(out.size());
        return out;
    }

    View m_answers;
    bool m_extended;
    Byte (*m_reference_of)(View);
    std::optional<SecretBytes> (*m_computed)(View);
    std::optional<std::size_t> m_kept;
    std::vector<Rule> m_rules;
    std::size_t m_commands = 0;
    Bytes m_atr{0x3B, 0x87, 0x80, 0x01, 'Y', 'u', 'b', 'i', 'K', 'e', 'y', 0x00};
};

/// attempt runs one verb. A card may make it fail, in the two ways that are announced.
template <typename Function>
void attempt(Function&& function) {
    try {
        function();
    } catch (const card::Error&) {
    } catch (const reader::Error&) {
    }
}

inline crypto::PublicKey rsa_key() {
    Bytes modulus(256, 0xC3);
    return crypto::RsaPublicKey{std::move(modulus), {0x01, 0x00, 0x01}};
}

inline crypto::PublicKey ec_key() {
    return crypto::EcPublicKey{crypto::Curve::p256,
                               from_hex("046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945"
                                        "D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECE"
                                        "CBB6406837BF51F5")
                                   .value()};
}

inline crypto::PublicKey okp_key(crypto::OkpCurve curve) {
    return crypto::OkpPublicKey{curve, Bytes(32, 0x09)};
}

inline void check_key(const crypto::PublicKey& key) {
    require(key_type_of(key).has_value() && crypto::is_valid(key));
}

/// use_secret_key makes, uses and erases an AES key, and checks the lengths that the applet promises.
inline void use_secret_key(card::Applet& applet, card::Channel& channel, const card::SecretKeySlot& slot) {
    using card::AesPrimitive;
    const Bytes data(32, 0x3C);
    const Bytes iv(16, 0x01);
    attempt([&] { (void)applet.read_secret_key(channel, slot); });
    for (const auto primitive :
         {AesPrimitive::cbc_encrypt, AesPrimitive::cbc_decrypt, AesPrimitive::ecb_encrypt, AesPrimitive::ctr,
          AesPrimitive::cmac, AesPrimitive::gcm_encrypt}) {
        const card::AesInput input{.data = data, .iv = iv};
        attempt([&] {
            if (applet.most_data(channel, slot, primitive, input) < data.size()) {
                return;
            }
            const std::size_t length = applet.compute_aes(channel, slot, primitive, input).size();
            require(length == (primitive == AesPrimitive::cmac          ? 16
                               : primitive == AesPrimitive::gcm_encrypt ? data.size() + 16
                                                                        : data.size()));
        });
    }
    for (const std::size_t bits : {128U, 192U, 256U}) {
        attempt([&] { require(applet.generate_secret_key(channel, slot, bits).bits == bits); });
    }
    attempt([&] { applet.import_secret_key(channel, slot, data); });
    attempt([&] { applet.describe_secret_key(channel, slot, {.bits = 256, .generated_on_card = true}); });
    attempt([&] { applet.erase_secret_key(channel, slot); });
}

}  // namespace jeton::fuzz
