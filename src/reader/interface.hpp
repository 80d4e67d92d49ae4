// Interface is one CCID interface as this process sees it: who may use it now, the open Device, the hand-over
// record, and what is remembered of each card opening.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <sys/types.h>

#include "reader/card_protocol.hpp"
#include "reader/ccid_port.hpp"
#include "reader/lease_file.hpp"
#include "reader/local_queue.hpp"
#include "reader/reader.hpp"

namespace jeton::reader {

enum class Presence { unknown, absent, present };

/// SlotMemory is what this process remembers of one card opening. The atomic members may be read by anybody,
/// the others by the thread that has the turn.
struct SlotMemory {
    std::atomic<std::uint64_t> insertion{1};
    std::atomic<Presence> presence{Presence::unknown};
    std::atomic<bool> leased{false};
    std::atomic<bool> leased_before{false};          ///< |write_generation| was taken from a record
    std::atomic<std::uint64_t> write_generation{0};  ///< of the record at our last lease
    std::atomic<int> protocol{-1};                   ///< T=0 or T=1 of the last power on, as |card| has it

    Bytes atr;
    std::uint64_t atr_insertion = 0;  ///< |insertion| when |atr| was told
    CardProtocol card;                ///< how the card with this ATR is talked to
    std::uint64_t power_generation = 0;
    std::uint32_t removals = 0;
    bool synchronised = false;        ///< |removals| was taken from a record
    std::uint64_t checked_claim = 0;  ///< the claim in which the card was last found to be ours
};

/// Interface gives threads their turn. Having the turn means: first in the queue of this process, lock of the
/// lease file, device open and claimed, nothing in flight. Local threads that wait get the turn without the
/// lock being given back, for at most one second since it was taken. The queue is the only lock that is held
/// during I/O.
class Interface final : public CcidPort, private FlightLog {
  public:
    /// |place| must outlive it. |inherited| is what a forked child got from its parent, or nullptr.
    Interface(const ReaderPlace& place, const Interface* inherited);
    ~Interface() override;
    Interface(const Interface&) = delete;  // leases point to it
    Interface& operator=(const Interface&) = delete;

    /// pid of the process that made this object; in any other it must not be used.
    pid_t pid() const { return m_pid; }

    /// enter waits for the turn; throws Error: busy when |deadline| came first, gone, protocol, unsupported.
    void enter(Deadline deadline);

    /// enter_soon is enter() that gives up almost at once and then is false. Where nothing is known of |slot|
    /// yet it waits for a burst or two.
    bool enter_soon(std::size_t slot);

    void leave() noexcept;

    /// level of the reader; opens the device when it must. May be called without the turn. Throws Error.
    ExchangeLevel level();

    /// enters_pins tells whether the reader's PIN pad can be used. As level().
    bool enters_pins(PadUse use);

    SlotMemory& memory(std::size_t slot) { return m_memory[slot]; }

    /// others_wrote looks into the record, without waiting and without the lock of the lease file, whether
    /// another process changed objects on the card in |slot|. While another thread has the turn it is false.
    bool others_wrote(std::size_t slot);

    /// told_tokens looks in the same way what the record says of the card in |slot|; 0 while another thread
    /// has the turn, and where there is no record yet.
    std::size_t told_tokens(std::size_t slot);

    // With the turn alone:
    const ClassDescriptor& descriptor() const override { return *m_descriptor; }
    const Quirks& quirks() const override { return *m_quirks; }
    ccid::Reply exchange(const ccid::Command& command, Wait wait) override;

    /// recover brings a reader that still owes an answer back into step: drain, ask, abort. No card state is
    /// trusted after that. Does nothing when nothing is in flight.
    void recover();

    SlotRecord& record(std::size_t slot) { return m_record.slots[slot]; }
    void store_record() { m_file.store(m_record); }

    /// holder_id names this process in the record; claim_number changes with each claim of the device.
    std::uint64_t holder_id() const { return m_holder_id; }
    std::uint64_t claim_number() const { return m_claim_number; }

  private:
    friend class InterfaceOwner;

    Byte launch(Byte slot) override;
    void sent() override;
    void landed() override;

    void take(Deadline deadline);
    void give_back() noexcept;
    void open_device();
    void claim_device(Deadline deadline);
    bool answers(Byte slot);
    void note(const Error& error);
    void hint_presence(std::size_t slot, Deadline deadline);

    const ReaderPlace& m_place;
    const pid_t m_pid;
    const std::uint64_t m_holder_id;
    std::array<SlotMemory, most_slots> m_memory;
    std::atomic<const Interface*> m_next_inherited{nullptr};  ///< keeps what children inherited reachable
    std::atomic<int> m_level{-1};                             ///< an ExchangeLevel, once it is known
    std::array<std::atomic<bool>, 2> m_pads{};                ///< of each PadUse, known with the level

    LocalQueue m_queue;

    // With the turn alone:
    LeaseFile m_file;
    HandoverRecord m_record;
    std::unique_ptr<Device> m_device;
    std::optional<ClassDescriptor> m_descriptor;
    const Quirks* m_quirks = nullptr;  ///< known with the descriptor
    std::optional<Transport> m_transport;
    bool m_locked = false;
    bool m_claimed = false;
    bool m_gone = false;
    Deadline::Clock::time_point m_locked_at;
    std::uint64_t m_claim_number = 0;
};

/// InterfaceOwner gives the Interface of the calling process. A forked child gets a new one: nothing of the
/// parent's is used or closed there, for it is the parent who talks to the device.
class InterfaceOwner {
  public:
    explicit InterfaceOwner(ReaderPlace place) : m_place(std::move(place)) {}
    ~InterfaceOwner();
    InterfaceOwner(const InterfaceOwner&) = delete;  // slots point to it
    InterfaceOwner& operator=(const InterfaceOwner&) = delete;

    const ReaderPlace& place() const { return m_place; }
    Interface& get();

  private:
    ReaderPlace m_place;
    std::atomic<Interface*> m_current{nullptr};
};

/// Turn gives the turn back when it ends, unless it ends in a forked child.
class Turn {
  public:
    explicit Turn(Interface& interface) : m_interface(interface) {}
    ~Turn();
    Turn(const Turn&) = delete;  // one turn, one end
    Turn& operator=(const Turn&) = delete;

    Interface& interface() const { return m_interface; }

  private:
    Interface& m_interface;
};

}  // namespace jeton::reader
