// VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER (7.2.2 to 7.2.4), and what PUT DATA does to passwords:
// the resetting code and the KDF-DO (4.3.2).
#include "softcard/openpgp_card.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {

namespace {

/// The reference that the card keeps the password of a command under: 82 is PW1, as 81 is.
Byte kept_under(Byte reference) {
    require(reference >= pw1_signature && reference <= pw3, status::reference_not_found);
    return reference == pw1 ? pw1_signature : reference;
}

void require_length(Byte kept, View value) {
    require(value.size() >= shortest_password(kept) && value.size() <= longest_password, status::wrong_data);
}

}  // namespace

/// The key that a verified password opened.
const SealingKey& Card::sealing_key() const {
    return m_volatile.unlocked.value().sealing_key;
}

/// Tries to open the sealing key with |entered|. The try is written down as used before, so that pulling the
/// card gains nothing. Refuses with 6982, or 6983 when no try was left.
SealingKey Card::spend_try(Byte kept, View entered) {
    require(state().passwords.at(kept).pin.tries > 0, status::blocked);
    change([&](State& changed) { --changed.passwords.at(kept).pin.tries; });
    auto key = SealingKey::unwrap(state().passwords.at(kept).pin.wrapped, kept, entered, state().sealing_key);
    require(key.has_value(), status::security_not_satisfied);
    return std::move(*key);
}

void Card::restore_tries(Byte kept) {
    change([&](State& changed) {
        Pin& pin = changed.passwords.at(kept).pin;
        pin.tries = pin.most_tries;
    });
}

/// Writes |value| as the new password |kept|, with all its tries.
void Card::set_password(const SealingKey& key, Byte kept, View value) {
    const unsigned iterations = state().passwords.at(pw3).pin.wrapped.iterations;
    const Password password = make_password(key, kept, value, iterations);
    change([&](State& changed) { changed.passwords.insert_or_assign(kept, password); });
}

/// Forgets that the password |kept| was given, in whichever of its states.
void Card::log_out(Byte kept) {
    m_volatile.verified.erase(kept);
    if (kept == pw1_signature) {
        m_volatile.verified.erase(pw1);
    }
}

/// VERIFY without data: 9000 or 63Cx, never a try (7.2.2).
Response Card::password_state(Byte reference) const {
    if (m_volatile.verified.contains(reference)) {
        return {};
    }
    const unsigned tries = state().passwords.at(kept_under(reference)).pin.tries;
    return {{}, told_tries(tries)};
}

/// VERIFY (7.2.2). P1 FF logs out.
Response Card::verify(const Command& command) {
    require(command.p1 == 0x00 || command.p1 == 0xFF, status::wrong_parameters);
    const Byte kept = kept_under(command.p2);
    if (command.p1 == 0xFF) {
        require(command.data.empty(), status::wrong_data);
        m_volatile.verified.erase(command.p2);
        return {};
    }
    if (command.data.empty()) {
        return password_state(command.p2);
    }
    require(command.data.size() <= longest_password, status::wrong_data);
    m_volatile.verified.erase(command.p2);
    SealingKey key = spend_try(kept, command.data);
    restore_tries(kept);
    m_volatile.verified.insert(command.p2);
    if (!m_volatile.unlocked) {
        m_volatile.unlocked = Unlocked{std::move(key)};
    }
    return {};
}

/// CHANGE REFERENCE DATA (7.2.3): old and new password in a row. What was given before stays given.
Response Card::change_reference_data(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    require(command.p2 == pw1_signature || command.p2 == pw3, status::reference_not_found);
    const View data = command.data;
    const std::size_t old_length = state().passwords.at(command.p2).length;
    require(data.size() > old_length, status::wrong_data);
    require_length(command.p2, data.subspan(old_length));
    const SealingKey key = spend_try(command.p2, data.first(old_length));
    set_password(key, command.p2, data.subspan(old_length));
    return {};
}

/// RESET RETRY COUNTER (7.2.4): a new PW1, by the resetting code (P1 00) or PW3 that was verified (P1 02).
Response Card::reset_retry_counter(const Command& command) {
    require(command.p1 == 0x00 || command.p1 == 0x02, status::wrong_parameters);
    require(command.p2 == pw1_signature, status::reference_not_found);
    View value = command.data;
    if (command.p1 == 0x02) {
        require_access(Access::admin);
        require_length(pw1_signature, value);
        set_password(sealing_key(), pw1_signature, value);
    } else {
        const auto code = state().passwords.find(resetting_code);
        require(code != state().passwords.end(), status::blocked);
        const std::size_t length = code->second.length;
        require(value.size() > length, status::wrong_data);
        require_length(pw1_signature, value.subspan(length));
        const SealingKey key = spend_try(resetting_code, value.first(length));
        restore_tries(resetting_code);
        set_password(key, pw1_signature, value.subspan(length));
    }
    log_out(pw1_signature);
    return {};
}

/// PUT DATA of D3 (4.3.4): a new resetting code; an empty one takes it away. PW3 is verified.
void Card::set_resetting_code(View value) {
    if (value.empty()) {
        change([](State& changed) { changed.passwords.erase(resetting_code); });
        return;
    }
    require_length(resetting_code, value);
    set_password(sealing_key(), resetting_code, value);
}

/// PUT DATA of F9. What hosts send as a password becomes another thing with it, so that PW1 and PW3 get the
/// values that the object brings for them (87, 88), or the factory's when it switches the derivation off, and
/// the resetting code goes. PW3 is verified.
void Card::set_kdf(View content) {
    const bool off = find_tlv(content, 0x81).value()[0] == 0;
    const unsigned iterations = state().passwords.at(pw3).pin.wrapped.iterations;
    std::map<Byte, Password> next;
    const auto bring = [&](Byte kept, std::uint32_t field, std::string_view factory) {
        const auto value = off ? view_of(factory) : find_tlv(content, field);
        if (value) {
            next.emplace(kept, make_password(sealing_key(), kept, *value, iterations));
        }
    };
    bring(pw1_signature, 0x87, factory_pw1);
    bring(pw3, 0x88, factory_pw3);
    change([&](State& changed) {
        changed.objects.insert_or_assign(tag::kdf, to_secret(content));
        changed.passwords.erase(resetting_code);
        for (const auto& [kept, password] : next) {
            changed.passwords.insert_or_assign(kept, password);
        }
    });
}

}  // namespace jeton::softcard::openpgp
