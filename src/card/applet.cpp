#include "card/applet.hpp"

#include <array>
#include <fmt/core.h>

#include "card/hsm_applet.hpp"
#include "card/iso7816_applet.hpp"
#include "card/openpgp_applet.hpp"
#include "card/pin_block.hpp"
#include "card/piv_applet.hpp"

namespace jeton::card {

namespace {

// What templates may send (ISO/IEC 7816-4 and -8; SP 800-73-4 part 2, 3.2.4; OpenPGP 3.4.1, 7.2).
constexpr Byte iso = 0x00;
constexpr Byte proprietary = 0x80;
constexpr std::array piv_commands{CommandCode{iso, 0x87}};          // GENERAL AUTHENTICATE
constexpr std::array openpgp_commands{CommandCode{iso, 0x22},       // MANAGE SECURITY ENVIRONMENT
                                      CommandCode{iso, 0x2A}};      // PERFORM SECURITY OPERATION
constexpr std::array hsm_commands{CommandCode{proprietary, 0x62},   // DECIPHER
                                  CommandCode{proprietary, 0x68},   // SIGN
                                  CommandCode{proprietary, 0x78}};  // SYMMETRIC OPERATION

constexpr std::array iso_commands{CommandCode{iso, 0x22},   // MANAGE SECURITY ENVIRONMENT
                                  CommandCode{iso, 0x2A},   // PERFORM SECURITY OPERATION
                                  CommandCode{iso, 0x86},   // GENERAL AUTHENTICATE
                                  CommandCode{iso, 0x87},   // the same, with BER-TLV
                                  CommandCode{iso, 0x88},   // INTERNAL AUTHENTICATE
                                  CommandCode{iso, 0xB0},   // READ BINARY
                                  CommandCode{iso, 0xCA}};  // GET DATA

struct AppletKind {
    std::string_view name;  ///< as profiles write it
    std::span<const CommandCode> template_commands;
    std::unique_ptr<Applet> (*make)(std::shared_ptr<const Profile>);
};

template <typename Kind>
std::unique_ptr<Applet> make(std::shared_ptr<const Profile> profile) {
    return std::make_unique<Kind>(std::move(profile));
}

constexpr const char* no_management_key = "this card has no management key";
constexpr const char* no_secret_keys = "this card takes no AES keys in this way";
constexpr const char* fixed_slots =
    "this card has the keys and objects of its profile, under their names there";

constexpr std::array<AppletKind, 4> applet_kinds{{{"piv", piv_commands, make<PivApplet>},
                                                  {"openpgp", openpgp_commands, make<OpenPgpApplet>},
                                                  {"sc-hsm", hsm_commands, make<HsmApplet>},
                                                  {"iso7816", iso_commands, make<Iso7816Applet>}}};

}  // namespace

std::optional<PinStatus> Applet::told_by_verify(StatusWord answer, const PinRule& pin) {
    if (const auto left = tries_left(answer)) {
        return PinStatus{.known = true, .tries_left = *left};
    }
    if (answer.ok()) {  // verified, so the counter stands at its maximum
        return PinStatus{.known = pin.tries_max != 0, .tries_left = pin.tries_max, .verified = true};
    }
    return std::nullopt;
}

StatusWord Applet::type_on_pad(Channel& channel, const PinRule& pin, Byte ins, Byte reference,
                               reader::PadUse use, Verb verb) {
    const reader::PinEntry entry = pad_entry(pin, {0, ins, 0, reference}, verb);
    return pad_answer(pin, channel.enter_on_pad(entry, use), verb);
}

void Applet::require_writable(const ObjectSlot& slot, Verb verb, bool card_takes_it) const {
    if (!profile().allow_write || !slot.writable || !card_takes_it) {
        throw Error(Error::Kind::unsupported, verb,
                    fmt::format("object {} cannot be written, by its profile", slot.id));
    }
}

void Applet::verify_on_pad(Channel&, const PinRule&) {
    throw Error(Error::Kind::unsupported, Verb::verify, "this card's PIN cannot be typed on a PIN pad");
}

void Applet::change_pin_on_pad(Channel&, const PinRule&) {
    throw Error(Error::Kind::unsupported, Verb::change_pin, "this card's PIN cannot be typed on a PIN pad");
}

void Applet::authenticate_admin(Channel&, View) {
    throw Error(Error::Kind::unsupported, Verb::authenticate, no_management_key);
}

void Applet::set_admin_key(Channel&, View) {
    throw Error(Error::Kind::unsupported, Verb::change_pin, no_management_key);
}

std::optional<SecretBytes> Applet::stored_admin_key(Channel&) {
    return std::nullopt;
}

void Applet::move_key(Channel&, const KeySlot&, const KeySlot&) {
    throw Error(Error::Kind::unsupported, Verb::write, "this card moves no keys");
}

void Applet::discover(Channel&, LayoutDraft&) {}

std::size_t Applet::new_key_slot(LayoutDraft&, const KeyWish&) const {
    throw Error(Error::Kind::unsupported, Verb::generate, fixed_slots);
}

std::size_t Applet::new_object_slot(LayoutDraft&, const ObjectWish&) const {
    throw Error(Error::Kind::unsupported, Verb::write, fixed_slots);
}

KeySlot Applet::describe_key(Channel&, const KeySlot&, const crypto::PublicKey&) {
    throw Error(Error::Kind::unsupported, Verb::write, fixed_slots);
}

ObjectSlot Applet::describe_object(Channel&, const ObjectSlot&) {
    throw Error(Error::Kind::unsupported, Verb::write, fixed_slots);
}

std::optional<SecretKeyEntry> Applet::read_secret_key(Channel&, const SecretKeySlot&) {
    return std::nullopt;
}

bool Applet::makes_secret_keys(std::size_t) const {
    return false;
}

bool Applet::takes_secret_keys(std::size_t) const {
    return false;
}

std::size_t Applet::new_secret_key_slot(LayoutDraft&, const SecretKeyWish&) const {
    throw Error(Error::Kind::unsupported, Verb::write, fixed_slots);
}

void Applet::describe_secret_key(Channel&, const SecretKeySlot&, const SecretKeyEntry&) {
    throw Error(Error::Kind::unsupported, Verb::write, fixed_slots);
}

SecretKeyEntry Applet::generate_secret_key(Channel&, const SecretKeySlot&, std::size_t) {
    throw Error(Error::Kind::unsupported, Verb::generate, no_secret_keys);
}

void Applet::import_secret_key(Channel&, const SecretKeySlot&, View) {
    throw Error(Error::Kind::unsupported, Verb::import_key, no_secret_keys);
}

void Applet::erase_secret_key(Channel&, const SecretKeySlot&) {
    throw Error(Error::Kind::unsupported, Verb::erase, no_secret_keys);
}

std::span<const CommandCode> template_commands(std::string_view applet) {
    for (const AppletKind& kind : applet_kinds) {
        if (kind.name == applet) {
            return kind.template_commands;
        }
    }
    return {};
}

std::unique_ptr<Applet> make_applet(std::shared_ptr<const Profile> profile) {
    for (const AppletKind& kind : applet_kinds) {
        if (kind.name == profile->applet) {
            return kind.make(std::move(profile));
        }
    }
    return nullptr;
}

}  // namespace jeton::card
