// Making the card as new: the reset command that many cards have beyond the standard, then the objects that
// every PIV card should have (SP 800-73-4 part 1, 3.1).
#include <array>
#include <fmt/core.h>

#include "card/piv_applet.hpp"
#include "card/piv_constants.hpp"
#include "crypto/digest.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

/// The management key of new cards: AES-192 on those of today, 3DES on older ones.
constexpr std::array<Byte, 24> factory_admin_key{1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
                                                 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

/// A counter holds 15 tries at most (SP 800-73-4 part 2, 3.2.1: 63Cx).
constexpr int most_tries = 16;

/// The FASC-N of cards that belong to no agency: agency and system code 9999 (part 1, 3.1.2).
constexpr std::array<Byte, 25> no_agency_number{0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE,
                                                0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
                                                0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB};
/// The registered application provider and card type of a capability container (part 1, table 8).
constexpr std::array<Byte, 7> card_identifier_start{0xA0, 0x00, 0x00, 0x01, 0x16, 0xFF, 0x02};

/// wrong_pin_block is 8 digits that nobody knows.
std::array<Byte, 8> wrong_pin_block() {
    std::array<Byte, 8> block{};
    crypto::random_bytes(block);
    for (Byte& byte : block) {
        byte = static_cast<Byte>('0' + byte % 10);
    }
    return block;
}

template <std::size_t length>
std::array<Byte, length> random_array() {
    std::array<Byte, length> out{};
    crypto::random_bytes(out);
    return out;
}

/// new_chuid is a card holder unique identifier without a signature: FASC-N, GUID (RFC 4122, version 4),
/// expiration date (part 1, table 9).
Bytes new_chuid() {
    auto guid = random_array<16>();
    guid[6] = static_cast<Byte>((guid[6] & 0x0F) | 0x40);
    guid[8] = static_cast<Byte>((guid[8] & 0x3F) | 0x80);
    return TlvWriter()
        .put(piv::tag_fasc_n, no_agency_number)
        .put(piv::tag_guid, guid)
        .put(piv::tag_expiration_date, view_of("20491231"))
        .put(piv::tag_issuer_signature, {})
        .put(piv::tag_error_detection, {})
        .take();
}

/// new_capabilities is a card capability container that lists no other applications (part 1, table 8).
Bytes new_capabilities() {
    Bytes identifier = to_bytes(card_identifier_start);
    append(identifier, random_array<14>());
    const Byte version = 0x21;
    const Byte no_registered_objects = 0x00;
    const Byte piv_data_model = 0x10;
    TlvWriter out;
    out.put(0xF0, identifier).put(0xF1, View(&version, 1)).put(0xF2, View(&version, 1)).put(0xF3, {});
    out.put(0xF4, View(&no_registered_objects, 1)).put(0xF5, View(&piv_data_model, 1));
    for (const std::uint32_t empty : {0xF6, 0xF7, 0xFA, 0xFB, 0xFC, 0xFD, 0xFE}) {
        out.put(empty, {});
    }
    return out.take();
}

}  // namespace

/// block spends the tries of PIN or PUK with |command| until the card says that none is left.
void PivApplet::block(const std::function<StatusWord()>& attempt) const {
    for (int i = 0; i < most_tries; ++i) {
        const StatusWord status = pin_answer(attempt());
        if (tries_left(status) == 0U) {
            return;
        }
        if (!status.ok() && !tries_left(status)) {
            throw Error(Verb::initialize, status, fmt::format("blocking a PIN: {:04X}", status.value));
        }
    }
    throw Error(Error::Kind::malformed, Verb::initialize, "a PIN of the card does not block");
}

/// reset_card brings a card that has the command for it into the state of the factory. The card wants PIN and
/// PUK blocked first; one that does not know the command says so before anything was spent.
void PivApplet::reset_card(Channel& channel) {
    const auto reset = [&] { return channel.transmit({.ins = piv::ins_reset}, Channel::slow_limit).status; };
    StatusWord status = reset();
    if (status == sw::conditions_of_use || status == sw::security_status) {
        const PinRule* user = profile().pin(PinRole::user);
        const PinRule* puk = profile().pin(PinRole::puk);
        if (user == nullptr || puk == nullptr) {
            throw Error(Error::Kind::unsupported, Verb::initialize, "the profile has no PIN and PUK");
        }
        block([&] {
            return channel.transmit({.ins = piv::ins_verify, .p2 = user->ref, .data = wrong_pin_block()})
                .status;
        });
        block([&] {
            Bytes body = to_bytes(wrong_pin_block());
            append(body, wrong_pin_block());
            return channel.transmit({.ins = piv::ins_reset_retry_counter, .p2 = user->ref, .data = body})
                .status;
        });
        status = reset();
    }
    if (!status.ok()) {
        throw Error(Verb::initialize, status, fmt::format("reset: {:04X}", status.value));
    }
}

void PivApplet::initialize(Channel& channel, View admin_key) {
    const SecretBytes key = to_secret(admin_key);
    const bool stored = stores_admin_key(channel);
    reset_card(channel);
    m_admin_algorithm.reset();
    m_user_pin.reset();
    if (!select(channel)) {
        throw Error(Error::Kind::malformed, Verb::initialize, "the card lost its application");
    }
    authenticate_admin(channel, factory_admin_key);
    put_admin_key(channel, key);
    if (stored) {
        store_admin_key(channel, key);
    }
    write_identity(channel);
}

/// write_identity gives a card its CHUID and capability container, each unless it has one.
void PivApplet::write_identity(Channel& channel) const {
    if (!get_data(channel, piv::tag_chuid)) {
        put_data(channel, Verb::initialize, piv::tag_chuid, new_chuid());
    }
    if (!get_data(channel, piv::tag_capabilities)) {
        put_data(channel, Verb::initialize, piv::tag_capabilities, new_capabilities());
    }
}

}  // namespace jeton::card
