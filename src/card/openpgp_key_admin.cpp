// How keys come onto the card and leave it (OpenPGP 3.4.1, 7.2.14 and 4.4.3.12). All of it needs PW3.
#include <algorithm>
#include <ctime>
#include <fmt/core.h>

#include "card/key_type.hpp"
#include "card/openpgp_applet.hpp"
#include "card/openpgp_key_codec.hpp"

namespace jeton::card {

using namespace openpgp;

namespace {

constexpr Byte touch_by_button = 0x20;  ///< second byte of a user interaction flag

/// The first byte of a user interaction flag (4.4.3.6; the last is an extension).
Byte touch_flag(TouchPolicy policy) {
    switch (policy) {
        case TouchPolicy::always:
            return 0x01;
        case TouchPolicy::cached:
            return 0x03;
        default:
            return 0x00;
    }
}

void require_policy(const KeySlot& slot, PinPolicy policy, Verb verb) {
    const bool possible = policy == PinPolicy::standard || policy == PinPolicy::once ||
                          (policy == PinPolicy::always && slot.ref == ref_signature);
    if (!possible) {
        throw Error(
            Error::Kind::unsupported, verb,
            fmt::format("key {}: an OpenPGP card asks for its PIN once, and for the signature key each time "
                        "where that is set",
                        slot.id));
    }
}

Bytes four_bytes(std::uint32_t number) {
    Bytes out;
    for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<Byte>(number >> shift));
    }
    return out;
}

}  // namespace

/// prepare makes |slot| one for keys of |type|, sets its policies, and gives its algorithm attributes.
Bytes OpenPgpApplet::prepare(Channel& channel, const KeySlot& slot, KeyType type, KeyPolicy policy,
                             Verb verb) {
    if (!slot.takes(type) || !profile().algorithms.contains(type)) {
        throw Error(Error::Kind::unsupported, verb, fmt::format("no key of this kind in {}", slot.id));
    }
    require_policy(slot, policy.pin, verb);
    const KeyRow& row = key_rows.at(key_index(slot.ref));
    const Bytes present = data(channel).attributes[key_index(slot.ref)];
    Bytes wanted = attributes_for(type, slot.ref, present);
    if (wanted != present) {
        if (!data(channel).has_changeable_attributes()) {
            throw Error(Error::Kind::unsupported, verb,
                        fmt::format("the kind of key in {} is fixed on this card", slot.id));
        }
        put_data(channel, verb, row.attributes, wanted);
    }
    if (policy.touch != TouchPolicy::standard) {
        put_data(channel, verb, row.touch, Bytes{touch_flag(policy.touch), touch_by_button});
    }
    if (policy.pin != PinPolicy::standard && slot.ref == ref_signature) {
        put_data(channel, verb, do_pin_status, Bytes{policy.pin == PinPolicy::always ? Byte{0} : Byte{1}});
    }
    return wanted;
}

/// note_key writes what makes others see the key: when it was made, and its fingerprint.
void OpenPgpApplet::note_key(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key,
                             View attributes, Verb verb) {
    const KeyRow& row = key_rows.at(key_index(slot.ref));
    const auto now = static_cast<std::uint32_t>(std::time(nullptr));
    put_data(channel, verb, row.generated, four_bytes(now));
    put_data(channel, verb, row.fingerprint, fingerprint(key, attributes, now));
}

crypto::PublicKey OpenPgpApplet::generate(Channel& channel, const KeySlot& slot, KeyType type,
                                          KeyPolicy policy) {
    if (!profile().allow_keygen || !may_generate(type)) {
        throw Error(Error::Kind::unsupported, Verb::generate, fmt::format("no new keys in {}", slot.id));
    }
    const Bytes attributes = prepare(channel, slot, type, policy, Verb::generate);
    m_data.reset();
    const std::array<Byte, 2> reference{slot.ref, 0x00};
    const Response answer = send(channel, Verb::generate,
                                 {.ins = ins_generate, .p1 = p1_new_key, .data = reference, .le = any_length},
                                 Channel::slow_limit);
    auto key = public_key_in(answer.data, type);
    if (!key) {
        throw Error(Error::Kind::malformed, Verb::generate,
                    "the card's answer is not a public key of the kind asked for");
    }
    note_key(channel, slot, *key, attributes, Verb::generate);
    return std::move(*key);
}

void OpenPgpApplet::import_key(Channel& channel, const KeySlot& slot, KeyType type,
                               const crypto::PrivateParts& parts, KeyPolicy policy) {
    const auto private_key = crypto::PrivateKey::from_parts(parts);
    if (!profile().allow_import || !private_key) {
        throw Error(Error::Kind::unsupported, Verb::import_key, fmt::format("no imports into {}", slot.id));
    }
    const Bytes attributes = prepare(channel, slot, type, policy, Verb::import_key);
    const crypto::PublicKey key = private_key->public_key();
    const auto body = private_key_template(parts, key, slot.ref, attributes);
    if (!body) {
        throw Error(Error::Kind::unsupported, Verb::import_key,
                    "the parts of the key do not have the lengths that the card wants");
    }
    m_data.reset();
    send(channel, Verb::import_key, {.ins = ins_put_data_odd, .p1 = 0x3F, .p2 = 0xFF, .data = *body},
         Channel::slow_limit);
    note_key(channel, slot, key, attributes, Verb::import_key);
}

/// erase_key: there is no command for it, but a slot that becomes one for keys of another kind loses the one
/// that it has.
void OpenPgpApplet::erase_key(Channel& channel, const KeySlot& slot) {
    const std::size_t index = key_index(slot.ref);
    const KeyRow& row = key_rows.at(index);
    const Bytes present = data(channel).attributes[index];
    if (!data(channel).has_changeable_attributes()) {
        throw Error(Error::Kind::unsupported, Verb::erase, "keys of this card can only be replaced");
    }
    const KeyType other =
        type_of_attributes(present) == KeyType::rsa2048 ? KeyType::rsa4096 : KeyType::rsa2048;
    put_data(channel, Verb::erase, row.attributes, attributes_for(other, slot.ref, present));
    put_data(channel, Verb::erase, row.attributes, present);
    put_data(channel, Verb::erase, row.fingerprint, Bytes(fingerprint_bytes, 0x00));
    put_data(channel, Verb::erase, row.generated, four_bytes(0));
}

}  // namespace jeton::card
