// Key pairs: what is there, and computing (OpenPGP 3.4.1, 7.2.10 to 7.2.14).
#include <algorithm>
#include <fmt/core.h>

#include "card/openpgp_applet.hpp"
#include "card/openpgp_key_codec.hpp"
#include "card/operands.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

using namespace openpgp;

namespace {

constexpr Byte origin_generated = 0x01;
constexpr Byte padding_indicator_rsa = 0x00;

/// Operation is the command that computes with a key.
struct Operation {
    Byte ref;
    Byte ins, p1, p2;
};
constexpr std::array<Operation, 3> operations{{
    {ref_signature, ins_perform_security_operation, 0x9E, 0x9A},
    {ref_decryption, ins_perform_security_operation, 0x80, 0x86},
    {ref_authentication, ins_internal_authenticate, 0x00, 0x00},
}};

/// ecdsa_operand gives a hash a length that cards take: no more than the field, and zeros before a shorter
/// one.
SecretBytes ecdsa_operand(View hash, std::size_t field) {
    constexpr std::size_t longest_hash = 64;
    hash = hash.first(std::min(hash.size(), field));
    const std::size_t length = std::max(hash.size(), std::min(field, longest_hash));
    SecretBytes out(length - hash.size(), 0x00);
    append(out, hash);
    return out;
}

/// cipher_data is the other party's point as PSO: DECIPHER wants it (7.2.11).
SecretBytes cipher_data(View point) {
    return BasicTlvWriter<SecretBytes>()
        .nest(
            tag_cipher,
            [&](auto& cipher) { cipher.nest(tag_public_key, [&](auto& key) { key.put(tag_point, point); }); })
        .take();
}

SecretBytes operand(Primitive primitive, Verb verb, View input, KeyType type, std::size_t unit) {
    if (primitive == Primitive::ecdsa) {
        return ecdsa_operand(input, unit);
    }
    if (primitive == Primitive::ecdh) {
        require_point(verb, input, type, unit);
        return cipher_data(input);
    }
    if (primitive == Primitive::rsa_pkcs1 && verb == Verb::decipher) {
        SecretBytes out{padding_indicator_rsa};
        append(out, input);
        return out;
    }
    return to_secret(input);
}

/// result_of checks what the card computed.
std::optional<SecretBytes> result_of(Primitive primitive, Verb verb, View value, std::size_t unit) {
    constexpr std::size_t least_padding = 11;
    switch (primitive) {
        case Primitive::ecdh:
            return shared_secret(value, unit);
        case Primitive::rsa_pkcs1:
            if (verb == Verb::decipher) {
                return value.size() + least_padding <= unit ? std::optional(to_secret(value)) : std::nullopt;
            }
            return value.size() == unit ? std::optional(to_secret(value)) : std::nullopt;
        default:
            return value.size() == 2 * unit ? std::optional(to_secret(value)) : std::nullopt;
    }
}

}  // namespace

bool OpenPgpApplet::offers(Primitive primitive, KeyType type) const {
    return primitive != Primitive::rsa_raw && suits(primitive, type) && profile().algorithms.contains(type);
}

/// has_key: a key without a fingerprint is none for gpg either, unless the card itself says that it is there.
bool OpenPgpApplet::has_key(const ApplicationData& data, const KeyRow& row) const {
    return data.has_fingerprint(key_index(row.ref)) || data.origin(row.information).value_or(0) != 0;
}

std::optional<crypto::PublicKey> OpenPgpApplet::public_key(Channel& channel, const KeySlot& slot) {
    const std::size_t index = key_index(slot.ref);
    const auto type = type_of_attributes(data(channel).attributes[index]);
    if (!type || !profile().algorithms.contains(*type)) {
        log::info("key {}: of a kind that we do not know", slot.id);
        return std::nullopt;
    }
    const std::array<Byte, 2> reference{slot.ref, 0x00};
    const Response answer =
        channel.transmit({.ins = ins_generate, .p1 = p1_public_key, .data = reference, .le = any_length});
    if (!answer.status.ok()) {
        if (broke_down(answer.status)) {
            throw Error(Verb::read, answer.status,
                        fmt::format("key {}: {:04X}", slot.id, answer.status.value));
        }
        return std::nullopt;
    }
    auto key = public_key_in(answer.data, *type);
    if (!key) {
        log::info("key {}: the card's answer is no public key of the kind that it says", slot.id);
    }
    return key;
}

std::optional<KeyEntry> OpenPgpApplet::read_key(Channel& channel, const KeySlot& slot,
                                                const crypto::Certificate*) {
    const KeyRow& row = key_rows.at(key_index(slot.ref));
    if (!has_key(data(channel), row)) {
        return std::nullopt;
    }
    auto key = public_key(channel, slot);
    if (!key) {
        return std::nullopt;
    }
    const bool generated = data(channel).origin(row.information) == origin_generated;
    return KeyEntry{std::move(*key), always_authenticates(slot), generated};
}

SecretBytes OpenPgpApplet::compute(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                                   Primitive primitive, Verb verb, View input) {
    const auto type = key_type_of(key);
    const auto* const operation = std::ranges::find(operations, slot.ref, &Operation::ref);
    const bool enciphered = verb == Verb::decipher || verb == Verb::derive;
    if (!type || primitive == Primitive::rsa_raw || !suits(primitive, *type) ||
        operation == operations.end() || enciphered != (slot.ref == ref_decryption)) {
        throw Error(Error::Kind::unsupported, verb, fmt::format("key {} does not compute this", slot.id));
    }
    const std::size_t unit = unit_bytes(key);
    const SecretBytes body = operand(primitive, verb, input, *type, unit);
    const std::size_t longest = 2 * unit + 1;
    const Response answer = channel.transmit({.ins = operation->ins,
                                              .p1 = operation->p1,
                                              .p2 = operation->p2,
                                              .data = body,
                                              .le = longest > 256 ? any_length : 256});
    if (!answer.status.ok()) {
        throw Error(verb, answer.status, fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    auto result = result_of(primitive, verb, answer.data, unit);
    if (!result) {
        throw Error(Error::Kind::malformed, verb,
                    fmt::format("key {}: the card's answer is not a result", slot.id));
    }
    return std::move(*result);
}

}  // namespace jeton::card
