#include "softcard/piv_state.hpp"

#include <utility>

#include "crypto/digest.hpp"
#include "softcard/attestation.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

using SecretTlvWriter = BasicTlvWriter<SecretBytes>;

/// The FASC-N of cards that belong to no agency: agency and system code 9999 (SP 800-73-4 part 1, 3.1.2).
constexpr std::array<Byte, 25> no_agency_number{0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE,
                                                0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
                                                0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB};

template <std::size_t Length>
std::array<Byte, Length> random_array() {
    std::array<Byte, Length> out{};
    crypto::random_bytes(out);
    return out;
}

/// A random GUID (RFC 4122, version 4).
std::array<Byte, 16> random_guid() {
    std::array<Byte, 16> guid = random_array<16>();
    guid[6] = static_cast<Byte>((guid[6] & 0x0F) | 0x40);
    guid[8] = static_cast<Byte>((guid[8] & 0x3F) | 0x80);
    return guid;
}

SecretBytes cardholder_id_object() {
    return SecretTlvWriter()
        .put(0x30, no_agency_number)
        .put(0x34, random_guid())
        .put(0x35, view_of("20391231"))
        .put(0x3E, {})
        .put(0xFE, {})
        .take();
}

/// Card capability container (SP 800-73-4 part 1, 3.1.1 and table 8).
SecretBytes capabilities_object() {
    Bytes card_identifier{0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02};
    append(card_identifier, random_array<14>());
    constexpr Byte version[] = {0x21};
    constexpr Byte no_registered_objects[] = {0x00};
    constexpr Byte piv_data_model[] = {0x10};
    SecretTlvWriter out;
    out.put(0xF0, card_identifier).put(0xF1, version).put(0xF2, version).put(0xF3, {});
    out.put(0xF4, no_registered_objects).put(0xF5, piv_data_model);
    for (const std::uint32_t empty : {0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE}) {
        out.put(empty, {});
    }
    return out.take();
}

/// Discovery object (SP 800-73-4 part 1, 3.3.2): which PINs satisfy the access rules, and which is the first.
SecretBytes discovery_object(bool has_global_pin) {
    constexpr Byte application_pin_only[] = {0x40, 0x00};
    constexpr Byte both_application_pin_first[] = {0x60, 0x10};
    const View policy = has_global_pin ? View(both_application_pin_first) : View(application_pin_only);
    return SecretTlvWriter().put(0x4F, application_id).put(0x5F2F, policy).take();
}

SecretBytes key_history_object() {
    constexpr Byte none[] = {0x00};
    return SecretTlvWriter().put(0xC1, none).put(0xC2, none).put(0xFE, {}).take();
}

/// The security object of a card that nobody signed: no mapping, no signature.
SecretBytes security_object() {
    return SecretTlvWriter().put(0xBA, {}).put(0xBB, {}).put(0xFE, {}).take();
}

/// Lets whoever knows the PIN read the management key, as common administration tools expect it.
void protect_management_key_by_pin(PivState& state) {
    constexpr Byte stored_behind_pin[] = {0x02};
    state.objects[object::printed_information] =
        SecretTlvWriter()
            .nest(0x88, [&](SecretTlvWriter& in) { in.put(0x89, state.management.value); })
            .take();
    state.objects[object::admin_data] =
        SecretTlvWriter().nest(0x80, [&](SecretTlvWriter& in) { in.put(0x81, stored_behind_pin); }).take();
}

/// What a sealed key is bound to: everything that stands beside it and decides over its use.
Bytes sealed_context(const Key& key, Byte made_for) {
    Bytes context{made_for, key.algorithm, static_cast<Byte>(key.pin_policy),
                  static_cast<Byte>(key.touch_policy), key.origin};
    append(context, crypto::spki(key.public_key));
    return context;
}

ManagementAlgorithm aes_of_length(std::size_t key_bytes) {
    for (const ManagementFacts& row : management_algorithms()) {
        if (row.cipher == crypto::BlockCipher::aes && row.key_bytes == key_bytes) {
            return row.algorithm;
        }
    }
    return ManagementAlgorithm::aes192;
}

void set_management_key(PivState& state, const CreateOptions& options) {
    ManagementKey& key = state.management;
    key.algorithm = options.management_algorithm.value_or(aes_of_length(options.management_key.size()));
    key.value = to_secret(options.management_key);
    if (key.value.empty()) {
        key.value.resize(management_facts(key.algorithm).key_bytes);
        crypto::random_bytes(key.value);
        protect_management_key_by_pin(state);
    }
}

/// An application with PINs, management key and first objects.
PivState blank_state(const CreateOptions& options) {
    PivState state;
    const SealingKey sealing_key = SealingKey::generate();
    state.sealing_key = sealing_key.public_key();
    const auto set_pin = [&](Byte reference, const std::string& value) {
        state.pins.emplace(reference, make_pin(sealing_key, reference, pin_block(view_of(value)),
                                               standard_tries, options.pin_iterations));
    };
    set_pin(application_pin, options.pin);
    set_pin(pin_unblocking_key, options.puk);
    if (!options.global_pin.empty()) {
        set_pin(global_pin, options.global_pin);
    }
    state.objects[object::cardholder_id] = cardholder_id_object();
    state.objects[object::capabilities] = capabilities_object();
    state.objects[object::discovery] = discovery_object(!options.global_pin.empty());
    state.objects[object::key_history] = key_history_object();
    state.objects[object::security_object] = security_object();
    set_management_key(state, options);
    return state;
}

}  // namespace

SecretBytes pin_block(View pin) {
    SecretBytes block = to_secret(pin);
    block.resize(pin_block_bytes, 0xFF);
    return block;
}

Pin make_pin(const SealingKey& key, Byte reference, View block, unsigned tries, unsigned iterations) {
    return {key.wrap(reference, block, iterations), tries, tries,
            equal_secret(block, pin_block(view_of(factory_value(reference))))};
}

Key make_key(View sealing_key, Byte reference, const KeyAlgorithm& algorithm, PinPolicy pin_policy,
             TouchPolicy touch_policy, Byte origin, crypto::PrivateKey private_key) {
    Key key{algorithm.id, pin_policy, touch_policy, origin, private_key.public_key(), {}};
    if (pin_policy == PinPolicy::never) {
        key.secret = std::make_shared<const ClearKey>(std::move(private_key));
    } else {
        key.secret =
            SealedKey{reference, seal(sealing_key, private_key.to_der(), sealed_context(key, reference))};
    }
    return key;
}

OpenKey open_key(const SealingKey& sealing_key, const Key& key) {
    const auto& sealed = std::get<SealedKey>(key.secret);
    const auto der = sealing_key.open(sealed.box, sealed_context(key, sealed.made_for));
    auto private_key = der ? crypto::PrivateKey::from_der(*der) : std::nullopt;
    if (!private_key || private_key->public_key() != key.public_key) {
        return nullptr;
    }
    return std::make_shared<const crypto::PrivateKey>(std::move(*private_key));
}

PivState make_piv_state(const CreateOptions& options) {
    PivState state = blank_state(options);
    add_attestation_key(state);
    return state;
}

PivState factory_state(const PivState& before) {
    CreateOptions options;
    options.pin = factory_value(application_pin);
    options.puk = factory_value(pin_unblocking_key);
    options.global_pin = before.pins.contains(global_pin) ? factory_value(global_pin) : "";
    options.management_key = to_bytes(factory_management_key);
    options.pin_iterations = before.pins.at(application_pin).wrapped.iterations;
    PivState state = blank_state(options);
    if (const auto key = before.keys.find(attestation_key); key != before.keys.end()) {
        state.keys.insert(*key);
    }
    if (const auto object = before.objects.find(object::attestation_certificate);
        object != before.objects.end()) {
        state.objects.insert(*object);
    }
    return state;
}

}  // namespace jeton::softcard
