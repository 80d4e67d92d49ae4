// What keys compute: PERFORM SECURITY OPERATION, INTERNAL AUTHENTICATE, and which key that is: MANAGE
// SECURITY ENVIRONMENT (7.2.10 to 7.2.13, 7.2.18).
#include <algorithm>

#include "crypto/aes.hpp"
#include "crypto/padding.hpp"
#include "softcard/openpgp_card.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {

namespace {

constexpr Byte rsa_padding = 0x00;  ///< padding indicator: a cryptogram of RSA
constexpr Byte aes_padding = 0x02;  ///< one of AES

/// The longest message that an EdDSA key signs, in bytes: what the links of one command chain carry.
constexpr std::size_t longest_message = ApduFront::most_chained_bytes - 16;
constexpr std::size_t longest_hash = 64;

/// Signature computes one, in the form of 7.2.10: what the card pads for RSA is at most 40 % of the modulus.
struct Signature {
    const crypto::PrivateKey& key;
    View data;

    SecretBytes operator()(const RsaModulus& modulus) const {
        require(!data.empty() && data.size() <= modulus.bytes() * 2 / 5, status::wrong_data);
        const auto block = crypto::pad_pkcs_signature(modulus.bytes(), data);
        const auto result = block ? key.rsa_private(*block) : std::nullopt;
        require(result.has_value(), status::wrong_data);
        return *result;
    }
    SecretBytes operator()(crypto::Curve curve) const {
        require(!data.empty() && data.size() <= longest_hash, status::wrong_data);
        const auto raw =
            crypto::ecdsa_raw_from_der(key.sign_ecdsa(data), crypto::curve_facts(curve).field_bytes);
        return to_secret(raw.value());
    }
    SecretBytes operator()(crypto::OkpCurve curve) const {
        require(crypto::okp_facts(curve).signature_bytes != 0, status::conditions_not_satisfied);
        require(!data.empty() && data.size() <= longest_message, status::wrong_data);
        return to_secret(key.sign_eddsa(data));
    }
};

/// Decipherment computes one (7.2.11). All that can be wrong with a cryptogram is told as 6A80.
struct Decipherment {
    const crypto::PrivateKey& key;
    View data;

    SecretBytes operator()(const RsaModulus& modulus) const {
        require(data.size() == modulus.bytes() + 1 && data[0] == rsa_padding, status::wrong_data);
        const auto block = key.rsa_private(data.subspan(1));
        auto plain = block ? crypto::unpad_pkcs(*block) : std::nullopt;
        require(plain.has_value(), status::wrong_data);
        return std::move(*plain);
    }
    SecretBytes operator()(crypto::Curve) const { return agreed(peer()); }
    SecretBytes operator()(crypto::OkpCurve curve) const {
        require(crypto::okp_facts(curve).shared_bytes != 0, status::conditions_not_satisfied);
        constexpr Byte native_point = 0x40;  // what OpenPGP puts before points of such curves
        const View point = peer();
        const bool prefixed =
            point.size() == crypto::okp_facts(curve).public_bytes + 1 && point[0] == native_point;
        return agreed(prefixed ? point.subspan(1) : point);
    }

    View peer() const {
        const auto point = find_tlv_path(data, {0xA6, 0x7F49, 0x86});
        require(point.has_value(), status::wrong_data);
        return *point;
    }
    SecretBytes agreed(View point) const {
        auto shared = key.agree(point);
        require(shared.has_value(), status::wrong_data);
        return std::move(*shared);
    }
};

}  // namespace

const Key& Card::key_at(std::size_t place) const {
    const auto& key = state().keys[place];
    require(key.has_value(), status::reference_not_found);
    return *key;
}

/// Waits for a touch, if the object of |place| asks for one. A card that nobody touches gives up with 6600.
void Card::require_touch(std::size_t place) const {
    if (state().object(static_cast<std::uint32_t>(tag::touch + place))[0] == 0) {
        return;
    }
    const bool given = m_options.touch == Touch::given;
    log::info("software card: OpenPGP key {} wants to be touched: {}", place + 1,
              given ? "touched" : "nobody is there");
    require(given, status::not_touched);
}

/// The private half of the key at |place|. A password is verified.
std::shared_ptr<const crypto::PrivateKey> Card::opened(std::size_t place) {
    const Key& key = key_at(place);
    Unlocked& unlocked = m_volatile.unlocked.value();
    if (const auto known = unlocked.opened.find(place);
        known != unlocked.opened.end() && known->second.key == key) {
        return known->second.opened;
    }
    auto open = open_key(unlocked.sealing_key, place, key);
    if (open == nullptr) {
        log::error("software card: OpenPGP key {} does not open: its file was changed by hand", place + 1);
        throw Refusal(status::memory_failure);
    }
    unlocked.opened.insert_or_assign(place, Unlocked::Opened{key, open});
    return open;
}

Response Card::security_operation(const Command& command) {
    struct Operation {
        Byte p1;
        Byte p2;
        Response (Card::*handler)(const Command&);
    };
    static constexpr Operation operations[] = {
        {0x9E, 0x9A, &Card::sign}, {0x80, 0x86, &Card::decipher}, {0x86, 0x80, &Card::encipher}};
    const auto* const found = std::ranges::find_if(
        operations, [&](const Operation& row) { return row.p1 == command.p1 && row.p2 == command.p2; });
    require(found != std::end(operations), status::wrong_parameters);
    return (this->*found->handler)(command);
}

Response Card::sign_with(std::size_t place, View data) {
    const auto kind = (key_at(place), state().algorithm(place).kind);
    require_touch(place);
    return {std::visit(Signature{*opened(place), data}, kind)};
}

/// PSO: COMPUTE DIGITAL SIGNATURE (7.2.10). It counts before it is given; unless C4 says otherwise, PW1 held
/// for this one.
Response Card::sign(const Command& command) {
    require(m_volatile.verified.contains(pw1_signature), status::security_not_satisfied);
    Response response = sign_with(signature_key, command.data);
    change([](State& changed) { changed.signatures = std::min(changed.signatures + 1, most_signatures); });
    if (!state().several_signatures) {
        m_volatile.verified.erase(pw1_signature);
    }
    return response;
}

/// INTERNAL AUTHENTICATE (7.2.13).
Response Card::internal_authenticate(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    require_access(Access::user);
    return sign_with(m_volatile.authenticate_with, command.data);
}

/// PSO: DECIPHER (7.2.11): by key 2, or the one that MSE chose, or by the AES key.
Response Card::decipher(const Command& command) {
    require_access(Access::user);
    const View data = command.data;
    require(!data.empty(), status::wrong_data);
    if (data[0] == aes_padding) {
        return crypt_aes(data.subspan(1), false);
    }
    const std::size_t place = m_volatile.decipher_with;
    const auto kind = (key_at(place), state().algorithm(place).kind);
    require_touch(place);
    return {std::visit(Decipherment{*opened(place), data}, kind)};
}

/// PSO: ENCIPHER (7.2.12).
Response Card::encipher(const Command& command) {
    require_access(Access::user);
    return crypt_aes(command.data, true);
}

/// AES in CBC mode, whose first block is combined with zeros, on whole blocks.
Response Card::crypt_aes(View data, bool encrypts) {
    require(!state().aes_key.empty(), status::reference_not_found);
    require(!data.empty() && data.size() % crypto::aes_block_bytes == 0, status::wrong_data);
    const auto key = open_aes_key(sealing_key(), state().aes_key);
    require(key.has_value(), status::memory_failure);
    SecretBytes out;
    if (encrypts) {
        out.push_back(aes_padding);
    }
    crypto::AesCipher aes(
        encrypts ? crypto::Direction::encrypt : crypto::Direction::decrypt, *key,
        crypto::AesParameters{.mode = crypto::AesMode::cbc, .iv = Bytes(crypto::aes_block_bytes), .aad = {}});
    aes.update(data, out);
    require(aes.finish(out) == crypto::AesCipher::Result::done, status::wrong_data);
    return {std::move(out)};
}

/// MANAGE SECURITY ENVIRONMENT (7.2.18): which of the keys 2 and 3 deciphers (B8) and authenticates (A4).
Response Card::manage_environment(const Command& command) {
    require(command.p1 == 0x41 && (command.p2 == 0xB8 || command.p2 == 0xA4), status::wrong_parameters);
    const View data = command.data;
    const bool sound =
        data.size() == 3 && data[0] == 0x83 && data[1] == 0x01 && (data[2] == 2 || data[2] == 3);
    require(sound, status::wrong_data);
    const std::size_t place = data[2] - std::size_t{1};
    (command.p2 == 0xB8 ? m_volatile.decipher_with : m_volatile.authenticate_with) = place;
    return {};
}

}  // namespace jeton::softcard::openpgp
