// Tokens that are card and reader in one (ICCD, interface protocols 1 and 2): CCID messages, as the layers
// above write them, become class requests on endpoint 0.
#pragma once

#include <optional>

#include "reader/ccid.hpp"
#include "reader/usb_descriptors.hpp"
#include "reader/usb_pipe.hpp"
#include "util/secret.hpp"

namespace jeton::reader {

/// token_descriptor is |descriptor| with an exchange level, where it names none: a token takes whole APDUs.
Bytes token_descriptor(Bytes descriptor);

/// IccdMessages is the pair of bulk pipes that a token does not have: one message in, its answer out.
class IccdMessages {
  public:
    /// |pipe| must outlive it.
    IccdMessages(UsbPipe& pipe, CcidInterface::Carrier version) : m_pipe(pipe), m_version(version) {}

    /// write carries out a message to the reader. Throws Error: gone, timeout.
    void write(View message, Deadline deadline);

    /// read gives the answer, once the token has it. Throws Error: gone, timeout.
    std::size_t read(std::span<Byte> buffer, Deadline deadline);

  private:
    enum class Pending { nothing, answer, token };

    bool version_a() const { return m_version == CcidInterface::Carrier::iccd_a; }
    void power_on(Deadline deadline);
    void status(Deadline deadline);
    void transfer(View message, Deadline deadline);
    bool poll_a(Deadline deadline);
    bool poll_b(Deadline deadline);
    std::size_t receive(std::span<Byte> buffer, Deadline deadline);
    void answer(ccid::CommandStatus status, Byte error, Byte specific, View data = {});

    UsbPipe& m_pipe;
    const CcidInterface::Carrier m_version;
    Pending m_pending = Pending::nothing;
    bool m_powered = false;
    Byte m_request = 0;  ///< bMessageType of the message at hand
    Byte m_slot = 0;
    Byte m_seq = 0;
    SecretBytes m_answer;
    Milliseconds m_pause{0};  ///< until the token wants to be asked again
};

}  // namespace jeton::reader
