// What makes, brings, moves and deletes keys: GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2, 3.3.2), and
// beside the standard IMPORT KEY, MOVE KEY and ATTEST.
#include <algorithm>

#include "softcard/attestation.hpp"
#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"
#include "softcard/public_key.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr Byte no_slot = 0xFF;  ///< as the target of MOVE KEY: delete
constexpr Byte usual_exponent[] = {0x01, 0x00, 0x01};

struct Policies {
    PinPolicy pin = PinPolicy::standard;
    TouchPolicy touch = TouchPolicy::standard;
};

Byte one_byte(View value, Byte most) {
    require(value.size() == 1 && value[0] <= most, status::wrong_data);
    return value[0];
}

/// Reads |field| if it is a policy; false when it is something else.
bool read_policy(const Tlv& field, Policies& out) {
    switch (field.tag) {
        case 0xAA:
            out.pin = static_cast<PinPolicy>(one_byte(field.value, static_cast<Byte>(PinPolicy::always)));
            return true;
        case 0xAB:
            out.touch =
                static_cast<TouchPolicy>(one_byte(field.value, static_cast<Byte>(TouchPolicy::cached)));
            return true;
        default:
            return false;
    }
}

/// Puts the defaults of the slot |reference| in place of |standard|. The attestation key asks for no PIN and
/// signs.
Policies settle(Policies policies, Byte reference, const KeyAlgorithm& algorithm) {
    if (policies.pin == PinPolicy::standard) {
        policies.pin = default_policy(reference);
    }
    if (policies.touch == TouchPolicy::standard) {
        policies.touch = TouchPolicy::never;
    }
    const auto* const okp = std::get_if<crypto::OkpCurve>(&algorithm.kind);
    const bool signs = okp == nullptr || crypto::okp_facts(*okp).signature_bytes != 0;
    const bool fits = reference != attestation_key || (policies.pin == PinPolicy::never && signs);
    require(fits, status::wrong_data);
    return policies;
}

/// KeyRequest is the control reference template AC of GENERATE ASYMMETRIC KEY PAIR.
struct KeyRequest {
    const KeyAlgorithm* algorithm = nullptr;
    Policies policies;
};

KeyRequest read_key_request(View data) {
    const std::optional<View> fields = find_tlv(data, 0xAC);
    require(fields.has_value(), status::wrong_data);
    KeyRequest request;
    TlvReader reader(*fields);
    while (const std::optional<Tlv> field = reader.next()) {
        if (read_policy(*field, request.policies)) {
            continue;
        }
        if (field->tag == 0x80) {
            request.algorithm = find_key_algorithm(one_byte(field->value, 0xFF));
        } else {
            // 81 is the public exponent of an RSA key.
            const bool usual =
                field->tag == 0x81 && equal(without_leading_zeros(field->value), usual_exponent);
            require(usual, status::wrong_data);
        }
    }
    const bool sound = !reader.failed() && request.algorithm != nullptr && request.algorithm->may_generate;
    require(sound, status::wrong_data);
    return request;
}

/// ImportedKey is the data field of IMPORT KEY: numbers under the tags 01 to 08, and policies.
struct ImportedKey {
    static constexpr std::uint32_t last_tag = 0x08;
    std::array<std::optional<View>, last_tag + 1> numbers{};
    Policies policies;

    /// number gives what stands under |tag|, or refuses.
    SecretBytes number(std::uint32_t tag) const {
        require(numbers[tag].has_value(), status::wrong_data);
        return to_secret(*numbers[tag]);
    }

    crypto::PrivateParts operator()(const RsaModulus& modulus) const {
        require_only({0x01, 0x02, 0x03, 0x04, 0x05});
        // Hosts pad to half the modulus.
        const auto half = [&](std::uint32_t tag) {
            const SecretBytes padded = number(tag);
            require(padded.size() <= modulus.bytes() / 2, status::wrong_data);
            return to_secret(without_leading_zeros(padded));
        };
        return crypto::RsaPrivateParts{half(0x01), half(0x02), half(0x03),
                                       half(0x04), half(0x05), to_bytes(usual_exponent)};
    }
    crypto::PrivateParts operator()(crypto::Curve curve) const {
        require_only({0x06});
        return crypto::EcPrivateParts{curve, number(0x06)};
    }
    crypto::PrivateParts operator()(crypto::OkpCurve curve) const {
        const std::uint32_t tag = curve == crypto::OkpCurve::ed25519 ? 0x07 : 0x08;
        require_only({tag});
        return crypto::OkpPrivateParts{curve, number(tag)};
    }

    void require_only(std::initializer_list<std::uint32_t> tags) const {
        const auto given = std::ranges::count_if(numbers, [](const auto& view) { return view.has_value(); });
        require(static_cast<std::size_t>(given) == tags.size(), status::wrong_data);
    }
};

ImportedKey read_imported_key(View data) {
    ImportedKey out;
    TlvReader reader(data);
    while (const std::optional<Tlv> field = reader.next()) {
        if (read_policy(*field, out.policies)) {
            continue;
        }
        const bool known = field->tag >= 0x01 && field->tag <= ImportedKey::last_tag;
        require(known && !out.numbers[field->tag], status::wrong_data);
        out.numbers[field->tag] = field->value;
    }
    require(!reader.failed(), status::wrong_data);
    return out;
}

}  // namespace

/// Changes the keys and forgets those that were open.
void PivCard::change_keys(const std::function<void(std::map<Byte, Key>&)>& edit) {
    change([&](PivState& state) { edit(state.keys); });
    if (m_volatile.unlocked) {
        m_volatile.unlocked->opened.clear();
    }
}

Response PivCard::generate(const Command& command) {
    require(command.p1 == 0x00 && holds_key(command.p2), status::wrong_parameters);
    require(m_volatile.administrator, status::security_not_satisfied);
    const KeyRequest request = read_key_request(command.data);
    const Policies policies = settle(request.policies, command.p2, *request.algorithm);
    const Key key = make_key(piv().sealing_key, command.p2, *request.algorithm, policies.pin, policies.touch,
                             origin_generated, generate_key(*request.algorithm));
    change_keys([&](std::map<Byte, Key>& keys) { keys.insert_or_assign(command.p2, key); });
    return {BasicTlvWriter<SecretBytes>().put(0x7F49, public_key_fields(key.public_key)).take()};
}

/// IMPORT KEY: P1 algorithm, P2 slot.
Response PivCard::import_key(const Command& command) {
    const KeyAlgorithm* const algorithm = find_key_algorithm(command.p1);
    require(algorithm != nullptr && holds_key(command.p2), status::wrong_parameters);
    require(m_volatile.administrator, status::security_not_satisfied);
    const ImportedKey imported = read_imported_key(command.data);
    const Policies policies = settle(imported.policies, command.p2, *algorithm);
    auto private_key = crypto::PrivateKey::from_parts(std::visit(imported, algorithm->kind));
    require(private_key && algorithm->describes(private_key->public_key()), status::wrong_data);
    const Key key = make_key(piv().sealing_key, command.p2, *algorithm, policies.pin, policies.touch,
                             origin_imported, std::move(*private_key));
    change_keys([&](std::map<Byte, Key>& keys) { keys.insert_or_assign(command.p2, key); });
    return {};
}

/// MOVE KEY: P1 where to, P2 where from. FF as P1 deletes the key. An occupied slot is never overwritten.
Response PivCard::move_key(const Command& command) {
    const bool deletes = command.p1 == no_slot;
    const bool moves = is_key_slot(command.p1) && is_key_slot(command.p2) && command.p1 != command.p2;
    require(deletes ? holds_key(command.p2) : moves, status::wrong_parameters);
    require(m_volatile.administrator, status::security_not_satisfied);
    const std::map<Byte, Key>& keys = piv().keys;
    require(keys.contains(command.p2), status::reference_not_found);
    require(deletes || !keys.contains(command.p1), status::conditions_not_satisfied);
    change_keys([&](std::map<Byte, Key>& changed) {
        auto node = changed.extract(command.p2);
        if (!deletes) {
            node.key() = command.p1;
            changed.insert(std::move(node));
        }
    });
    return {};
}

/// ATTEST: P1 slot. Only keys that were generated on the card are attested.
Response PivCard::attest_key(const Command& command) {
    require(is_key_slot(command.p1) && command.p2 == 0x00, status::wrong_parameters);
    const PivState& state = piv();
    const auto found = state.keys.find(command.p1);
    require(found != state.keys.end(), status::reference_not_found);
    require(found->second.origin == origin_generated, status::wrong_data);
    const std::optional<Bytes> certificate =
        attest(state, m_memory.state().serial, command.p1, found->second);
    require(certificate.has_value(), status::reference_not_found);
    return {to_secret(*certificate)};
}

}  // namespace jeton::softcard
