// The OpenPGP applet, and the Card above it, against a card that answers anything (scripted_card.hpp).
// Whatever comes: no byte outside an answer is read, results have the promised lengths, and the number of
// commands stays bounded.
//
// With option_by_command the reference is P2. The three highest bits of the options say which key is used.
#include <memory>

#include "scripted_card.hpp"

#include "card/openpgp_applet.hpp"

namespace {

using namespace jeton;
using namespace jeton::card;
using namespace jeton::fuzz;

constexpr Byte option_whole_card = 0x02;

constexpr std::string_view user_pin = "123456";
constexpr std::string_view officer_pin = "12345678";

Byte reference_of(View command) {
    return command[3];
}

const ProfileSet& built_in() {
    static const ProfileSet* const profiles = new ProfileSet(ProfileSet::load({}));
    return *profiles;
}

void compute_all(Applet& applet, Channel& channel, const KeySlot& slot) {
    const Bytes block(256, 0x5A);
    const Bytes hash(32, 0xA5);
    const auto ec = ec_key();
    const View point = std::get<crypto::EcPublicKey>(ec).point;
    const auto edwards = okp_key(crypto::OkpCurve::ed25519);
    const auto montgomery = okp_key(crypto::OkpCurve::x25519);
    struct Row {
        crypto::PublicKey key;
        Primitive primitive;
        Verb verb;
        View input;
        std::size_t least, most;  ///< of the result, in bytes
    };
    const Row rows[] = {
        {rsa_key(), Primitive::rsa_pkcs1, Verb::sign, hash, 256, 256},
        {rsa_key(), Primitive::rsa_pkcs1, Verb::decipher, block, 0, 245},
        {ec, Primitive::ecdsa, Verb::sign, hash, 64, 64},
        {ec, Primitive::ecdh, Verb::derive, point, 32, 32},
        {edwards, Primitive::eddsa, Verb::sign, hash, 64, 64},
        {montgomery, Primitive::ecdh, Verb::derive, hash, 32, 32},
    };
    for (const Row& row : rows) {
        attempt([&] {
            const auto result = applet.compute(channel, slot, row.key, row.primitive, row.verb, row.input);
            require(result.size() >= row.least && result.size() <= row.most);
        });
    }
}

/// rsa_parts are those of one key, which is made once: that takes its time.
const crypto::PrivateParts& rsa_parts() {
    static const crypto::PrivateParts& parts =
        *new crypto::PrivateParts(crypto::PrivateKey::generate_rsa(1024).parts().value());
    return parts;
}

void administrate(Applet& applet, Channel& channel, const KeySlot& slot) {
    for (const KeyType type : {KeyType::p256, KeyType::rsa2048, KeyType::x25519, KeyType::ed25519}) {
        attempt([&] {
            check_key(applet.generate(channel, slot, type, {PinPolicy::always, TouchPolicy::cached}));
        });
    }
    attempt([&] {
        const crypto::EcPrivateParts parts{crypto::Curve::p256, SecretBytes(32, 0x01)};
        applet.import_key(channel, slot, KeyType::p256, parts, {});
    });
    attempt([&] { applet.import_key(channel, slot, KeyType::rsa1024, rsa_parts(), {}); });
    for (const auto curve : {crypto::OkpCurve::ed25519, crypto::OkpCurve::x25519}) {
        attempt([&] {
            applet.import_key(channel, slot, key_type_of(curve),
                              crypto::OkpPrivateParts{curve, SecretBytes(32, 0x01)}, {});
        });
    }
    attempt([&] { applet.erase_key(channel, slot); });
    attempt([&] {
        if (const auto entry = applet.read_key(channel, slot, nullptr)) {
            check_key(entry->public_key);
        }
    });
}

void use_pins(Applet& applet, Channel& channel, const Profile& profile) {
    for (const PinRule& pin : profile.pins) {
        const View value = view_of(pin.role == PinRole::so ? officer_pin : user_pin);
        attempt([&] { (void)applet.pin_status(channel, pin); });
        attempt([&] { applet.verify(channel, pin, value); });
        attempt([&] { applet.change_pin(channel, pin, value, value); });
        attempt([&] { applet.unblock(channel, pin, {}, value); });
        attempt([&] { applet.clear_verification(channel, pin); });
        attempt([&] { applet.verify_on_pad(channel, pin); });
        attempt([&] { applet.change_pin_on_pad(channel, pin); });
    }
}

/// drive_applet calls each verb of the applet, those too that a Card would not let through.
void drive_applet(reader::CardLink& link, const Profile& profile, const KeySlot& slot) {
    OpenPgpApplet applet(std::make_shared<const Profile>(profile));
    Channel channel(link, profile.transport);
    attempt([&] { (void)applet.select(channel); });
    attempt([&] { require(applet.read_serial(channel).size() == 12); });
    compute_all(applet, channel, slot);
    administrate(applet, channel, slot);
    for (const SecretKeySlot& secret : profile.secret_keys) {
        use_secret_key(applet, channel, secret);
    }
    for (const ObjectSlot& object : profile.objects) {
        attempt([&] {
            const auto entry = applet.read_object(channel, object);
            require(!entry || !entry->value.empty());
        });
        attempt([&] { applet.write_object(channel, object, Bytes(300, 0x30)); });
        attempt([&] { applet.erase_object(channel, object); });
    }
    use_pins(applet, channel, profile);
    attempt([&] { applet.initialize(channel, view_of("87654321")); });
}

/// drive_card goes the way of an application.
void drive_card(reader::CardLink& link) {
    std::unique_ptr<Card> card;
    attempt([&] { card = Card::recognise(link, built_in()); });
    if (!card || card->profile().applet != "openpgp") {  // other applets have targets of their own
        return;
    }
    const Profile& profile = card->profile();
    attempt([&] { (void)card->begin().label(); });
    attempt([&] { card->begin().login(PinRole::user, view_of(user_pin)); });
    for (std::size_t i = 0; i < profile.keys.size(); ++i) {
        attempt([&] {
            Burst burst = card->begin();
            const auto entry = burst.key(i);
            if (!entry) {
                return;
            }
            check_key(entry->public_key);
            if (entry->always_authenticate) {
                burst.login_for_key(i, view_of(user_pin));
            }
            const bool rsa = std::holds_alternative<crypto::RsaPublicKey>(entry->public_key);
            (void)burst.compute(i, rsa ? Primitive::rsa_pkcs1 : Primitive::ecdsa, Verb::sign,
                                Bytes(32, 0xA5));
        });
    }
    attempt([&] { (void)card->begin().object(0); });
    attempt([&] { card->begin().logout(); });
    attempt([&] { card->begin().login(PinRole::so, view_of(officer_pin)); });
    attempt([&] { card->begin().generate(0, KeyType::p256); });
    attempt([&] { card->begin().unblock_user(view_of(user_pin)); });
    attempt([&] { card->begin().initialize(view_of(officer_pin)); });
}

/// with_empty_verify is the profile for cards that are asked for their counters by an empty VERIFY.
Profile with_empty_verify(Profile profile) {
    for (PinRule& pin : profile.pins) {
        pin.status = PinRule::Status::empty_verify;
    }
    return profile;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr Byte option_empty_verify = 0x04;
    constexpr int key_shift = 5;  ///< the other bits say which key
    static const Profile& usual = *new Profile(*built_in().find("openpgp"));
    static const Profile& other = *new Profile(with_empty_verify(usual));
    if (size == 0) {
        return 0;
    }
    const Byte options = data[0];
    ScriptedCard link(View(data, size).subspan(1), options, reference_of);
    if ((options & option_whole_card) != 0) {
        drive_card(link);
    } else {
        const Profile& profile = (options & option_empty_verify) != 0 ? other : usual;
        drive_applet(link, profile,
                     profile.keys[static_cast<std::size_t>(options >> key_shift) % profile.keys.size()]);
    }
    return 0;
}
