// PINs (OpenPGP 3.4.1, 4.3 and 7.2.2 to 7.2.4), and making the application as new.
#include <array>
#include <fmt/core.h>

#include "card/openpgp_applet.hpp"
#include "card/pin_block.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

using namespace openpgp;

namespace {

/// PINs of an application that was just activated (4.3.1).
constexpr std::string_view factory_admin_pin = "12345678";

/// CHANGE REFERENCE DATA and RESET RETRY COUNTER know PW1 by one reference only.
Byte stored_reference(const PinRule& pin) {
    return pin.ref == ref_pw1_other ? ref_pw1 : pin.ref;
}

/// tries_in reads the counter of a PIN out of the PIN status bytes.
std::optional<unsigned> tries_in(View status, const PinRule& pin) {
    constexpr std::size_t user_at = 4;
    constexpr std::size_t admin_at = 6;
    constexpr unsigned most_tries = 15;
    if (status.size() != pin_status_bytes) {
        return std::nullopt;
    }
    const unsigned tries = status[pin.ref == ref_pw3 ? admin_at : user_at];
    return tries <= most_tries ? std::optional(tries) : std::nullopt;
}

}  // namespace

const Kdf& OpenPgpApplet::kdf(Channel& channel) {
    if (!m_kdf) {
        const auto content = data(channel).has_kdf() ? get_data(channel, do_kdf) : std::nullopt;
        const View fields = content ? View(*content) : View{};
        m_kdf = Kdf::parse(fields);
        if (!m_kdf) {
            throw Error(Error::Kind::malformed, Verb::verify,
                        "the card wants its PINs hashed in a way that cannot be computed");
        }
    }
    return *m_kdf;
}

/// pin_bytes is |value| as the card compares it.
SecretBytes OpenPgpApplet::pin_bytes(Channel& channel, const PinRule& pin, View value, Verb verb) {
    return kdf(channel).apply(pin.ref, pin_block(pin, value, verb));
}

PinStatus OpenPgpApplet::pin_status(Channel& channel, const PinRule& pin) {
    if (pin.status == PinRule::Status::empty_verify) {
        const StatusWord answer = channel.transmit({.ins = ins_verify, .p2 = pin.ref}).status;
        return told_by_verify(answer, pin).value_or(PinStatus{});
    }
    const auto status = pin.status == PinRule::Status::none ? std::nullopt : get_data(channel, do_pin_status);
    const auto tries =
        status ? tries_in(find_tlv(*status, tag_pin_status).value_or(*status), pin) : std::nullopt;
    return tries ? PinStatus{.known = true, .tries_left = *tries} : PinStatus{};
}

/// send_pin_command: the answer of a card with PIN status bytes to a wrong PIN need not hold the counter.
void OpenPgpApplet::send_pin_command(Channel& channel, Verb verb, const Apdu& apdu, const PinRule& pin) {
    const StatusWord status = channel.transmit(apdu).status;
    if (status.ok()) {
        return;
    }
    if (status == sw::security_status) {  // how many cards say that the PIN is wrong
        const PinStatus now = pin_status(channel, pin);
        if (now.known) {
            const auto counter = static_cast<std::uint16_t>(0x63C0 | now.tries_left);
            throw Error(verb, now.tries_left == 0 ? sw::blocked : StatusWord{counter},
                        fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
        }
    }
    throw Error(verb, status, fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
}

void OpenPgpApplet::verify(Channel& channel, const PinRule& pin, View value) {
    const SecretBytes body = pin_bytes(channel, pin, value, Verb::verify);
    send_pin_command(channel, Verb::verify, {.ins = ins_verify, .p2 = pin.ref, .data = body}, pin);
}

void OpenPgpApplet::clear_verification(Channel& channel, const PinRule& pin) {
    const bool has_command = pin.logout == PinRule::Logout::p1ff;
    if (!has_command || !channel.transmit({.ins = ins_verify, .p1 = p1_log_out, .p2 = pin.ref}).status.ok()) {
        throw Error(Error::Kind::unsupported, Verb::verify,
                    "this card forgets a verified PIN only by a reset");
    }
}

void OpenPgpApplet::change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) {
    SecretBytes body = pin_bytes(channel, pin, old_value, Verb::change_pin);
    append(body, pin_bytes(channel, pin, new_value, Verb::change_pin));
    send_pin_command(channel, Verb::change_pin,
                     {.ins = ins_change_reference_data, .p2 = stored_reference(pin), .data = body}, pin);
}

void OpenPgpApplet::type_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin,
                                     reader::PadUse use) {
    if (kdf(channel).is_active()) {
        throw Error(Error::Kind::unsupported, verb, "this card wants its PINs hashed, which no PIN pad does");
    }
    const Byte reference = use == reader::PadUse::modify ? stored_reference(pin) : pin.ref;
    const StatusWord status = type_on_pad(channel, pin, ins, reference, use, verb);
    if (!status.ok()) {
        throw Error(verb, status, fmt::format("PIN \"{}\": {:04X}", pin.name, status.value));
    }
}

void OpenPgpApplet::verify_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::verify, ins_verify, pin, reader::PadUse::verify);
}

void OpenPgpApplet::change_pin_on_pad(Channel& channel, const PinRule& pin) {
    type_pin_command(channel, Verb::change_pin, ins_change_reference_data, pin, reader::PadUse::modify);
}

/// unblock: PW3, which was verified, is what lets us; it is not sent again.
void OpenPgpApplet::unblock(Channel& channel, const PinRule& pin, View, View new_value) {
    const SecretBytes body = pin_bytes(channel, pin, new_value, Verb::unblock);
    send(channel, Verb::unblock,
         {.ins = ins_reset_retry_counter, .p1 = p1_by_admin, .p2 = stored_reference(pin), .data = body});
}

/// block spends the tries of a PIN with what is no PIN, until the card says that none is left.
void OpenPgpApplet::block(Channel& channel, Byte reference) {
    constexpr int most_tries = 16;
    constexpr std::array<Byte, 8> no_pin{0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF};
    for (int i = 0; i < most_tries; ++i) {
        const StatusWord status =
            channel.transmit({.ins = ins_verify, .p2 = reference, .data = no_pin}).status;
        if (tries_left(status) == 0U) {
            return;
        }
        if (!tries_left(status) && status != sw::security_status) {
            throw Error(Verb::initialize, status, fmt::format("blocking a PIN: {:04X}", status.value));
        }
    }
    log::info("profile {}: PIN {:02X} does not say that it is blocked", profile().id, reference);
}

/// make_as_new ends the application and begins it anew (7.2.16, 7.2.17). A card that does not let the officer
/// do that lets whoever blocked both PINs.
void OpenPgpApplet::make_as_new(Channel& channel) {
    const auto terminate = [&] {
        return channel.transmit({.ins = ins_terminate_df}, Channel::slow_limit).status;
    };
    StatusWord status = terminate();
    if (status == sw::security_status || status == sw::conditions_of_use) {
        block(channel, ref_pw1);
        block(channel, ref_pw3);
        status = terminate();
    }
    if (!status.ok()) {
        throw Error(Verb::initialize, status, fmt::format("TERMINATE DF: {:04X}", status.value));
    }
    send(channel, Verb::initialize, {.ins = ins_activate_file}, Channel::slow_limit);
}

void OpenPgpApplet::initialize(Channel& channel, View secret) {
    const PinRule* const officer = profile().pin(PinRole::so);
    if (officer == nullptr || !profile().allow_write) {
        throw Error(Error::Kind::unsupported, Verb::initialize,
                    "the profile does not let the card be made as new");
    }
    verify(channel, *officer, secret);
    make_as_new(channel);
    if (!select(channel)) {
        throw Error(Error::Kind::malformed, Verb::initialize, "the card lost its application");
    }
    if (!equal(secret, view_of(factory_admin_pin))) {
        change_pin(channel, *officer, view_of(factory_admin_pin), secret);
    }
}

}  // namespace jeton::card
