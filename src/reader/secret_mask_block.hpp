// Masks the secrets in T=1 blocks (ISO/IEC 7816-3, 11.3): APDUs in chained I-blocks, which may be sent again.
#pragma once

#include <optional>

#include "reader/secret_mask_apdu.hpp"

namespace jeton::reader {

/// is_block tells whether |bytes| are one whole block with an LRC or a CRC, by its length.
bool is_block(View bytes);

enum class TpduShape { block, command, unclear };

/// shape_of tells what a host sent at the level of TPDUs: a T=1 block or a T=0 command, by |protocol| or,
/// where that is not known, by its form.
TpduShape shape_of(View data, std::optional<Byte> protocol);

/// BlockMask follows the blocks between host and one card. The check bytes are computed anew; where they were
/// wrong they stay wrong in the same bits. Of what is no whole block the prologue stays at most.
class BlockMask {
  public:
    /// command masks a block to the card and gives the number of masked bytes, check bytes not counted.
    std::size_t command(ApduMask& apdus, std::span<Byte> block);
    std::size_t response(ApduMask& apdus, std::span<Byte> block);

    /// sent_by_reader: the reader itself sends the I-block with |pcb|, which ends a command.
    void sent_by_reader(Byte pcb);

  private:
    bool m_chaining = false;           ///< more blocks of the command follow
    std::optional<Byte> m_number;      ///< N(S) of the last I-block
    std::optional<ApduMask> m_before;  ///< what was known before it, if it must be sent again
    bool m_chaining_before = false;
};

}  // namespace jeton::reader
