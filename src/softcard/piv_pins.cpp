// VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER (SP 800-73-4 part 2, 3.2.1 to 3.2.3).
#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"

namespace jeton::softcard {

/// Compares |entered| with PIN or PUK. The try is written down as used before the comparison, so that pulling
/// the card gains nothing; the caller writes the full counter once it goes on. Refuses with 63Cx or 6983.
void PivCard::spend_try(Pin CardState::* pin, View entered) {
    require((m_memory.state().*pin).tries > 0, status::blocked);
    m_memory.change([&](CardState& state) { --(state.*pin).tries; });
    const Pin& stored = m_memory.state().*pin;
    require(equal_secret(stored.block, entered), static_cast<StatusWord>(status::tries_left | stored.tries));
}

Response PivCard::log_out(const Command& command) {
    require(command.data.empty(), status::wrong_data);
    m_volatile.pin_verified = false;
    return {};
}

Response PivCard::pin_status() const {
    const unsigned tries = m_memory.state().pin.tries;
    if (m_volatile.pin_verified) {
        return {};
    }
    return {{}, tries == 0 ? status::blocked : static_cast<StatusWord>(status::tries_left | tries)};
}

Response PivCard::verify(const Command& command) {
    require(command.p1 == 0x00 || command.p1 == 0xFF, status::wrong_parameters);
    require(command.p2 == application_pin, status::reference_not_found);
    if (command.p1 == 0xFF) {
        return log_out(command);
    }
    if (command.data.empty()) {
        return pin_status();
    }
    require(is_pin_block(command.data), status::wrong_data);
    m_volatile.pin_verified = false;
    spend_try(&CardState::pin, command.data);
    m_memory.change([](CardState& state) { state.pin.tries = most_tries; });
    m_volatile.pin_verified = true;
    m_volatile.pin_just_verified = true;
    return {};
}

Response PivCard::change_reference_data(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    require(command.p2 == application_pin || command.p2 == pin_unblocking_key, status::reference_not_found);
    require(command.data.size() == 2 * pin_block_bytes, status::wrong_data);
    const View old_pin = View(command.data).first(pin_block_bytes);
    const View new_pin = View(command.data).subspan(pin_block_bytes);
    require(is_pin_block(old_pin) && is_pin_block(new_pin), status::wrong_data);
    const bool is_pin = command.p2 == application_pin;
    const auto pin = is_pin ? &CardState::pin : &CardState::puk;
    m_volatile.pin_verified = m_volatile.pin_verified && !is_pin;
    spend_try(pin, old_pin);
    m_memory.change([&](CardState& state) { state.*pin = Pin{to_secret(new_pin), most_tries}; });
    m_volatile.pin_verified = m_volatile.pin_verified || is_pin;
    return {};
}

Response PivCard::reset_retry_counter(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    require(command.p2 == application_pin, status::reference_not_found);
    require(command.data.size() == 2 * pin_block_bytes, status::wrong_data);
    const View puk = View(command.data).first(pin_block_bytes);
    const View new_pin = View(command.data).subspan(pin_block_bytes);
    require(is_pin_block(puk) && is_pin_block(new_pin), status::wrong_data);
    m_volatile.pin_verified = false;
    spend_try(&CardState::puk, puk);
    m_memory.change([&](CardState& state) {
        state.puk.tries = most_tries;
        state.pin = Pin{to_secret(new_pin), most_tries};
    });
    return {};
}

}  // namespace jeton::softcard
