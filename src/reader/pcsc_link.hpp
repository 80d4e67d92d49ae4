// PcscLink is a card opening that pcscd drives, as a CardLink.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "reader/apdu_log.hpp"
#include "reader/pcsc_session.hpp"

namespace jeton::reader {

/// PcscLink shares the card with other programs: each Lease is a transaction of PC/SC, and between Leases
/// there is not even a connection, so that a program that wants the card to itself (GnuPG does) gets it.
/// hold() changes that.
///
/// Deadlines: waiting for the turn is bounded by us. How long the reader may take with a command is for its
/// driver to say, which has the card's waiting times; libpcsclite waits for pcscd without limit.
class PcscLink final : public CardLink {
  public:
    /// |library| must outlive it. |reader| is pcscd's name of the reader.
    PcscLink(const pcsc::Library& library, std::string reader);
    ~PcscLink() override;
    PcscLink(const PcscLink&) = delete;  // bursts point to it
    PcscLink& operator=(const PcscLink&) = delete;

    std::string name() const override { return m_reader; }
    LinkLimits limits() const override;
    bool present() override;
    std::uint64_t insertion() const override;
    std::unique_ptr<Lease> acquire(Deadline deadline) override;
    void hold(bool on) override { m_hold = on; }
    View atr() const override;
    SecretBytes transmit(View command, Milliseconds limit) override;
    void reset() override;

  private:
    class Burst;

    PcscSession& session() const;
    PcscSession& leased() const;

    const pcsc::Library& m_library;
    const std::string m_reader;
    mutable std::atomic<PcscSession*> m_session{nullptr};
    std::atomic<bool> m_leased{false};
    std::atomic<bool> m_hold{false};
    ApduLog m_log;  ///< under a Lease
};

}  // namespace jeton::reader
