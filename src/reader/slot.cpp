#include "reader/slot.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "reader/activation.hpp"
#include "reader/apdu_exchange.hpp"
#include "reader/parameters.hpp"
#include "reader/pinpad.hpp"
#include "util/log.hpp"

namespace jeton::reader {

using Kind = Error::Kind;

/// Burst is the Lease of a Slot. In a forked child it ends without doing anything: the parent has the lease.
class Slot::Burst final : public Lease {
  public:
    Burst(Slot& slot, Interface& interface, std::unique_ptr<Turn> turn, Continuity continuity, bool wrote)
        : m_slot(slot),
          m_interface(interface),
          m_turn(std::move(turn)),
          m_continuity(continuity),
          m_wrote(wrote) {
        m_interface.memory(m_slot.m_index).leased = true;
    }
    ~Burst() override { m_interface.memory(m_slot.m_index).leased = false; }
    Burst(const Burst&) = delete;  // one lease, one end
    Burst& operator=(const Burst&) = delete;

    Continuity continuity() const override { return m_continuity; }
    bool others_wrote() const override { return m_wrote; }

    void mark_written() override {
        m_slot.leased_interface();
        const std::uint64_t generation = ++m_interface.record(m_slot.m_index).write_generation;
        m_interface.memory(m_slot.m_index).write_generation = generation;
        m_interface.store_record();
    }

  private:
    Slot& m_slot;
    Interface& m_interface;
    std::unique_ptr<Turn> m_turn;
    Continuity m_continuity;
    bool m_wrote;
};

std::string Slot::name() const {
    const std::string& reader = m_owner.place().name;
    return m_index == 0 ? reader : fmt::format("{} slot {}", reader, m_index);
}

LinkLimits Slot::limits() const {
    try {
        Interface& interface = m_owner.get();
        const ExchangeLevel level = interface.level();
        const bool apdus = level == ExchangeLevel::extended_apdu || level == ExchangeLevel::short_apdu;
        const bool t1 = interface.memory(m_index).protocol == 1;
        return {.extended_apdu = apdus ? level == ExchangeLevel::extended_apdu : true,
                .by_envelope = !apdus && !t1};
    } catch (const Error& error) {
        // Whoever asks goes on to acquire(), which meets the same error and tells it.
        log::debug("{}: limits unknown: {}", name(), error.what());
        return {};
    }
}

bool Slot::present() {
    Interface& interface = m_owner.get();
    SlotMemory& memory = interface.memory(m_index);
    if (interface.enter_soon(m_index)) {
        const Turn turn(interface);
        try {
            note_status(interface, request_status(interface, number()));
        } catch (const Error& error) {
            if (error.kind() == Kind::gone) {
                throw;
            }
            log::warn("{}: cannot tell whether there is a card: {}", name(), error.what());
        }
    }
    return memory.presence == Presence::present;
}

std::uint64_t Slot::insertion() const {
    return m_owner.get().memory(m_index).insertion;
}

std::unique_ptr<Lease> Slot::acquire(Deadline deadline) {
    Interface& interface = m_owner.get();
    interface.enter(deadline);
    auto turn = std::make_unique<Turn>(interface);
    const Continuity continuity = establish(interface);
    const bool wrote = take_note_of_writes(interface);
    return std::make_unique<Burst>(*this, interface, std::move(turn), continuity, wrote);
}

bool Slot::others_wrote() {
    return m_owner.get().others_wrote(m_index);
}

std::size_t Slot::told_tokens() {
    return m_owner.get().told_tokens(m_index);
}

void Slot::tell_tokens(std::size_t count) {
    Interface& interface = leased_interface();
    interface.record(m_index).tokens = static_cast<Byte>(std::min<std::size_t>(count, 0xFF));
    interface.store_record();
}

View Slot::atr() const {
    return m_owner.get().memory(m_index).atr;
}

/// guarded runs |exchange| and keeps book of what it means for the card: ours or not, there or not.
template <typename Exchange>
ApduResult Slot::guarded(Interface& interface, Exchange&& exchange) {
    try {
        ApduResult result = exchange();
        if (result.icc != ccid::IccStatus::active) {
            distrust(interface);
        }
        return result;
    } catch (const Error& error) {
        log::print(log::Level::apdu, "{} < {}", name(), error.what());
        if (error.kind() == Kind::no_card) {
            note_status(interface, ccid::IccStatus::absent);
        } else if (error.kind() != Kind::unsupported || interface.memory(m_index).card.t1.out_of_step) {
            distrust(interface);
        }
        throw;
    }
}

SecretBytes Slot::transmit(View command, Milliseconds limit) {
    Interface& interface = leased_interface();
    if (log::enabled(log::Level::apdu)) {
        log::write(log::Level::apdu, name() + " " + m_log.command(command));
    }
    ApduResult result = guarded(interface, [&] {
        return exchange_apdu(interface, number(), interface.memory(m_index).card, command, limit);
    });
    if (log::enabled(log::Level::apdu)) {
        log::write(log::Level::apdu, name() + " " + m_log.response(result.response));
    }
    return std::move(result.response);
}

bool Slot::has_pinpad(PadUse use) const {
    try {
        return m_owner.place().pinpad && m_owner.get().enters_pins(use);
    } catch (const Error& error) {
        log::debug("{}: PIN pad unknown: {}", name(), error.what());
        return false;
    }
}

SecretBytes Slot::verify_on_pinpad(const PinEntry& entry) {
    return on_pinpad(entry, PadUse::verify);
}

SecretBytes Slot::modify_on_pinpad(const PinEntry& entry) {
    return on_pinpad(entry, PadUse::modify);
}

SecretBytes Slot::on_pinpad(const PinEntry& entry, PadUse use) {
    Interface& interface = leased_interface();
    if (!has_pinpad(use)) {
        throw Error(Kind::unsupported, name() + " has no PIN pad");
    }
    log::print(log::Level::apdu, "{} > PIN pad: {}", name(), to_hex(entry.header));
    ApduResult result = guarded(interface, [&]() -> ApduResult {
        return {enter_pins(interface, number(), interface.memory(m_index).card, entry, use)};
    });
    log::print(log::Level::apdu, "{} < {}", name(), to_hex(result.response));
    return std::move(result.response);
}

void Slot::reset() {
    Interface& interface = leased_interface();
    interface.recover();
    const ccid::IccStatus icc = request_status(interface, number());
    note_status(interface, icc);
    power_card(interface, icc);
}

Interface& Slot::leased_interface() const {
    Interface& interface = m_owner.get();
    if (!interface.memory(m_index).leased) {
        throw Error(Kind::protocol, name() + ": used without a lease");
    }
    return interface;
}

/// trusted: the record says that this process was the last to use the card, and since its last power on.
bool Slot::trusted(Interface& interface) const {
    const SlotRecord& record = interface.record(m_index);
    const SlotMemory& memory = interface.memory(m_index);
    return record.powered && record.holder == interface.holder_id() &&
           record.power_generation == memory.power_generation;
}

/// shareable: another process of this user left the card powered, and the configuration says that ours trust
/// each other. Where the host speaks T=0 or T=1, only that process knows where the card stands in it.
bool Slot::shareable(Interface& interface) const {
    const SlotRecord& record = interface.record(m_index);
    return !host_speaks(interface.descriptor()) && m_owner.place().handover == HandoverPolicy::keep &&
           record.powered && record.holder != 0 && !record.atr.empty();
}

/// share takes the card over as it is.
void Slot::share(Interface& interface) {
    SlotRecord& record = interface.record(m_index);
    SlotMemory& memory = interface.memory(m_index);
    note_atr(memory, record.atr);
    memory.card = {.number = 0, .silence = card_silence(record.atr, interface.descriptor()), .t1 = {}};
    memory.power_generation = record.power_generation;
    record.holder = interface.holder_id();
    interface.store_record();
}

/// establish brings the card into a state that is known: kept as this process left it, taken over from
/// another one, or just powered.
Continuity Slot::establish(Interface& interface) {
    if (m_index > interface.descriptor().max_slot_index) {
        throw Error(Kind::unsupported, name() + ": the reader does not have so many card openings");
    }
    SlotMemory& memory = interface.memory(m_index);
    if (memory.checked_claim == interface.claim_number() && trusted(interface)) {
        return Continuity::kept;  // another thread had the turn in the same claim
    }
    const ccid::IccStatus icc = request_status(interface, number());
    const bool active = icc == ccid::IccStatus::active;
    const bool kept = active && trusted(interface);
    const bool shared = active && !kept && shareable(interface);
    note_status(interface, icc);
    if (shared) {
        share(interface);
    } else if (!kept) {
        power_card(interface, icc);
    }
    memory.checked_claim = interface.claim_number();
    return kept ? Continuity::kept : shared ? Continuity::shared : Continuity::reset;
}

void Slot::power_card(Interface& interface, ccid::IccStatus icc) {
    if (icc == ccid::IccStatus::absent) {
        throw Error(Kind::no_card, name() + ": there is no card");
    }
    SlotRecord& record = interface.record(m_index);
    SlotMemory& memory = interface.memory(m_index);
    record.powered = false;
    distrust(interface);
    Activated card;
    try {
        card = power_cycle(interface, number(), icc == ccid::IccStatus::active);
    } catch (const Error& error) {
        if (error.kind() == Kind::no_card) {
            note_status(interface, ccid::IccStatus::absent);
        }
        throw;
    }
    log::debug("{}: powered, ATR {}", name(), to_hex(card.atr));
    record.atr = card.atr;
    note_atr(memory, std::move(card.atr));
    memory.card = card.protocol;
    memory.protocol = card.protocol.number;
    memory.power_generation = ++record.power_generation;
    record.holder = interface.holder_id();
    record.powered = true;
    interface.store_record();
}

/// note_status compares what the reader says of the card with what is remembered. A powered card that is
/// found without power was pulled, if this process was the last to use it; if another one was, that one may
/// have switched it off.
void Slot::note_status(Interface& interface, ccid::IccStatus icc) {
    SlotRecord& record = interface.record(m_index);
    SlotMemory& memory = interface.memory(m_index);
    bool changed = memory.synchronised && record.removals != memory.removals;
    const bool absent = icc == ccid::IccStatus::absent;
    if (record.powered && (absent || (icc == ccid::IccStatus::inactive && trusted(interface)))) {
        ++record.removals;
        record.powered = false;
        distrust(interface);
        changed = true;
    }
    const Presence now = absent ? Presence::absent : Presence::present;
    const Presence before = memory.presence.exchange(now);
    changed = changed || (before != Presence::unknown && before != now);
    memory.removals = record.removals;
    memory.synchronised = true;
    if (changed) {
        ++memory.insertion;
    }
}

/// note_atr remembers the ATR. Another one than before is another card, unless that was noticed already.
void Slot::note_atr(SlotMemory& memory, Bytes atr) {
    if (!memory.atr.empty() && memory.atr != atr && memory.atr_insertion == memory.insertion) {
        ++memory.insertion;
    }
    memory.atr = std::move(atr);
    memory.atr_insertion = memory.insertion;
}

void Slot::distrust(Interface& interface) {
    interface.record(m_index).holder = 0;
    interface.store_record();
}

bool Slot::take_note_of_writes(Interface& interface) {
    SlotMemory& memory = interface.memory(m_index);
    const std::uint64_t generation = interface.record(m_index).write_generation;
    const bool wrote = memory.leased_before && memory.write_generation != generation;
    memory.write_generation = generation;
    memory.leased_before = true;
    return wrote;
}

}  // namespace jeton::reader
