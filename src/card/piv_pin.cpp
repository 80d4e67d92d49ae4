// PIN commands (SP 800-73-4 part 2, 3.2) and the management key (3.2.4, appendix A.1).
#include <array>
#include <fmt/core.h>

#include "card/pin_block.hpp"
#include "card/piv_applet.hpp"
#include "card/piv_constants.hpp"
#include "crypto/block_cipher.hpp"
#include "crypto/digest.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

constexpr std::size_t aes_block_bytes = 16;

struct AdminAlgorithm {
    std::size_t key_bytes;
    Byte id;
};

constexpr std::array<AdminAlgorithm, 3> admin_algorithms{
    {{16, piv::alg_aes128}, {24, piv::alg_aes192}, {32, piv::alg_aes256}}};

[[noreturn]] void refuse_3des() {
    throw Error(Error::Kind::unsupported, Verb::authenticate,
                "the management key of this card is a 3DES key, which is not supported: set an AES key with "
                "the card's "
                "own tool");
}

/// authentication_field gives the content of |tag| in a 7C template; it must be one cipher block.
View authentication_field(const Response& answer, std::uint32_t tag) {
    const auto value = find_tlv_path(answer.data, {piv::tag_authentication, tag});
    if (!value) {
        throw Error(Error::Kind::malformed, Verb::authenticate,
                    "the card's answer to authentication is not a template");
    }
    if (value->size() == aes_block_bytes / 2) {
        refuse_3des();
    }
    if (value->size() != aes_block_bytes) {
        throw Error(Error::Kind::malformed, Verb::authenticate, "the card's cryptogram has a wrong length");
    }
    return *value;
}

}  // namespace

/// pin_answer turns the 630x of some cards into the 63Cx of the standard.
StatusWord PivApplet::pin_answer(StatusWord status) const {
    if (profile().quirks.verify_630x && (status.value & 0xFFF0) == 0x6300) {
        return {static_cast<std::uint16_t>(0x63C0 | (status.value & 0x0F))};
    }
    return status;
}

PinStatus PivApplet::pin_status(Channel& channel, const PinRule& pin) {
    // PinRule::Status::data_object tells whether a PIN is verified, never how many tries there are.
    if (pin.status != PinRule::Status::empty_verify) {
        return {};
    }
    const Response answer = channel.transmit({.ins = piv::ins_verify, .p2 = pin.ref});
    const StatusWord status = pin_answer(answer.status);
    if (const auto left = tries_left(status)) {
        return {.known = true, .tries_left = *left};
    }
    if (status.ok()) {  // verified, so the counter stands at its maximum
        return {.known = pin.tries_max != 0, .tries_left = pin.tries_max};
    }
    if (status == sw::reference_data_unusable) {
        return {.known = true, .tries_left = 0, .initialized = false};
    }
    return {};
}

void PivApplet::send_pin_command(Channel& channel, Verb verb, Byte ins, const PinRule& pin, View body) const {
    const Response answer = channel.transmit({.ins = ins, .p2 = pin.ref, .data = body});
    if (!answer.status.ok()) {
        throw Error(verb, pin_answer(answer.status),
                    fmt::format("PIN \"{}\": {:04X}", pin.name, answer.status.value));
    }
}

void PivApplet::verify(Channel& channel, const PinRule& pin, View value) {
    send_pin_command(channel, Verb::verify, piv::ins_verify, pin, pin_block(pin, value, Verb::verify));
}

void PivApplet::clear_verification(Channel& channel, const PinRule& pin) {
    if (pin.logout == PinRule::Logout::none) {
        return;
    }
    if (pin.logout == PinRule::Logout::p1ff) {
        const Response answer = channel.transmit({.ins = piv::ins_verify, .p1 = 0xFF, .p2 = pin.ref});
        if (answer.status.ok()) {
            return;
        }
    }
    // PIV keeps its PINs when it is selected again from itself (SP 800-73-4 part 2, 3.1.1): only the profile
    // of a card that forgets them says "reselect".
    if (pin.logout != PinRule::Logout::reselect || !select(channel)) {
        throw Error(Error::Kind::unsupported, Verb::verify,
                    "this card forgets a verified PIN only by a reset");
    }
}

void PivApplet::change_pin(Channel& channel, const PinRule& pin, View old_value, View new_value) {
    SecretBytes body = pin_block(pin, old_value, Verb::change_pin);
    append(body, pin_block(pin, new_value, Verb::change_pin));
    send_pin_command(channel, Verb::change_pin, piv::ins_change_reference_data, pin, body);
}

void PivApplet::unblock(Channel& channel, const PinRule& pin, View puk, View new_value) {
    const PinRule* puk_rule = profile().pin(PinRole::puk);
    SecretBytes body = pin_block(puk_rule != nullptr ? *puk_rule : pin, puk, Verb::unblock);
    append(body, pin_block(pin, new_value, Verb::unblock));
    send_pin_command(channel, Verb::unblock, piv::ins_reset_retry_counter, pin, body);
}

/// admin_algorithm chooses by the length of the key; 24 bytes can be 3DES as well, which the card knows.
Byte PivApplet::admin_algorithm(Channel& channel, std::size_t key_bytes) {
    for (const AdminAlgorithm& row : admin_algorithms) {
        if (row.key_bytes != key_bytes) {
            continue;
        }
        if (row.id == piv::alg_aes192) {
            const auto known = metadata(channel, piv::ref_management_key);
            const Byte id = known ? known->algorithm.value_or(row.id) : row.id;
            if (id == piv::alg_3des || id == piv::alg_3des_default) {
                refuse_3des();
            }
        }
        return row.id;
    }
    throw Error(Error::Kind::pin_form, Verb::authenticate, "a management key has 16, 24 or 32 bytes");
}

void PivApplet::authenticate_admin(Channel& channel, View key) {
    const Byte algorithm = admin_algorithm(channel, key.size());
    const auto send = [&](View body) {
        return channel.transmit({.ins = piv::ins_general_authenticate,
                                 .p1 = algorithm,
                                 .p2 = piv::ref_management_key,
                                 .data = body,
                                 .le = 256});
    };
    const Bytes request =
        TlvWriter().nest(piv::tag_authentication, [](auto& in) { in.put(piv::tag_witness, {}); }).take();
    const Response first = send(request);
    if (!first.status.ok()) {
        const bool algorithm_refused = first.status == sw::bad_p1p2 || first.status == sw::bad_data;
        if (algorithm == piv::alg_aes192 && algorithm_refused) {
            refuse_3des();
        }
        throw Error(Verb::authenticate, first.status,
                    fmt::format("management key: {:04X}", first.status.value));
    }
    const Bytes witness = crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::decrypt, key,
                                              authentication_field(first, piv::tag_witness));
    std::array<Byte, aes_block_bytes> challenge{};
    crypto::random_bytes(challenge);
    const Bytes reply =
        TlvWriter()
            .nest(piv::tag_authentication,
                  [&](auto& in) { in.put(piv::tag_witness, witness).put(piv::tag_challenge, challenge); })
            .take();
    const Response second = send(reply);
    if (!second.status.ok()) {
        throw Error(Verb::authenticate, second.status,
                    fmt::format("management key: {:04X}", second.status.value));
    }
    const Bytes expected =
        crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::encrypt, key, challenge);
    if (!equal_secret(authentication_field(second, piv::tag_response), expected)) {
        throw Error(Error::Kind::malformed, Verb::authenticate,
                    "the card does not know its own management key");
    }
}

std::optional<SecretBytes> PivApplet::stored_admin_key(Channel& channel) {
    const auto printed = get_data(channel, piv::tag_printed_information);
    if (!printed) {
        return std::nullopt;
    }
    const auto key = find_tlv_path(*printed, {0x88, 0x89});
    if (!key || (key->size() != 16 && key->size() != 24 && key->size() != 32)) {
        return std::nullopt;
    }
    return to_secret(*key);
}

}  // namespace jeton::card
