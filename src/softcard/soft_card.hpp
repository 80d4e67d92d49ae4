// A software card in the emulated reader: power, contacts and memory together.
#pragma once

#include <memory>

#include "reader/simulated_card.hpp"
#include "softcard/apdu_front.hpp"
#include "softcard/applications.hpp"
#include "softcard/card_memory.hpp"

namespace jeton::softcard {

/// softcard_atr is the ATR of a software card: direct convention, T=1 with IFSC 254 and waiting times BWI
/// 4, CWI 5; the historical bytes say selection by full and partial name, command chaining and extended
/// lengths (ISO/IEC 7816-4, 12.1.1.9), and "jeton" as issuer's data. So that hosts know without asking, that
/// of a card with several applications has card service data too (12.1.1.7), and that of a card with the
/// application sc-hsm alone says "jetonHSM".
enum class AtrKind { one, sc_hsm, several };
View softcard_atr(AtrKind kind = AtrKind::one);

/// SoftCard is used by one thread at a time, present() aside. Each process has one of its own for the same
/// file; what they hold without power is separate, as if each had reset the card.
class SoftCard final : public reader::SimulatedCard {
  public:
    explicit SoftCard(std::unique_ptr<Storage> storage, const CardOptions& options = {})
        : m_memory(std::move(storage)), m_router(run_applications(m_memory, options)) {}

    bool present() override { return m_memory.usable(); }

    /// power_on gives no bytes at all, as a mute card does, when the card is gone.
    Bytes power_on() override;
    void power_off() override;

    /// transmit answers 6F00 without power, or when the card is gone or was exchanged since the last power
    /// on.
    SecretBytes transmit(View command) override;

  private:
    CardMemory m_memory;
    Router m_router;
    ApduFront m_front{m_router};
    bool m_powered = false;
};

}  // namespace jeton::softcard
