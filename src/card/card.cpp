#include "card/card.hpp"

#include <utility>

#include "card/card_state.hpp"
#include "card/pin_block.hpp"
#include "util/log.hpp"

namespace jeton::card {

Card::Card(std::unique_ptr<State> state) : m_state(std::move(state)) {}
Card::~Card() = default;

const Profile& Card::profile() const {
    return m_state->profile();
}
const Applet& Card::applet() const {
    return *m_state->applet;
}
const std::string& Card::serial() const {
    return m_state->serial;
}

bool Card::alive() const {
    return !m_state->dead.load() && m_state->link.insertion() == m_state->insertion;
}

bool Card::stale() const {
    return m_state->link.others_wrote();
}

std::uint64_t Card::version() const {
    return m_state->memory.version();
}

std::shared_ptr<const Layout> Card::layout() const {
    return m_state->memory.layout();
}

bool Card::discovered() const {
    return !m_state->applet->discovers() || m_state->memory.discovered();
}

std::optional<std::shared_ptr<const KeyEntry>> Card::known_key(std::size_t index) const {
    return m_state->memory.key(index);
}

std::optional<std::shared_ptr<const ObjectEntry>> Card::known_object(std::size_t index) const {
    return m_state->memory.object(index);
}

std::optional<std::shared_ptr<const SecretKeyEntry>> Card::known_secret_key(std::size_t index) const {
    return m_state->memory.secret_key(index);
}

std::optional<std::string> Card::known_label() const {
    return m_state->memory.label();
}

std::optional<PinStatus> Card::known_pin_status(PinRole role) const {
    return m_state->memory.pin_status(role);
}

std::optional<PinRole> Card::login() const {
    return m_state->vault.role();
}

std::size_t Card::most_data(std::size_t secret_key, AesPrimitive primitive, const AesInput& input) const {
    const auto slot = m_state->secret_key_slot(secret_key);
    return m_state->applet->most_data(m_state->channel, *slot, primitive, input);
}

SecretBytes Card::hash_key(std::size_t secret_key) const {
    return m_state->vault.hash_key(secret_key);
}

void Card::keep_hash_key(std::size_t secret_key, View hash_key) {
    m_state->vault.keep_hash_key(secret_key, hash_key);
}

bool Card::claim_modes(std::size_t secret_key, bool for_gcm) {
    return m_state->memory.claim_modes(secret_key, for_gcm) || !profile().gcm.exclusive_modes;
}

void Card::forget_login() {
    m_state->forget_login();
}

std::uint64_t Card::exchanges() const {
    return m_state->other_exchanges + m_state->channel.exchanges();
}

bool Card::has_pad(reader::PadUse use) const {
    const PinRule* rule = profile().pin(PinRole::user);
    return rule != nullptr && suits_pad(*rule) && m_state->channel.has_pad(use);
}

void Card::let_go() {
    m_state->take_held().reset();
}

Burst Card::begin() {
    State& state = *m_state;
    std::unique_ptr<reader::Lease> lease = state.take_held();
    const bool held = lease != nullptr;
    try {
        if (!held) {
            lease = state.link.acquire(Deadline::after(lease_wait));
        }
    } catch (const reader::Error& error) {
        if (error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card) {
            state.die();
        }
        throw;
    }
    if (!alive()) {
        state.die();
        throw Error(Error::Kind::swapped, Verb::select, "the card was taken out of " + state.link.name());
    }
    if (!held && lease->others_wrote()) {
        state.forget_content();
    }
    if (!held && lease->continuity() != reader::Continuity::kept) {
        state.standing = {.shared = lease->continuity() == reader::Continuity::shared};
    }
    auto burst = std::make_unique<Burst::State>(state, std::move(lease));
    burst->keep_login();
    burst->run([&] {
        if (!state.vault.role()) {
            burst->clear_card();  // after forget_login()
        }
    });
    return Burst(std::move(burst));
}

/// answers_as_ours tells whether our application of this very card is still selected. There are cards on
/// which SELECT alone ends what was verified: it is not sent where it is not needed.
bool Burst::State::answers_as_ours() {
    try {
        return !card.serial.empty() && card.applet->read_serial(card.channel) == card.serial;
    } catch (const Error& error) {
        log::debug("{}: {}", card.link.name(), error.what());
        return false;
    }
}

/// resume selects the application and makes sure that it is on the same card; PINs wait until they are
/// needed.
void Burst::State::resume() {
    const bool shared = std::exchange(card.standing, {}).shared;
    const bool still_selected = shared && answers_as_ours();
    if (!still_selected &&
        (!card.applet->select(card.channel) || card.applet->read_serial(card.channel) != card.serial)) {
        card.die();
        throw Error(Error::Kind::swapped, Verb::select, "another card is in " + card.link.name());
    }
    card.standing.selected = true;
    if (shared && card.vault.role() == PinRole::user) {
        take_over_login();
    }
    if (card.vault.role() == PinRole::user && card.standing.verified.empty() && !card.vault.may_repeat()) {
        log::info(
            "{}: the card was used by others and the PIN policy does not let us verify again: logged out",
            card.link.name());
        card.forget_login();
    }
}

/// keep_login has the link take care of what only the card still knows of the login.
void Burst::State::keep_login() {
    card.link.hold(card.vault.role() == PinRole::user && !card.vault.may_repeat());
}

void Burst::State::note(const reader::Error& error) {
    card.standing = {};
    if (error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card) {
        card.die();
    }
}

}  // namespace jeton::card
