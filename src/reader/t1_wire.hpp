// T=1 blocks in XfrBlock messages, at the TPDU and the character level.
#pragma once

#include "reader/t1.hpp"
#include "reader/xfr.hpp"

namespace jeton::reader {

class BlockWire final : public t1::Wire {
  public:
    /// |xfr| must outlive it.
    BlockWire(Xfr& xfr, t1::Checksum checksum) : m_xfr(xfr), m_checksum(checksum) {}

    std::optional<SecretBytes> exchange(View block, Byte waiting) override;
    std::size_t room() const override;

  private:
    bool add(SecretBytes& out, const ccid::Reply& reply) const;

    Xfr& m_xfr;
    t1::Checksum m_checksum;
};

/// block_room is the longest T=1 block that |reader| carries, checksum included.
std::size_t block_room(const ClassDescriptor& reader);

}  // namespace jeton::reader
