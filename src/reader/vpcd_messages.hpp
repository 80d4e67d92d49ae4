// The messages of vpcd, a virtual reader that reaches its card over a stream: two bytes of length,
// big-endian, then that many bytes. The reader asks, the card answers. What the reader asks is a control, of
// one byte, or else a command APDU; the answers are the ATR and response APDUs.
#pragma once

#include <optional>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::reader {

struct VpcdMessage {
    /// Control numbers as they are sent; |apdu| is sent without a number. Only get_atr and apdu are answered.
    enum class Kind { power_off = 0, power_on = 1, reset = 2, get_atr = 4, apdu = 0x100 };

    Kind kind = Kind::power_off;
    SecretBytes apdu;  ///< of Kind::apdu: at least 2 bytes
};

/// vpcd_longest is the longest message that the length field can tell.
inline constexpr std::size_t vpcd_longest = 0xFFFF;

/// VpcdFrames cuts a stream into what was framed.
class VpcdFrames {
  public:
    /// feed takes the next piece of the stream, of any length.
    void feed(View piece) { append(m_pending, piece); }

    /// next gives the next whole content, without its length; nullopt until more is fed. Throws
    /// Error(protocol) as soon as a length is told that is less than |shortest| or more than |longest|;
    /// nothing after that makes sense.
    std::optional<SecretBytes> next(std::size_t shortest = 1, std::size_t longest = vpcd_longest);

    /// in_frame tells whether a frame has begun, be it whole or not.
    bool in_frame() const { return !m_pending.empty(); }

  private:
    SecretBytes m_pending;
};

/// VpcdDecoder is the card's side: it reads what a virtual reader sends.
class VpcdDecoder {
  public:
    void feed(View piece) { m_frames.feed(piece); }

    /// next gives the next whole message; nullopt until more is fed. Throws Error(protocol) for what no
    /// virtual reader sends; nothing after that makes sense.
    std::optional<VpcdMessage> next();

    /// in_message tells whether a message has begun and its rest is missing.
    bool in_message() const { return m_frames.in_frame(); }

  private:
    VpcdFrames m_frames;
};

/// vpcd_frame puts the length before |message|, of at most vpcd_longest bytes. Throws Error(unsupported).
SecretBytes vpcd_frame(View message);

}  // namespace jeton::reader
