#include "reader/pcsc_link.hpp"

#include <unistd.h>

#include "util/log.hpp"

namespace jeton::reader {

using Kind = Error::Kind;

namespace {

constexpr Milliseconds first_look{2000};  ///< where nothing is known of the reader yet

}  // namespace

/// Burst is the Lease of a PcscLink. In a forked child it ends without doing anything: the parent has the
/// lease.
class PcscLink::Burst final : public Lease {
  public:
    Burst(PcscLink& link, PcscSession& session, Continuity continuity)
        : m_link(link), m_session(session), m_continuity(continuity) {
        m_link.m_leased = true;
    }
    ~Burst() override {
        if (m_session.pid() == getpid()) {
            m_link.m_leased = false;
            m_session.end(m_link.m_hold);
            m_session.queue().leave();
        }
    }
    Burst(const Burst&) = delete;  // one lease, one end
    Burst& operator=(const Burst&) = delete;

    Continuity continuity() const override { return m_continuity; }

    // PC/SC has no place where programs tell each other that they changed the card.
    bool others_wrote() const override { return false; }
    void mark_written() override {}

  private:
    PcscLink& m_link;
    PcscSession& m_session;
    Continuity m_continuity;
};

PcscLink::PcscLink(const pcsc::Library& library, std::string reader)
    : m_library(library), m_reader(std::move(reader)) {}

PcscLink::~PcscLink() {
    PcscSession* session = m_session.load();
    if (session != nullptr && session->pid() == getpid()) {
        const std::unique_ptr<PcscSession> last(session);
    }
}

/// session is that of this process. A forked child makes its own, and leaves its parent's alone: whatever it
/// did with that would go over the parent's socket.
PcscSession& PcscLink::session() const {
    PcscSession* current = m_session.load(std::memory_order_acquire);
    while (current == nullptr || current->pid() != getpid()) {
        auto fresh = std::make_unique<PcscSession>(m_library, m_reader);
        if (m_session.compare_exchange_strong(current, fresh.get())) {
            return *fresh.release();
        }
    }
    return *current;
}

PcscSession& PcscLink::leased() const {
    if (!m_leased) {
        throw Error(Kind::protocol, m_reader + ": used without a lease");
    }
    return session();
}

LinkLimits PcscLink::limits() const {
    return {.extended_apdu = session().extended()};
}

bool PcscLink::present() {
    PcscSession& session = this->session();
    const bool known = session.seen().has_value();
    if (known ? session.queue().try_enter() : session.queue().enter(Deadline::after(first_look))) {
        struct Leave {
            PcscSession& session;
            ~Leave() { session.queue().leave(); }
        } const leave{session};
        return session.look();
    }
    return session.seen().value_or(false);
}

std::uint64_t PcscLink::insertion() const {
    return session().insertion();
}

std::unique_ptr<Lease> PcscLink::acquire(Deadline deadline) {
    PcscSession& session = this->session();
    if (!session.queue().enter(deadline)) {
        throw Error(Kind::busy, m_reader + ": in use by another thread of this process");
    }
    try {
        const Continuity continuity = session.begin(deadline);
        log::debug("{}: transaction, ATR {}", m_reader, to_hex(session.atr()));
        return std::make_unique<Burst>(*this, session, continuity);
    } catch (...) {
        session.queue().leave();
        throw;
    }
}

View PcscLink::atr() const {
    return session().atr();
}

SecretBytes PcscLink::transmit(View command, Milliseconds) {
    PcscSession& session = leased();
    if (log::enabled(log::Level::apdu)) {
        log::write(log::Level::apdu, m_reader + " " + m_log.command(command));
    }
    try {
        SecretBytes response = session.transmit(command);
        if (response.size() < 2) {
            throw Error(Kind::protocol, m_reader + ": an answer without a status");
        }
        if (log::enabled(log::Level::apdu)) {
            log::write(log::Level::apdu, m_reader + " " + m_log.response(response));
        }
        return response;
    } catch (const Error& error) {
        log::print(log::Level::apdu, "{} < {}", m_reader, error.what());
        throw;
    }
}

void PcscLink::reset() {
    leased().reset();
}

}  // namespace jeton::reader
