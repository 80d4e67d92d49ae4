// Blocks of T=1 (ISO/IEC 7816-3, 11.3): NAD, PCB, LEN, up to 254 bytes of information, and a checksum.
#pragma once

#include <variant>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::reader::t1 {

/// Checksum is the epilogue: one byte (LRC) or two (CRC).
enum class Checksum { lrc, crc };

inline constexpr std::size_t prologue_size = 3;
inline constexpr std::size_t longest_information = 254;

constexpr std::size_t checksum_size(Checksum checksum) {
    return checksum == Checksum::lrc ? 1 : 2;
}

/// longest_block is prologue, information and epilogue.
inline constexpr std::size_t longest_block = prologue_size + longest_information + 2;

/// pcb has the bits of PCB (11.3.2.2).
namespace pcb {
inline constexpr Byte number_sent = 0x40;    ///< N(S) of an I-block
inline constexpr Byte more = 0x20;           ///< M of an I-block: its chain goes on
inline constexpr Byte ready = 0x80;          ///< an R-block
inline constexpr Byte number_wanted = 0x10;  ///< N(R) of an R-block
inline constexpr Byte resynch = 0xC0;        ///< S-blocks: requests, with |response| their responses
inline constexpr Byte ifs = 0xC1;
inline constexpr Byte abort = 0xC2;
inline constexpr Byte wtx = 0xC3;
inline constexpr Byte response = 0x20;
}  // namespace pcb

/// Damage is why a block is not accepted, as the low bits of an R-block tell it.
enum class Damage : Byte { none = 0, checksum = 1, other = 2 };

/// Block is a block whose form is right; |information| points into what was parsed.
struct Block {
    Byte nad = 0;
    Byte pcb = 0;
    View information;

    bool is_information() const { return (pcb & 0x80) == 0; }
    bool is_ready() const { return (pcb & 0xC0) == 0x80; }

    /// number is N(S) of an I-block and N(R) of an R-block.
    Byte number() const {
        const Byte bit = is_information() ? pcb::number_sent : pcb::number_wanted;
        return (pcb & bit) != 0 ? 1 : 0;
    }
    bool more() const { return is_information() && (pcb & pcb::more) != 0; }
};

/// encode_block makes a block of NAD 0; |information| has at most 254 bytes.
SecretBytes encode_block(Byte pcb, View information, Checksum checksum);

/// information_pcb and ready_pcb make the PCB of an I-block and of an R-block.
Byte information_pcb(Byte number, bool more);
Byte ready_pcb(Byte number, Damage damage);

/// parse_block reads one whole block. It is damaged when it is short, LEN does not agree with its size, the
/// checksum is wrong, NAD is not 0, or PCB is none that the standard knows.
std::variant<Block, Damage> parse_block(View bytes, Checksum checksum);

}  // namespace jeton::reader::t1
