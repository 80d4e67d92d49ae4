#include "softcard/soft_card.hpp"

#include <algorithm>

namespace jeton::softcard {

namespace {

AtrKind kind_of(const CardState& card) {
    const auto is_on = [&](const auto& kind) { return kind.is_on(card); };
    if (std::ranges::count_if(application_kinds(), is_on) > 1) {
        return AtrKind::several;
    }
    return find_application("sc-hsm")->is_on(card) ? AtrKind::sc_hsm : AtrKind::one;
}

}  // namespace

View softcard_atr(AtrKind kind) {
    static constexpr Byte several[] = {
        0x3B, 0x8D,                        // TS, T0: TD1 follows, 13 historical bytes
        0x81, 0x31, 0xFE, 0x45,            // as below
        0x80,                              // historical bytes in compact TLV
        0x31, 0xC1,                        // card service data: selection by full and partial name, no MF
        0x73, 0xC0, 0x21, 0xC0,            // card capabilities
        0x55, 'j',  'e',  't',  'o', 'n',  // issuer's data
        0x8B,                              // TCK
    };
    static constexpr Byte sc_hsm[] = {
        0x3B, 0x8E,                                        // TS, T0: TD1 follows, 14 historical bytes
        0x81, 0x31, 0xFE, 0x45,                            // as below
        0x80, 0x73, 0xC0, 0x21, 0xC0,                      // as below
        0x58, 'j',  'e',  't',  'o',  'n', 'H', 'S', 'M',  // issuer's data
        0x23,                                              // TCK
    };
    static constexpr Byte one[] = {
        0x3B, 0x8B,                        // TS, T0: TD1 follows, 11 historical bytes
        0x81, 0x31, 0xFE, 0x45,            // TD1: T=1; TD2: T=1, TA3 and TB3 follow; TA3: IFSC; TB3: BWI, CWI
        0x80,                              // historical bytes in compact TLV
        0x73, 0xC0, 0x21, 0xC0,            // card capabilities
        0x55, 'j',  'e',  't',  'o', 'n',  // issuer's data
        0x7D,                              // TCK
    };
    return kind == AtrKind::several ? View(several) : kind == AtrKind::sc_hsm ? View(sc_hsm) : View(one);
}

Bytes SoftCard::power_on() {
    power_off();
    m_powered = m_memory.load();
    return m_powered ? to_bytes(softcard_atr(kind_of(m_memory.state()))) : Bytes{};
}

void SoftCard::power_off() {
    m_powered = false;
    m_router.reset();
    m_front.reset();
}

SecretBytes SoftCard::transmit(View command) {
    if (!m_powered || !m_memory.refresh()) {
        power_off();
        return {status::no_diagnosis >> 8, status::no_diagnosis & 0xFF};
    }
    return m_front.transmit(command);
}

}  // namespace jeton::softcard
