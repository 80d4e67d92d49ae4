// Burst: PINs are changed and unblocked.
#include "card/card_state.hpp"
#include "card/pin_block.hpp"

namespace jeton::card {

/// change_stored_pin carries out |change| of a PIN or the PUK, and draws the conclusions when it fails.
void Burst::State::change_stored_pin(PinRole which, const std::function<void(const PinRule&)>& change) {
    const bool is_login = which != PinRole::puk;
    const std::size_t index = pin_of(which, Verb::change_pin);
    try {
        with_selection([&] { change(rule(index)); });
    } catch (const Error& error) {
        if (is_refusal(error)) {
            note_refusal(which, error);
            card.standing.verified.erase(index);
        } else if (is_login && broke_down(error.status())) {
            card.forget_login();
        }
        throw;
    } catch (const reader::Error&) {
        if (is_login) {
            card.forget_login();  // nobody knows which PIN is right now: the old one is not tried again
        }
        throw;
    }
    note_success(which, rule(index));
}

/// change_officer_secret changes what the security officer, or the owner of the PUK, knows.
void Burst::State::change_officer_secret(View old_value, View new_value) {
    const bool has_pin = card.profile().pin_index(PinRole::so).has_value();
    if (!has_pin && is_management_key_length(old_value.size())) {
        change_management_key(old_value, new_value);
        return;
    }
    change_stored_pin(has_pin ? PinRole::so : PinRole::puk, [&](const PinRule& pin) {
        card.applet->change_pin(card.channel, pin, old_value, new_value);
    });
    const auto kind = has_pin ? Vault::Secret::so_pin : Vault::Secret::puk;
    if (card.vault.so_secret(kind)) {
        card.vault.open_so(kind, to_secret(new_value));
    }
}

void Burst::change_pin(PinRole role, View old_value, View new_value) {
    m_state->run([&] {
        if (role != PinRole::user) {
            m_state->change_officer_secret(old_value, new_value);
            return;
        }
        Card::State& card = m_state->card;
        m_state->change_stored_pin(PinRole::user, [&](const PinRule& pin) {
            card.applet->change_pin(card.channel, pin, old_value, new_value);
        });
        card.vault.replace_pin(new_value);
    });
}

void Burst::change_pin_on_pad() {
    m_state->run([&] {
        Card::State& card = m_state->card;
        m_state->change_stored_pin(
            PinRole::user, [&](const PinRule& pin) { card.applet->change_pin_on_pad(card.channel, pin); });
        if (card.vault.role() == PinRole::user) {  // what it keeps, if anything, is the old one
            card.vault.open_user({.policy = PinRule::Cache::Policy::none}, {});
        }
    });
}

/// unblock_with_puk: the PUK was never proved. A wrong one is not tried again.
void Burst::State::unblock_with_puk(View puk, View new_value) {
    try {
        with_selection([&] { card.applet->unblock(card.channel, rule(user_pin()), puk, new_value); });
    } catch (const Error& error) {
        if (is_refusal(error)) {
            note_refusal(PinRole::puk, error);
            card.vault.close();
        }
        throw;
    }
    note_success(PinRole::puk, rule(pin_of(PinRole::puk, Verb::unblock)));
}

void Burst::unblock_user(View new_value) {
    m_state->run([&] {
        Card::State& card = m_state->card;
        const auto puk = card.vault.so_secret(Vault::Secret::puk);
        const auto officer = card.vault.so_secret(Vault::Secret::so_pin);
        if (puk) {
            m_state->unblock_with_puk(*puk, new_value);
        } else if (officer) {
            m_state->as_owner(m_state->pin_of(PinRole::so, Verb::unblock), [&] {
                card.applet->unblock(card.channel, m_state->rule(m_state->user_pin()), *officer, new_value);
            });
        } else {
            const bool somebody = card.vault.role().has_value();
            throw Error(somebody ? Error::Kind::unsupported : Error::Kind::not_logged_in, Verb::unblock,
                        "log in as security officer, with the PUK where the card has one, to set a new PIN");
        }
        std::erase_if(card.standing.verified,
                      [&](std::size_t pin) { return m_state->owner_of(pin) == PinRole::user; });
        card.standing.counter_told = true;
        m_state->note_success(PinRole::user, m_state->rule(m_state->user_pin()));
    });
}

}  // namespace jeton::card
