// What comes into an emulated reader, and what goes out.
#pragma once

#include <array>

#include "reader/ccid.hpp"
#include "util/deadline.hpp"
#include "util/secret.hpp"

namespace jeton::reader::emulated {

/// asks_after is the work after which a card asks for more time, but over T=0; its waiting time is a little
/// longer.
inline constexpr Milliseconds asks_after{1000};

/// Incoming is a message from the host, its fields where 6.1 has them.
struct Incoming {
    Byte type = 0;
    Byte slot = 0;
    Byte seq = 0;
    std::array<Byte, 3> specific{};  ///< bytes 7 to 9
    View data;
    bool length_fits = false;

    ccid::Request request() const { return static_cast<ccid::Request>(type); }

    /// level is wLevelParameter.
    std::uint16_t level() const { return static_cast<std::uint16_t>(specific[1] | specific[2] << 8); }
};

/// Outgoing is the answer to it.
struct Outgoing {
    ccid::Answer answer = ccid::Answer::slot_status;
    bool failed = false;
    Byte error = 0;
    Byte specific = 0;
    SecretBytes data;
    Milliseconds time{0};       ///< until it can be read
    bool asks_for_time = true;  ///< meanwhile the reader says that the card asked for more, whenever it would
};

inline Outgoing success(ccid::Answer answer, View data = {}, Byte specific = 0) {
    return {.answer = answer, .specific = specific, .data = to_secret(data)};
}

inline Outgoing failure(ccid::Answer answer, Byte error) {
    return {.answer = answer, .failed = true, .error = error, .data = {}};
}

/// refusal of a field has its offset in the message as bError.
namespace offset {
inline constexpr Byte length = 1;
inline constexpr Byte slot = 5;
inline constexpr Byte protocol = 7;
inline constexpr Byte level = 8;
}  // namespace offset

/// Utterance is what a card says, after a pause.
struct Utterance {
    Milliseconds pause{0};
    SecretBytes bytes;
};

}  // namespace jeton::reader::emulated
