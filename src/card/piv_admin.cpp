// The management key (SP 800-73-4 part 2, 3.2.4 and appendix A.1).
#include <array>
#include <fmt/core.h>

#include "card/piv_applet.hpp"
#include "card/piv_constants.hpp"
#include "crypto/block_cipher.hpp"
#include "crypto/digest.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

/// AdminAlgorithm is a kind of management key: two rows of one length, because its length does not tell a
/// 3DES key from one of AES-192.
struct AdminAlgorithm {
    Byte id;
    std::size_t key_bytes;
    crypto::BlockCipher cipher;
    std::size_t block_bytes;
};

constexpr std::array<AdminAlgorithm, 5> admin_algorithms{{
    {piv::alg_3des, 24, crypto::BlockCipher::tdes, 8},
    {piv::alg_3des_default, 24, crypto::BlockCipher::tdes, 8},
    {piv::alg_aes128, 16, crypto::BlockCipher::aes, 16},
    {piv::alg_aes192, 24, crypto::BlockCipher::aes, 16},
    {piv::alg_aes256, 32, crypto::BlockCipher::aes, 16},
}};

const AdminAlgorithm* find_admin_algorithm(Byte id) {
    for (const AdminAlgorithm& row : admin_algorithms) {
        if (row.id == id) {
            return &row;
        }
    }
    return nullptr;
}

/// newest_of_length gives the last row for keys of |key_bytes|; nullptr for a length that no key has.
const AdminAlgorithm* newest_of_length(std::size_t key_bytes) {
    const AdminAlgorithm* newest = nullptr;
    for (const AdminAlgorithm& row : admin_algorithms) {
        newest = row.key_bytes == key_bytes ? &row : newest;
    }
    return newest;
}

/// authentication_field gives the content of |tag| in a 7C template; it must be one cipher block.
View authentication_field(const Response& answer, std::uint32_t tag, std::size_t block_bytes) {
    const auto value = find_tlv_path(answer.data, {piv::tag_authentication, tag});
    if (!value || value->size() != block_bytes) {
        throw Error(Error::Kind::malformed, Verb::authenticate,
                    "the card's answer to authentication is not a template with one block");
    }
    return *value;
}

Error admin_refusal(StatusWord status) {
    return {Verb::authenticate, status, fmt::format("management key: {:04X}", status.value)};
}

}  // namespace

/// admin_candidates are the algorithms that a key of |key_bytes| can be for, the likeliest first. 24 bytes
/// are two: the metadata tell, else both are tried.
std::vector<Byte> PivApplet::admin_candidates(Channel& channel, std::size_t key_bytes) {
    std::vector<Byte> candidates;
    for (const AdminAlgorithm& row : admin_algorithms) {
        if (row.key_bytes == key_bytes && row.id != piv::alg_3des_default) {
            candidates.push_back(row.id);
        }
    }
    if (candidates.empty()) {
        throw Error(Error::Kind::pin_form, Verb::authenticate, "a management key has 16, 24 or 32 bytes");
    }
    if (candidates.size() > 1) {
        const auto known = metadata(channel, piv::ref_management_key);
        const auto* row = known && known->algorithm ? find_admin_algorithm(*known->algorithm) : nullptr;
        if (row != nullptr) {
            candidates = {row->id};
        }
    }
    return candidates;
}

Response PivApplet::send_authentication(Channel& channel, Byte algorithm, View body) const {
    return channel.transmit({.ins = piv::ins_general_authenticate,
                             .p1 = algorithm,
                             .p2 = piv::ref_management_key,
                             .data = body,
                             .le = 256});
}

void PivApplet::authenticate_admin(Channel& channel, View key) {
    const Bytes request =
        TlvWriter().nest(piv::tag_authentication, [](auto& in) { in.put(piv::tag_witness, {}); }).take();
    StatusWord refusal{};
    for (const Byte id : admin_candidates(channel, key.size())) {
        const Response first = send_authentication(channel, id, request);
        if (first.status.ok()) {
            finish_authentication(channel, id, key, first);
            m_admin_algorithm = id;
            return;
        }
        refusal = first.status;
        if (refusal != sw::bad_p1p2 && refusal != sw::bad_data) {
            break;
        }
    }
    throw admin_refusal(refusal);
}

/// finish_authentication answers the card's witness and checks that the card knows the key as well.
void PivApplet::finish_authentication(Channel& channel, Byte id, View key, const Response& first) const {
    const AdminAlgorithm& algorithm = *find_admin_algorithm(id);
    if (algorithm.key_bytes != key.size()) {
        throw Error(Error::Kind::pin_form, Verb::authenticate,
                    fmt::format("this card's management key has {} bytes", algorithm.key_bytes));
    }
    const auto crypt = [&](crypto::Direction direction, View block) {
        return crypto::crypt_block(algorithm.cipher, direction, key, block);
    };
    const Bytes witness = crypt(crypto::Direction::decrypt,
                                authentication_field(first, piv::tag_witness, algorithm.block_bytes));
    Bytes challenge(algorithm.block_bytes);
    crypto::random_bytes(challenge);
    const Bytes reply =
        TlvWriter()
            .nest(piv::tag_authentication,
                  [&](auto& in) { in.put(piv::tag_witness, witness).put(piv::tag_challenge, challenge); })
            .take();
    const Response second = send_authentication(channel, id, reply);
    if (!second.status.ok()) {
        throw admin_refusal(second.status);
    }
    const Bytes expected = crypt(crypto::Direction::encrypt, challenge);
    if (!equal_secret(authentication_field(second, piv::tag_response, algorithm.block_bytes), expected)) {
        throw Error(Error::Kind::malformed, Verb::authenticate,
                    "the card does not know its own management key");
    }
}

std::optional<SecretBytes> PivApplet::stored_admin_key(Channel& channel) {
    const auto printed = get_data(channel, piv::tag_printed_information);
    if (!printed) {
        return std::nullopt;
    }
    const auto key = find_tlv_path(*printed, {piv::tag_stored_fields, piv::tag_stored_admin_key});
    if (!key || (key->size() != 16 && key->size() != 24 && key->size() != 32)) {
        return std::nullopt;
    }
    return to_secret(*key);
}

/// stores_admin_key tells whether the card says that printed information holds the management key.
bool PivApplet::stores_admin_key(Channel& channel) const {
    const auto data = get_data(channel, piv::tag_admin_data);
    const auto flags =
        data ? find_tlv_path(*data, {piv::tag_admin_fields, piv::tag_admin_flags}) : std::nullopt;
    return flags && !flags->empty() && (flags->front() & piv::admin_key_is_stored) != 0;
}

/// store_admin_key lets whoever knows the PIN read the management key: what stores_admin_key tells, and the
/// key.
void PivApplet::store_admin_key(Channel& channel, View key) const {
    const Byte flags = piv::admin_key_is_stored;
    const Bytes data =
        TlvWriter()
            .nest(piv::tag_admin_fields, [&](auto& in) { in.put(piv::tag_admin_flags, View(&flags, 1)); })
            .take();
    const SecretBytes content =
        BasicTlvWriter<SecretBytes>()
            .nest(piv::tag_stored_fields, [&](auto& in) { in.put(piv::tag_stored_admin_key, key); })
            .take();
    put_data(channel, Verb::change_pin, piv::tag_printed_information, content);
    put_data(channel, Verb::change_pin, piv::tag_admin_data, data);
}

/// put_admin_key replaces the management key on the card. Its algorithm follows from its length; 24 bytes
/// stay what the last key was, or are for AES-192.
void PivApplet::put_admin_key(Channel& channel, View key) {
    const AdminAlgorithm* algorithm = m_admin_algorithm ? find_admin_algorithm(*m_admin_algorithm) : nullptr;
    if (algorithm == nullptr || algorithm->key_bytes != key.size()) {
        algorithm = newest_of_length(key.size());
    }
    if (algorithm == nullptr) {
        throw Error(Error::Kind::pin_form, Verb::change_pin, "a management key has 16, 24 or 32 bytes");
    }
    const Byte id = algorithm->id;
    SecretBytes body{id, piv::ref_management_key, static_cast<Byte>(key.size())};
    append(body, key);
    const Response answer = channel.transmit(
        {.ins = piv::ins_set_management_key, .p1 = 0xFF, .p2 = 0xFF, .data = body}, Channel::slow_limit);
    if (!answer.status.ok()) {
        throw Error(Verb::change_pin, answer.status,
                    fmt::format("management key: {:04X}", answer.status.value));
    }
    m_admin_algorithm = id;
}

void PivApplet::set_admin_key(Channel& channel, View key) {
    const bool stored = stores_admin_key(channel);
    put_admin_key(channel, key);
    if (stored) {
        store_admin_key(channel, key);
    }
}

}  // namespace jeton::card
