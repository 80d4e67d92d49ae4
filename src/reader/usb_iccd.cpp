#include "reader/usb_iccd.hpp"

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

#include "reader/descriptor.hpp"
#include "reader/error.hpp"

namespace jeton::reader {

namespace {

using ccid::CommandStatus;
using Kind = Error::Kind;

/// bRequest of the class requests.
constexpr Byte power_on_request = 0x62;
constexpr Byte power_off_request = 0x63;
constexpr Byte transfer_request = 0x65;
constexpr Byte receive_request = 0x6F;
constexpr Byte status_request_a = 0xA0;
constexpr Byte status_request_b = 0x81;

/// The status byte of version A.
constexpr Byte busy = 0x40;
constexpr Byte mute = 0x80;
constexpr Byte data_ready = 0x10;
constexpr Byte status_word_ready = 0x20;

/// bResponseType of version B: a chain parameter, or one of these.
constexpr Byte status_response = 0x40;
constexpr Byte polling_response = 0x80;

constexpr Milliseconds polling_unit{10};
constexpr Milliseconds usual_pause{5};
constexpr Milliseconds longest_pause{1000};
constexpr std::size_t longest_transfer = 4096;  ///< that Linux carries on endpoint 0
constexpr std::size_t features_offset = 40;
constexpr std::uint32_t any_level =
    feature::level_tpdu | feature::level_short_apdu | feature::level_extended_apdu;

}  // namespace

Bytes token_descriptor(Bytes descriptor) {
    const std::span<Byte> features = std::span(descriptor).subspan(features_offset, 4);
    const auto bits = static_cast<std::uint32_t>(load_le(features));
    if ((bits & any_level) == 0) {
        store_le(features, bits | feature::level_short_apdu);
    }
    return descriptor;
}

void IccdMessages::write(View message, Deadline deadline) {
    m_pending = Pending::nothing;
    m_pause = Milliseconds(0);
    if (message.size() < ccid::header_size || message.size() - ccid::header_size > longest_transfer) {
        throw Error(Kind::unsupported, "no token takes a message of this length");
    }
    m_request = message[0];
    m_slot = message[5];
    m_seq = message[6];
    try {
        switch (static_cast<ccid::Request>(m_request)) {
            case ccid::Request::icc_power_on:
                power_on(deadline);
                break;
            case ccid::Request::icc_power_off:
                m_pipe.control_out(power_off_request, 0, {}, deadline);
                m_powered = false;
                answer(CommandStatus::ok, 0, 0);
                break;
            case ccid::Request::get_slot_status:
                status(deadline);
                break;
            case ccid::Request::xfr_block:
                transfer(message, deadline);
                break;
            default:
                answer(CommandStatus::failed, ccid::error_code::not_supported, 0);
        }
    } catch (const Error& error) {
        if (error.kind() != Kind::unsupported) {
            throw;
        }
        answer(CommandStatus::failed, ccid::error_code::mute, 0);  // the token stalls the request
    }
}

void IccdMessages::power_on(Deadline deadline) {
    m_powered = true;
    if (version_a()) {
        std::array<Byte, 64> atr{};
        const std::size_t length = m_pipe.control_in(power_on_request, 0, atr, deadline);
        answer(CommandStatus::ok, 0, 0, View(atr).first(std::min(length, atr.size())));
        return;
    }
    m_pipe.control_out(power_on_request, 1, {}, deadline);
    m_pending = Pending::token;
}

void IccdMessages::status(Deadline deadline) {
    std::array<Byte, 3> bytes{};
    m_pipe.control_in(version_a() ? status_request_a : status_request_b, 0,
                      std::span(bytes).first(version_a() ? 1 : bytes.size()), deadline);
    if (!version_a()) {
        m_powered = (bytes[0] & 3) == static_cast<Byte>(ccid::IccStatus::active);
    }
    answer(CommandStatus::ok, 0, 0);
}

void IccdMessages::transfer(View message, Deadline deadline) {
    const auto value = static_cast<std::uint16_t>(version_a() ? 0 : message[8] << 8);
    m_pipe.control_out(transfer_request, value, message.subspan(ccid::header_size), deadline);
    m_pending = Pending::token;
}

std::size_t IccdMessages::read(std::span<Byte> buffer, Deadline deadline) {
    while (m_pending == Pending::token) {
        if (deadline.passed()) {
            throw Error(Kind::timeout, "the token does not answer in time");
        }
        std::this_thread::sleep_until(std::min(deadline.at(), Deadline::Clock::now() + m_pause));
        try {
            m_pause = usual_pause;
            if (version_a() ? poll_a(deadline) : poll_b(deadline)) {
                break;
            }
        } catch (const Error& error) {
            if (error.kind() != Kind::unsupported) {
                throw;
            }
            answer(CommandStatus::failed, ccid::error_code::mute, 0);
        }
    }
    if (m_pending == Pending::nothing) {
        std::this_thread::sleep_until(deadline.at());  // as a pipe with nothing in it
        throw Error(Kind::timeout, "the token has nothing to say");
    }
    m_pending = Pending::nothing;
    const SecretBytes message = std::exchange(m_answer, {});
    if (message.size() > buffer.size()) {
        throw Error(Kind::protocol, "the token's answer is longer than any message");
    }
    std::copy(message.begin(), message.end(), buffer.begin());
    return message.size();
}

/// poll_a asks whether the answer is there, and fetches it.
bool IccdMessages::poll_a(Deadline deadline) {
    std::array<Byte, 1> state{};
    m_pipe.control_in(status_request_a, 0, state, deadline);
    if ((state[0] & mute) != 0) {
        answer(CommandStatus::failed, ccid::error_code::mute, 0);
        return true;
    }
    if ((state[0] & busy) != 0 || (state[0] & (data_ready | status_word_ready)) == 0) {
        return false;
    }
    SecretBytes data(longest_transfer);
    const std::size_t length = receive(data, deadline);
    answer(CommandStatus::ok, 0, ccid::chain::whole, View(data).first(length));
    return true;
}

bool IccdMessages::poll_b(Deadline deadline) {
    SecretBytes data(longest_transfer);
    const View got = View(data).first(receive(data, deadline));
    if (got.empty()) {
        return false;
    }
    const View rest = got.subspan(1);
    switch (got[0]) {
        case polling_response: {
            const auto units = static_cast<long>(load_le(rest.first(std::min<std::size_t>(rest.size(), 2))));
            m_pause = std::clamp<Milliseconds>(units * polling_unit, polling_unit, longest_pause);
            return false;
        }
        case status_response:
            m_powered = !rest.empty() && (rest[0] & 3) == static_cast<Byte>(ccid::IccStatus::active);
            answer(CommandStatus::failed, rest.size() > 1 ? rest[1] : ccid::error_code::mute, 0);
            return true;
        default:
            answer(CommandStatus::ok, 0, got[0], rest);
            return true;
    }
}

std::size_t IccdMessages::receive(std::span<Byte> buffer, Deadline deadline) {
    return std::min(m_pipe.control_in(receive_request, 0, buffer, deadline), buffer.size());
}

void IccdMessages::answer(CommandStatus status, Byte error, Byte specific, View data) {
    const auto icc = m_powered ? ccid::IccStatus::active : ccid::IccStatus::inactive;
    m_answer.assign(ccid::header_size, 0);
    m_answer[0] = static_cast<Byte>(ccid::answer_to(static_cast<ccid::Request>(m_request)));
    store_le(std::span(m_answer).subspan(1, 4), data.size());
    m_answer[5] = m_slot;
    m_answer[6] = m_seq;
    m_answer[7] = static_cast<Byte>(static_cast<unsigned>(status) << 6 | static_cast<unsigned>(icc));
    m_answer[8] = error;
    m_answer[9] = specific;
    append(m_answer, data);
    m_pending = Pending::answer;
}

}  // namespace jeton::reader
