// PIN commands (SP 800-73-4 part 2, 3.2).
#include <fmt/core.h>

#include "card/pin_block.hpp"
#include "card/piv_applet.hpp"
#include "card/piv_constants.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

/// pin_answer turns the 630x of some cards into the 63Cx of the standard.
StatusWord PivApplet::pin_answer(StatusWord status) const {
    if (profile().quirks.verify_630x && (status.value & 0xFFF0) == 0x6300) {
        return {static_cast<std::uint16_t>(0x63C0 | (status.value & 0x0F))};
    }
    return status;
}

/// pin_reference is where the PIN is on this card: the discovery object (part 1, 3.3.2) can say that people
/// enter the card's global PIN, which a PIV command then names instead.
Byte PivApplet::pin_reference(Channel& channel, const PinRule& pin) {
    if (!profile().quirks.discovery_pin || pin.role != PinRole::user) {
        return pin.ref;
    }
    if (!m_user_pin) {
        constexpr Byte global_pin_usable = 0x20;
        constexpr Byte global_pin_primary = 0x20;
        const Byte tag = piv::tag_discovery;
        const auto discovery = get_data(channel, View(&tag, 1));
        const auto policy = discovery
                                ? find_tlv_path(*discovery, {piv::tag_discovery, piv::tag_pin_usage_policy})
                                : std::nullopt;
        const bool global = policy && policy->size() == 2 && ((*policy)[0] & global_pin_usable) != 0 &&
                            (*policy)[1] == global_pin_primary;
        m_user_pin = global ? piv::ref_global_pin : pin.ref;
    }
    return *m_user_pin;
}

PinStatus PivApplet::pin_status(Channel& channel, const PinRule& pin) {
    // PinRule::Status::data_object tells whether a PIN is verified, never how many tries there are.
    if (pin.status != PinRule::Status::empty_verify) {
        return {};
    }
    const Response answer = channel.transmit({.ins = piv::ins_verify, .p2 = pin_reference(channel, pin)});
    const StatusWord status = pin_answer(answer.status);
    if (const auto told = told_by_verify(status, pin)) {
        return *told;
    }
    if (status == sw::reference_data_unusable) {
        return {.known = true, .tries_left = 0, .initialized = false};
    }
    return {};
}

void PivApplet::send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body) {
    const Response answer = channel.transmit({.ins = ins, .p2 = pin_reference(channel, pin), .data = body});
    if (!answer.status.ok()) {
        throw Error(verb, pin_answer(answer.status),
                    fmt::format("PIN \"{}\": {:04X}", pin.name, answer.status.value));
    }
}

void PivApplet::verify(Channel& channel, const PinRule& pin, View value) {
    send_pin_command(channel, Verb::verify, piv::ins_verify, pin, pin_block(pin, value, Verb::verify));
}

void PivApplet::clear_verification(Channel& channel, const PinRule& pin) {
    if (pin.logout == PinRule::Logout::none) {
        return;
    }
    if (pin.logout == PinRule::Logout::p1ff) {
        const Response answer =
            channel.transmit({.ins = piv::ins_verify, .p1 = 0xFF, .p2 = pin_reference(channel, pin)});
        if (answer.status.ok()) {
            return;
        }
    }
    // PIV keeps its PINs when it is selected again from itself (SP 800-73-4 part 2, 3.1.1): only the profile
    // of a card that forgets them says "reselect".
    if (pin.logout != PinRule::Logout::reselect || !select(channel)) {
        throw Error(Error::Kind::unsupported, Verb::verify,
                    "this card forgets a verified PIN only by a reset");
    }
}

void PivApplet::change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) {
    SecretBytes body = pin_block(pin, old_value, Verb::change_pin);
    append(body, pin_block(pin, new_value, Verb::change_pin));
    send_pin_command(channel, Verb::change_pin, piv::ins_change_reference_data, pin, body);
}

void PivApplet::type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin,
                                 reader::PadUse use) {
    const StatusWord status = type_on_pad(channel, pin, ins, pin_reference(channel, pin), use, verb);
    if (!status.ok()) {
        throw Error(verb, pin_answer(status), fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
    }
}

void PivApplet::verify_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::verify, piv::ins_verify, pin, reader::PadUse::verify);
}

void PivApplet::change_pin_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::change_pin, piv::ins_change_reference_data, pin, reader::PadUse::modify);
}

void PivApplet::unblock(Channel& channel, const PinRule& pin, View puk, View new_value) {
    if (pin_reference(channel, pin) == piv::ref_global_pin) {
        throw Error(Error::Kind::unsupported, Verb::unblock,
                    "people enter this card's global PIN, which the PIV application cannot unblock");
    }
    const PinRule* puk_rule = profile().pin(PinRole::puk);
    SecretBytes body = pin_block(puk_rule != nullptr ? *puk_rule : pin, puk, Verb::unblock);
    append(body, pin_block(pin, new_value, Verb::unblock));
    send_pin_command(channel, Verb::unblock, piv::ins_reset_retry_counter, pin, body);
}

}  // namespace jeton::card
