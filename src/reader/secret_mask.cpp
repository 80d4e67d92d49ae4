#include "reader/secret_mask.hpp"

#include <algorithm>
#include <bit>
#include <fmt/core.h>
#include <utility>

#include "reader/atr.hpp"
#include "reader/card_link.hpp"
#include "reader/t1_block.hpp"

namespace jeton::reader {

namespace {

using ccid::Answer;
using ccid::Request;

constexpr std::size_t place_of_slot = 5;
constexpr std::size_t place_of_seq = 6;
constexpr std::size_t place_of_specific = 7;
constexpr std::size_t place_of_level = 8;
constexpr std::size_t place_of_last_specific = 9;
constexpr std::size_t longest_parameters = 8;
constexpr std::string_view remark_begins = "masked: ";

std::span<Byte> behind(std::span<Byte> bytes, std::size_t count) {
    return bytes.subspan(std::min(count, bytes.size()));
}

/// is_pps recognises a protocol and parameters selection, either way (ISO/IEC 7816-3, 9.2).
bool is_pps(View data) {
    if (data.size() < 3 || data.size() > 6 || data[0] != 0xFF) {
        return false;
    }
    const auto given = static_cast<std::size_t>(std::popcount(static_cast<unsigned>(data[1] & 0x70)));
    Byte sum = 0;
    for (const Byte byte : data) {
        sum ^= byte;
    }
    return data.size() == 3 + given && sum == 0;
}

std::size_t mask_if_longer(std::span<Byte> data, std::size_t limit) {
    return data.size() > limit ? mask_all(data) : 0;
}

}  // namespace

std::size_t SecretMask::to_reader(std::span<Byte> message) {
    m_rest = 0;
    if (message.size() < ccid::header_size) {
        return mask_all(message);
    }
    const std::span<Byte> data = message.subspan(ccid::header_size);
    Expected& expected = m_expected[{message[place_of_slot], message[place_of_seq]}];
    expected = {.known = true};
    if (load_le(View(message).subspan(1, 4)) != data.size()) {
        return mask_all(data);
    }
    Opening& opening = m_openings[message[place_of_slot]];
    switch (static_cast<Request>(message[0])) {
        case Request::icc_power_on:
        case Request::icc_power_off:
            opening = {};
            expected.is_atr = true;
            expected.secret = false;
            return mask_if_longer(data, 0);
        case Request::set_parameters:
            opening.protocol.reset();
            if (message[place_of_specific] <= 1) {
                opening.protocol = message[place_of_specific];
            }
            expected.secret = false;
            return mask_if_longer(data, longest_parameters);
        case Request::xfr_block:
            return mask_transfer(opening, expected, message);
        case Request::secure:
            return mask_secure(opening, expected, message);
        case Request::get_slot_status:
        case Request::get_parameters:
        case Request::reset_parameters:
        case Request::icc_clock:
        case Request::mechanical:
        case Request::set_data_rate:
        case Request::abort:
        case Request::t0_apdu:
            expected.secret = false;
            return mask_if_longer(data, longest_parameters);
        case Request::escape:
            break;
    }
    return mask_all(data);
}

std::size_t SecretMask::mask_transfer(Opening& opening, Expected& expected, std::span<Byte> message) {
    const std::span<Byte> data = message.subspan(ccid::header_size);
    std::size_t masked = 0;
    if (m_level == ExchangeLevel::extended_apdu) {
        const Byte level = message[place_of_level];
        const bool begins = level == ccid::chain::whole || level == ccid::chain::first;
        const bool ends = level == ccid::chain::whole || level == ccid::chain::last;
        expected.carries = Carries::apdu;
        if (level != ccid::chain::go_on || !data.empty()) {
            masked = level > ccid::chain::middle || (!begins && !opening.command_open)
                         ? mask_all(data)
                         : opening.apdus.command(data, begins, ends);
            opening.command_open = level <= ccid::chain::middle && !ends;
        }
    } else if (m_level == ExchangeLevel::short_apdu) {
        expected.carries = Carries::apdu;
        masked = opening.apdus.command(data, true, true);
    } else {
        masked = mask_tpdu(opening, expected, data);
    }
    expected.secret = opening.apdus.secrets().response;
    return masked;
}

std::size_t SecretMask::mask_tpdu(Opening& opening, Expected& expected, std::span<Byte> data) {
    expected.carries = Carries::nothing;
    if (data.empty() || (is_pps(data) && !opening.character_command)) {
        return 0;
    }
    opening.has_response_prologue = false;
    const TpduShape shape = shape_of(data, opening.protocol);
    if (shape == TpduShape::block) {
        expected.carries = Carries::block;
        return opening.blocks.command(opening.apdus, data);
    }
    if (shape == TpduShape::unclear) {  // nothing is shown, until a command that is clear
        opening.apdus.distrust();
        return mask_all(behind(data, 3));
    }
    if (m_level == ExchangeLevel::character) {
        expected.carries = Carries::characters;
        return mask_characters(opening, data);
    }
    expected.carries = Carries::apdu;
    return opening.apdus.command(data, true, true);
}

/// mask_characters: at the character level data follow their header in messages of their own, when the card
/// asks for them. Of those nothing is shown.
std::size_t SecretMask::mask_characters(Opening& opening, std::span<Byte> data) {
    const bool is_data = opening.character_command && opening.apdus.secrets().command;
    if (data.size() < command_header_and_lc || is_data) {
        return mask_all(data);
    }
    opening.character_command = data[1];
    opening.apdus.command(data.first(command_header_and_lc), true, false);
    return mask_all(data.subspan(command_header_and_lc));
}

/// mask_secure: the template of the command in which the reader puts a PIN (CCID rev 1.1, 6.1.11).
std::size_t SecretMask::mask_secure(Opening& opening, Expected& expected, std::span<Byte> message) {
    constexpr std::size_t place_of_operation = 10;
    constexpr std::size_t place_of_number = 21;  // bNumberMessage of a modification
    const std::size_t shown = place_of_operation + 1;
    expected.carries = Carries::apdu;
    opening.apdus.distrust();
    if (message.size() <= place_of_number || message[place_of_operation] > 1) {
        return mask_all(behind(message, shown));
    }
    std::size_t begin = 25;
    if (message[place_of_operation] == 1) {
        const Byte number = message[place_of_number];
        begin = number == 0 ? 28 : number == 3 ? 30 : 29;
    }
    if (message.size() >= begin && message[begin - t1::prologue_size + 2] != 0) {
        opening.blocks.sent_by_reader(message[begin - t1::prologue_size + 1]);
        expected.carries = Carries::block;
    }
    return mask_all(behind(message, begin + command_header_and_lc));
}

std::size_t SecretMask::from_reader(std::span<Byte> transfer) {
    if (m_rest > 0) {
        m_rest -= std::min(m_rest, transfer.size());
        return mask_all(transfer);
    }
    const auto announced = ccid::announced_size(transfer);
    if (!announced) {
        return mask_all(transfer);
    }
    if (*announced != transfer.size()) {
        m_rest = *announced > transfer.size() ? static_cast<std::size_t>(*announced - transfer.size()) : 0;
        return mask_all(transfer.subspan(ccid::header_size));
    }
    return mask_answer(transfer);
}

std::size_t SecretMask::mask_answer(std::span<Byte> message) {
    const std::span<Byte> data = message.subspan(ccid::header_size);
    Opening& opening = m_openings[message[place_of_slot]];
    const Expected expected = m_expected[{message[place_of_slot], message[place_of_seq]}];
    switch (static_cast<Answer>(message[0])) {
        case Answer::slot_status:
        case Answer::data_rate:
            return mask_if_longer(data, longest_parameters);
        case Answer::parameters:
            if (message[place_of_last_specific] <= 1 && !data.empty()) {
                opening.protocol = message[place_of_last_specific];
            }
            return mask_if_longer(data, longest_parameters);
        case Answer::escape:
            return mask_all(data);
        case Answer::data_block:
            break;
    }
    if (expected.is_atr) {
        learn_protocols(opening, data);
        return mask_if_longer(data, longest_atr);
    }
    if (!expected.known) {
        return mask_all(data);
    }
    if (expected.carries == Carries::block) {
        return mask_block_answer(opening, data, expected.secret);
    }
    if (expected.carries == Carries::characters) {
        end_characters(opening, data);
        return expected.secret && data.size() > 2 ? mask_all(data) : 0;
    }
    if (expected.carries == Carries::nothing) {
        return expected.secret && !is_pps(data) ? mask_all(data) : 0;
    }
    const Byte chain = m_level == ExchangeLevel::extended_apdu ? message[place_of_last_specific] : Byte{0};
    const bool ends = chain == ccid::chain::whole || chain == ccid::chain::last;
    return expected.secret == opening.apdus.secrets().response ? opening.apdus.response(data, ends)
           : expected.secret                                   ? mask_all(data)
                                                               : 0;
}

std::size_t SecretMask::mask_block_answer(Opening& opening, std::span<Byte> data, bool secret) {
    if (secret != opening.apdus.secrets().response) {
        return secret ? mask_all(data) : 0;  // it comes late
    }
    if (data.size() == t1::prologue_size && !opening.has_response_prologue) {
        std::ranges::copy(data, opening.response_prologue.begin());
        opening.has_response_prologue = true;
        return 0;
    }
    if (!std::exchange(opening.has_response_prologue, false)) {
        return opening.blocks.response(opening.apdus, data);
    }
    SecretBytes block(opening.response_prologue.begin(), opening.response_prologue.end());
    append(block, data);
    const std::size_t masked = opening.blocks.response(opening.apdus, block);
    std::copy(block.begin() + t1::prologue_size, block.end(), data.begin());
    return masked;
}

/// end_characters: a status word ends a T=0 command, a procedure byte asks for its data (ISO/IEC 7816-3,
/// 10.3.3).
void SecretMask::end_characters(Opening& opening, View answer) {
    if (answer.empty() || !opening.character_command) {
        return;
    }
    const auto is_status = [](Byte byte) { return (byte > 0x60 && byte < 0x70) || (byte & 0xF0) == 0x90; };
    const bool after_data = answer.size() >= 2 && is_status(answer[answer.size() - 2]);
    if (is_status(answer[0]) || after_data) {
        opening.character_command.reset();
    }
}

/// learn_protocols: a card that offers one protocol will not speak another.
void SecretMask::learn_protocols(Opening& opening, View bytes) {
    const auto atr = parse_atr(bytes);
    if (!atr) {
        return;
    }
    if (atr->protocols == 1U) {
        opening.protocol = 0;
    } else if (atr->protocols == 2U) {
        opening.protocol = 1;
    }
}

std::size_t SecretMask::interrupt(std::span<Byte> notification) {
    constexpr Byte slot_change = 0x50;
    constexpr Byte hardware_error = 0x51;
    const std::size_t limit = notification.empty()                ? 0
                              : notification[0] == slot_change    ? 65
                              : notification[0] == hardware_error ? 4
                                                                  : 1;
    return notification.size() <= limit ? 0 : mask_all(behind(notification, 1));
}

std::string mask_remark(std::size_t count) {
    return fmt::format("{}{} secret bytes are FF", remark_begins, count);
}

bool is_mask_remark(std::string_view remark) {
    return remark.starts_with(remark_begins);
}

}  // namespace jeton::reader
