// The management key: authentication of the administrator, and a new key.
#include <utility>

#include "crypto/block_cipher.hpp"
#include "crypto/digest.hpp"
#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr Byte no_touch_asked = 0xFF;
constexpr Byte touch_asked = 0xFE;

std::size_t block_bytes(const ManagementKey& key) {
    return crypto::block_length(management_facts(key.algorithm).cipher);
}

SecretBytes random_block(const ManagementKey& key) {
    SecretBytes block(block_bytes(key));
    crypto::random_bytes(block);
    return block;
}

Bytes encrypt(const ManagementKey& key, View block) {
    return crypto::crypt_block(management_facts(key.algorithm).cipher, crypto::Direction::encrypt, key.value,
                               block);
}

Response in_template(std::uint32_t tag, View value) {
    return {BasicTlvWriter<SecretBytes>().nest(0x7C, [&](auto& out) { out.put(tag, value); }).take()};
}

bool asks_for(const std::optional<View>& field) {
    return field && field->empty();
}

}  // namespace

/// GENERAL AUTHENTICATE with 9B (SP 800-73-4 part 2, 3.2.4 and appendix A.1): the first step of a mutual or
/// an external authentication, or the second one. A first step makes any earlier one void; a second step uses
/// it up.
Response PivCard::authenticate_administrator(const Authentication& request) {
    if (asks_for(request.witness) && request.is(true, false, false, false)) {
        m_volatile.challenge.clear();
        m_volatile.witness = random_block(piv().management);
        return in_template(0x80, encrypt(piv().management, m_volatile.witness));
    }
    if (asks_for(request.challenge) && request.is(false, true, false, false)) {
        m_volatile.witness.clear();
        m_volatile.challenge = random_block(piv().management);
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
    require(request.challenge->size() == block_bytes(piv().management), status::wrong_data);
    require(!witness.empty() && equal_secret(witness, *request.witness), status::security_not_satisfied);
    require_touch(piv().management.touch_policy);
    Response response = in_template(0x82, encrypt(piv().management, *request.challenge));
    m_volatile.administrator = true;
    return response;
}

Response PivCard::finish_external(const Authentication& request) {
    const SecretBytes challenge = std::exchange(m_volatile.challenge, {});
    m_volatile.administrator = false;
    const ManagementKey& key = piv().management;
    // Another process may have set a key of another algorithm.
    require(challenge.size() == block_bytes(key), status::security_not_satisfied);
    const bool right = equal_secret(encrypt(key, challenge), *request.response);
    require(right, status::security_not_satisfied);
    require_touch(key.touch_policy);
    m_volatile.administrator = true;
    return {};
}

/// SET MANAGEMENT KEY: algorithm, 9B, length, key. P2 FF says that no touch is needed, FE that one is.
Response PivCard::set_management_key(const Command& command) {
    const bool wants_touch = command.p2 == touch_asked;
    require(command.p1 == 0xFF && (wants_touch || command.p2 == no_touch_asked), status::wrong_parameters);
    require(m_volatile.administrator, status::security_not_satisfied);
    const View data = command.data;
    require(data.size() > 3 && data[1] == management_key && data[2] == data.size() - 3, status::wrong_data);
    const ManagementFacts* const facts = find_management(data[0]);
    const bool fits =
        facts != nullptr && static_cast<Byte>(facts->algorithm) == data[0] && facts->key_bytes == data[2];
    require(fits, status::wrong_data);
    change([&](PivState& state) {
        state.management = {facts->algorithm, wants_touch ? TouchPolicy::always : TouchPolicy::never,
                            to_secret(data.subspan(3))};
    });
    return {};
}

}  // namespace jeton::softcard
