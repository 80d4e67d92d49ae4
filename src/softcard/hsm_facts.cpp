#include "softcard/hsm_facts.hpp"

#include <algorithm>
#include <iterator>

namespace jeton::softcard {

namespace {

using crypto::AesMode;
using crypto::Hash;
using SignatureKind = HsmSignature::Kind;

struct ModesName {
    AesModes modes;
    std::string_view name;
};

constexpr ModesName modes_names[] = {
    {AesModes::native, "native"}, {AesModes::cbc0, "cbc0"}, {AesModes::ecb, "ecb"}};

constexpr HsmFileRule file_rules[] = {
    {0x2F00, 0x2F00, false, false},  // EF.DIR
    {0x2F02, 0x2F02, false, false},  // device certificates
    {0x2F03, 0x2F03, false, true},   // TokenInfo
    {0x2F10, 0x2F10, true, true},    // key to unwrap
    {0xC400, 0xC4FF, false, true},   // descriptions of keys
    {0xC800, 0xC8FF, false, true},   // descriptions of certificates
    {0xC900, 0xC9FF, false, true},   // descriptions of data
    {0xCA00, 0xCAFF, false, true},   // certificates of authorities
    {0xCD00, 0xCDFF, true, true},    // data behind the PIN
    {0xCE00, 0xCEFF, false, true},   // certificates of keys
    {0xCF00, 0xCFFF, false, true},   // data
};

constexpr HsmSignature signatures[] = {
    {0x20, SignatureKind::rsa_raw, {}},
    {0x30, SignatureKind::rsa_pkcs, {}},
    {0x31, SignatureKind::rsa_pkcs, Hash::sha1},
    {0x32, SignatureKind::rsa_pkcs, Hash::sha224},
    {0x33, SignatureKind::rsa_pkcs, Hash::sha256},
    {0x34, SignatureKind::rsa_pkcs, Hash::sha384},
    {0x35, SignatureKind::rsa_pkcs, Hash::sha512},
    {0x40, SignatureKind::rsa_pss, {}},
    {0x41, SignatureKind::rsa_pss, Hash::sha1},
    {0x42, SignatureKind::rsa_pss, Hash::sha224},
    {0x43, SignatureKind::rsa_pss, Hash::sha256},
    {0x44, SignatureKind::rsa_pss, Hash::sha384},
    {0x45, SignatureKind::rsa_pss, Hash::sha512},
    {0x70, SignatureKind::ecdsa, {}},
    {0x71, SignatureKind::ecdsa, Hash::sha1},
    {0x72, SignatureKind::ecdsa, Hash::sha224},
    {0x73, SignatureKind::ecdsa, Hash::sha256},
    {0x74, SignatureKind::ecdsa, Hash::sha384},
    {0x75, SignatureKind::ecdsa, Hash::sha512},
};

/// 2.16.840.1.101.3.4.1, below which each mode has a number for each length of key.
constexpr std::array<Byte, 8> aes_arc{0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01};

struct ModeNumbers {
    AesMode mode;
    Byte numbers[3];  ///< for keys of 16, 24 and 32 bytes
};

constexpr ModeNumbers mode_numbers[] = {{AesMode::ecb, {0x01, 0x15, 0x29}},
                                        {AesMode::cbc, {0x02, 0x16, 0x2A}},
                                        {AesMode::gcm, {0x06, 0x1A, 0x2E}},
                                        {AesMode::ctr, {0x09, 0x1D, 0x31}}};

constexpr std::size_t rsa_bits[] = {1024, 1536, 2048, 3072, 4096};

/// The first of GENERATE SYMMETRIC KEY's algorithms: 128, 192, 256 bits.
constexpr Byte first_aes_algorithm = 0xB0;
constexpr std::size_t aes_lengths[] = {16, 24, 32};

}  // namespace

bool is_hsm_pin(Byte reference, View value) {
    return reference == hsm_so_pin ? value.size() == hsm_so_pin_bytes
                                   : value.size() >= hsm_shortest_pin && value.size() <= hsm_longest_pin;
}

std::optional<AesModes> find_aes_modes(std::string_view name) {
    const auto* const found = std::ranges::find(modes_names, name, &ModesName::name);
    return found == std::end(modes_names) ? std::nullopt : std::optional(found->modes);
}

std::string_view aes_modes_name(AesModes modes) {
    return std::ranges::find(modes_names, modes, &ModesName::modes)->name;
}

const HsmFileRule* find_hsm_file_rule(HsmFile file) {
    const auto* const found = std::ranges::find_if(
        file_rules, [&](const HsmFileRule& rule) { return rule.first <= file && file <= rule.last; });
    return found == std::end(file_rules) ? nullptr : found;
}

const HsmSignature* find_hsm_signature(Byte id) {
    const auto* const found = std::ranges::find(signatures, id, &HsmSignature::id);
    return found == std::end(signatures) ? nullptr : found;
}

std::optional<AesMode> find_aes_mode(View oid, std::size_t key_bytes) {
    const auto* const length = std::ranges::find(aes_lengths, key_bytes);
    const bool below_arc = oid.size() == aes_arc.size() + 1 && equal(oid.first(aes_arc.size()), aes_arc);
    if (length == std::end(aes_lengths) || !below_arc) {
        return std::nullopt;
    }
    const auto column = static_cast<std::size_t>(std::distance(std::begin(aes_lengths), length));
    const auto* const row = std::ranges::find_if(
        mode_numbers, [&](const ModeNumbers& numbers) { return numbers.numbers[column] == oid.back(); });
    return row == std::end(mode_numbers) ? std::nullopt : std::optional(row->mode);
}

std::span<const std::size_t> hsm_rsa_bits() {
    return rsa_bits;
}

std::size_t hsm_aes_key_bytes(Byte algorithm) {
    const bool known =
        algorithm >= first_aes_algorithm && algorithm < first_aes_algorithm + std::size(aes_lengths);
    return known ? aes_lengths[algorithm - first_aes_algorithm] : 0;
}

}  // namespace jeton::softcard
