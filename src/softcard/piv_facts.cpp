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

constexpr KeyAlgorithm key_algorithms[] = {
    {0x07, 2048, {}},
    {0x11, 0, crypto::Curve::p256},
    {0x14, 0, crypto::Curve::p384},
};

struct ManagementAlgorithm {
    Byte id;
    std::size_t key_bytes;
};

constexpr ManagementAlgorithm management_algorithms[] = {{0x08, 16}, {0x0A, 24}, {0x0C, 32}};

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
    {object::admin_data, 0x5FFF01, false, false},
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

PinPolicy default_policy(Byte reference) {
    const SlotRange* const slot = find_slot(reference);
    return slot == nullptr ? PinPolicy::always : slot->policy;
}

bool KeyAlgorithm::describes(const crypto::PublicKey& key) const {
    if (const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return is_rsa() && rsa->modulus_bits() == rsa_bits;
    }
    const auto* const ec = std::get_if<crypto::EcPublicKey>(&key);
    return ec != nullptr && !is_rsa() && ec->curve == curve;
}

const KeyAlgorithm* find_key_algorithm(Byte id) {
    const auto* const found = std::ranges::find(key_algorithms, id, &KeyAlgorithm::id);
    return found == std::end(key_algorithms) ? nullptr : found;
}

std::size_t management_key_bytes(Byte algorithm) {
    const auto* const found = std::ranges::find(management_algorithms, algorithm, &ManagementAlgorithm::id);
    return found == std::end(management_algorithms) ? 0 : found->key_bytes;
}

Byte management_algorithm(std::size_t key_bytes) {
    const auto* const found =
        std::ranges::find(management_algorithms, key_bytes, &ManagementAlgorithm::key_bytes);
    return found == std::end(management_algorithms) ? Byte{0} : found->id;
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
