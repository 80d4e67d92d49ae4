#include "card/card.hpp"

#include <algorithm>
#include <utility>

#include "card/card_state.hpp"
#include "card/pin_block.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

/// next_id counts the Cards of this process, from 1.
std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
}

}  // namespace

void CardUse::join(const Vault& vault) {
    const std::lock_guard lock(m_mutex);
    m_vaults.push_back(&vault);
}

void CardUse::part(const Vault& vault) {
    const std::lock_guard lock(m_mutex);
    std::erase(m_vaults, &vault);
}

template <typename Fits>
bool CardUse::any(Fits&& fits) const {
    const std::lock_guard lock(m_mutex);
    return std::ranges::any_of(m_vaults, fits);
}

bool CardUse::others_logged_in(const Vault& own) const {
    return any([&](const Vault* vault) { return vault != &own && vault->role(); });
}

bool CardUse::others_irreplaceable(const Vault& own) const {
    return any([&](const Vault* vault) { return vault != &own && vault->irreplaceable(); });
}

bool CardUse::irreplaceable() const {
    return any([](const Vault* vault) { return vault->irreplaceable(); });
}

Card::State::State(reader::CardLink& card_link, std::unique_ptr<Applet> card_applet,
                   std::shared_ptr<CardUse> shared_use)
    : id(next_id()),
      link(card_link),
      use(shared_use ? std::move(shared_use) : std::make_shared<CardUse>()),
      seen_writes(use->writes.load()),
      applet(std::move(card_applet)),
      channel(card_link, applet->profile().transport),
      memory(Layout::of(applet->profile())) {
    use->join(vault);
}

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
    return !m_state->dead.load() && !m_state->use->over.load() &&
           m_state->link.insertion() == m_state->insertion;
}

bool Card::stale() const {
    return m_state->link.others_wrote() || m_state->seen_writes != m_state->use->writes;
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

std::string Card::last_label() const {
    const std::lock_guard lock(m_state->held_mutex);
    return m_state->last_label;
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

bool Card::others_logged_in() const {
    return m_state->use->others_logged_in(m_state->vault);
}

void Card::forget_login() {
    m_state->forget_login();
}

/// log_out leaves the card alone where our PIN cannot be verified any more as far as we know, and finding out
/// would end another application's login for good.
void Card::log_out(Ending ending) {
    State& state = *m_state;
    if (state.link.user() != state.id && state.use->others_irreplaceable(state.vault)) {
        state.forget_login();
        return;
    }
    Burst burst = begin();
    if (ending == Ending::reset && !others_logged_in()) {
        burst.end_login();
    } else {
        burst.logout();
    }
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
    if (!held) {
        state.note_others(*lease);
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

void Card::State::note_others(const reader::Lease& lease) {
    if (lease.others_wrote()) {
        ++use->writes;
    }
    if (seen_writes != use->writes) {
        forget_content();
        seen_writes = use->writes.load();
    }
    if (lease.continuity() != reader::Continuity::kept) {
        standing = {.shared = lease.continuity() == reader::Continuity::shared};
    } else if (link.user() != id) {
        standing = {.elsewhere = true};
    }
    link.set_user(id);
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
    const Standing before = std::exchange(card.standing, {});
    const bool still_selected = before.shared && answers_as_ours();
    if (!still_selected &&
        (!card.applet->select(card.channel) || card.applet->read_serial(card.channel) != card.serial)) {
        card.die();
        throw Error(Error::Kind::swapped, Verb::select, "another card is in " + card.link.name());
    }
    card.standing.selected = true;
    if ((before.shared || before.elsewhere) && card.vault.role() == PinRole::user) {
        take_over_login();
    }
    if (card.vault.role() == PinRole::user && card.standing.verified.empty() && !card.vault.may_repeat()) {
        log::info(
            "{}: the card was used by others, or for another application, and the PIN policy does not let us "
            "verify again: logged out",
            card.link.name());
        card.forget_login();
    }
}

/// keep_login has the link take care of what only the card still knows of the login.
void Burst::State::keep_login() {
    card.link.hold(card.use->irreplaceable());
}

void Burst::State::note(const reader::Error& error) {
    card.standing = {};
    if (error.kind() == reader::Error::Kind::gone || error.kind() == reader::Error::Kind::no_card) {
        card.die();
    }
}

}  // namespace jeton::card
