// CCID messages (CCID rev 1.1, 6): encoded for the reader, parsed from it.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "reader/error.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::reader::ccid {

inline constexpr std::size_t header_size = 10;

/// Request is bMessageType of a message to the reader (6.1).
enum class Request : Byte {
    set_parameters = 0x61,
    icc_power_on = 0x62,
    icc_power_off = 0x63,
    get_slot_status = 0x65,
    secure = 0x69,
    t0_apdu = 0x6A,
    escape = 0x6B,
    get_parameters = 0x6C,
    reset_parameters = 0x6D,
    icc_clock = 0x6E,
    xfr_block = 0x6F,
    mechanical = 0x71,
    abort = 0x72,
    set_data_rate = 0x73,
};

/// Answer is bMessageType of a message from the reader (6.2).
enum class Answer : Byte {
    data_block = 0x80,
    slot_status = 0x81,
    parameters = 0x82,
    escape = 0x83,
    data_rate = 0x84,
};

/// IccStatus is bmICCStatus of bStatus.
enum class IccStatus : Byte { active = 0, inactive = 1, absent = 2, reserved = 3 };

/// CommandStatus is bmCommandStatus of bStatus.
enum class CommandStatus : Byte { ok = 0, failed = 1, time_extension = 2, reserved = 3 };

/// chain has the values of wLevelParameter of XfrBlock and bChainParameter of DataBlock at the extended APDU
/// level.
namespace chain {
inline constexpr Byte whole = 0x00;   ///< begins and ends
inline constexpr Byte first = 0x01;   ///< begins, more follow
inline constexpr Byte last = 0x02;    ///< ends
inline constexpr Byte middle = 0x03;  ///< more follow
inline constexpr Byte go_on = 0x10;   ///< empty: send the next part
}  // namespace chain

/// error_code names the values of bError that this layer acts on (6.2.6).
namespace error_code {
inline constexpr Byte not_supported = 0x00;
inline constexpr Byte last_parameter_offset =
    0x7F;  ///< 1 to here: the offset of the parameter that was refused
inline constexpr Byte slot_busy = 0xE0;
inline constexpr Byte pin_cancelled = 0xEF;
inline constexpr Byte pin_timeout = 0xF0;
inline constexpr Byte busy_with_auto_sequence = 0xF2;
inline constexpr Byte hardware = 0xFB;
inline constexpr Byte overrun = 0xFC;
inline constexpr Byte parity = 0xFD;
inline constexpr Byte mute = 0xFE;
inline constexpr Byte aborted = 0xFF;
}  // namespace error_code

/// Command is a message to the reader, without its bSeq.
struct Command {
    Request request;
    Byte slot = 0;
    std::array<Byte, 3> specific{};  ///< bytes 7 to 9
    View data;
};

/// encode makes the message with |seq|. The memory is secret: it may carry a PIN.
SecretBytes encode(const Command& command, Byte seq);

/// Reply is a message from the reader; |data| points into what was parsed.
struct Reply {
    Answer answer = Answer::slot_status;
    Byte slot = 0;
    Byte seq = 0;
    IccStatus icc = IccStatus::absent;
    CommandStatus status = CommandStatus::failed;
    Byte error = 0;     ///< of a failed command; the multiplier of a time extension
    Byte specific = 0;  ///< byte 9: bChainParameter, bClockStatus, bProtocolNum
    View data;
};

/// announced_size is how long a message that begins with these bytes says it is; nullopt when there is no
/// whole header of a known type.
std::optional<std::uint64_t> announced_size(View bytes);

/// parse_reply reads one whole message; nullopt when it is short, of no known type, or its dwLength disagrees
/// with the bytes received. Readers are known that send parameters which they do not count: those are left
/// out.
std::optional<Reply> parse_reply(View message);

/// answer_to is the type of message that ends |request|.
Answer answer_to(Request request);

/// failure makes the Error of a failed reply: no_card when the card is absent, whatever bError says.
Error failure(const Reply& reply, const std::string& doing);

/// error_text explains bError of a failed command.
std::string error_text(Byte error);

}  // namespace jeton::reader::ccid
