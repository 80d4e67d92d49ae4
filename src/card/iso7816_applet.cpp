// Selection, serial number and PINs (ISO/IEC 7816-4, 11.1 and 11.5).
#include "card/iso7816_applet.hpp"

#include <fmt/core.h>

#include "card/pin_block.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

constexpr Byte ins_select = 0xA4;
constexpr Byte ins_verify = 0x20;
constexpr Byte ins_change_reference_data = 0x24;
constexpr Byte ins_reset_retry_counter = 0x2C;
constexpr Byte p1_by_name = 0x04;
constexpr Byte p1_forget = 0xFF;  ///< VERIFY sets the PIN to "not verified"

Error unsupported(Verb verb) {
    return {Error::Kind::unsupported, verb, "a card that its profile alone describes is not written to"};
}

}  // namespace

bool Iso7816Applet::select(Channel& channel) {
    const SelectRule& rule = profile().select;
    std::vector<View> candidates{rule.aid};
    candidates.insert(candidates.end(), rule.alternates.begin(), rule.alternates.end());
    for (const View aid : candidates) {
        const Response answer = channel.transmit(
            {.ins = ins_select, .p1 = p1_by_name, .p2 = rule.p2, .data = aid, .le = rule.le ? 256U : 0U});
        if (answer.status.ok() || answer.status == sw::fci_badly_formatted) {
            note_select_answer(answer.data);
            m_away = false;
            return true;
        }
        if (broke_down(answer.status)) {
            throw Error(Verb::select, answer.status, fmt::format("SELECT: {:04X}", answer.status.value));
        }
    }
    return false;
}

/// come_home makes the application current again after a file below another directory: keys and PINs are the
/// application's.
void Iso7816Applet::come_home(Channel& channel, Verb verb) {
    if (m_away && !select(channel)) {
        throw Error(Error::Kind::malformed, verb, "the application cannot be selected any more");
    }
}

/// read_serial: a card whose profile names no object cannot be told from others with the same ATR.
std::string Iso7816Applet::read_serial(Channel& channel) {
    const TokenRule& rule = profile().token;
    if (rule.serial_from == TokenRule::SerialSource::fixed) {
        return rule.fixed_serial;
    }
    const auto content =
        rule.serial_object ? read_content(channel, profile().objects.at(*rule.serial_object)) : std::nullopt;
    if (!content || content->empty()) {
        return to_hex(channel.atr());
    }
    constexpr std::size_t longest_number = 8;
    const bool decimal = rule.serial_decimal && content->size() <= longest_number;
    return decimal ? std::to_string(load_be(*content)) : to_hex(*content);
}

PinStatus Iso7816Applet::pin_status(Channel& channel, const PinRule& pin) {
    if (pin.status == PinRule::Status::none) {
        return {};
    }
    come_home(channel, Verb::verify);
    const StatusWord status = channel.transmit({.ins = ins_verify, .p2 = pin.ref}).status;
    return told_by_verify(status, pin).value_or(PinStatus{});
}

void Iso7816Applet::send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body) {
    come_home(channel, verb);
    const StatusWord status = channel.transmit({.ins = ins, .p2 = pin.ref, .data = body}).status;
    if (!status.ok()) {
        throw Error(verb, status, fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
    }
}

void Iso7816Applet::verify(Channel& channel, const PinRule& pin, View value) {
    send_pin_command(channel, Verb::verify, ins_verify, pin, pin_block(pin, value, Verb::verify));
}

void Iso7816Applet::clear_verification(Channel& channel, const PinRule& pin) {
    come_home(channel, Verb::verify);
    const bool forgets =
        pin.logout == PinRule::Logout::p1ff
            ? channel.transmit({.ins = ins_verify, .p1 = p1_forget, .p2 = pin.ref}).status.ok()
            : pin.logout == PinRule::Logout::reselect && select(channel);
    if (!forgets) {
        throw Error(Error::Kind::unsupported, Verb::verify,
                    "this card forgets a verified PIN only by a reset");
    }
}

void Iso7816Applet::change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) {
    SecretBytes body = pin_block(pin, old_value, Verb::change_pin);
    append(body, pin_block(pin, new_value, Verb::change_pin));
    send_pin_command(channel, Verb::change_pin, ins_change_reference_data, pin, body);
}

void Iso7816Applet::type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin,
                                     reader::PadUse use) {
    come_home(channel, verb);
    const StatusWord status = type_on_pad(channel, pin, ins, pin.ref, use, verb);
    if (!status.ok()) {
        throw Error(verb, status, fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
    }
}

void Iso7816Applet::verify_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::verify, ins_verify, pin, reader::PadUse::verify);
}

void Iso7816Applet::change_pin_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::change_pin, ins_change_reference_data, pin, reader::PadUse::modify);
}

/// unblock proves the PUK in the same command, in the form of its own rule.
void Iso7816Applet::unblock(Channel& channel, const PinRule& pin, View secret, View new_value) {
    const PinRule* const puk = profile().pin(PinRole::puk);
    if (puk == nullptr) {
        throw Error(Error::Kind::unsupported, Verb::unblock, "the profile has no PUK");
    }
    SecretBytes body = pin_block(*puk, secret, Verb::unblock);
    append(body, pin_block(pin, new_value, Verb::unblock));
    send_pin_command(channel, Verb::unblock, ins_reset_retry_counter, pin, body);
}

void Iso7816Applet::initialize(Channel&, View) {
    throw unsupported(Verb::initialize);
}

crypto::PublicKey Iso7816Applet::generate(Channel&, const KeySlot&, KeyType, KeyPolicy) {
    throw unsupported(Verb::generate);
}

void Iso7816Applet::import_key(Channel&, const KeySlot&, KeyType, const crypto::PrivateParts&, KeyPolicy) {
    throw unsupported(Verb::import_key);
}

void Iso7816Applet::erase_key(Channel&, const KeySlot&) {
    throw unsupported(Verb::erase);
}

void Iso7816Applet::write_object(Channel&, const ObjectSlot&, View) {
    throw unsupported(Verb::write);
}

void Iso7816Applet::erase_object(Channel&, const ObjectSlot&) {
    throw unsupported(Verb::erase);
}

}  // namespace jeton::card
