#include "reader/interface.hpp"

#include <exception>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>

#include "reader/pinpad.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr Milliseconds shared_burst_limit{1000};  ///< how long local threads may pass the lock on
constexpr Milliseconds soon{20};
constexpr Milliseconds first_look{2000};
constexpr Milliseconds claim_patience{200};  ///< a killed holder's lock goes moments before its claim
constexpr Milliseconds claim_pause{5};
constexpr Milliseconds drain_silence{50};
constexpr Wait status_wait{Milliseconds(1000), Milliseconds(2000)};
constexpr Milliseconds recovery_limit{1000};  ///< for a reader that is busy with what somebody left behind
constexpr Milliseconds recovery_pause{100};
constexpr int most_busy_answers = 10;
constexpr Milliseconds busy_pause{50};

bool says_busy(const ccid::Reply& reply) {
    return reply.status == ccid::CommandStatus::failed && reply.icc != ccid::IccStatus::absent &&
           (reply.error == ccid::error_code::slot_busy ||
            reply.error == ccid::error_code::busy_with_auto_sequence);
}

ccid::Command status_request(Byte slot) {
    return {.request = ccid::Request::get_slot_status, .slot = slot, .specific = {}, .data = {}};
}

}  // namespace

ccid::IccStatus request_status(CcidPort& port, Byte slot) {
    const unsigned patience = port.quirks().patience;
    const ccid::Reply reply =
        port.exchange(status_request(slot), {status_wait.first * patience, status_wait.total * patience});
    // A failed status request still says where the card is; some readers fail it for an absent card.
    return reply.icc == ccid::IccStatus::reserved ? ccid::IccStatus::absent : reply.icc;
}

Interface::Interface(const ReaderPlace& place, const Interface* inherited)
    : m_place(place), m_pid(getpid()), m_holder_id(random_id()), m_file(place.lease_file, place.stay) {
    for (std::size_t i = 0; inherited != nullptr && i < most_slots; ++i) {
        m_memory[i].insertion = inherited->m_memory[i].insertion + 1;
    }
}

Interface::~Interface() = default;

void Interface::enter(Deadline deadline) {
    if (!m_queue.enter(deadline)) {
        throw Error(Kind::busy, m_place.name + ": in use by another thread of this process");
    }
    try {
        take(deadline);
    } catch (const Error& error) {
        note(error);
        leave();
        throw;
    } catch (...) {
        leave();
        throw;
    }
}

bool Interface::enter_soon(std::size_t slot) {
    const bool known = m_memory[slot].presence != Presence::unknown;
    const Deadline deadline = Deadline::after(known ? soon : first_look);
    if (known ? !m_queue.try_enter() : !m_queue.enter(deadline)) {
        return false;
    }
    try {
        take(deadline);
        return true;
    } catch (const Error& error) {
        note(error);
        if (error.kind() == Kind::busy && !known) {
            hint_presence(slot, Deadline::after(first_look));
        }
        leave();
        if (error.kind() == Kind::busy) {
            return false;
        }
        throw;
    } catch (...) {
        leave();
        throw;
    }
}

void Interface::leave() noexcept {
    const bool fresh = Deadline::Clock::now() - m_locked_at < shared_burst_limit;
    if (m_locked && m_claimed && !m_gone && fresh && m_queue.hand_over()) {
        return;
    }
    give_back();
    m_queue.leave();
}

void Interface::take(Deadline deadline) {
    if (!m_locked) {
        if (m_file.lock(deadline) == LeaseFile::Locked::no) {
            throw Error(Kind::busy, fmt::format("{}: in use by {}", m_place.name, m_file.holder()));
        }
        m_locked = true;
        m_locked_at = Deadline::Clock::now();
        m_record = m_file.load().value_or(fresh_record());
        m_record.pid = static_cast<std::uint32_t>(m_pid);
        m_record.uid = geteuid();
        store_record();
        open_device();
        claim_device(deadline);
    }
    recover();
}

void Interface::give_back() noexcept {
    if (m_claimed) {
        m_device->release();
        m_claimed = false;
    }
    if (m_gone) {
        m_transport.reset();
        m_device.reset();
        m_gone = false;
    }
    if (m_locked) {
        m_file.unlock();
        m_locked = false;
    }
}

void Interface::open_device() {
    if (m_device) {
        return;
    }
    auto device = m_place.open();
    const auto descriptor = parse_class_descriptor(device->descriptor());
    if (!descriptor) {
        throw Error(Kind::unsupported, m_place.name + ": its CCID descriptor is broken");
    }
    const UsbIdentity usb = device->usb().value_or(UsbIdentity());
    m_quirks = &quirks_of(usb.vendor, usb.product, usb.release);
    m_descriptor = corrected(*descriptor, *m_quirks);
    m_transport.emplace(*device, static_cast<FlightLog&>(*this));
    m_device = std::move(device);
    for (const PadUse use : {PadUse::verify, PadUse::modify}) {
        m_pads[static_cast<std::size_t>(use)] = can_enter_pins(*m_descriptor, use);
    }
    m_level = static_cast<int>(m_descriptor->level());
}

void Interface::claim_device(Deadline deadline) {
    const Deadline end = std::min(deadline, Deadline::after(claim_patience));
    while (true) {
        try {
            m_device->claim();
            m_claimed = true;
            ++m_claim_number;
            return;
        } catch (const Error& error) {
            if (error.kind() != Kind::busy || end.passed()) {
                throw;
            }
        }
        std::this_thread::sleep_for(claim_pause);
    }
}

ExchangeLevel Interface::level() {
    if (m_level < 0) {
        if (!m_queue.enter(Deadline::after(first_look))) {
            throw Error(Kind::busy, m_place.name + ": in use by another thread of this process");
        }
        try {
            open_device();
        } catch (...) {
            leave();
            throw;
        }
        leave();
    }
    return static_cast<ExchangeLevel>(m_level.load());
}

bool Interface::enters_pins(PadUse use) {
    level();
    return m_pads[static_cast<std::size_t>(use)];
}

ccid::Reply Interface::exchange(const ccid::Command& command, Wait wait) {
    if (m_record.phase != HandoverRecord::Phase::idle) {
        throw Error(Kind::protocol, m_place.name + ": out of step since the last error");
    }
    try {
        const Deadline end = Deadline::after(wait.total);
        ccid::Reply reply = m_transport->exchange(command, wait);
        for (int count = 0; says_busy(reply) && count < most_busy_answers && !end.passed(); ++count) {
            std::this_thread::sleep_for(std::min(busy_pause, end.remaining()));
            reply = m_transport->exchange(command, wait);
        }
        return reply;
    } catch (const Error& error) {
        note(error);
        throw;
    }
}

void Interface::recover() {
    if (m_record.phase == HandoverRecord::Phase::idle) {
        return;
    }
    log::info("{}: command {} was left without its answer; draining", m_place.name, m_record.flight_seq);
    const Byte slot = m_record.flight_slot;
    for (SlotRecord& record : m_record.slots) {
        record.holder = 0;
    }
    store_record();
    m_transport->drain(drain_silence);
    if (answers(slot)) {
        return;
    }
    try {
        m_transport->abort(slot, status_wait);
    } catch (const Error& error) {
        if (error.kind() == Kind::gone) {
            throw;
        }
        log::debug("{}: abort: {}", m_place.name, error.what());
    }
    if (!answers(slot)) {
        throw Error(Kind::protocol, m_place.name + ": does not answer since a command was left unfinished");
    }
}

/// answers tells whether the reader answers a status request in time, once it is not busy any more.
bool Interface::answers(Byte slot) {
    const Deadline end = Deadline::after(recovery_limit);
    do {
        try {
            if (!says_busy(m_transport->exchange(status_request(slot), status_wait))) {
                return true;
            }
        } catch (const Error& error) {
            if (error.kind() == Kind::gone) {
                throw;
            }
            log::debug("{}: {}", m_place.name, error.what());
            return false;
        }
        std::this_thread::sleep_for(recovery_pause);
    } while (!end.passed());
    return false;
}

/// note draws the conclusions from an error of the device: one that is gone is closed at the end of the turn
/// and opened anew at the next use, and no card that was in it is the same any more.
void Interface::note(const Error& error) {
    if (error.kind() != Kind::gone || m_gone) {
        return;
    }
    m_gone = m_device != nullptr;
    for (SlotMemory& memory : m_memory) {
        if (memory.presence.exchange(Presence::absent) == Presence::present) {
            ++memory.insertion;
        }
        memory.power_generation = 0;
        memory.checked_claim = 0;
    }
}

/// hint_presence learns from the records of the processes that have the lock whether there is a card: each of
/// them resets it first, and for that moment it has no power.
void Interface::hint_presence(std::size_t slot, Deadline deadline) {
    while (true) {
        const auto record = m_file.peek();
        if (record && record->slots[slot].powered) {
            m_memory[slot].presence = Presence::present;
            return;
        }
        if (deadline.passed()) {
            return;
        }
        std::this_thread::sleep_for(soon);
    }
}

bool Interface::others_wrote(std::size_t slot) {
    if (!m_queue.try_enter()) {
        return false;
    }
    const auto record = m_file.peek();
    const SlotMemory& memory = m_memory[slot];
    const bool wrote =
        memory.leased_before && record && record->slots[slot].write_generation != memory.write_generation;
    m_queue.leave();
    return wrote;
}

std::size_t Interface::told_tokens(std::size_t slot) {
    if (!m_queue.try_enter()) {
        return 0;
    }
    const auto record = m_file.glance();
    m_queue.leave();
    return record ? record->slots[slot].tokens : 0;
}

Byte Interface::launch(Byte slot) {
    m_record.flight_seq = m_record.next_seq++;
    m_record.flight_slot = slot;
    m_record.phase = HandoverRecord::Phase::sending;
    store_record();
    return m_record.flight_seq;
}

void Interface::sent() {
    m_record.phase = HandoverRecord::Phase::waiting;
    store_record();
}

void Interface::landed() {
    m_record.phase = HandoverRecord::Phase::idle;
    store_record();
}

InterfaceOwner::~InterfaceOwner() {
    Interface* current = m_current.load();
    if (current != nullptr && current->pid() == getpid()) {
        const std::unique_ptr<Interface> last(current);
    }
}

Interface& InterfaceOwner::get() {
    Interface* current = m_current.load(std::memory_order_acquire);
    while (current == nullptr || current->pid() != getpid()) {
        auto fresh = std::make_unique<Interface>(m_place, current);
        if (!m_current.compare_exchange_strong(current, fresh.get())) {
            continue;
        }
        if (current != nullptr) {
            // The parent's: closing its device here would take the claim from the parent. It stays,
            // reachable, unused.
            static std::atomic<const Interface*> inherited{nullptr};
            current->m_next_inherited = inherited.exchange(current);
        }
        return *fresh.release();
    }
    return *current;
}

Turn::~Turn() {
    if (m_interface.pid() == getpid()) {
        m_interface.leave();
    }
}

}  // namespace jeton::reader
