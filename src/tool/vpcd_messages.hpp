// The messages of vpcd, a virtual reader that reaches its card over a stream: two bytes of length,
// big-endian, then that many bytes. The reader asks, the card answers. One byte is a control, more are a
// command APDU.
#pragma once

#include <optional>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::tool {

struct VpcdMessage {
    /// Control numbers as they are sent; |apdu| is sent without a number.
    enum class Kind { power_off = 0, power_on = 1, reset = 2, get_atr = 4, apdu = 0x100 };

    Kind kind = Kind::power_off;
    SecretBytes apdu;  ///< of Kind::apdu: at least 2 bytes
};

/// VpcdDecoder cuts a stream into messages.
class VpcdDecoder {
  public:
    /// feed takes the next piece of the stream, of any length.
    void feed(View piece) { append(m_pending, piece); }

    /// next gives the next whole message; nullopt until more is fed. Throws Failure for what no virtual
    /// reader sends; nothing after that makes sense.
    std::optional<VpcdMessage> next();

    /// in_message tells whether a message has begun and its rest is missing.
    bool in_message() const { return !m_pending.empty(); }

  private:
    SecretBytes m_pending;
};

/// vpcd_longest is the longest message that the length field can tell.
inline constexpr std::size_t vpcd_longest = 0xFFFF;

/// vpcd_frame puts the length before |message|, of at most vpcd_longest bytes.
SecretBytes vpcd_frame(View message);

}  // namespace jeton::tool
