// T=0 TPDUs in XfrBlock messages: as a whole at the TPDU level, by procedure bytes at the character level.
#pragma once

#include "reader/t0.hpp"
#include "reader/xfr.hpp"

namespace jeton::reader {

class TpduWire final : public t0::Wire {
  public:
    explicit TpduWire(Xfr& xfr) : m_xfr(xfr) {}
    SecretBytes exchange(View header, View data) override;

  private:
    Xfr& m_xfr;
};

/// ProcedureWire is the host's part of ISO/IEC 7816-3, 10.3: it reads one procedure byte at a time and does
/// what that says.
class ProcedureWire final : public t0::Wire {
  public:
    explicit ProcedureWire(Xfr& xfr) : m_xfr(xfr) {}
    SecretBytes exchange(View header, View data) override;

  private:
    Byte next_byte(View sent);
    void receive(SecretBytes& out, std::size_t count);

    Xfr& m_xfr;
};

}  // namespace jeton::reader
