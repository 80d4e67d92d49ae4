#include "reader/ccid.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace jeton::reader::ccid {

namespace {

struct AnswerRow {
    Request request;
    Answer answer;
};

constexpr std::array answers{
    AnswerRow{Request::set_parameters, Answer::parameters},
    AnswerRow{Request::icc_power_on, Answer::data_block},
    AnswerRow{Request::icc_power_off, Answer::slot_status},
    AnswerRow{Request::get_slot_status, Answer::slot_status},
    AnswerRow{Request::secure, Answer::data_block},
    AnswerRow{Request::t0_apdu, Answer::slot_status},
    AnswerRow{Request::escape, Answer::escape},
    AnswerRow{Request::get_parameters, Answer::parameters},
    AnswerRow{Request::reset_parameters, Answer::parameters},
    AnswerRow{Request::icc_clock, Answer::slot_status},
    AnswerRow{Request::xfr_block, Answer::data_block},
    AnswerRow{Request::mechanical, Answer::slot_status},
    AnswerRow{Request::abort, Answer::slot_status},
    AnswerRow{Request::set_data_rate, Answer::data_rate},
};

struct ErrorRow {
    Byte code;
    Error::Kind kind;
    const char* text;
};

using Kind = Error::Kind;

/// The table of 6.2.6, then what readers of the field add.
constexpr std::array errors{
    ErrorRow{0xFF, Kind::protocol, "the command was aborted"},
    ErrorRow{0xFE, Kind::mute, "the card does not answer"},
    ErrorRow{0xFD, Kind::protocol, "parity error between reader and card"},
    ErrorRow{0xFC, Kind::protocol, "overrun between reader and card"},
    ErrorRow{0xFB, Kind::mute, "hardware error: the card cannot be powered"},
    ErrorRow{0xF8, Kind::protocol, "bad TS in the ATR"},
    ErrorRow{0xF7, Kind::protocol, "bad TCK in the ATR"},
    ErrorRow{0xF6, Kind::unsupported, "the reader does not know the card's protocol"},
    ErrorRow{0xF5, Kind::unsupported, "the reader does not have the card's voltage class"},
    ErrorRow{0xF4, Kind::protocol, "procedure byte conflict"},
    ErrorRow{0xF3, Kind::protocol, "the protocol was deactivated"},
    ErrorRow{0xF2, Kind::busy, "the reader is busy activating the card"},
    ErrorRow{0xF0, Kind::timeout, "no PIN was entered in time"},
    ErrorRow{0xEF, Kind::unsupported, "the PIN entry was cancelled"},
    ErrorRow{0xE0, Kind::busy, "the slot is busy with another command"},
    ErrorRow{0xA2, Kind::mute, "short circuit at the card"},
    ErrorRow{0xA3, Kind::protocol, "the ATR is too long"},
    ErrorRow{0xAB, Kind::protocol, "no data from the card"},
    ErrorRow{0xB0, Kind::protocol, "T=1 frame too long (EMV)"},
    ErrorRow{0xBB, Kind::protocol, "protocol error (EMV)"},
    ErrorRow{0xBD, Kind::protocol, "T=1 error"},
    ErrorRow{0xBE, Kind::protocol, "wrong length of the APDU"},
    ErrorRow{0x00, Kind::unsupported, "the reader does not have this command"},
};

const ErrorRow* find_error(Byte code) {
    const auto* row =
        std::find_if(errors.begin(), errors.end(), [&](const ErrorRow& it) { return it.code == code; });
    return row == errors.end() ? nullptr : row;
}

constexpr bool is_answer(Byte type) {
    return type >= static_cast<Byte>(Answer::data_block) && type <= static_cast<Byte>(Answer::data_rate);
}

}  // namespace

SecretBytes encode(const Command& command, Byte seq) {
    SecretBytes message(header_size);
    message[0] = static_cast<Byte>(command.request);
    store_le(std::span(message).subspan(1, 4), command.data.size());
    message[5] = command.slot;
    message[6] = seq;
    std::copy(command.specific.begin(), command.specific.end(), message.begin() + 7);
    append(message, command.data);
    return message;
}

std::optional<std::uint64_t> announced_size(View bytes) {
    if (bytes.size() < header_size || !is_answer(bytes[0])) {
        return std::nullopt;
    }
    return header_size + load_le(bytes.subspan(1, 4));
}

std::optional<Reply> parse_reply(View message) {
    const std::uint64_t announced = announced_size(message).value_or(0);
    const bool uncounted =
        !message.empty() && message[0] == static_cast<Byte>(Answer::parameters) && announced < message.size();
    if (announced < header_size || (announced != message.size() && !uncounted)) {
        return std::nullopt;
    }
    message = message.first(static_cast<std::size_t>(announced));
    Reply reply;
    reply.answer = static_cast<Answer>(message[0]);
    reply.slot = message[5];
    reply.seq = message[6];
    reply.icc = static_cast<IccStatus>(message[7] & 3);
    reply.status = static_cast<CommandStatus>(message[7] >> 6);
    reply.error = message[8];
    reply.specific = message[9];
    reply.data = message.subspan(header_size);
    return reply;
}

Answer answer_to(Request request) {
    const auto* row = std::find_if(answers.begin(), answers.end(),
                                   [&](const AnswerRow& it) { return it.request == request; });
    return row == answers.end() ? Answer::slot_status : row->answer;
}

std::string error_text(Byte error) {
    if (const ErrorRow* row = find_error(error)) {
        return row->text;
    }
    if (error <= error_code::last_parameter_offset) {
        return fmt::format("the reader refused the byte at offset {} of the message", error);
    }
    return fmt::format("error {:02X} of the reader", error);
}

Error failure(const Reply& reply, const std::string& doing) {
    if (reply.icc == IccStatus::absent) {
        return {Kind::no_card, doing + ": the card was removed"};
    }
    const ErrorRow* row = find_error(reply.error);
    return {row == nullptr ? Kind::protocol : row->kind, doing + ": " + error_text(reply.error)};
}

}  // namespace jeton::reader::ccid
