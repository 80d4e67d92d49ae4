// The PIV applet, and the Card above it, against a card that answers anything. Whatever comes: no byte
// outside an answer is read, results have the promised lengths, and the number of commands stays bounded.
//
// The input: one byte of options, with option_short one byte more, then the card's answers. An answer is a
// length byte and that many bytes, status word included; a length byte from E0 on begins a length of 13 bits.
// After the last answer the card says 6A82. Each answer has an allocation of its own, without a byte to
// spare.
//
// With option_by_command each answer comes behind two bytes that say which commands it is for: the
// instruction, and P2 or, for GET DATA, the last byte of the object's tag; FF stands for any. Each answers
// one command, and the last of those that fit all further ones. The order of the commands does not matter
// then (make_seeds.py).
//
// With option_knows_keys the card proves that it knows its management key, whichever of ours it is: no input
// could.
#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "card/card.hpp"
#include "crypto/block_cipher.hpp"
#include "reader/error.hpp"
#include "reader/pinpad.hpp"
#include "util/tlv.hpp"

namespace {

using namespace jeton;
using namespace jeton::card;

constexpr Byte option_extended = 0x01;
constexpr Byte option_whole_card = 0x02;
constexpr Byte option_other_profile = 0x04;
constexpr Byte option_short = 0x08;  ///< answers end early, see FuzzLink::shorten
constexpr Byte option_by_command = 0x10;
constexpr Byte option_changed_profile = 0x20;  ///< the PIN by the discovery object, small objects
constexpr Byte option_knows_keys = 0x40;
constexpr Byte any_reference = 0xFF;
constexpr std::size_t longest_header = 5;  ///< 7F49 82 LLLL
constexpr std::size_t most_commands = 20000;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

const Bytes aes192_key(24, 0x11);
const Bytes aes128_key(16, 0x11);
const Bytes factory_key{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

/// proof is the answer to the second step of a mutual authentication with the witness of zeros; nullopt when
/// |command| is another, or no key of ours fits.
std::optional<SecretBytes> proof(View command) {
    constexpr std::size_t header = 5;
    if (command.size() < header || command[1] != 0x87 || command[3] != 0x9B) {
        return std::nullopt;
    }
    const auto witness = find_tlv_path(command.subspan(header), {0x7C, 0x80});
    const auto challenge = find_tlv_path(command.subspan(header), {0x7C, 0x81});
    if (!witness || !challenge) {
        return std::nullopt;
    }
    const auto cipher = challenge->size() == 8 ? crypto::BlockCipher::tdes : crypto::BlockCipher::aes;
    for (const Bytes* key : {&aes192_key, &aes128_key, &factory_key}) {
        const bool fits = (cipher == crypto::BlockCipher::aes || key->size() == 24) &&
                          challenge->size() == crypto::block_length(cipher);
        if (fits && equal(*witness, crypto::crypt_block(cipher, crypto::Direction::decrypt, *key,
                                                        Bytes(challenge->size())))) {
            const Bytes response = crypto::crypt_block(cipher, crypto::Direction::encrypt, *key, *challenge);
            SecretBytes answer =
                BasicTlvWriter<SecretBytes>().nest(0x7C, [&](auto& in) { in.put(0x82, response); }).take();
            append(answer, Bytes{0x90, 0x00});
            return answer;
        }
    }
    return std::nullopt;
}

class FuzzLease final : public reader::Lease {
  public:
    reader::Continuity continuity() const override { return reader::Continuity::kept; }
    bool others_wrote() const override { return false; }
    void mark_written() override {}
};

class FuzzLink final : public reader::CardLink {
  public:
    FuzzLink(View input, Byte options)
        : m_answers(input),
          m_extended((options & option_extended) != 0),
          m_knows_keys((options & option_knows_keys) != 0) {
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
    std::unique_ptr<reader::Lease> acquire(Deadline) override { return std::make_unique<FuzzLease>(); }
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
        if (auto proved = m_knows_keys ? proof(command) : std::nullopt) {
            return std::move(*proved);
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

    static Byte reference_of(View command) {
        constexpr Byte get_data = 0xCB;
        const std::size_t tag_list = command.size() > 7 && command[4] == 0 ? 7 : 5;
        if (command[1] != get_data || command.size() < tag_list + 2) {
            return command[3];
        }
        const std::size_t last = tag_list + 1 + command[tag_list + 1];
        return last < command.size() ? command[last] : Byte{0};
    }

    View answer_to(View command) {
        constexpr Byte get_response = 0xC0;
        static constexpr Byte not_found[] = {0x6A, 0x82};
        const Byte reference = reference_of(command);
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
    bool m_knows_keys;
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

constexpr std::string_view pin = "123456";

crypto::PublicKey rsa_key() {
    Bytes modulus(256, 0xC3);
    return crypto::RsaPublicKey{std::move(modulus), {0x01, 0x00, 0x01}};
}

crypto::PublicKey ec_key() {
    return crypto::EcPublicKey{crypto::Curve::p256,
                               from_hex("046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945"
                                        "D898C2964FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECE"
                                        "CBB6406837BF51F5")
                                   .value()};
}

crypto::PublicKey okp_key(crypto::OkpCurve curve) {
    return crypto::OkpPublicKey{curve, Bytes(32, 0x09)};
}

void check_key(const crypto::PublicKey& key) {
    require(key_type_of(key).has_value() && crypto::is_valid(key));
}

void compute_all(Applet& applet, Channel& channel, const KeySlot& slot) {
    const Bytes block(256, 0x5A);
    const Bytes hash(32, 0xA5);
    const auto rsa = rsa_key();
    const auto ec = ec_key();
    attempt([&] {
        require(applet.compute(channel, slot, rsa, Primitive::rsa_raw, Verb::sign, block).size() == 256);
    });
    attempt(
        [&] { require(applet.compute(channel, slot, ec, Primitive::ecdsa, Verb::sign, hash).size() == 64); });
    attempt([&] {
        const View point = std::get<crypto::EcPublicKey>(ec).point;
        require(applet.compute(channel, slot, ec, Primitive::ecdh, Verb::derive, point).size() == 32);
    });
    attempt([&] {
        const auto ed = okp_key(crypto::OkpCurve::ed25519);
        require(applet.compute(channel, slot, ed, Primitive::eddsa, Verb::sign, hash).size() == 64);
    });
    attempt([&] {
        const auto x = okp_key(crypto::OkpCurve::x25519);
        require(applet.compute(channel, slot, x, Primitive::ecdh, Verb::derive, hash).size() == 32);
    });
}

/// drive_applet calls each verb of the applet, those too that a Card would not let through.
void drive_applet(reader::CardLink& link, const std::shared_ptr<const Profile>& profile) {
    const auto applet = make_applet(profile);
    Channel channel(link, profile->transport);
    const KeySlot& slot = profile->keys.front();
    const PinRule& user = *profile->pin(PinRole::user);
    attempt([&] { (void)applet->select(channel); });
    attempt([&] { require(!applet->read_serial(channel).empty()); });
    compute_all(*applet, channel, slot);
    for (const KeyType type : {KeyType::p256, KeyType::rsa2048, KeyType::x25519}) {
        attempt([&] { check_key(applet->generate(channel, slot, type, {PinPolicy::always, {}})); });
    }
    attempt([&] {
        const crypto::EcPrivateParts parts{crypto::Curve::p256, SecretBytes(32, 0x01)};
        applet->import_key(channel, slot, KeyType::p256, parts, {});
    });
    attempt([&] {
        const SecretBytes half(128, 0xC1);
        applet->import_key(channel, slot, KeyType::rsa2048,
                           crypto::RsaPrivateParts{half, half, half, half, half, {0x01, 0x00, 0x01}}, {});
    });
    for (const auto curve : {crypto::OkpCurve::ed25519, crypto::OkpCurve::x25519}) {
        attempt([&] {
            applet->import_key(channel, slot, key_type_of(curve),
                               crypto::OkpPrivateParts{curve, SecretBytes(32, 0x01)}, {});
        });
    }
    attempt([&] { applet->move_key(channel, slot, profile->keys.back()); });
    attempt([&] { applet->erase_key(channel, slot); });
    attempt([&] {
        const auto entry = applet->read_key(channel, slot, nullptr);
        if (entry) {
            check_key(entry->public_key);
        }
    });
    attempt([&] { applet->authenticate_admin(channel, aes192_key); });
    attempt([&] { applet->authenticate_admin(channel, aes128_key); });
    attempt([&] { applet->set_admin_key(channel, aes192_key); });
    attempt([&] { applet->initialize(channel, aes192_key); });
    attempt([&] { (void)applet->stored_admin_key(channel); });
    attempt([&] {
        const auto history =
            applet->read_object(channel, profile->objects.at(applet->retired_object().value()));
        require(!history || applet->retired_count(history->value) <= 20);
    });
    attempt([&] { applet->note_retired(channel, 20); });
    attempt([&] { (void)applet->pin_status(channel, user); });
    attempt([&] { applet->verify(channel, user, view_of(pin)); });
    attempt([&] { applet->change_pin(channel, user, view_of(pin), view_of(pin)); });
    attempt([&] { applet->unblock(channel, user, view_of("12345678"), view_of(pin)); });
    attempt([&] { applet->clear_verification(channel, user); });
    for (const ObjectSlot& object : profile->objects) {
        attempt([&] {
            const auto entry = applet->read_object(channel, object);
            require(!entry || !entry->value.empty());
        });
    }
    attempt([&] { applet->write_object(channel, profile->objects.front(), Bytes(300, 0x30)); });
    attempt([&] { applet->erase_object(channel, profile->objects.front()); });
    attempt([&] { applet->verify_on_pad(channel, user); });
    attempt([&] { applet->change_pin_on_pad(channel, user); });
}

/// drive_card goes the way of an application.
void drive_card(reader::CardLink& link, const ProfileSet& profiles) {
    std::unique_ptr<Card> card;
    attempt([&] { card = Card::recognise(link, profiles); });
    if (!card) {
        return;
    }
    const Profile& profile = card->profile();
    attempt([&] { (void)card->begin().label(); });
    attempt([&] { card->begin().login(PinRole::user, view_of(pin)); });
    for (std::size_t i = 0; i < profile.keys.size(); ++i) {
        attempt([&] {
            Burst burst = card->begin();
            const auto entry = burst.key_listed(i) ? burst.key(i) : nullptr;
            if (!entry) {
                return;
            }
            check_key(entry->public_key);
            if (entry->always_authenticate) {
                burst.login_for_key(i, view_of(pin));
            }
            const bool rsa = std::holds_alternative<crypto::RsaPublicKey>(entry->public_key);
            (void)burst.compute(i, rsa ? Primitive::rsa_raw : Primitive::ecdsa, Verb::sign, Bytes(32, 0xA5));
        });
    }
    for (std::size_t i = 0; i < profile.objects.size(); ++i) {
        attempt([&] {
            Burst burst = card->begin();
            if (burst.object_listed(i)) {
                (void)burst.object(i);
            }
        });
    }
    attempt([&] { (void)card->begin().pin_status(PinRole::user); });
    attempt([&] { card->begin().generate(0, KeyType::p256); });
    attempt([&] { card->begin().erase_key(0); });
    attempt([&] { card->begin().logout(); });
}

/// built_in profiles are parsed once; they are never destroyed.
const ProfileSet& built_in() {
    static const ProfileSet* const profiles = new ProfileSet(ProfileSet::load({}));
    return *profiles;
}

/// changed is the profile piv for a card whose people enter its global PIN, and whose objects are small.
const std::shared_ptr<const Profile>& changed() {
    static const auto* const profile = [] {
        Profile copy = *built_in().find("piv");
        copy.quirks.discovery_pin = true;
        copy.objects.front().max_size = 200;
        return new std::shared_ptr<const Profile>(std::make_shared<const Profile>(std::move(copy)));
    }();
    return *profile;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const Byte options = data[0];
    FuzzLink link(View(data, size).subspan(1), options);
    if ((options & option_whole_card) != 0) {
        drive_card(link, built_in());
    } else if ((options & option_changed_profile) != 0) {
        drive_applet(link, changed());
    } else {
        const bool other = (options & option_other_profile) != 0;
        drive_applet(link, built_in().find(other ? "yubikey-piv" : "piv"));
    }
    return 0;
}
