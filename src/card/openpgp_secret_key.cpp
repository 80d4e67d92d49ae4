// The AES key of the card, which computes CBC with an IV of zeros (OpenPGP 3.4.1, 7.2.11 and 7.2.12).
#include <algorithm>
#include <fmt/core.h>

#include "card/openpgp_applet.hpp"
#include "crypto/aes.hpp"
#include "crypto/digest.hpp"

namespace jeton::card {

using namespace openpgp;

namespace {

constexpr Byte padding_indicator_aes = 0x02;

/// The most that one command takes, in bytes: there are cards whose buffer of 1280 bytes holds both data and
/// answer, which is one byte longer.
constexpr std::size_t longest_aes_data = 624;

constexpr std::array<std::size_t, 2> key_sizes{128, 256};

bool is_cbc(AesPrimitive primitive) {
    return primitive == AesPrimitive::cbc_encrypt || primitive == AesPrimitive::cbc_decrypt;
}

}  // namespace

/// read_secret_key: nothing on the card tells whether it has the key, but that it encrypts.
std::optional<SecretKeyEntry> OpenPgpApplet::read_secret_key(Channel& channel, const SecretKeySlot& slot) {
    if (!data(channel).has_aes()) {
        return std::nullopt;
    }
    const Bytes zeros(crypto::aes_block_bytes);
    try {
        compute_aes(channel, slot, AesPrimitive::cbc_encrypt, {.data = zeros});
    } catch (const Error& error) {
        const bool is_absence = error.kind() == Error::Kind::status && !broke_down(error.status()) &&
                                error.status() != sw::security_status;
        if (!is_absence) {
            throw;
        }
        return std::nullopt;
    }
    return SecretKeyEntry{.bits = slot.bits, .generated_on_card = false};
}

std::size_t OpenPgpApplet::most_data(const Channel& channel, const SecretKeySlot& slot,
                                     AesPrimitive primitive, const AesInput& input) const {
    if (!is_cbc(primitive)) {
        return Applet::most_data(channel, slot, primitive, input);
    }
    const std::size_t room = std::min(channel.longest_data(false) - 1, longest_aes_data);
    return room / crypto::aes_block_bytes * crypto::aes_block_bytes;
}

SecretBytes OpenPgpApplet::compute_aes(Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                                       const AesInput& input) {
    if (!is_cbc(primitive)) {
        return Applet::compute_aes(channel, slot, primitive, input);
    }
    const bool encrypts = primitive == AesPrimitive::cbc_encrypt;
    const Verb verb = encrypts ? Verb::encrypt : Verb::decipher;
    SecretBytes body;
    if (!encrypts) {
        body.push_back(padding_indicator_aes);
    }
    append(body, input.data);
    Response answer =
        channel.transmit({.ins = ins_perform_security_operation,
                          .p1 = encrypts ? Byte{0x86} : Byte{0x80},
                          .p2 = encrypts ? Byte{0x80} : Byte{0x86},
                          .data = body,
                          .le = input.data.size() < most_short_le ? most_short_le : any_length});
    if (!answer.status.ok()) {
        throw Error(verb, answer.status, fmt::format("key {}: {:04X}", slot.id, answer.status.value));
    }
    const std::size_t indicator = encrypts ? 1 : 0;
    const bool is_result = answer.data.size() == input.data.size() + indicator &&
                           (!encrypts || answer.data.front() == padding_indicator_aes);
    if (!is_result) {
        throw Error(Error::Kind::malformed, verb,
                    fmt::format("key {}: the card's answer is not a result", slot.id));
    }
    return to_secret(View(answer.data).subspan(indicator));
}

bool OpenPgpApplet::makes_secret_keys(std::size_t bits) const {
    return profile().allow_keygen && std::ranges::count(key_sizes, bits) != 0;
}

bool OpenPgpApplet::takes_secret_keys(std::size_t bits) const {
    return profile().allow_import && std::ranges::count(key_sizes, bits) != 0;
}

/// generate_secret_key: the card makes no AES keys, the host makes it and forgets it.
SecretKeyEntry OpenPgpApplet::generate_secret_key(Channel& channel, const SecretKeySlot& slot,
                                                  std::size_t bits) {
    if (!makes_secret_keys(bits) || !data(channel).has_aes()) {
        throw Error(Error::Kind::unsupported, Verb::generate,
                    fmt::format("the card takes no AES key of {} bits", bits));
    }
    SecretBytes value(bits / 8);
    crypto::random_bytes(value);
    put_data(channel, Verb::generate, slot.ref, value);
    return {.bits = bits, .generated_on_card = false};
}

void OpenPgpApplet::import_secret_key(Channel& channel, const SecretKeySlot& slot, View value) {
    if (!takes_secret_keys(value.size() * 8) || !data(channel).has_aes()) {
        throw Error(Error::Kind::unsupported, Verb::import_key,
                    fmt::format("the card takes no AES key of {} bytes", value.size()));
    }
    put_data(channel, Verb::import_key, slot.ref, value);
}

void OpenPgpApplet::erase_secret_key(Channel& channel, const SecretKeySlot& slot) {
    put_data(channel, Verb::erase, slot.ref, {});
}

}  // namespace jeton::card
