// Burst: who may change the card: the management key, or a PIN.
#include "card/card_state.hpp"
#include "card/pin_block.hpp"

namespace jeton::card {

/// writing_pin is the PIN that the applet's writer() proves; nullopt where that is the management key.
std::optional<std::size_t> Burst::State::writing_pin() const {
    switch (card.applet->writer()) {
        case Writer::management_key:
            return std::nullopt;
        case Writer::so_pin:
            return pin_of(PinRole::so, Verb::write);
        case Writer::user_pin:
            return user_pin();
    }
    return std::nullopt;
}

void Burst::State::ensure_admin() {
    const auto role = card.vault.role();
    if (!role) {
        throw Error(Error::Kind::not_logged_in, Verb::authenticate, "nobody is logged in");
    }
    std::optional<SecretBytes> key = card.vault.so_secret(Vault::Secret::management_key);
    if (role == PinRole::user) {
        ensure_login(user_pin());
    }
    if (card.standing.admin && (key || role == PinRole::user)) {
        return;
    }
    if (role == PinRole::user) {
        key = as_owner(user_pin(), [&] { return card.applet->stored_admin_key(card.channel); });
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

/// login_officer verifies the security officer's PIN.
void Burst::State::login_officer(std::size_t index, View pin) {
    with_selection([&] { verify(index, pin); });
    card.vault.open_so(Vault::Secret::so_pin, to_secret(pin));
}

void Burst::State::login_so(View secret) {
    const auto officer = card.profile().pin_index(PinRole::so);
    officer ? login_officer(*officer, secret) : login_manager(secret);
}

/// login_manager takes the management key, or a PUK.
void Burst::State::login_manager(View secret) {
    if (!is_management_key_length(secret.size())) {
        // PIV cannot verify a PUK by itself: a wrong one is found out when it is used.
        pin_block(rule(pin_of(PinRole::puk, Verb::verify)), secret, Verb::verify);
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
    if (!old_key || !new_key || !is_management_key_length(new_value.size())) {
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
    card.forget_content();  // printed information may hold the key
    if (present) {
        card.vault.open_so(Vault::Secret::management_key, std::move(*new_key));
    }
}

}  // namespace jeton::card
