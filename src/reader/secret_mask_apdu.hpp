// Masks the secrets of APDUs that may come in pieces: a secret byte becomes FF, nothing changes its length.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "reader/secret_mask_rules.hpp"

namespace jeton::reader {

/// masked_byte stands where a secret one was.
inline constexpr Byte masked_byte = 0xFF;

/// mask_all overwrites |bytes| and gives their number.
std::size_t mask_all(std::span<Byte> bytes);

/// ApduMask follows the APDUs of one card in order. Header, Lc, Le and status words stay; where a length
/// contradicts the bytes, all that could be data goes. It keeps no byte of a data field.
class ApduMask {
  public:
    /// command masks a piece of a command in place and gives the number of masked bytes. A first piece
    /// |begins| it, a last one |ends| it.
    std::size_t command(std::span<Byte> piece, bool begins, bool ends);

    /// response masks a piece of the response to the last command.
    std::size_t response(std::span<Byte> piece, bool ends);

    /// secrets of the last command, or of the one whose pieces are coming.
    const Secrets& secrets() const { return m_outer.secrets; }

    /// distrust makes all secret until the next command begins.
    void distrust() { m_outer = {}; }

  private:
    /// Stream is a command as far as it came.
    struct Stream {
        std::array<Byte, 7> head{};
        std::size_t offset = 0;  ///< bytes that came
        bool judged = false;
        bool in_one_piece = false;
        Secrets secrets{true, true};  ///< until it is judged
    };

    /// Layout says where in a command its data lie.
    struct Layout {
        std::size_t begin = 0;  ///< of the data
        std::size_t end = 0;    ///< behind the data, if the length is right
        std::size_t le = 0;     ///< bytes behind them
    };

    static Layout layout(const Stream& stream, std::size_t total, bool ends);
    static void take_head(Stream& stream, View piece);
    std::size_t mask_stream(Stream& stream, std::span<Byte> piece, bool begins, bool ends);
    std::size_t mask_envelope(std::span<Byte> piece, const Layout& where, std::size_t before);

    SecretTracker m_tracker;
    Stream m_outer;
    Stream m_inner;  ///< the command that ENVELOPE commands carry
    bool m_inner_open = false;
};

}  // namespace jeton::reader
