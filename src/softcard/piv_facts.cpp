#include "softcard/piv_facts.hpp"

#include <algorithm>

namespace jeton::softcard {

namespace {

struct SlotRange {
    Byte first;
    Byte last;
    PinPolicy policy;
};

constexpr SlotRange key_slots[] = {
    {0x9A, 0x9A, PinPolicy::once}, {signature_key, signature_key, PinPolicy::always},
    {0x9D, 0x9D, PinPolicy::once}, {card_authentication_key, card_authentication_key, PinPolicy::never},
    {0x82, 0x95, PinPolicy::once},
};

// SP 800-78-4, table 6-2; 05 is of SP 800-78-5, and 16, E0 and E1 are what cards in the field use.
constexpr KeyAlgorithm key_algorithms[] = {
    {0x05, RsaModulus{3072}, true},          {0x06, RsaModulus{1024}, false},
    {0x07, RsaModulus{2048}, true},          {0x16, RsaModulus{4096}, true},
    {0x11, crypto::Curve::p256, true},       {0x14, crypto::Curve::p384, true},
    {0xE0, crypto::OkpCurve::ed25519, true}, {0xE1, crypto::OkpCurve::x25519, true},
};

constexpr ManagementFacts management_rows[] = {
    {ManagementAlgorithm::tdes, "3des", crypto::BlockCipher::tdes, 24},
    {ManagementAlgorithm::aes128, "aes128", crypto::BlockCipher::aes, 16},
    {ManagementAlgorithm::aes192, "aes192", crypto::BlockCipher::aes, 24},
    {ManagementAlgorithm::aes256, "aes256", crypto::BlockCipher::aes, 32},
};

constexpr ObjectRule object_rules[] = {
    {object::discovery, object::discovery, false, true},
    {object::biometric_group, object::biometric_group, false, true},
    {0x5FC101, 0x5FC102, false, false},
    {0x5FC103, 0x5FC103, true, false},  // fingerprints
    {0x5FC105, object::capabilities, false, false},
    {0x5FC108, object::printed_information, true, false},  // facial image
    {0x5FC10A, 0x5FC120, false, false},
    {0x5FC121, 0x5FC121, true, false},  // iris images
    {0x5FC122, 0x5FC122, false, false},
    {0x5FC123, 0x5FC123, true, false},  // pairing code
    {object::admin_data, object::attestation_certificate, false, false},
    {0x5FFF10, 0x5FFF15, false, false},
};

const SlotRange* find_slot(Byte reference) {
    const auto* const found = std::ranges::find_if(
        key_slots, [&](const SlotRange& row) { return row.first <= reference && reference <= row.last; });
    return found == std::end(key_slots) ? nullptr : found;
}

}  // namespace

bool is_key_slot(Byte reference) {
    return find_slot(reference) != nullptr;
}

bool holds_key(Byte reference) {
    return is_key_slot(reference) || reference == attestation_key;
}

PinPolicy default_policy(Byte reference) {
    if (reference == attestation_key) {
        return PinPolicy::never;  // attesting asks for no PIN
    }
    const SlotRange* const slot = find_slot(reference);
    return slot == nullptr ? PinPolicy::always : slot->policy;
}

const KeyAlgorithm* find_key_algorithm(Byte id) {
    const auto* const found = std::ranges::find(key_algorithms, id, &KeyAlgorithm::id);
    return found == std::end(key_algorithms) ? nullptr : found;
}

std::span<const ManagementFacts> management_algorithms() {
    return management_rows;
}

const ManagementFacts& management_facts(ManagementAlgorithm algorithm) {
    return *std::ranges::find(management_rows, algorithm, &ManagementFacts::algorithm);
}

const ManagementFacts* find_management(Byte id) {
    const auto* const found =
        std::ranges::find(management_rows, static_cast<ManagementAlgorithm>(id), &ManagementFacts::algorithm);
    return found == std::end(management_rows) ? nullptr : found;
}

std::string_view factory_value(Byte reference) {
    return reference == pin_unblocking_key ? factory_puk : factory_pin;
}

bool is_pin_block(View block) {
    if (block.size() != pin_block_bytes) {
        return false;
    }
    const auto printable = [](Byte character) { return character >= 0x20 && character <= 0x7E; };
    const auto end = std::ranges::find_if_not(block, printable);
    return end - block.begin() >= static_cast<std::ptrdiff_t>(shortest_pin) &&
           std::all_of(end, block.end(), [](Byte padding) { return padding == 0xFF; });
}

const ObjectRule* find_object_rule(std::uint32_t tag) {
    const auto* const found = std::ranges::find_if(
        object_rules, [&](const ObjectRule& row) { return row.first <= tag && tag <= row.last; });
    return found == std::end(object_rules) ? nullptr : found;
}

}  // namespace jeton::softcard
