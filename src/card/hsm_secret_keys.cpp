// AES keys: used, made, described and erased.
#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "card/hsm_applet.hpp"
#include "card/hsm_constants.hpp"
#include "crypto/aes.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

using hsm::file_of;

/// Operation is one thing that the card computes with an AES key.
struct Operation {
    AesPrimitive primitive;
    Verb verb;
    Byte algorithm;
};

constexpr std::array operations{
    Operation{AesPrimitive::cbc_encrypt, Verb::encrypt, hsm::alg_aes_cbc_encrypt},
    Operation{AesPrimitive::cbc_decrypt, Verb::decipher, hsm::alg_aes_cbc_decrypt},
    Operation{AesPrimitive::cmac, Verb::sign, hsm::alg_aes_cmac},
};

/// The most that cards of this kind take at once for AES, in bytes.
constexpr std::size_t longest_aes_data = 2048;

/// A kind of AES key, and what GENERATE SYMMETRIC KEY calls it.
struct KeySize {
    std::size_t bits;
    Byte algorithm;
};
constexpr std::array key_sizes{KeySize{128, 0xB0}, KeySize{192, 0xB1}, KeySize{256, 0xB2}};

/// allowed_algorithms are what a new key may be used for: all that this applet does with it, derivation, and
/// what the command templates of a profile are for.
Bytes allowed_algorithms(const Profile& profile) {
    Bytes out{hsm::alg_aes_cbc_encrypt, hsm::alg_aes_cbc_decrypt, hsm::alg_aes_cmac, hsm::alg_aes_derive};
    if (!profile.commands.empty()) {
        out.push_back(hsm::alg_aes_extended_encrypt);
        out.push_back(hsm::alg_aes_extended_decrypt);
    }
    return out;
}

const Operation* find_operation(AesPrimitive primitive) {
    const auto* const found = std::ranges::find(operations, primitive, &Operation::primitive);
    return found == operations.end() ? nullptr : found;
}

}  // namespace

/// read_secret_key: that the key is there, discover() has seen.
std::optional<SecretKeyEntry> HsmApplet::read_secret_key(Channel&, const SecretKeySlot& slot) {
    return SecretKeyEntry{.bits = slot.bits, .generated_on_card = slot.made_on_card};
}

std::size_t HsmApplet::most_data(const Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                                 const AesInput& input) const {
    if (find_operation(primitive) == nullptr) {
        return Applet::most_data(channel, slot, primitive, input);
    }
    const bool in_blocks = primitive != AesPrimitive::cmac;
    const std::size_t longest = std::min(channel.longest_data(!in_blocks), longest_aes_data);
    return in_blocks ? longest / crypto::aes_block_bytes * crypto::aes_block_bytes : longest;
}

SecretBytes HsmApplet::compute_aes(Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                                   const AesInput& input) {
    const Operation* const operation = find_operation(primitive);
    if (operation == nullptr) {
        return Applet::compute_aes(channel, slot, primitive, input);
    }
    Response answer =
        channel.transmit({.cla = hsm::cla_proprietary,
                          .ins = hsm::ins_encipher,
                          .p1 = slot.ref,
                          .p2 = operation->algorithm,
                          .data = input.data,
                          .le = input.data.size() > most_short_le ? any_length : most_short_le});
    if (!answer.status.ok()) {
        throw Error(operation->verb, hsm::used_up(answer.status),
                    fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    const std::size_t expected =
        primitive == AesPrimitive::cmac ? crypto::aes_block_bytes : input.data.size();
    if (answer.data.size() != expected) {
        throw Error(Error::Kind::malformed, operation->verb,
                    fmt::format("key {}: an answer of {} bytes", slot.id, answer.data.size()));
    }
    return std::move(answer.data);
}

bool HsmApplet::makes_secret_keys(std::size_t bits) const {
    return profile().allow_keygen && std::ranges::count(key_sizes, bits, &KeySize::bits) != 0;
}

/// generate_secret_key describes the key first, so that it has its name whatever happens then.
SecretKeyEntry HsmApplet::generate_secret_key(Channel& channel, const SecretKeySlot& slot, std::size_t bits) {
    const auto* const size = std::ranges::find(key_sizes, bits, &KeySize::bits);
    if (!profile().allow_keygen || size == key_sizes.end()) {
        throw Error(Error::Kind::unsupported, Verb::generate, "the card makes no AES keys of this size");
    }
    describe_secret_key(channel, slot, {.bits = bits, .generated_on_card = true});
    const Bytes terms = TlvWriter().put(hsm::tag_key_algorithms, allowed_algorithms(profile())).take();
    const Response answer = channel.transmit(
        {.ins = hsm::ins_generate_secret, .p1 = slot.ref, .p2 = size->algorithm, .data = terms},
        Channel::slow_limit);
    if (!answer.status.ok()) {
        throw Error(Verb::generate, answer.status,
                    fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    return {.bits = bits, .generated_on_card = true};
}

void HsmApplet::describe_secret_key(Channel& channel, const SecretKeySlot& slot,
                                    const SecretKeyEntry& entry) {
    hsm::Description description;
    description.kind = hsm::Description::Kind::secret;
    description.label = slot.label;
    description.id = slot.pkcs11_id;
    description.is_private = true;
    description.local = entry.generated_on_card;
    description.size = entry.bits;
    write_file(channel, Verb::write, file_of(hsm::prefix_key_description, slot.ref),
               hsm::write_description(description, slot.ref));
}

void HsmApplet::erase_secret_key(Channel& channel, const SecretKeySlot& slot) {
    erase_file(channel, file_of(hsm::prefix_key, slot.ref), false);
    erase_file(channel, file_of(hsm::prefix_key_description, slot.ref), false);
}

}  // namespace jeton::card
