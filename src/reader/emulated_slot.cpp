#include "reader/emulated_slot.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "reader/card_link.hpp"
#include "reader/emulated_descriptor.hpp"
#include "reader/emulated_pad.hpp"
#include "reader/t0.hpp"
#include "util/log.hpp"

namespace jeton::reader::emulated {

namespace {

using ccid::Answer;
using ccid::IccStatus;

constexpr std::array<Byte, 7> parameters_t1{0x11, 0x10, 0x00, 0x4D, 0x00, 0xFE, 0x00};
constexpr std::array<Byte, 5> parameters_t0{0x11, 0x00, 0x00, 0x0A, 0x00};
constexpr Byte crc_bit = 0x01;  ///< of bmTCCKST1

bool is_status(Byte byte) {
    return (byte & 0xF0) == 0x60 || (byte & 0xF0) == 0x90;
}

}  // namespace

const std::array<EmulatedSlot::Row, 8> EmulatedSlot::rows{{
    {ccid::Request::get_slot_status, &EmulatedSlot::get_slot_status},
    {ccid::Request::icc_power_on, &EmulatedSlot::icc_power_on},
    {ccid::Request::icc_power_off, &EmulatedSlot::icc_power_off},
    {ccid::Request::xfr_block, &EmulatedSlot::xfr_block},
    {ccid::Request::get_parameters, &EmulatedSlot::get_parameters},
    {ccid::Request::set_parameters, &EmulatedSlot::set_parameters},
    {ccid::Request::reset_parameters, &EmulatedSlot::reset_parameters},
    {ccid::Request::secure, &EmulatedSlot::secure},
}};

EmulatedSlot::EmulatedSlot(std::shared_ptr<SimulatedCard> card, const EmulationOptions& options)
    : m_card(std::move(card)),
      m_options(options),
      m_features(emulated_features(options)),
      m_contacts(*m_card, options.contacts, options.command_time) {
    default_parameters();
}

bool EmulatedSlot::speaks_apdus() const {
    return m_options.level == ExchangeLevel::short_apdu || m_options.level == ExchangeLevel::extended_apdu;
}

void EmulatedSlot::look() {
    const std::uint64_t insertion = m_card->insertion();
    if (insertion != m_insertion) {
        m_insertion = insertion;
        m_powered = false;
        m_notified.reset();
    }
    m_present = m_card->present();
    m_powered = m_powered && m_present;
}

Byte EmulatedSlot::notice() {
    if (m_notified == m_present) {
        return 0;
    }
    m_notified = m_present;
    return m_present ? 3 : 2;
}

IccStatus EmulatedSlot::icc() const {
    if (!m_present) {
        return IccStatus::absent;
    }
    return m_powered ? IccStatus::active : IccStatus::inactive;
}

Outgoing EmulatedSlot::answer(const Incoming& in) {
    const auto* row =
        std::find_if(rows.begin(), rows.end(), [&](const Row& it) { return it.request == in.request(); });
    if (row == rows.end()) {
        return failure(ccid::answer_to(in.request()), ccid::error_code::not_supported);
    }
    return (this->*row->handle)(in);
}

void EmulatedSlot::drop() {
    m_command.clear();
    m_response.clear();
}

Outgoing EmulatedSlot::get_slot_status(const Incoming&) {
    return success(Answer::slot_status);
}

Outgoing EmulatedSlot::icc_power_on(const Incoming&) {
    drop();
    if (!m_present) {
        return failure(Answer::data_block, ccid::error_code::mute);
    }
    try {
        const Bytes atr = speaks_apdus() ? m_card->power_on() : m_contacts.power_on();
        m_powered = true;
        m_untouched = true;
        default_parameters();
        Outgoing out = success(Answer::data_block, atr);
        out.time = m_options.power_on_time;
        return out;
    } catch (const std::exception& error) {
        log::warn("emulated reader: power on: {}", error.what());
        m_powered = false;
        return failure(Answer::data_block, ccid::error_code::hardware);
    }
}

Outgoing EmulatedSlot::icc_power_off(const Incoming&) {
    if (m_powered) {
        m_card->power_off();
        m_powered = false;
    }
    return success(Answer::slot_status);
}

Outgoing EmulatedSlot::xfr_block(const Incoming& in) {
    if (!m_powered) {
        return failure(Answer::data_block, ccid::error_code::mute);
    }
    if (m_options.level == ExchangeLevel::extended_apdu) {
        return xfr_extended(in);
    }
    if (m_options.level == ExchangeLevel::short_apdu) {
        const bool extended = in.data.size() > 5 && in.data[4] == 0;
        return in.data.size() > longest_short_command || extended
                   ? failure(Answer::data_block, offset::length)
                   : run_card(in.data);
    }
    try {
        first_ifs();
        return m_options.level == ExchangeLevel::tpdu ? exchange_tpdu(in.data)
                                                      : exchange_characters(in.data, in.level());
    } catch (const std::exception& error) {
        log::warn("emulated reader: the card failed: {}", error.what());
        look();
        return failure(Answer::data_block, ccid::error_code::mute);
    }
}

Outgoing EmulatedSlot::xfr_extended(const Incoming& in) {
    const std::uint16_t level = in.level();
    if (level == ccid::chain::go_on && in.data.empty() && m_response_sent < m_response.size()) {
        return send_part();
    }
    const bool begins = level == ccid::chain::whole || level == ccid::chain::first;
    if (level > ccid::chain::middle || begins != m_command.empty() ||
        m_command.size() + in.data.size() > longest_command) {
        m_command.clear();
        return failure(Answer::data_block, offset::level);
    }
    append(m_command, in.data);
    if (level == ccid::chain::first || level == ccid::chain::middle) {
        return success(Answer::data_block, {}, ccid::chain::go_on);
    }
    const SecretBytes command = std::exchange(m_command, {});
    return run_card(command);
}

Outgoing EmulatedSlot::run_card(View command) {
    try {
        m_response = m_card->transmit(command);
    } catch (const std::exception& error) {
        log::warn("emulated reader: the card failed: {}", error.what());
        look();
        return failure(Answer::data_block, ccid::error_code::mute);
    }
    m_response_sent = 0;
    Outgoing out = send_part();
    out.time = m_options.command_time;
    return out;
}

/// send_part sends as much of the response as one message takes.
Outgoing EmulatedSlot::send_part() {
    const View rest = View(m_response).subspan(m_response_sent);
    const View part = rest.first(std::min(rest.size(), payload()));
    const bool begins = m_response_sent == 0;
    const bool ends = part.size() == rest.size();
    if (!ends && m_options.level != ExchangeLevel::extended_apdu) {
        return failure(Answer::data_block, ccid::error_code::hardware);
    }
    m_response_sent += part.size();
    const Byte going_on = begins ? ccid::chain::first : ccid::chain::middle;
    const Byte ending = begins ? ccid::chain::whole : ccid::chain::last;
    return success(Answer::data_block, part, ends ? ending : going_on);
}

/// exchange_tpdu passes a T=1 block or a PPS on as it is; with T=0 the reader knows procedure bytes.
Outgoing EmulatedSlot::exchange_tpdu(View data) {
    Outgoing out{.answer = Answer::data_block, .data = {}};
    const bool t0 = m_contacts.protocol() == 0 && !(data.size() > 0 && data[0] == 0xFF);
    if (t0 && data.size() < t0::header_size) {
        return failure(Answer::data_block, offset::length);
    }
    if (t0) {
        return exchange_t0(data, out) ? out : failure(Answer::data_block, ccid::error_code::mute);
    }
    m_contacts.say(data);
    out.asks_for_time = false;
    out.data = m_contacts.listen(payload(), out.time);
    return out.data.empty() ? failure(Answer::data_block, ccid::error_code::mute) : out;
}

/// exchange_t0 is the reader's part of ISO/IEC 7816-3, 10.3; false when the card falls silent.
bool EmulatedSlot::exchange_t0(View tpdu, Outgoing& out) {
    const Byte ins = tpdu[1];
    View data = tpdu.subspan(t0::header_size);
    const bool sends = !data.empty();
    std::size_t left = sends || tpdu[4] != 0 ? tpdu[4] : 256;
    m_contacts.say(tpdu.first(t0::header_size));
    while (true) {
        const SecretBytes byte = m_contacts.listen(1, out.time);
        if (byte.empty()) {
            return false;
        }
        if (byte[0] == t0::null_byte) {
            continue;
        }
        if (is_status(byte[0]) && byte[0] != ins) {
            out.data.push_back(byte[0]);
            append(out.data, m_contacts.listen(1, out.time));
            return true;
        }
        const std::size_t count = byte[0] == ins ? left : std::min<std::size_t>(left, 1);
        if (count == 0 || (byte[0] ^ ins) % 0xFF != 0 || (sends && data.size() < count)) {
            return false;
        }
        left -= count;
        if (sends) {
            m_contacts.say(data.first(count));
            data = data.subspan(count);
        } else {
            append(out.data, m_contacts.listen(count, out.time));
        }
    }
}

/// exchange_characters passes characters on and gives at most |count| of the card's.
Outgoing EmulatedSlot::exchange_characters(View data, std::size_t count) {
    Outgoing out{.answer = Answer::data_block, .data = {}};
    if (!data.empty()) {
        m_contacts.say(data);
    }
    out.data = m_contacts.listen(std::min(count, payload()), out.time);
    return out.data.empty() && count != 0 ? failure(Answer::data_block, ccid::error_code::mute) : out;
}

/// first_ifs tells the card how long blocks may be, before the first one, where the reader does that.
void EmulatedSlot::first_ifs() {
    if (!std::exchange(m_untouched, false) || m_contacts.protocol() != 1 || !has(feature::auto_ifsd)) {
        return;
    }
    const auto ifsd = static_cast<Byte>(std::min<std::uint32_t>(m_options.max_ifsd, 254));
    const bool crc = m_options.contacts.crc;
    Milliseconds time{0};
    m_contacts.say(
        t1::encode_block(t1::pcb::ifs, View(&ifsd, 1), crc ? t1::Checksum::crc : t1::Checksum::lrc));
    m_contacts.listen(t1::longest_block, time);
}

void EmulatedSlot::default_parameters() {
    m_protocol = speaks_apdus() || m_options.contacts.t1 ? 1 : 0;
    if (!speaks_apdus() && m_powered) {
        m_protocol = m_contacts.protocol();
    }
    m_parameters = m_protocol == 0 ? Bytes(parameters_t0.begin(), parameters_t0.end())
                                   : Bytes(parameters_t1.begin(), parameters_t1.end());
}

Outgoing EmulatedSlot::get_parameters(const Incoming&) {
    return success(Answer::parameters, m_parameters, m_protocol);
}

/// set_parameters: a reader that sends the PPS does it now, when the card does not use these yet.
Outgoing EmulatedSlot::set_parameters(const Incoming& in) {
    const Byte protocol = in.specific[0];
    const bool known = protocol == 1 || (protocol == 0 && !speaks_apdus());
    if (!known) {
        return failure(Answer::parameters, offset::protocol);
    }
    if (in.data.size() != (protocol == 0 ? parameters_t0.size() : parameters_t1.size())) {
        return failure(Answer::parameters, offset::length);
    }
    if (!speaks_apdus() && m_powered) {
        if (protocol == 1 && ((in.data[1] & crc_bit) != 0) != m_options.contacts.crc) {
            return failure(Answer::parameters, 11);
        }
        const bool used = protocol == m_contacts.protocol() && in.data[0] == m_contacts.speed();
        const bool agreed = used || (has(feature::auto_pps) && m_contacts.negotiate(protocol, in.data[0]));
        if (!agreed) {
            return failure(Answer::parameters, ccid::error_code::mute);
        }
    }
    m_protocol = protocol;
    m_parameters = to_bytes(in.data);
    return get_parameters(in);
}

Outgoing EmulatedSlot::reset_parameters(const Incoming& in) {
    default_parameters();
    return get_parameters(in);
}

/// secure makes the command of what is typed on the pad, and sends it to the card.
Outgoing EmulatedSlot::secure(const Incoming& in) {
    if (!m_options.pad || m_options.level == ExchangeLevel::character) {
        return failure(Answer::data_block, ccid::error_code::not_supported);
    }
    if (!m_powered) {
        return failure(Answer::data_block, ccid::error_code::mute);
    }
    const Typed typed = enter(in.data, *m_options.pad);
    if (typed.error) {
        return failure(Answer::data_block, *typed.error);
    }
    if (!typed.status.empty()) {
        return success(Answer::data_block, typed.status);
    }
    if (speaks_apdus()) {
        return run_card(typed.apdu);
    }
    const t1::Checksum checksum = m_options.contacts.crc ? t1::Checksum::crc : t1::Checksum::lrc;
    try {
        if (m_contacts.protocol() == 0) {
            return exchange_tpdu(typed.apdu);
        }
        return exchange_tpdu(t1::encode_block(typed.prologue[1], typed.apdu, checksum));
    } catch (const std::exception& error) {
        log::warn("emulated reader: the card failed: {}", error.what());
        look();
        return failure(Answer::data_block, ccid::error_code::mute);
    }
}

}  // namespace jeton::reader::emulated
