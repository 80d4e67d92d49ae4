// The PIV applet, and the Card above it, against a card that answers anything (scripted_card.hpp). Whatever
// comes: no byte outside an answer is read, results have the promised lengths, and the number of commands
// stays bounded.
//
// With option_by_command, and GET DATA, the reference is the last byte of the object's tag (make_seeds.py).
//
// With option_knows_keys the card proves that it knows its management key, whichever of ours it is: no input
// could.
#include <memory>

#include "scripted_card.hpp"

#include "crypto/block_cipher.hpp"
#include "util/tlv.hpp"

namespace {

using namespace jeton;
using namespace jeton::card;
using namespace jeton::fuzz;

constexpr Byte option_whole_card = 0x02;
constexpr Byte option_other_profile = 0x04;
constexpr Byte option_changed_profile = 0x20;  ///< the PIN by the discovery object, small objects
constexpr Byte option_knows_keys = 0x40;

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

/// reference_of gives P2 or, for GET DATA, the last byte of the object's tag.
Byte reference_of(View command) {
    constexpr Byte get_data = 0xCB;
    const std::size_t tag_list = command.size() > 7 && command[4] == 0 ? 7 : 5;
    if (command[1] != get_data || command.size() < tag_list + 2) {
        return command[3];
    }
    const std::size_t last = tag_list + 1 + command[tag_list + 1];
    return last < command.size() ? command[last] : Byte{0};
}

constexpr std::string_view pin = "123456";

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
    attempt([&] { (void)applet->read_version(channel); });
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
    if (!card || card->profile().applet != "piv") {  // other applets have targets of their own
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
    ScriptedCard link(View(data, size).subspan(1), options, reference_of,
                      (options & option_knows_keys) != 0 ? proof : nullptr);
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
