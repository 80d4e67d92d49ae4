// VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER (ISO/IEC 7816-4, 11.5.6, 11.5.7 and 11.5.10), and the
// initialisation, which gives the card its PINs and takes its keys.
#include <algorithm>

#include "softcard/hsm_card.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

/// The number in |field|, |least| to |most|.
unsigned number_in(View field, unsigned least, unsigned most) {
    require(field.size() == 1 && field[0] >= least && field[0] <= most, status::wrong_data);
    return field[0];
}

std::uint16_t options_in(View field) {
    require(field.size() == 2, status::wrong_data);
    const auto options = static_cast<std::uint16_t>(load_be(field));
    constexpr unsigned known = hsm_option_unblock | hsm_option_unblock_only;
    require((options & ~known) == 0, status::wrong_data);
    return options;
}

/// Reads the data of INITIALIZE DEVICE: 80 options, 81 and 82 PINs, 91 tries of the user's PIN, 92 shares of
/// the DKEK, 97 number of key domains. Anything else would be something that this card does not have.
HsmInitialisation read_initialisation(View data) {
    HsmInitialisation out;
    TlvReader reader(data);
    while (const std::optional<Tlv> field = reader.next()) {
        switch (field->tag) {
            case 0x80:
                out.options = options_in(field->value);
                break;
            case 0x81:
                out.pin = to_secret(field->value);
                break;
            case 0x82:
                out.so_pin = to_secret(field->value);
                break;
            case 0x91:
                out.user_tries = number_in(field->value, 1, hsm_most_user_tries);
                break;
            case 0x92:
                out.shares = number_in(field->value, 0, 0xFF);
                break;
            case 0x97:
                out.domain_count = number_in(field->value, 1, 0xFF);
                break;
            default:
                throw Refusal(status::wrong_data);
        }
    }
    const bool sound =
        !reader.failed() && is_hsm_pin(hsm_user_pin, out.pin) && is_hsm_pin(hsm_so_pin, out.so_pin);
    require(sound, status::wrong_data);
    return out;
}

bool is_pin_reference(Byte reference) {
    return reference == hsm_user_pin || reference == hsm_so_pin;
}

}  // namespace

void HsmCard::require_pin() const {
    require(m_volatile.verified.contains(hsm_user_pin), status::security_not_satisfied);
}

/// Tries to open the sealing key with |entered|. The try is written down as used before, so that pulling the
/// card gains nothing; the caller writes the full counter once it goes on. Refuses with 63Cx or 6983.
SealingKey HsmCard::spend_try(Byte reference, View entered) {
    require(state().pins.at(reference).tries > 0, status::blocked);
    change([&](HsmState& changed) { --changed.pins.at(reference).tries; });
    const Pin& pin = state().pins.at(reference);
    auto key = SealingKey::unwrap(pin.wrapped, reference, entered, state().sealing_key);
    require(key.has_value(), pin.tries == 0 ? status::blocked : told_tries(pin.tries));
    return std::move(*key);
}

void HsmCard::restore_tries(Byte reference) {
    change([&](HsmState& changed) {
        Pin& pin = changed.pins.at(reference);
        pin.tries = pin.most_tries;
    });
}

/// Writes |value| as the new PIN, with all its tries.
void HsmCard::replace_pin(const SealingKey& key, Byte reference, View value) {
    const unsigned tries = state().pins.at(reference).most_tries;
    const Pin next{key.wrap(reference, value, state().iterations), tries, tries, false};
    change([&](HsmState& changed) {
        changed.pins[reference] = next;
        changed.pin_length = reference == hsm_user_pin ? value.size() : changed.pin_length;
    });
}

/// Remembers that the PIN |reference| was given. What its key opened before stays open.
void HsmCard::unlock(Byte reference, SealingKey key) {
    m_volatile.verified.insert(reference);
    if (!m_volatile.unlocked) {
        m_volatile.unlocked = Unlocked{std::move(key)};
    }
}

Response HsmCard::pin_status(Byte reference) const {
    if (m_volatile.verified.contains(reference)) {
        return {};
    }
    const unsigned tries = state().pins.at(reference).tries;
    return {{}, tries == 0 ? status::blocked : told_tries(tries)};
}

/// A card that is not initialised has no PIN: 6984.
Response HsmCard::verify(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    require(is_pin_reference(command.p2), status::reference_not_found);
    require(state().is_initialised(), hsm_status::not_usable);
    if (command.data.empty()) {
        return pin_status(command.p2);
    }
    require(is_hsm_pin(command.p2, command.data), status::wrong_length);
    m_volatile.verified.erase(command.p2);
    SealingKey key = spend_try(command.p2, command.data);
    restore_tries(command.p2);
    unlock(command.p2, std::move(key));
    return {};
}

Response HsmCard::change_reference_data(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    require(is_pin_reference(command.p2), status::reference_not_found);
    require(state().is_initialised(), hsm_status::not_usable);
    const std::size_t length = command.p2 == hsm_user_pin ? state().pin_length : hsm_so_pin_bytes;
    require(command.data.size() > length, status::wrong_length);
    const View present = View(command.data).first(length);
    const View next = View(command.data).subspan(length);
    require(is_hsm_pin(command.p2, next), status::wrong_length);
    m_volatile.verified.erase(command.p2);
    SealingKey key = spend_try(command.p2, present);
    replace_pin(key, command.p2, next);
    unlock(command.p2, std::move(key));
    return {};
}

/// P1 00: PIN of the security officer and a new one of the user; 01: the former alone, the user's PIN stays.
Response HsmCard::reset_retry_counter(const Command& command) {
    constexpr Byte with_new_pin = 0x00;
    constexpr Byte counter_only = 0x01;
    require(command.p1 == with_new_pin || command.p1 == counter_only, status::wrong_parameters);
    require(command.p2 == hsm_user_pin, status::reference_not_found);
    require(state().is_initialised(), hsm_status::not_usable);
    const bool sets_pin = command.p1 == with_new_pin;
    const bool allowed = (state().options & hsm_option_unblock) != 0 &&
                         !(sets_pin && (state().options & hsm_option_unblock_only) != 0);
    require(allowed, status::conditions_not_satisfied);
    require(command.data.size() >= hsm_so_pin_bytes, status::wrong_length);
    const View next = View(command.data).subspan(hsm_so_pin_bytes);
    require(sets_pin ? is_hsm_pin(hsm_user_pin, next) : next.empty(), status::wrong_length);
    m_volatile.verified.erase(hsm_user_pin);
    const SealingKey key = spend_try(hsm_so_pin, View(command.data).first(hsm_so_pin_bytes));
    restore_tries(hsm_so_pin);
    if (sets_pin) {
        replace_pin(key, hsm_user_pin, next);
    } else {
        restore_tries(hsm_user_pin);
    }
    return {};
}

/// INITIALIZE DEVICE: keys and files go. The first one chooses the PIN of the security officer, the next ones
/// must bring the same.
Response HsmCard::initialize(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    const HsmInitialisation choice = read_initialisation(command.data);
    if (state().is_initialised()) {
        spend_try(hsm_so_pin, choice.so_pin);
    }
    const HsmState next = initialised(state(), choice);
    change([&](HsmState& changed) { changed = next; });
    start();
    return {};
}

}  // namespace jeton::softcard
