// What keys compute: the command templates that the profile has for them.
#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "card/command_template.hpp"
#include "card/iso7816_applet.hpp"
#include "card/operands.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

/// Use is a template's place in the profile, and the field of its answer that counts.
struct Use {
    Primitive primitive;
    Verb verb;
    const char* mechanism;
    Purpose purpose;
    const char* field;
};

constexpr std::array uses{
    Use{Primitive::rsa_raw, Verb::sign, "CKM_RSA_X_509", Purpose::sign, "signature"},
    Use{Primitive::rsa_raw, Verb::decipher, "CKM_RSA_X_509", Purpose::decipher, "plaintext"},
    Use{Primitive::rsa_pkcs1, Verb::sign, "CKM_RSA_PKCS", Purpose::sign, "signature"},
    Use{Primitive::rsa_pkcs1, Verb::decipher, "CKM_RSA_PKCS", Purpose::decipher, "plaintext"},
    Use{Primitive::ecdsa, Verb::sign, "CKM_ECDSA", Purpose::sign, "signature"},
    Use{Primitive::eddsa, Verb::sign, "CKM_EDDSA", Purpose::sign, "signature"},
    Use{Primitive::ecdh, Verb::derive, "CKM_ECDH1_DERIVE", Purpose::derive, "secret"},
};

const MechanismRule* rule_for(const Profile& profile, const Use& use) {
    const auto found = profile.mechanisms.find(use.mechanism);
    return found == profile.mechanisms.end() || found->second.command(use.purpose) == nullptr
               ? nullptr
               : &found->second;
}

/// operand gives |input| the length that cards expect.
SecretBytes operand(Primitive primitive, Verb verb, View input, KeyType type, std::size_t unit) {
    const bool is_number = primitive == Primitive::rsa_raw || primitive == Primitive::ecdsa ||
                           (primitive == Primitive::rsa_pkcs1 && verb == Verb::decipher);
    if (is_number) {
        return whole_number(verb, primitive, input, unit);
    }
    if (primitive == Primitive::ecdh) {
        require_point(verb, input, type, unit);
    }
    return to_secret(input);
}

/// two_numbers takes r and s as they are, or out of their DER form.
std::optional<SecretBytes> two_numbers(View value, std::size_t unit) {
    if (value.size() == 2 * unit) {
        return to_secret(value);
    }
    const auto raw = crypto::ecdsa_raw_from_der(value, unit);
    return raw ? std::optional(to_secret(*raw)) : std::nullopt;
}

/// result_of checks what the card computed.
std::optional<SecretBytes> result_of(Primitive primitive, Verb verb, View value, std::size_t unit) {
    constexpr std::size_t least_padding = 11;
    switch (primitive) {
        case Primitive::ecdsa:
            return two_numbers(value, unit);
        case Primitive::ecdh:
            return shared_secret(value, unit);
        case Primitive::eddsa:
            return value.size() == 2 * unit ? std::optional(to_secret(value)) : std::nullopt;
        case Primitive::rsa_pkcs1:
            if (verb == Verb::decipher) {
                return value.size() + least_padding <= unit ? std::optional(to_secret(value)) : std::nullopt;
            }
            break;
        case Primitive::rsa_raw:
            break;
    }
    return value.size() == unit ? std::optional(to_secret(value)) : std::nullopt;
}

}  // namespace

/// read_key: the certificate tells of the key.
std::optional<KeyEntry> Iso7816Applet::read_key(Channel&, const KeySlot& slot,
                                                const crypto::Certificate* certificate) {
    if (certificate == nullptr || !certificate->key) {
        return std::nullopt;
    }
    const auto type = key_type_of(*certificate->key);
    if (!type || !slot.takes(*type) || !profile().algorithms.contains(*type) ||
        !crypto::is_valid(*certificate->key)) {
        log::info("key {}: its certificate has a key that this card does not hold", slot.id);
        return std::nullopt;
    }
    return KeyEntry{*certificate->key, always_authenticates(slot), false};
}

bool Iso7816Applet::always_authenticates(const KeySlot& slot) const {
    return slot.always_authenticate == Switch::always;
}

bool Iso7816Applet::offers(Primitive primitive, KeyType type) const {
    return suits(primitive, type) && profile().algorithms.contains(type) &&
           std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
               return use.primitive == primitive && rule_for(profile(), use) != nullptr;
           });
}

SecretBytes Iso7816Applet::compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                                   Primitive primitive, Verb verb, View input) {
    const auto type = key_type_of(key);
    const auto* const use = std::find_if(uses.begin(), uses.end(), [&](const Use& row) {
        return row.primitive == primitive && row.verb == verb;
    });
    const MechanismRule* const rule = use == uses.end() ? nullptr : rule_for(profile(), *use);
    if (!type || rule == nullptr || !suits(primitive, *type) || !profile().algorithms.contains(*type)) {
        throw Error(Error::Kind::unsupported, verb, fmt::format("key {} does not compute this", slot.id));
    }
    come_home(channel, verb);
    const std::size_t unit = unit_bytes(key);
    const SecretBytes data = operand(primitive, verb, input, *type, unit);
    auto fields = rule->command(use->purpose)
                      ->run(channel,
                            {.key_ref = slot.ref,
                             .key_bits = 8 * unit,
                             .algorithm = rule->algorithm.value_or(profile().algorithms.at(*type)),
                             .data = data},
                            verb);
    auto result = result_of(primitive, verb, fields[use->field], unit);
    if (!result) {
        throw Error(Error::Kind::malformed, verb,
                    fmt::format("key {}: the card's answer is not a result", slot.id));
    }
    return std::move(*result);
}

}  // namespace jeton::card
