#include "reader/pcsc_session.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <thread>
#include <unistd.h>
#include <utility>

#include "reader/card_link.hpp"
#include "util/log.hpp"

namespace jeton::reader {

using Kind = Error::Kind;
using pcsc::Dword;
using pcsc::Long;
namespace code = pcsc::code;

namespace {

constexpr Dword any_protocol = pcsc::protocol_t0 | pcsc::protocol_t1;
constexpr Milliseconds turn_pause{20};
constexpr int most_beginnings = 4;  ///< how often a card may be reset or swapped while we try to begin
constexpr unsigned event_shift = 16;
constexpr std::uint32_t largest_short_apdu = 256;
constexpr std::size_t features_room = 264;

/// result_of is the number of a result: long may be wider than what pcscd sends.
Long result_of(Long result) {
    return result & 0xFFFF'FFFF;
}

/// for_t0 leaves out Le where a short command has data too: with T=0 the card says in 61xx what it has (PC/SC
/// part 3, 3.2.2; ISO/IEC 7816-4, annex on transportation by T=0).
View for_t0(View command) {
    const bool has_both = command.size() > command_header_and_lc && command[4] != 0 &&
                          command.size() == command_header_and_lc + command[4] + std::size_t{1};
    return has_both ? command.first(command.size() - 1) : command;
}

}  // namespace

PcscSession::PcscSession(const pcsc::Library& library, std::string reader)
    : m_library(library), m_reader(std::move(reader)), m_pid(getpid()) {}

PcscSession::~PcscSession() {
    if (m_pid == getpid()) {
        disconnect();
        drop_context();
    }
}

std::optional<bool> PcscSession::seen() const {
    const int seen = m_seen;
    return seen < 0 ? std::nullopt : std::optional(seen != 0);
}

Long PcscSession::context() {
    if (!m_context) {
        Long context = 0;
        const Long result = m_library.establish_context(pcsc::scope_system, nullptr, nullptr, &context);
        if (result != code::success) {
            fail(result, "no connection to pcscd");
        }
        m_context = context;
    }
    return *m_context;
}

/// drop_context forgets everything that pcscd knew of us. Who counts from the beginning again counts nothing.
void PcscSession::drop_context() noexcept {
    if (m_context) {
        m_library.release_context(*std::exchange(m_context, std::nullopt));
    }
    m_card.reset();
    m_in_transaction = false;
    m_events.reset();
    m_was_reset = true;
}

void PcscSession::fail(Long result, const char* what) {
    Error error = pcsc::error_of(result, m_reader + ": " + what);
    if (pcsc::service_lost(result)) {
        drop_context();
    }
    if (error.kind() == Kind::gone) {
        disconnect();
        if (m_seen.exchange(0) == 1) {
            ++m_insertion;
        }
    }
    throw std::move(error);
}

/// look tries twice: the first answer of a pcscd that was started anew is that it does not know us.
bool PcscSession::look() {
    pcsc::ReaderState state;
    for (int attempt = 0;; ++attempt) {
        const bool fresh = !m_context;
        state = {};
        state.name = m_reader.c_str();
        const Long result = m_library.get_status_change(context(), 0, &state, 1);
        if (result == code::success) {
            break;
        }
        if (fresh || attempt > 0 || !pcsc::service_lost(result)) {
            fail(result, "no state of the reader");
        }
        drop_context();
    }
    if ((state.event & (pcsc::state_unknown | pcsc::state_unavailable)) != 0) {
        fail(code::reader_unavailable, "no state of the reader");
    }
    note(state);
    return (state.event & pcsc::state_present) != 0;
}

/// note compares what pcscd says with what is remembered. A card whose coming and going was counted is
/// another one until it proves otherwise.
void PcscSession::note(const pcsc::ReaderState& state) {
    const Dword events = state.event >> event_shift;
    const int now = (state.event & pcsc::state_present) != 0 ? 1 : 0;
    const int before = m_seen.exchange(now);
    if ((m_events && *m_events != events) || (before >= 0 && before != now)) {
        ++m_insertion;
    }
    m_events = events;
}

/// connect shares the card. pcscd keeps this one call waiting while another program is in a transaction,
/// without regard to our deadline; libpcsclite offers no way around that. So the wait ends with that
/// program's transaction, or with that program.
void PcscSession::connect(Deadline deadline) {
    while (true) {
        Long card = 0;
        const Long result = result_of(m_library.connect(context(), m_reader.c_str(), pcsc::share_shared,
                                                        any_protocol, &card, &m_protocol));
        if (result == code::success) {
            m_card = card;
            return;
        }
        if (result != code::sharing_violation || deadline.passed()) {
            fail(result, "no connection to the card");
        }
        std::this_thread::sleep_for(turn_pause);
    }
}

void PcscSession::disconnect() noexcept {
    if (m_card) {
        m_library.disconnect(*std::exchange(m_card, std::nullopt), pcsc::leave_card);
    }
    m_in_transaction = false;
}

/// wait_for_turn waits until no other program is in a transaction; false when the connection is not good any
/// more. begin_transaction alone would wait without end, and nobody could stop it; asking for an attribute is
/// refused at once while the reader is locked. Between the two somebody else may still come first, so that we
/// wait for one transaction more.
bool PcscSession::wait_for_turn(Deadline deadline) {
    while (true) {
        std::array<Byte, pcsc::longest_attribute> value{};
        Dword size = value.size();
        const Long result =
            result_of(m_library.get_attrib(*m_card, pcsc::attribute_atr, value.data(), &size));
        if (result == code::invalid_handle || (pcsc::service_lost(result))) {
            return false;
        }
        if (result != code::sharing_violation) {
            return true;  // whatever else is wrong, begin_transaction says it
        }
        if (deadline.passed()) {
            fail(result, "no turn at the card");
        }
        std::this_thread::sleep_for(turn_pause);
    }
}

/// begin_once is false where the connection turned out to be worth nothing: it is closed then.
bool PcscSession::begin_once(Deadline deadline) {
    if (!m_card) {
        connect(deadline);
    }
    if (!wait_for_turn(deadline)) {
        drop_context();
        return false;
    }
    const Long result = result_of(m_library.begin_transaction(*m_card));
    if (result == code::success) {
        m_in_transaction = true;
        return true;
    }
    m_was_reset = true;
    if (result == code::reset_card) {
        const Long again = result_of(
            m_library.reconnect(*m_card, pcsc::share_shared, any_protocol, pcsc::leave_card, &m_protocol));
        if (again != code::success) {
            disconnect();
        }
        return false;
    }
    if (pcsc::service_lost(result)) {
        drop_context();
    } else {
        disconnect();
    }
    return false;
}

/// begin tells what the state of the card is worth. PC/SC reports resets and removals to those who are
/// connected, but never that another program selected another application or let a PIN be verified, or
/// switched the power off after the last one left. So a card that was not reset is `shared` at best: what was
/// selected is unknown, and what a PIN opened is to be found out by trying.
Continuity PcscSession::begin(Deadline deadline) {
    for (int attempt = 0;; ++attempt) {
        if (!look()) {
            disconnect();
            throw Error(Kind::no_card, m_reader + ": there is no card");
        }
        if (begin_once(deadline)) {
            break;
        }
        if (attempt == most_beginnings) {
            throw Error(Kind::protocol, m_reader + ": the card is reset or swapped all the time");
        }
    }
    try {
        if (!look()) {
            throw Error(Kind::no_card, m_reader + ": the card was taken out");
        }
        learn_card();
        learn_features();
    } catch (...) {
        end(false);
        throw;
    }
    const bool same = m_insertion_used == m_insertion.load() && !m_was_reset;
    m_was_reset = false;
    m_insertion_used = m_insertion.load();
    return same ? Continuity::shared : Continuity::reset;
}

void PcscSession::end(bool keep) noexcept {
    if (m_card && m_in_transaction) {
        m_library.end_transaction(*m_card, pcsc::leave_card);
        m_in_transaction = false;
    }
    if (!keep) {
        disconnect();
    }
}

void PcscSession::learn_card() {
    std::array<Byte, sizeof(pcsc::ReaderState::atr)> atr{};
    Dword atr_size = atr.size();
    Dword names_size = 0;
    Dword state = 0;
    const Long result =
        m_library.status(*m_card, nullptr, &names_size, &state, &m_protocol, atr.data(), &atr_size);
    if (result != code::success) {
        fail(result, "no ATR");
    }
    const View now = View(atr).first(std::min<std::size_t>(atr_size, atr.size()));
    if (!m_atr.empty() && !equal(m_atr, now)) {
        ++m_insertion;
    }
    m_atr = to_bytes(now);
}

/// learn_features asks once; a driver that has nothing to say takes short APDUs.
void PcscSession::learn_features() {
    if (std::exchange(m_knows_features, true)) {
        return;
    }
    try {
        m_features = pcsc::parse_features(control(pcsc::get_features, {}));
        if (const auto properties = pcsc::code_of(m_features, pcsc::FeatureTag::properties)) {
            m_extended = pcsc::largest_apdu(control(*properties, {})).value_or(0) > largest_short_apdu;
        }
    } catch (const Error& error) {
        log::debug("{}", error.what());
    }
}

SecretBytes PcscSession::control(std::uint32_t control_code, View input) {
    SecretBytes output(features_room);
    Dword size = 0;
    const Long result = m_library.control(*m_card, control_code, input.data(), input.size(), output.data(),
                                          output.size(), &size);
    if (result != code::success) {
        throw pcsc::error_of(result, fmt::format("{}: control {:08X}", m_reader, control_code));
    }
    output.resize(std::min<std::size_t>(size, output.size()));
    return output;
}

SecretBytes PcscSession::transmit(View command) {
    if (!m_card) {
        throw Error(Kind::gone, m_reader + ": no connection to the card");
    }
    if (m_protocol == pcsc::protocol_t0) {
        command = for_t0(command);
    }
    const pcsc::IoRequest send_as{.protocol = m_protocol};
    m_buffer.resize(pcsc::longest_response);
    Dword size = m_buffer.size();
    const Long result = m_library.transmit(*m_card, &send_as, command.data(), command.size(), nullptr,
                                           m_buffer.data(), &size);
    if (result == code::success) {
        const std::size_t length = std::min<std::size_t>(size, m_buffer.size());
        SecretBytes response = to_secret(View(m_buffer).first(length));
        wipe(std::span(m_buffer).first(length));
        return response;
    }
    m_was_reset = true;
    // The driver of a reader whose card was pulled just says that it failed.
    if (result_of(result) == code::not_transacted && !look()) {
        fail(code::removed_card, "no answer");
    }
    fail(result, "no answer");
}

void PcscSession::reset() {
    if (!m_card) {
        throw Error(Kind::gone, m_reader + ": no connection to the card");
    }
    const Long result =
        m_library.reconnect(*m_card, pcsc::share_shared, any_protocol, pcsc::reset_card, &m_protocol);
    if (result != code::success) {
        m_was_reset = true;
        fail(result, "no reset");
    }
    learn_card();
}

}  // namespace jeton::reader
