// What administration tools ask of a card as a whole: metadata, version, serial number, and the way back to
// the factory's values.
#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/public_key.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

using SecretTlvWriter = BasicTlvWriter<SecretBytes>;

constexpr Byte algorithm_of_pins = 0xFF;

void put_byte(SecretTlvWriter& out, std::uint32_t tag, unsigned value) {
    const Byte byte[] = {static_cast<Byte>(value)};
    out.put(tag, byte);
}

Response pin_metadata(const Pin& pin) {
    const Byte tries[] = {static_cast<Byte>(pin.most_tries), static_cast<Byte>(pin.tries)};
    SecretTlvWriter out;
    put_byte(out, 0x01, algorithm_of_pins);
    put_byte(out, 0x05, pin.is_factory_value ? 1 : 0);
    out.put(0x06, tries);
    return {out.take()};
}

Response management_metadata(const ManagementKey& key) {
    const Byte policies[] = {static_cast<Byte>(PinPolicy::standard), static_cast<Byte>(key.touch_policy)};
    SecretTlvWriter out;
    put_byte(out, 0x01, static_cast<Byte>(key.algorithm));
    out.put(0x02, policies);
    put_byte(out, 0x05, equal_secret(key.value, factory_management_key) ? 1 : 0);
    return {out.take()};
}

Response key_metadata(const Key& key) {
    const Byte policies[] = {static_cast<Byte>(key.pin_policy), static_cast<Byte>(key.touch_policy)};
    SecretTlvWriter out;
    put_byte(out, 0x01, key.algorithm);
    out.put(0x02, policies);
    put_byte(out, 0x03, key.origin);
    out.put(0x04, public_key_fields(key.public_key));
    return {out.take()};
}

}  // namespace

Response PivCard::get_metadata(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    const PivState& state = piv();
    if (const auto pin = state.pins.find(command.p2); pin != state.pins.end()) {
        return pin_metadata(pin->second);
    }
    if (command.p2 == management_key) {
        return management_metadata(state.management);
    }
    const auto found = state.keys.find(command.p2);
    require(found != state.keys.end(), status::reference_not_found);
    return key_metadata(found->second);
}

Response PivCard::get_version(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    return {to_secret(card_version)};
}

Response PivCard::get_serial(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    return {to_secret(m_memory.state().serial)};
}

/// RESET: only when PIN and PUK are blocked.
Response PivCard::reset_card(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    const PivState& state = piv();
    const bool blocked =
        state.pins.at(application_pin).tries == 0 && state.pins.at(pin_unblocking_key).tries == 0;
    require(blocked, status::conditions_not_satisfied);
    change([](PivState& changed) { changed = factory_state(changed); });
    start();
    return {};
}

}  // namespace jeton::softcard
