// Burst: logins.
#include <fmt/core.h>

#include "card/card_state.hpp"
#include "util/log.hpp"

namespace jeton::card {

std::size_t Burst::State::user_pin() const {
    return pin_of(PinRole::user, Verb::verify);
}

/// pin_of finds a PIN by its role; Error(unsupported) when the card has none.
std::size_t Burst::State::pin_of(PinRole role, Verb verb) const {
    const auto index = card.profile().pin_index(role);
    if (!index) {
        throw Error(Error::Kind::unsupported, verb, "this card has no such PIN, by its profile");
    }
    return *index;
}

const PinRule& Burst::State::rule(std::size_t pin) const {
    return card.profile().pins[pin];
}

/// owner_of says whose tries the PIN counts.
PinRole Burst::State::owner_of(std::size_t pin) const {
    const PinRole role = rule(pin).role;
    return role == PinRole::context ? PinRole::user : role;
}

/// pin_of_key is the PIN that the key wants, if it wants one, else the user's.
std::size_t Burst::State::pin_of_key(std::size_t key) const {
    const auto pin = card.key_slot(key)->pin;
    return pin ? *pin : user_pin();
}

void Burst::State::note_success(PinRole role, const PinRule& rule) {
    const unsigned tries = rule.tries_max != 0 ? rule.tries_max : card.memory.most_tries(role);
    card.memory.set_pin_status(role, {.known = tries != 0, .tries_left = tries});
}

void Burst::State::note_refusal(PinRole role, const Error& error) {
    const auto left = tries_left(error.status());
    const unsigned before = left && error.status() != sw::blocked ? *left + 1 : 0;
    card.memory.set_pin_status(role, {.known = left.has_value(), .tries_left = left.value_or(0)}, before);
}

/// note_counter remembers what the card told about a PIN; what it does not tell does not undo what we know.
void Burst::State::note_counter(PinRole role, const PinStatus& status) {
    if (status.known) {
        card.memory.set_pin_status(role, status);
    }
}

/// clear_card makes the card forget PIN and management key.
void Burst::State::clear_card() {
    bool reset = card.standing.admin;  // the standard has no other end of it
    if (!card.standing.verified.empty() && !reset) {
        try {
            for (const std::size_t pin : card.standing.verified) {
                card.applet->clear_verification(card.channel, rule(pin));
            }
            card.standing.verified.clear();
        } catch (const Error& error) {
            log::debug("{}: {}", card.link.name(), error.what());
            reset = true;
        }
    }
    if (reset) {
        card.standing = {};
        card.link.reset();
    }
}

void Burst::State::lose_login(const std::string& why) {
    log::warn("{}: logged out: {}", card.link.name(), why);
    card.standing.verified.clear();
    card.forget_login();
    throw Error(Error::Kind::not_logged_in, Verb::verify, why);
}

/// verify sends the PIN, or has it typed on the pad; it spends a try when it is wrong.
void Burst::State::verify(std::size_t index, std::optional<View> pin) {
    const PinRule& pin_rule = rule(index);
    const PinRole owner = owner_of(index);
    Standing& standing = card.standing;
    standing.verified_at.reset();
    try {
        if (pin) {
            card.applet->verify(card.channel, pin_rule, *pin);
        } else {
            card.applet->verify_on_pad(card.channel, pin_rule);
        }
    } catch (const Error& error) {
        if (is_refusal(error)) {
            standing.verified.erase(index);
            standing.counter_told = owner == PinRole::user || standing.counter_told;
            note_refusal(owner, error);
        }
        throw;
    }
    standing.verified.insert(index);
    standing.counter_told = owner == PinRole::user || standing.counter_told;
    standing.verified_at = card.channel.exchanges();
    standing.verified_last = index;
    note_success(owner, pin_rule);
}

/// repeat_verify sends a PIN that was right before, without its owner's asking. It never spends the last try,
/// and gives the login up when the card does not take the PIN any more.
void Burst::State::repeat_verify(std::size_t index, View pin) {
    const PinRule& pin_rule = rule(index);
    const PinRole owner = owner_of(index);
    const bool told = card.standing.counter_told && owner == PinRole::user;
    if (!told && pin_rule.status != PinRule::Status::none) {
        note_counter(owner, card.applet->pin_status(card.channel, pin_rule));
        card.standing.counter_told = card.standing.counter_told || owner == PinRole::user;
    }
    const auto status = card.memory.pin_status(owner);
    if (status && status->known && status->tries_left <= 1) {
        lose_login("the PIN has one try left at most, which is not spent unasked");
    }
    try {
        verify(index, pin);
    } catch (const Error& error) {
        if (error.kind() != Error::Kind::status || lost_selection(error)) {
            throw;
        }
        lose_login("the card does not take the PIN any more");
    }
}

/// take_over_login finds out whether the PIN is verified on a card that was not reset since others used it.
void Burst::State::take_over_login() {
    const std::size_t index = user_pin();
    if (rule(index).status != PinRule::Status::none) {
        const PinStatus status = card.applet->pin_status(card.channel, rule(index));
        if (status.verified) {
            card.standing.verified.insert(index);
        }
        card.standing.counter_told = true;
        note_counter(PinRole::user, status);
    }
}

/// ensure_login has the PIN |index| verified: by what its owner logged in with.
void Burst::State::ensure_login(std::size_t index) {
    const PinRole owner = owner_of(index);
    const auto role = card.vault.role();
    if (role != owner) {
        const bool officer = role && owner == PinRole::so;
        throw Error(officer ? Error::Kind::needs_admin : Error::Kind::not_logged_in, Verb::verify,
                    owner == PinRole::so ? "this is for the security officer" : "the user is not logged in");
    }
    if (card.standing.verified.contains(index)) {
        return;
    }
    const auto pin =
        owner == PinRole::so ? card.vault.so_secret(Vault::Secret::so_pin) : card.vault.take_pin();
    if (!pin) {
        lose_login("the PIN policy does not let us verify again");
    }
    repeat_verify(index, *pin);
}

void Burst::State::login_user(std::optional<View> pin) {
    const std::size_t index = user_pin();
    const auto known = card.memory.pin_status(PinRole::user);
    const bool last_try = known && known->known && known->tries_left == 1;
    if (rule(index).final_try_guard && last_try && !card.final_try_told) {
        card.final_try_told = true;
        throw Error(Verb::verify, StatusWord{0x63C1},
                    "one try is left; nothing was sent: log in again to use it");
    }
    with_selection([&] { verify(index, pin); });
    card.standing.login_at = card.standing.verified_at;
    card.final_try_told = false;
    card.vault.open_user(pin ? rule(index).cache : PinRule::Cache{.policy = PinRule::Cache::Policy::none},
                         pin.value_or(View()));
    keep_login();
}

void Burst::State::login_for_key(std::size_t key, std::optional<View> pin) {
    const std::size_t index = pin_of_key(key);
    if (card.vault.role() != PinRole::user) {
        throw Error(Error::Kind::not_logged_in, Verb::verify, "the user is not logged in");
    }
    with_selection([&] { verify(index, pin); });
    card.vault.permit(key, pin.value_or(View()));
}

PinStatus Burst::pin_status(PinRole role) {
    return m_state->run([&] {
        Card::State& card = m_state->card;
        const PinRule* rule = card.profile().pin(role);
        const auto known = card.memory.pin_status(role);
        if (role == PinRole::user && !card.standing.verified.empty() && known) {
            return *known;  // the card would say "verified", which is less
        }
        PinStatus status;
        if (rule != nullptr) {
            status = m_state->with_selection([&] { return card.applet->pin_status(card.channel, *rule); });
        }
        card.memory.set_pin_status(role, status);
        return card.memory.pin_status(role).value_or(status);
    });
}

void Burst::login(PinRole role, View secret) {
    m_state->run([&] { role == PinRole::user ? m_state->login_user(secret) : m_state->login_so(secret); });
}

void Burst::logout() {
    m_state->card.forget_login();
    m_state->run([&] { m_state->clear_card(); });
}

void Burst::end_login() {
    Card::State& card = m_state->card;
    card.forget_login();
    card.standing = {};
    try {
        card.link.reset();
    } catch (const reader::Error& error) {
        m_state->note(error);
        throw;
    }
}

void Burst::login_on_pad() {
    m_state->run([&] { m_state->login_user(std::nullopt); });
}

void Burst::login_for_key(std::size_t key, View pin) {
    m_state->run([&] { m_state->login_for_key(key, pin); });
}

void Burst::login_for_key_on_pad(std::size_t key) {
    m_state->run([&] { m_state->login_for_key(key, std::nullopt); });
    m_state->keeps_lease = true;
}

bool Burst::grants(std::size_t key) {
    return m_state->run([&] {
        const std::size_t pin = m_state->pin_of_key(key);
        return m_state->rule(pin).cache.for_always_auth || m_state->just_logged_in(pin);
    });
}

}  // namespace jeton::card
