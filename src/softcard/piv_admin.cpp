// The management key, and what administration tools ask beside the standard.
#include <string_view>
#include <utility>

#include "crypto/block_cipher.hpp"
#include "crypto/digest.hpp"
#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/public_key.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

using SecretTlvWriter = BasicTlvWriter<SecretBytes>;

/// The version that this card says it has: one whose host interface has metadata, AES management keys and
/// log-out.
constexpr Byte version[] = {0x05, 0x04, 0x03};

constexpr Byte algorithm_of_pins = 0xFF;

/// The values that cards leave the factory with.
constexpr std::string_view factory_pin = "123456";
constexpr std::string_view factory_puk = "12345678";
constexpr Byte factory_management_key[] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
                                           5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

SecretBytes random_block() {
    SecretBytes block(aes_block_bytes);
    crypto::random_bytes(block);
    return block;
}

Bytes encrypt(const CardState& state, View block) {
    return crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::encrypt, state.management_key,
                               block);
}

Response in_template(std::uint32_t tag, View value) {
    return {SecretTlvWriter().nest(0x7C, [&](SecretTlvWriter& out) { out.put(tag, value); }).take()};
}

bool asks_for(const std::optional<View>& field) {
    return field && field->empty();
}

void put_byte(SecretTlvWriter& out, std::uint32_t tag, unsigned value) {
    const Byte byte[] = {static_cast<Byte>(value)};
    out.put(tag, byte);
}

Response pin_metadata(const Pin& pin, std::string_view factory_value) {
    const Byte tries[] = {Byte{most_tries}, static_cast<Byte>(pin.tries)};
    SecretTlvWriter out;
    put_byte(out, 0x01, algorithm_of_pins);
    put_byte(out, 0x05, equal_secret(pin.block, pin_block(view_of(factory_value))) ? 1 : 0);
    out.put(0x06, tries);
    return {out.take()};
}

Response management_metadata(const CardState& state) {
    const Byte policies[] = {static_cast<Byte>(PinPolicy::standard), touch_never};
    SecretTlvWriter out;
    put_byte(out, 0x01, state.management_algorithm);
    out.put(0x02, policies);
    put_byte(out, 0x05, equal_secret(state.management_key, factory_management_key) ? 1 : 0);
    return {out.take()};
}

Response key_metadata(const Key& key) {
    const Byte policies[] = {static_cast<Byte>(key.pin_policy), key.touch_policy};
    SecretTlvWriter out;
    put_byte(out, 0x01, key.algorithm);
    out.put(0x02, policies);
    put_byte(out, 0x03, key.origin);
    out.put(0x04, public_key_fields(key.private_key->public_key()));
    return {out.take()};
}

}  // namespace

/// GENERAL AUTHENTICATE with 9B (SP 800-73-4 part 2, 3.2.4 and appendix A.1): the first step of a mutual or
/// an external authentication, or the second one. A first step makes any earlier one void; a second step uses
/// it up.
Response PivCard::authenticate_administrator(const Authentication& request) {
    if (asks_for(request.witness) && request.is(true, false, false, false)) {
        m_volatile.challenge.clear();
        m_volatile.witness = random_block();
        return in_template(0x80, encrypt(m_memory.state(), m_volatile.witness));
    }
    if (asks_for(request.challenge) && request.is(false, true, false, false)) {
        m_volatile.witness.clear();
        m_volatile.challenge = random_block();
        return in_template(0x81, m_volatile.challenge);
    }
    if (request.is(true, true, false, false)) {
        return finish_mutual(request);
    }
    require(request.is(false, false, true, false), status::wrong_data);
    return finish_external(request);
}

Response PivCard::finish_mutual(const Authentication& request) {
    const SecretBytes witness = std::exchange(m_volatile.witness, {});
    m_volatile.administrator = false;
    require(request.challenge->size() == aes_block_bytes, status::wrong_data);
    require(!witness.empty() && equal_secret(witness, *request.witness), status::security_not_satisfied);
    Response response = in_template(0x82, encrypt(m_memory.state(), *request.challenge));
    m_volatile.administrator = true;
    return response;
}

Response PivCard::finish_external(const Authentication& request) {
    const SecretBytes challenge = std::exchange(m_volatile.challenge, {});
    m_volatile.administrator = false;
    require(!challenge.empty(), status::security_not_satisfied);
    const bool right = equal_secret(encrypt(m_memory.state(), challenge), *request.response);
    require(right, status::security_not_satisfied);
    m_volatile.administrator = true;
    return {};
}

/// SET MANAGEMENT KEY: algorithm, 9B, length, key.
Response PivCard::set_management_key(const Command& command) {
    require(command.p1 == 0xFF && command.p2 == 0xFF, status::wrong_parameters);
    require(m_volatile.administrator, status::security_not_satisfied);
    const View data = command.data;
    require(data.size() > 3 && data[1] == management_key && data[2] == data.size() - 3, status::wrong_data);
    require(management_key_bytes(data[0]) == data[2], status::wrong_data);
    m_memory.change([&](CardState& state) {
        state.management_algorithm = data[0];
        state.management_key = to_secret(data.subspan(3));
    });
    return {};
}

Response PivCard::get_metadata(const Command& command) {
    require(command.p1 == 0x00, status::wrong_parameters);
    const CardState& state = m_memory.state();
    if (command.p2 == application_pin) {
        return pin_metadata(state.pin, factory_pin);
    }
    if (command.p2 == pin_unblocking_key) {
        return pin_metadata(state.puk, factory_puk);
    }
    if (command.p2 == management_key) {
        return management_metadata(state);
    }
    const auto found = state.keys.find(command.p2);
    require(found != state.keys.end(), status::reference_not_found);
    return key_metadata(found->second);
}

Response PivCard::get_version(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    return {to_secret(version)};
}

Response PivCard::get_serial(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    return {to_secret(m_memory.state().serial)};
}

}  // namespace jeton::softcard
