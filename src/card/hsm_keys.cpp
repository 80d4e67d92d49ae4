// Key pairs and their certificates: read, used, made and erased.
#include <algorithm>
#include <fmt/core.h>

#include "card/hsm_applet.hpp"
#include "card/hsm_constants.hpp"
#include "card/hsm_cvc.hpp"
#include "card/operands.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

using hsm::file_of;

constexpr Byte uncompressed_point = 0x04;

/// Operation is one thing that the card computes.
struct Operation {
    Primitive primitive;
    Verb verb;
    Byte ins;
    Byte algorithm;
};

constexpr std::array operations{
    Operation{Primitive::rsa_raw, Verb::sign, hsm::ins_sign, hsm::alg_rsa_raw},
    Operation{Primitive::rsa_raw, Verb::decipher, hsm::ins_decipher, hsm::alg_rsa_decrypt},
    Operation{Primitive::ecdsa, Verb::sign, hsm::ins_sign, hsm::alg_ecdsa},
    Operation{Primitive::ecdh, Verb::derive, hsm::ins_decipher, hsm::alg_ecdh},
};

const Operation& operation_of(Primitive primitive, Verb verb) {
    const auto* const found = std::find_if(operations.begin(), operations.end(), [&](const Operation& row) {
        return row.primitive == primitive && row.verb == verb;
    });
    if (found == operations.end()) {
        throw Error(Error::Kind::unsupported, verb, "this card does not compute this");
    }
    return *found;
}

/// operand makes exactly what the card expects.
SecretBytes operand(Primitive primitive, Verb verb, View input, KeyType type, std::size_t unit) {
    if (primitive == Primitive::ecdh) {
        require_point(verb, input, type, unit);
        return to_secret(input);
    }
    return whole_number(verb, primitive, input, unit);
}

std::optional<SecretBytes> result_of(Primitive primitive, View answer, std::size_t unit) {
    if (primitive == Primitive::ecdsa) {
        const auto raw = crypto::ecdsa_raw_from_der(answer, unit);
        return raw ? std::optional(to_secret(*raw)) : std::nullopt;
    }
    if (primitive == Primitive::ecdh) {
        // 04 X Y; there are cards that leave Y out.
        const bool is_point = (answer.size() == 1 + 2 * unit || answer.size() == 1 + unit) &&
                              answer.front() == uncompressed_point;
        return is_point ? std::optional(to_secret(answer.subspan(1, unit))) : std::nullopt;
    }
    return answer.size() == unit ? std::optional(to_secret(answer)) : std::nullopt;
}

bool is_of_key(const ObjectSlot& slot) {
    return slot.ref.size() == 2 && slot.ref[0] == hsm::prefix_certificate;
}

}  // namespace

/// read_object: beside a key there is a certificate, or the request that holds the public key alone.
std::optional<ObjectEntry> HsmApplet::read_object(Channel& channel, const ObjectSlot& slot) {
    if (slot.ref.size() != 2) {
        return std::nullopt;
    }
    const auto content = read_file(channel, static_cast<std::uint16_t>(load_be(slot.ref)));
    if (!content) {
        return std::nullopt;
    }
    if (slot.object_class == ObjectSlot::Class::data) {
        return ObjectEntry{to_bytes(*content), std::nullopt};
    }
    if (is_of_key(slot)) {
        m_public_keys.erase(slot.ref[1]);
        if (auto key = hsm::requested_key(*content)) {
            m_public_keys.emplace(slot.ref[1], std::move(*key));
            return std::nullopt;
        }
    }
    auto certificate = crypto::parse_certificate(*content);
    if (!certificate) {
        log::info("object {} holds {} bytes that are not a certificate", slot.id, content->size());
        return std::nullopt;
    }
    Bytes der = certificate->der;
    return ObjectEntry{std::move(der), std::move(certificate)};
}

std::optional<KeyEntry> HsmApplet::read_key(Channel&, const KeySlot& slot,
                                            const crypto::Certificate* certificate) {
    std::optional<crypto::PublicKey> key;
    if (certificate != nullptr) {
        key = certificate->key;
    } else if (const auto requested = m_public_keys.find(slot.ref); requested != m_public_keys.end()) {
        key = requested->second;
    }
    const auto type = key ? key_type_of(*key) : std::nullopt;
    if (!type || !profile().algorithms.contains(*type) || !crypto::is_valid(*key)) {
        log::info("key {}: the card has no public key of a kind that we know", slot.id);
        return std::nullopt;
    }
    return KeyEntry{std::move(*key), false, m_made_here.contains(slot.ref)};
}

bool HsmApplet::offers(Primitive primitive, KeyType type) const {
    return !okp_of(type) && primitive != Primitive::rsa_pkcs1 && suits(primitive, type) &&
           profile().algorithms.contains(type);
}

SecretBytes HsmApplet::compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                               Primitive primitive, Verb verb, View input) {
    const auto type = key_type_of(key);
    if (!type || !offers(primitive, *type)) {
        throw Error(Error::Kind::unsupported, verb, fmt::format("key {} does not compute this", slot.id));
    }
    const Operation& operation = operation_of(primitive, verb);
    const std::size_t unit = unit_bytes(key);
    const SecretBytes block = operand(primitive, verb, input, *type, unit);
    const Response answer = channel.transmit({.cla = hsm::cla_proprietary,
                                              .ins = operation.ins,
                                              .p1 = slot.ref,
                                              .p2 = operation.algorithm,
                                              .data = block,
                                              .le = unit > 120 ? any_length : 256});
    if (!answer.status.ok()) {
        throw Error(verb, hsm::used_up(answer.status),
                    fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    auto result = result_of(primitive, answer.data, unit);
    if (!result) {
        throw Error(Error::Kind::malformed, verb,
                    fmt::format("key {}: the card's answer is not a result", slot.id));
    }
    return std::move(*result);
}

/// generate also writes the card's answer, a request for a certificate, where the public key is looked for:
/// not every card keeps it by itself. A description without a key is none: the next key in its place has
/// another.
crypto::PublicKey HsmApplet::generate(Channel& channel, const KeySlot& slot, KeyType type, KeyPolicy policy) {
    const Bytes body = hsm::pair_template(type, holder());
    const bool is_plain = policy.touch == TouchPolicy::standard &&
                          (policy.pin == PinPolicy::standard || policy.pin == PinPolicy::once);
    if (!profile().allow_keygen || !profile().algorithms.contains(type) || body.empty() || !is_plain) {
        throw Error(Error::Kind::unsupported, Verb::generate,
                    "the card makes no keys of this kind, or with this policy");
    }
    announce_key(channel, slot, type);
    const Response answer = channel.transmit(
        {.ins = hsm::ins_generate_pair, .p1 = slot.ref, .data = body, .le = any_length}, Channel::slow_limit);
    if (!answer.status.ok()) {
        throw Error(Verb::generate, answer.status,
                    fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    auto key = hsm::requested_key(answer.data);
    if (!key || key_type_of(*key) != type) {
        throw Error(Error::Kind::malformed, Verb::generate,
                    "the card's answer is not a public key of the kind asked for");
    }
    write_file(channel, Verb::generate, file_of(hsm::prefix_certificate, slot.ref), answer.data);
    m_made_here.insert(slot.ref);
    m_public_keys.insert_or_assign(slot.ref, *key);
    return std::move(*key);
}

void HsmApplet::import_key(Channel&, const KeySlot&, KeyType, const crypto::PrivateParts&, KeyPolicy) {
    throw Error(Error::Kind::unsupported, Verb::import_key,
                "the card takes private keys only wrapped under its device key encryption key");
}

/// erase_key removes the key first: without its description it would still be there. What is gone already was
/// erased by a try that went wrong later.
void HsmApplet::erase_key(Channel& channel, const KeySlot& slot) {
    erase_file(channel, file_of(hsm::prefix_key, slot.ref), false);
    erase_file(channel, file_of(hsm::prefix_key_description, slot.ref), false);
    erase_file(channel, file_of(hsm::prefix_certificate, slot.ref), false);
    m_public_keys.erase(slot.ref);
    m_made_here.erase(slot.ref);
}

/// erase_object leaves the public key where the certificate of a key was: nothing else on the card holds it.
void HsmApplet::erase_object(Channel& channel, const ObjectSlot& slot) {
    if (!profile().allow_write || slot.ref.size() != 2) {
        throw Error(Error::Kind::unsupported, Verb::erase,
                    fmt::format("object {} cannot be erased, by its profile", slot.id));
    }
    const auto file = static_cast<std::uint16_t>(load_be(slot.ref));
    if (is_of_key(slot)) {
        const auto content = read_file(channel, file);
        const auto certificate = content ? crypto::parse_certificate(*content) : std::nullopt;
        if (!certificate || !certificate->key) {
            throw Error(Verb::erase, sw::reference_not_found, "there is no certificate beside the key");
        }
        write_file(channel, Verb::erase, file, hsm::unsigned_request(*certificate->key, holder()));
        m_public_keys.insert_or_assign(slot.ref[1], *certificate->key);
        return;
    }
    erase_file(channel, file, true);
    const Byte prefix = slot.ref[0] == hsm::prefix_authority ? hsm::prefix_certificate_description
                                                             : hsm::prefix_data_description;
    erase_file(channel, file_of(prefix, slot.ref[1]), false);
}

}  // namespace jeton::card
