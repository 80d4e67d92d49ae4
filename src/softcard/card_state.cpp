#include "softcard/card_state.hpp"

#include "crypto/digest.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

using SecretTlvWriter = BasicTlvWriter<SecretBytes>;

/// The FASC-N of cards that belong to no agency: agency and system code 9999 (SP 800-73-4 part 1, 3.1.2).
constexpr std::array<Byte, 25> no_agency_number{0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE,
                                                0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
                                                0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB};
constexpr std::size_t generated_management_key_bytes = 24;

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

SecretBytes discovery_object() {
    constexpr Byte application_pin_only[] = {0x40, 0x00};
    return SecretTlvWriter().put(0x4F, application_id).put(0x5F2F, application_pin_only).take();
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
void protect_management_key_by_pin(CardState& state) {
    constexpr Byte stored_behind_pin[] = {0x02};
    state.objects[object::printed_information] =
        SecretTlvWriter().nest(0x88, [&](SecretTlvWriter& in) { in.put(0x89, state.management_key); }).take();
    state.objects[object::admin_data] =
        SecretTlvWriter().nest(0x80, [&](SecretTlvWriter& in) { in.put(0x81, stored_behind_pin); }).take();
}

}  // namespace

SecretBytes pin_block(View pin) {
    SecretBytes block = to_secret(pin);
    block.resize(pin_block_bytes, 0xFF);
    return block;
}

CardState make_card_state(const CreateOptions& options) {
    CardState state;
    state.serial = random_array<4>();
    state.pin.block = pin_block(view_of(options.pin));
    state.puk.block = pin_block(view_of(options.puk));
    state.objects[object::cardholder_id] = cardholder_id_object();
    state.objects[object::capabilities] = capabilities_object();
    state.objects[object::discovery] = discovery_object();
    state.objects[object::key_history] = key_history_object();
    state.objects[object::security_object] = security_object();
    if (options.management_key.empty()) {
        state.management_key.resize(generated_management_key_bytes);
        crypto::random_bytes(state.management_key);
        protect_management_key_by_pin(state);
    } else {
        state.management_key = to_secret(options.management_key);
    }
    state.management_algorithm = management_algorithm(state.management_key.size());
    return state;
}

}  // namespace jeton::softcard
