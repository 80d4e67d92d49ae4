// Key pairs: what is there, and computing (SP 800-73-4 part 2, 3.2.4).
#include <algorithm>
#include <fmt/core.h>

#include "card/operands.hpp"
#include "card/piv_applet.hpp"
#include "card/piv_constants.hpp"
#include "card/piv_key_codec.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

constexpr Byte policy_pin_never = 0x01;
constexpr Byte policy_pin_always = 0x03;
constexpr Byte policy_match_always = 0x05;
constexpr Byte origin_generated = 0x01;

/// operand makes exactly what the card expects from |input|.
SecretBytes operand(Primitive primitive, Verb verb, View input, KeyType type, std::size_t unit) {
    if (primitive == Primitive::ecdh) {
        require_point(verb, input, type, unit);
        return to_secret(input);
    }
    if (primitive == Primitive::eddsa) {
        return to_secret(input);
    }
    return whole_number(verb, primitive, input, unit);
}

/// result_of checks what the card computed and gives it the length that the standard gives it.
std::optional<SecretBytes> result_of(Primitive primitive, View value, KeyType type, std::size_t unit) {
    if (value.empty()) {
        return std::nullopt;
    }
    if (primitive == Primitive::ecdsa) {
        const auto raw = crypto::ecdsa_raw_from_der(value, unit);
        return raw ? std::optional(to_secret(*raw)) : std::nullopt;
    }
    if (okp_of(type)) {
        const std::size_t length = primitive == Primitive::eddsa ? 2 * unit : unit;
        return value.size() == length ? std::optional(to_secret(value)) : std::nullopt;
    }
    if (value.size() > unit) {
        return std::nullopt;
    }
    SecretBytes out(unit - value.size(), 0x00);
    append(out, value);
    return out;
}

}  // namespace

bool PivApplet::offers(Primitive primitive, KeyType type) const {
    return primitive != Primitive::rsa_pkcs1 && suits(primitive, type) && profile().algorithms.contains(type);
}

Byte PivApplet::algorithm_of(KeyType type, Verb verb) const {
    const auto row = profile().algorithms.find(type);
    if (row == profile().algorithms.end()) {
        throw Error(Error::Kind::unsupported, verb, "this card has no such kind of key, by its profile");
    }
    return row->second;
}

bool PivApplet::always_authenticates(const KeySlot& slot) const {
    if (slot.always_authenticate == Switch::automatic) {
        return slot.ref == piv::ref_signature_key;  // SP 800-73-4 part 1, table 4: "PIN always"
    }
    return slot.always_authenticate == Switch::always;
}

std::optional<KeyEntry> PivApplet::key_from_metadata(Channel& channel, const KeySlot& slot) {
    const auto known = metadata(channel, slot.ref);
    if (!known || !known->algorithm) {
        return std::nullopt;
    }
    const auto& algorithms = profile().algorithms;
    const auto row = std::find_if(algorithms.begin(), algorithms.end(),
                                  [&](const auto& entry) { return entry.second == *known->algorithm; });
    auto key = row == algorithms.end() ? std::nullopt : public_key_in(known->public_key, row->first);
    if (!key) {
        log::info("key {}: the card's metadata hold no public key that we know", slot.id);
        return std::nullopt;
    }
    bool always = always_authenticates(slot);
    const Byte policy = known->pin_policy.value_or(0x00);
    if (slot.always_authenticate == Switch::automatic) {
        const bool told = policy >= policy_pin_never && policy <= policy_match_always;
        always = told ? policy == policy_pin_always || policy == policy_match_always : always;
    }
    return KeyEntry{std::move(*key), always, known->origin == origin_generated};
}

std::optional<KeyEntry> PivApplet::read_key(Channel& channel, const KeySlot& slot,
                                            const crypto::Certificate* certificate) {
    using Presence = KeySlot::Presence;
    if (certificate != nullptr && certificate->key) {
        const auto type = key_type_of(*certificate->key);
        if (type && profile().algorithms.contains(*type) && crypto::is_valid(*certificate->key)) {
            return KeyEntry{*certificate->key, always_authenticates(slot), false};
        }
        log::info("key {}: its certificate has a key that this card does not hold", slot.id);
    }
    return slot.presence == Presence::certificate ? std::nullopt : key_from_metadata(channel, slot);
}

bool PivApplet::wants_certificate(const KeySlot& slot) const {
    return slot.presence != KeySlot::Presence::metadata || m_metadata_refused;
}

SecretBytes PivApplet::compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                               Primitive primitive, Verb verb, View input) {
    const auto type = key_type_of(key);
    if (!type || primitive == Primitive::rsa_pkcs1 || !suits(primitive, *type)) {
        throw Error(Error::Kind::unsupported, verb, fmt::format("key {} does not compute this", slot.id));
    }
    const Byte algorithm = algorithm_of(*type, verb);
    const std::size_t unit = unit_bytes(key);
    const std::uint32_t input_tag =
        primitive == Primitive::ecdh ? piv::tag_exponentiation : piv::tag_challenge;
    const SecretBytes block = operand(primitive, verb, input, *type, unit);
    const SecretBytes body = BasicTlvWriter<SecretBytes>()
                                 .nest(piv::tag_authentication,
                                       [&](auto& in) { in.put(piv::tag_response, {}).put(input_tag, block); })
                                 .take();
    // The longest answer: 7C and 82 with three length bytes each, and two numbers with their DER headers or
    // one.
    const bool two_numbers = primitive == Primitive::ecdsa || primitive == Primitive::eddsa;
    const std::size_t longest = two_numbers ? 2 * unit + 20 : unit + 8;
    const Response answer = channel.transmit({.ins = piv::ins_general_authenticate,
                                              .p1 = algorithm,
                                              .p2 = slot.ref,
                                              .data = body,
                                              .le = longest > 256 ? any_length : 256});
    if (!answer.status.ok()) {
        throw Error(verb, answer.status, fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    const auto value = find_tlv_path(answer.data, {piv::tag_authentication, piv::tag_response});
    auto result = value ? result_of(primitive, *value, *type, unit) : std::nullopt;
    if (!result) {
        throw Error(Error::Kind::malformed, verb,
                    fmt::format("key {}: the card's answer is not a result", slot.id));
    }
    return std::move(*result);
}

}  // namespace jeton::card
