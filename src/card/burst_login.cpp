// Burst: PINs and the management key.
#include <fmt/core.h>

#include "card/card_state.hpp"
#include "card/pin_block.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

/// is_key_length tells a management key in hex from a PUK.
bool is_key_length(std::size_t digits) {
    return digits == 32 || digits == 48 || digits == 64;
}

/// is_refusal tells that the card compared a secret and found it wrong, or does not compare any more.
bool is_refusal(const Error& error) {
    return error.kind() == Error::Kind::status &&
           (tries_left(error.status()) || error.status().sw1() == 0x63);
}

const PinRule& rule_of(const Profile& profile, PinRole role, Verb verb) {
    const PinRule* rule = profile.pin(role);
    if (rule == nullptr) {
        throw Error(Error::Kind::unsupported, verb, "this card has no such PIN, by its profile");
    }
    return *rule;
}

}  // namespace

const PinRule& Burst::State::user_pin() const {
    return rule_of(card.profile(), PinRole::user, Verb::verify);
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

/// clear_card makes the card forget PIN and management key.
void Burst::State::clear_card() {
    bool reset = card.standing.admin;  // the standard has no other end of it
    if (card.standing.verified && !reset) {
        try {
            card.applet->clear_verification(card.channel, user_pin());
            card.standing.verified = false;
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
    card.standing.verified = false;
    card.forget_login();
    throw Error(Error::Kind::not_logged_in, Verb::verify, why);
}

/// verify sends the PIN, or has it typed on the pad; it spends a try when it is wrong.
void Burst::State::verify(std::optional<View> pin) {
    const PinRule& rule = user_pin();
    Standing& standing = card.standing;
    standing.verified_at.reset();
    try {
        if (pin) {
            card.applet->verify(card.channel, rule, *pin);
        } else {
            card.applet->verify_on_pad(card.channel, rule);
        }
    } catch (const Error& error) {
        if (is_refusal(error)) {
            standing.verified = false;
            standing.counter_told = true;
            note_refusal(PinRole::user, error);
        }
        throw;
    }
    standing.verified = true;
    standing.counter_told = true;
    standing.verified_at = card.channel.exchanges();
    note_success(PinRole::user, rule);
}

/// repeat_verify sends a PIN that was right before, without its owner's asking. It never spends the last try,
/// and gives the login up when the card does not take the PIN any more.
void Burst::State::repeat_verify(View pin) {
    const PinRule& rule = user_pin();
    if (!card.standing.counter_told && rule.status == PinRule::Status::empty_verify) {
        card.memory.set_pin_status(PinRole::user, card.applet->pin_status(card.channel, rule));
        card.standing.counter_told = true;
    }
    const auto status = card.memory.pin_status(PinRole::user);
    if (status && status->known && status->tries_left <= 1) {
        lose_login("the PIN has one try left at most, which is not spent unasked");
    }
    try {
        verify(pin);
    } catch (const Error& error) {
        if (error.kind() != Error::Kind::status || lost_selection(error)) {
            throw;
        }
        lose_login("the card does not take the PIN any more");
    }
}

/// take_over_login finds out whether the PIN is verified on a card that was not reset since others used it.
void Burst::State::take_over_login() {
    const PinRule& rule = user_pin();
    if (rule.status == PinRule::Status::empty_verify) {
        const PinStatus status = card.applet->pin_status(card.channel, rule);
        card.standing.verified = status.verified;
        card.standing.counter_told = true;
        card.memory.set_pin_status(PinRole::user, status);
    }
}

void Burst::State::ensure_login() {
    if (card.vault.role() != PinRole::user) {
        throw Error(Error::Kind::not_logged_in, Verb::verify, "the user is not logged in");
    }
    if (card.standing.verified) {
        return;
    }
    const auto pin = card.vault.take_pin();
    if (!pin) {
        lose_login("the PIN policy does not let us verify again");
    }
    repeat_verify(*pin);
}

void Burst::State::ensure_admin() {
    const auto role = card.vault.role();
    if (!role) {
        throw Error(Error::Kind::not_logged_in, Verb::authenticate, "nobody is logged in");
    }
    std::optional<SecretBytes> key = card.vault.so_secret(Vault::Secret::management_key);
    if (role == PinRole::user) {
        ensure_login();
    }
    if (card.standing.admin && (key || role == PinRole::user)) {
        return;
    }
    if (role == PinRole::user) {
        key = as_user([&] { return card.applet->stored_admin_key(card.channel); });
    }
    if (!key) {
        throw Error(Error::Kind::needs_admin, Verb::authenticate,
                    "the management key is needed: log in as security officer with it");
    }
    authenticate_unasked(*key);
    card.standing.admin = true;
}

/// authenticate_unasked proves the management key for something else that was asked: what goes wrong is not
/// about a PIN that somebody just entered.
void Burst::State::authenticate_unasked(View key) {
    try {
        card.applet->authenticate_admin(card.channel, key);
    } catch (const Error& error) {
        if (is_refusal(error) || error.status() == sw::security_status) {
            throw Error(Error::Kind::needs_admin, Verb::write,
                        "the card does not take the management key: log in as security officer with it");
        }
        if (error.kind() != Error::Kind::status) {
            throw;
        }
        throw Error(Verb::write, error.status(), error.what());
    }
}

void Burst::State::login_user(std::optional<View> pin) {
    const PinRule& rule = user_pin();
    const auto known = card.memory.pin_status(PinRole::user);
    const bool last_try = known && known->known && known->tries_left == 1;
    if (rule.final_try_guard && last_try && !card.final_try_told) {
        card.final_try_told = true;
        throw Error(Verb::verify, StatusWord{0x63C1},
                    "one try is left; nothing was sent: log in again to use it");
    }
    with_selection([&] { verify(pin); });
    card.standing.login_at = card.standing.verified_at;
    card.final_try_told = false;
    card.vault.open_user(pin ? rule.cache : PinRule::Cache{.policy = PinRule::Cache::Policy::none},
                         pin.value_or(View()));
    keep_login();
}

void Burst::State::login_for_key(std::size_t key, std::optional<View> pin) {
    card.profile().keys.at(key);  // refuses an index that is none
    if (card.vault.role() != PinRole::user) {
        throw Error(Error::Kind::not_logged_in, Verb::verify, "the user is not logged in");
    }
    with_selection([&] { verify(pin); });
    card.vault.permit(key, pin.value_or(View()));
}

/// change_user_pin carries out |change| of a PIN or the PUK, and draws the conclusions when it fails.
void Burst::State::change_user_pin(PinRole which, const PinRule& rule, const std::function<void()>& change) {
    const bool user = which == PinRole::user;
    try {
        with_selection(change);
    } catch (const Error& error) {
        if (is_refusal(error)) {
            note_refusal(which, error);
            card.standing.verified = card.standing.verified && !user;
        } else if (user && broke_down(error.status())) {
            card.forget_login();
        }
        throw;
    } catch (const reader::Error&) {
        if (user) {
            card.forget_login();  // nobody knows which PIN is right now: the old one is not tried again
        }
        throw;
    }
    note_success(which, rule);
}

void Burst::State::login_so(View secret) {
    if (!is_key_length(secret.size())) {
        // PIV cannot verify a PUK by itself: a wrong one is found out when it is used.
        pin_block(rule_of(card.profile(), PinRole::puk, Verb::verify), secret, Verb::verify);
        card.vault.open_so(Vault::Secret::puk, to_secret(secret));
        return;
    }
    auto key = secret_from_hex(secret);
    if (!key) {
        throw Error(Error::Kind::pin_form, Verb::authenticate,
                    "a management key is written in hexadecimal digits");
    }
    with_selection([&] { card.applet->authenticate_admin(card.channel, *key); });
    card.standing.admin = true;
    card.vault.open_so(Vault::Secret::management_key, std::move(*key));
}

/// change_management_key proves the old key first, so that a wrong one changes nothing. The key of the login
/// that the card knows about is proven.
void Burst::State::change_management_key(View old_value, View new_value) {
    const auto old_key = secret_from_hex(old_value);
    auto new_key = secret_from_hex(new_value);
    if (!old_key || !new_key || !is_key_length(new_value.size())) {
        throw Error(Error::Kind::pin_form, Verb::change_pin,
                    "a management key is written as 32, 48 or 64 hexadecimal digits");
    }
    const auto present = card.vault.so_secret(Vault::Secret::management_key);
    const bool is_login = present && equal_secret(*present, *old_key);
    with_selection([&] {
        if (!is_login || !card.standing.admin) {
            card.standing.admin = false;  // a card that refuses a key forgets the one before
            card.applet->authenticate_admin(card.channel, *old_key);
            card.standing.admin = true;
        }
        lease->mark_written();
        card.applet->set_admin_key(card.channel, *new_key);
    });
    card.memory.drop();  // printed information may hold the key
    if (present) {
        card.vault.open_so(Vault::Secret::management_key, std::move(*new_key));
    }
}

PinStatus Burst::pin_status(PinRole role) {
    return m_state->run([&] {
        Card::State& card = m_state->card;
        const PinRule* rule = card.profile().pin(role);
        const auto known = card.memory.pin_status(role);
        if (role == PinRole::user && card.standing.verified && known) {
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

bool Burst::grants() {
    return m_state->run(
        [&] { return m_state->user_pin().cache.for_always_auth || m_state->just_logged_in(); });
}

void Burst::change_pin(PinRole role, View old_value, View new_value) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const bool user = role == PinRole::user;
        if (!user && is_key_length(old_value.size())) {
            m_state->change_management_key(old_value, new_value);
            return;
        }
        const PinRole which = user ? PinRole::user : PinRole::puk;
        const PinRule& rule = rule_of(card.profile(), which, Verb::change_pin);
        m_state->change_user_pin(which, rule,
                                 [&] { card.applet->change_pin(card.channel, rule, old_value, new_value); });
        if (user) {
            card.vault.replace_pin(new_value);
        } else if (card.vault.so_secret(Vault::Secret::puk)) {
            card.vault.open_so(Vault::Secret::puk, to_secret(new_value));
        }
    });
}

void Burst::change_pin_on_pad() {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const PinRule& rule = m_state->user_pin();
        m_state->change_user_pin(PinRole::user, rule,
                                 [&] { card.applet->change_pin_on_pad(card.channel, rule); });
        if (card.vault.role() == PinRole::user) {  // what it keeps, if anything, is the old one
            card.vault.open_user({.policy = PinRule::Cache::Policy::none}, {});
        }
    });
}

void Burst::unblock_user(View new_value) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const PinRule& rule = m_state->user_pin();
        const auto puk = card.vault.so_secret(Vault::Secret::puk);
        if (!puk) {
            const bool somebody = card.vault.role().has_value();
            throw Error(somebody ? Error::Kind::unsupported : Error::Kind::not_logged_in, Verb::unblock,
                        "log in as security officer with the PUK to set a new PIN");
        }
        try {
            m_state->with_selection([&] { card.applet->unblock(card.channel, rule, *puk, new_value); });
        } catch (const Error& error) {
            if (is_refusal(error)) {
                m_state->note_refusal(PinRole::puk, error);
                card.vault.close();  // the PUK was never proved: it is wrong, and is not tried again
            }
            throw;
        }
        card.standing.verified = false;
        card.standing.counter_told = true;
        m_state->note_success(PinRole::user, rule);
        m_state->note_success(PinRole::puk, rule_of(card.profile(), PinRole::puk, Verb::unblock));
    });
}

}  // namespace jeton::card
