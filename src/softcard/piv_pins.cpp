// VERIFY, CHANGE REFERENCE DATA and RESET RETRY COUNTER (SP 800-73-4 part 2, 3.2.1 to 3.2.3), and the number
// of tries, which administration tools set.
#include <algorithm>

#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"

namespace jeton::softcard {

namespace {

/// The two blocks in the data field of CHANGE REFERENCE DATA and RESET RETRY COUNTER.
struct PinPair {
    View present;
    View next;
};

PinPair read_pair(View data) {
    require(data.size() == 2 * pin_block_bytes, status::wrong_data);
    const PinPair pair{data.first(pin_block_bytes), data.subspan(pin_block_bytes)};
    require(is_pin_block(pair.present) && is_pin_block(pair.next), status::wrong_data);
    return pair;
}

}  // namespace

/// Tries to open the sealing key with |entered|. The try is written down as used before, so that pulling the
/// card gains nothing; the caller writes the full counter once it goes on. Refuses with 63Cx or 6983.
SealingKey PivCard::spend_try(Byte reference, View entered) {
    require(piv().pins.at(reference).tries > 0, status::blocked);
    change([&](PivState& state) { --state.pins.at(reference).tries; });
    const PivState& state = piv();
    const Pin& pin = state.pins.at(reference);
    auto key = SealingKey::unwrap(pin.wrapped, reference, entered, state.sealing_key);
    require(key.has_value(), told_tries(pin.tries));
    return std::move(*key);
}

/// Writes |block| as the new PIN, with all its tries.
void PivCard::replace_pin(const SealingKey& key, Byte reference, View block) {
    const Pin& present = piv().pins.at(reference);
    const Pin next = make_pin(key, reference, block, present.most_tries, present.wrapped.iterations);
    change([&](PivState& state) { state.pins[reference] = next; });
}

/// Remembers that the PIN |reference| was given. What its key opened before stays open.
void PivCard::unlock(Byte reference, SealingKey key) {
    m_volatile.verified.insert(reference);
    if (!m_volatile.unlocked) {
        m_volatile.unlocked = Unlocked{std::move(key)};
    }
}

Response PivCard::log_out(const Command& command) {
    require(command.data.empty(), status::wrong_data);
    m_volatile.verified.erase(command.p2);
    return {};
}

Response PivCard::pin_status(Byte reference) const {
    if (m_volatile.verified.contains(reference)) {
        return {};
    }
    const unsigned tries = piv().pins.at(reference).tries;
    return {{}, tries == 0 ? status::blocked : told_tries(tries)};
}

Response PivCard::verify(const Command& command) {
    require(command.p1 == 0x00 || command.p1 == 0xFF, status::wrong_parameters);
    const bool known = command.p2 != pin_unblocking_key && piv().pins.contains(command.p2);
    require(known, status::reference_not_found);
    if (command.p1 == 0xFF) {
        return log_out(command);
    }
    if (command.data.empty()) {
        return pin_status(command.p2);
    }
    require(is_pin_block(command.data), status::wrong_data);
    m_volatile.verified.erase(command.p2);
    SealingKey key = spend_try(command.p2, command.data);
    change([&](PivState& state) {
        Pin& pin = state.pins.at(command.p2);
        pin.tries = pin.most_tries;
    });
    unlock(command.p2, std::move(key));
    m_volatile.pin_just_verified = true;
    return {};
}

Response PivCard::change_reference_data(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    require(piv().pins.contains(command.p2), status::reference_not_found);
    const PinPair pair = read_pair(command.data);
    m_volatile.verified.erase(command.p2);
    SealingKey key = spend_try(command.p2, pair.present);
    replace_pin(key, command.p2, pair.next);
    if (command.p2 != pin_unblocking_key) {
        unlock(command.p2, std::move(key));
    }
    return {};
}

Response PivCard::reset_retry_counter(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    require(command.p2 == application_pin, status::reference_not_found);
    const PinPair pair = read_pair(command.data);
    m_volatile.verified.erase(application_pin);
    const SealingKey key = spend_try(pin_unblocking_key, pair.present);
    const PivState& state = piv();
    const Pin& pin = state.pins.at(application_pin);
    const Pin next = make_pin(key, application_pin, pair.next, pin.most_tries, pin.wrapped.iterations);
    change([&](PivState& changed) {
        Pin& puk = changed.pins.at(pin_unblocking_key);
        puk.tries = puk.most_tries;
        changed.pins[application_pin] = next;
    });
    return {};
}

/// SET PIN RETRIES: how many tries PIN and PUK have. Both get the values that cards leave the factory with.
Response PivCard::set_retries(const Command& command) {
    require(command.p1 > 0 && command.p2 > 0, status::wrong_parameters);
    require(m_volatile.administrator && m_volatile.verified.contains(application_pin),
            status::security_not_satisfied);
    const SealingKey& key = m_volatile.unlocked->sealing_key;
    const unsigned iterations = piv().pins.at(application_pin).wrapped.iterations;
    const auto factory_pin_of = [&](Byte reference, unsigned tries) {
        return make_pin(key, reference, pin_block(view_of(factory_value(reference))), tries, iterations);
    };
    const Pin pin = factory_pin_of(application_pin, command.p1);
    const Pin puk = factory_pin_of(pin_unblocking_key, command.p2);
    change([&](PivState& state) {
        state.pins[application_pin] = pin;
        state.pins[pin_unblocking_key] = puk;
    });
    m_volatile.verified.erase(application_pin);
    return {};
}

}  // namespace jeton::softcard
