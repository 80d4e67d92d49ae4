// GENERATE ASYMMETRIC KEY PAIR and GENERAL AUTHENTICATE with the keys in the slots (SP 800-73-4 part 2, 3.3.2
// and 3.2.4).
#include <algorithm>

#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/public_key.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

/// KeyRequest is the control reference template AC of GENERATE ASYMMETRIC KEY PAIR.
struct KeyRequest {
    const KeyAlgorithm* algorithm = nullptr;
    PinPolicy pin_policy = PinPolicy::standard;
};

Byte one_byte(View value) {
    require(value.size() == 1, status::wrong_data);
    return value[0];
}

PinPolicy policy_of(Byte value) {
    require(value <= static_cast<Byte>(PinPolicy::always), status::wrong_data);
    return static_cast<PinPolicy>(value);
}

KeyRequest read_key_request(View data) {
    const std::optional<View> fields = find_tlv(data, 0xAC);
    require(fields.has_value(), status::wrong_data);
    KeyRequest request;
    TlvReader reader(*fields);
    while (const std::optional<Tlv> field = reader.next()) {
        const Byte value = one_byte(field->value);
        switch (field->tag) {
            case 0x80:
                request.algorithm = find_key_algorithm(value);
                break;
            case 0xAA:
                request.pin_policy = policy_of(value);
                break;
            case 0xAB:
                require(value == touch_default || value == touch_never, status::wrong_data);
                break;
            default:
                throw Refusal(status::wrong_data);
        }
    }
    require(!reader.failed() && request.algorithm != nullptr, status::wrong_data);
    return request;
}

crypto::PrivateKey generate_key(const KeyAlgorithm& algorithm) {
    return algorithm.is_rsa() ? crypto::PrivateKey::generate_rsa(algorithm.rsa_bits)
                              : crypto::PrivateKey::generate_ec(algorithm.curve);
}

Response in_template(View result) {
    return {BasicTlvWriter<SecretBytes>().nest(0x7C, [&](auto& out) { out.put(0x82, result); }).take()};
}

Response agree(const Key& key, View point) {
    const std::optional<SecretBytes> shared = key.private_key->agree(point);
    require(shared.has_value(), status::wrong_data);
    return in_template(*shared);
}

Response compute_rsa(const Key& key, const KeyAlgorithm& algorithm, View block) {
    require(block.size() == algorithm.rsa_bits / 8, status::wrong_data);
    const std::optional<SecretBytes> result = key.private_key->rsa_private(block);
    require(result.has_value(), status::wrong_data);
    return in_template(*result);
}

Response sign_ecdsa(const Key& key, const KeyAlgorithm& algorithm, View digest) {
    const bool fits = !digest.empty() && digest.size() <= crypto::curve_facts(algorithm.curve).field_bytes;
    require(fits, status::wrong_data);
    return in_template(key.private_key->sign_ecdsa(digest));
}

}  // namespace

bool PivCard::Authentication::is(bool has_witness, bool has_challenge, bool has_response,
                                 bool has_point) const {
    const bool answers = response && !response->empty();
    return witness.has_value() == has_witness && challenge.has_value() == has_challenge &&
           answers == has_response && point.has_value() == has_point;
}

Response PivCard::generate(const Command& command) {
    require(command.p1 == 0x00 && is_key_slot(command.p2), status::wrong_parameters);
    require(m_volatile.administrator, status::security_not_satisfied);
    const KeyRequest request = read_key_request(command.data);
    const bool standard = request.pin_policy == PinPolicy::standard;
    Key key;
    key.algorithm = request.algorithm->id;
    key.pin_policy = standard ? default_policy(command.p2) : request.pin_policy;
    key.private_key = std::make_shared<const crypto::PrivateKey>(generate_key(*request.algorithm));
    m_memory.change([&](CardState& state) { state.keys.insert_or_assign(command.p2, key); });
    return {
        BasicTlvWriter<SecretBytes>().put(0x7F49, public_key_fields(key.private_key->public_key())).take()};
}

/// Refuses unless the PIN was given as the policy of |key| asks.
void PivCard::require_pin(const Key& key) const {
    const bool satisfied = key.pin_policy == PinPolicy::never ||
                           (key.pin_policy == PinPolicy::once && m_volatile.pin_verified) ||
                           (m_volatile.pin_verified && m_volatile.pin_is_fresh);
    require(satisfied, status::security_not_satisfied);
}

Response PivCard::use_key(const Command& command, const Authentication& request) {
    const auto found = m_memory.state().keys.find(command.p2);
    require(found != m_memory.state().keys.end(), status::reference_not_found);
    const Key& key = found->second;
    require(command.p1 == key.algorithm, status::wrong_data);
    require_pin(key);
    const KeyAlgorithm& algorithm = *find_key_algorithm(key.algorithm);
    if (!algorithm.is_rsa() && request.is(false, false, false, true)) {
        return agree(key, *request.point);
    }
    require(request.is(false, true, false, false), status::wrong_data);
    return algorithm.is_rsa() ? compute_rsa(key, algorithm, *request.challenge)
                              : sign_ecdsa(key, algorithm, *request.challenge);
}

std::optional<PivCard::Authentication> PivCard::Authentication::read(View data) {
    struct Field {
        std::uint32_t tag;
        std::optional<View> Authentication::* place;
    };
    static constexpr Field known[] = {{0x80, &Authentication::witness},
                                      {0x81, &Authentication::challenge},
                                      {0x82, &Authentication::response},
                                      {0x85, &Authentication::point}};
    const std::optional<View> fields = find_tlv(data, 0x7C);
    if (!fields) {
        return std::nullopt;
    }
    Authentication out;
    TlvReader reader(*fields);
    while (const std::optional<Tlv> field = reader.next()) {
        const auto* const row = std::ranges::find(known, field->tag, &Field::tag);
        if (row == std::end(known) || (out.*row->place).has_value()) {
            return std::nullopt;
        }
        out.*row->place = field->value;
    }
    return reader.failed() ? std::nullopt : std::optional(out);
}

Response PivCard::general_authenticate(const Command& command) {
    require(command.p2 == management_key || is_key_slot(command.p2), status::reference_not_found);
    const std::optional<Authentication> request = Authentication::read(command.data);
    require(request.has_value(), status::wrong_data);
    if (command.p2 != management_key) {
        return use_key(command, *request);
    }
    require(command.p1 == m_memory.state().management_algorithm, status::wrong_data);
    return authenticate_administrator(*request);
}

}  // namespace jeton::softcard
