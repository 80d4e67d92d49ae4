// PINs: the user's, the security officer's of 16 hexadecimal digits, and a card made as new.
#include <array>
#include <fmt/core.h>

#include "card/hsm_applet.hpp"
#include "card/hsm_constants.hpp"
#include "card/pin_block.hpp"
#include "crypto/digest.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

// The fields of INITIALIZE DEVICE.
constexpr std::uint32_t tag_options = 0x80, tag_user_pin = 0x81, tag_so_pin = 0x82, tag_tries = 0x91;
constexpr std::array<Byte, 2> so_may_unblock{0x00, 0x01};
constexpr Byte user_tries = 0x03;
constexpr std::size_t random_pin_digits = 15;

/// random_pin is a user PIN that nobody knows: the security officer sets another one.
SecretBytes random_pin() {
    SecretBytes pin(random_pin_digits);
    crypto::random_bytes(pin);
    for (Byte& byte : pin) {
        byte = static_cast<Byte>('0' + byte % 10);
    }
    return pin;
}

}  // namespace

PinStatus HsmApplet::pin_status(Channel& channel, const PinRule& pin) {
    if (pin.status == PinRule::Status::none) {
        return {};
    }
    const StatusWord status = channel.transmit({.ins = hsm::ins_verify, .p2 = pin.ref}).status;
    if (const auto told = told_by_verify(status, pin)) {
        return *told;
    }
    if (status == sw::reference_data_unusable || status == sw::reference_not_found) {
        return {.known = true, .tries_left = 0, .initialized = false};
    }
    return {};
}

void HsmApplet::send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body) const {
    const StatusWord status = channel.transmit({.ins = ins, .p2 = pin.ref, .data = body}).status;
    if (!status.ok()) {
        throw Error(verb, status, fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
    }
}

void HsmApplet::verify(Channel& channel, const PinRule& pin, View value) {
    send_pin_command(channel, Verb::verify, hsm::ins_verify, pin, pin_block(pin, value, Verb::verify));
}

void HsmApplet::clear_verification(Channel& channel, const PinRule& pin) {
    if (pin.logout != PinRule::Logout::reselect || !select(channel)) {
        throw Error(Error::Kind::unsupported, Verb::verify,
                    "this card forgets a verified PIN only by a reset");
    }
}

void HsmApplet::change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) {
    SecretBytes body = pin_block(pin, old_value, Verb::change_pin);
    append(body, pin_block(pin, new_value, Verb::change_pin));
    send_pin_command(channel, Verb::change_pin, hsm::ins_change_reference_data, pin, body);
}

void HsmApplet::type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin,
                                 reader::PadUse use) {
    const StatusWord status = type_on_pad(channel, pin, ins, pin.ref, use, verb);
    if (!status.ok()) {
        throw Error(verb, status, fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
    }
}

void HsmApplet::verify_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::verify, hsm::ins_verify, pin, reader::PadUse::verify);
}

void HsmApplet::change_pin_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::change_pin, hsm::ins_change_reference_data, pin, reader::PadUse::modify);
}

void HsmApplet::unblock(Channel& channel, const PinRule& pin, View secret, View new_value) {
    const PinRule* officer = profile().pin(PinRole::so);
    SecretBytes body = pin_block(officer != nullptr ? *officer : pin, secret, Verb::unblock);
    append(body, pin_block(pin, new_value, Verb::unblock));
    send_pin_command(channel, Verb::unblock, hsm::ins_reset_retry_counter, pin, body);
}

/// initialize: a card that has a security officer must know the PIN, which is verified first; a blank one
/// takes any.
void HsmApplet::initialize(Channel& channel, View secret) {
    const PinRule* officer = profile().pin(PinRole::so);
    if (officer == nullptr) {
        throw Error(Error::Kind::unsupported, Verb::initialize, "the profile has no security officer's PIN");
    }
    const SecretBytes so_pin = pin_block(*officer, secret, Verb::initialize);
    const StatusWord status = channel.transmit({.ins = hsm::ins_verify, .p2 = officer->ref}).status;
    if (tries_left(status) || status.ok()) {
        send_pin_command(channel, Verb::verify, hsm::ins_verify, *officer, so_pin);
    }
    const SecretBytes body = BasicTlvWriter<SecretBytes>()
                                 .put(tag_options, so_may_unblock)
                                 .put(tag_user_pin, random_pin())
                                 .put(tag_so_pin, so_pin)
                                 .put(tag_tries, View(&user_tries, 1))
                                 .take();
    const Response answer = channel.transmit(
        {.cla = hsm::cla_proprietary, .ins = hsm::ins_initialize, .data = body}, Channel::slow_limit);
    if (!answer.status.ok()) {
        throw Error(Verb::initialize, answer.status, fmt::format("INITIALIZE: {:04X}", answer.status.value));
    }
}

}  // namespace jeton::card
