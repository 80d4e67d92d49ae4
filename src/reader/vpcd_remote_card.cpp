#include "reader/vpcd_remote_card.hpp"

#include "reader/atr.hpp"
#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

using Kind = VpcdMessage::Kind;

constexpr std::size_t shortest_atr = 2;
constexpr std::size_t status_bytes = 2;
constexpr Byte wrong_length[] = {0x67, 0x00};

}  // namespace

VpcdRemoteCard::VpcdRemoteCard(std::string name, std::function<std::optional<VpcdStream>()> source,
                               VpcdLimits limits)
    : m_name(std::move(name)), m_source(std::move(source)), m_limits(limits) {}

/// with_peer runs |function|; an Error in it costs the peer its place.
template <typename Function>
auto VpcdRemoteCard::with_peer(Function&& function) {
    try {
        return function();
    } catch (const Error& error) {
        send_away(error.what());
        throw;
    }
}

VpcdStream& VpcdRemoteCard::peer() {
    if (!m_peer) {
        throw Error(Error::Kind::no_card, m_name + ": there is no card");
    }
    return *m_peer;
}

void VpcdRemoteCard::send_away(const std::string& why) {
    if (m_peer) {
        log::info("{}: {} is sent away: {}", m_name, m_peer->peer(), why);
    }
    m_peer.reset();
    m_powered = false;
}

bool VpcdRemoteCard::present() {
    return look();
}

/// insertion looks too: whoever asks for both must not learn of a new card that is there and of the old one's
/// count.
std::uint64_t VpcdRemoteCard::insertion() {
    look();
    return m_insertion;
}

bool VpcdRemoteCard::look() {
    if (m_peer && !m_peer->quiet()) {
        send_away("it ended the connection, or spoke unasked");
    }
    try {
        if (!m_peer) {
            meet();
        } else if (!m_look_again || m_look_again->passed()) {
            with_peer([&] { return ask_atr(m_limits.look); });
        }
    } catch (const Error&) {
        return false;  // told by send_away
    }
    return m_peer.has_value();
}

void VpcdRemoteCard::meet() {
    m_peer = m_source();
    if (!m_peer) {
        return;
    }
    ++m_insertion;
    const Bytes atr = with_peer([&] { return ask_atr(m_limits.greeting); });
    log::info("{}: a card came from {}, ATR {}", m_name, m_peer->peer(), to_hex(atr));
}

Bytes VpcdRemoteCard::ask_atr(Milliseconds limit) {
    control(Kind::get_atr);
    Bytes atr = to_bytes(peer().receive(shortest_atr, longest_atr, Deadline::after(limit)));
    m_look_again = Deadline::after(m_limits.rest);
    return atr;
}

void VpcdRemoteCard::control(Kind kind) {
    const Byte number = static_cast<Byte>(kind);
    peer().send(View(&number, 1), Deadline::after(m_limits.send));
}

Bytes VpcdRemoteCard::power_on() {
    return with_peer([&] {
        control(m_powered ? Kind::reset : Kind::power_on);
        m_powered = true;
        return ask_atr(m_limits.greeting);
    });
}

void VpcdRemoteCard::power_off() {
    m_powered = false;
    try {
        with_peer([&] { control(Kind::power_off); });
    } catch (const Error& error) {
        log::debug("{}: power off: {}", m_name, error.what());
    }
}

/// A command of one byte would be a control.
SecretBytes VpcdRemoteCard::transmit(View command) {
    if (command.size() < status_bytes || command.size() > vpcd_longest) {
        return to_secret(wrong_length);
    }
    return with_peer([&] {
        peer().send(command, Deadline::after(m_limits.send));
        SecretBytes answer = peer().receive(status_bytes, vpcd_longest, Deadline::after(m_limits.answer));
        m_look_again = Deadline::after(m_limits.rest);
        return answer;
    });
}

}  // namespace jeton::reader
