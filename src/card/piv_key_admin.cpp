// How keys come onto the card and leave it: GENERATE ASYMMETRIC KEY PAIR (SP 800-73-4 part 2, 3.3.2), and the
// commands to import, move and delete keys that many cards have beyond the standard.
#include <fmt/core.h>

#include "card/piv_applet.hpp"
#include "card/piv_constants.hpp"
#include "card/piv_key_codec.hpp"

namespace jeton::card {

/// require_new_key throws unless the profile lets a key of |type| come into |slot|; it gives the card's
/// identifier of the algorithm.
Byte PivApplet::require_new_key(const KeySlot& slot, KeyType type, bool allowed, Verb verb) const {
    if (!allowed || !slot.takes(type)) {
        throw Error(Error::Kind::unsupported, verb, fmt::format("no key of this kind in {}", slot.id));
    }
    return algorithm_of(type, verb);
}

crypto::PublicKey PivApplet::generate(Channel& channel, const KeySlot& slot, KeyType type, KeyPolicy policy) {
    const bool allowed = profile().allow_keygen && may_generate(type);
    const Byte algorithm = require_new_key(slot, type, allowed, Verb::generate);
    const SecretBytes body = BasicTlvWriter<SecretBytes>()
                                 .nest(piv::tag_generate_template,
                                       [&](auto& in) {
                                           in.put(piv::tag_generate_algorithm, View(&algorithm, 1));
                                           put_policy(in, policy);
                                       })
                                 .take();
    const Response answer = channel.transmit(
        {.ins = piv::ins_generate, .p2 = slot.ref, .data = body, .le = rsa_bits(type) ? any_length : 256},
        Channel::slow_limit);
    if (!answer.status.ok()) {
        throw Error(Verb::generate, answer.status,
                    fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    const auto fields = find_tlv(answer.data, piv::tag_public_key);
    auto key = fields ? public_key_in(*fields, type) : std::nullopt;
    if (!key) {
        throw Error(Error::Kind::malformed, Verb::generate,
                    "the card's answer is not a public key of the kind asked for");
    }
    return std::move(*key);
}

void PivApplet::import_key(Channel& channel, const KeySlot& slot, KeyType type,
                           const crypto::PrivateParts& parts, KeyPolicy policy) {
    const Byte algorithm = require_new_key(slot, type, profile().allow_import, Verb::import_key);
    const auto body = private_key_fields(parts, type, policy);
    if (!body) {
        throw Error(Error::Kind::unsupported, Verb::import_key,
                    "the parts of the key do not fit its kind (both primes have half the modulus' length)");
    }
    const Response answer = channel.transmit(
        {.ins = piv::ins_import_key, .p1 = algorithm, .p2 = slot.ref, .data = *body}, Channel::slow_limit);
    if (!answer.status.ok()) {
        throw Error(Verb::import_key, answer.status,
                    fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
}

void PivApplet::send_move(Channel& channel, const KeySlot& from, Byte target, Verb verb) const {
    const Response answer = channel.transmit({.ins = piv::ins_move_key, .p1 = target, .p2 = from.ref});
    if (!answer.status.ok()) {
        throw Error(verb, answer.status, fmt::format("key {}: {:04X}", from.id, answer.status.value));
    }
}

void PivApplet::erase_key(Channel& channel, const KeySlot& slot) {
    send_move(channel, slot, piv::move_to_nowhere, Verb::erase);
}

void PivApplet::move_key(Channel& channel, const KeySlot& from, const KeySlot& to) {
    send_move(channel, from, to.ref, Verb::write);
}

}  // namespace jeton::card
