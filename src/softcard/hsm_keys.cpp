// SIGN and DECIPHER: what private keys compute.
#include <algorithm>

#include "crypto/ec_group.hpp"
#include "crypto/padding.hpp"
#include "softcard/hsm_card.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

using crypto::Hash;
using PrivateKey = std::shared_ptr<const crypto::PrivateKey>;
using SignatureKind = HsmSignature::Kind;

/// The longest hash that an ECDSA key is given, in bytes: the field of the longest curve.
constexpr std::size_t longest_hash = 66;

/// The known_hashes of digests that a host brings.
constexpr Hash known_hashes[] = {Hash::sha1, Hash::sha224, Hash::sha256, Hash::sha384, Hash::sha512};

const crypto::RsaPublicKey& rsa_of(const HsmKey& key) {
    const auto* const public_key = std::get_if<crypto::PublicKey>(&key.kind);
    const auto* const rsa = public_key != nullptr ? std::get_if<crypto::RsaPublicKey>(public_key) : nullptr;
    require(rsa != nullptr, status::conditions_not_satisfied);
    return *rsa;
}

void require_ec(const HsmKey& key) {
    const auto* const public_key = std::get_if<crypto::PublicKey>(&key.kind);
    const bool fits = public_key != nullptr && std::holds_alternative<crypto::EcPublicKey>(*public_key);
    require(fits, status::conditions_not_satisfied);
}

/// Hashed is a digest and its hash.
struct Hashed {
    Hash hash;
    Bytes digest;
};

/// Takes |data| for a digest, bare or in a DigestInfo (RFC 8017, 9.2, note 1).
Hashed read_digest(View data) {
    for (const Hash hash : known_hashes) {
        const std::size_t length = crypto::digest_length(hash);
        if (data.size() < length) {
            continue;
        }
        const View digest = data.last(length);
        if (data.size() == length || equal(crypto::digest_info(hash, digest), data)) {
            return {hash, to_bytes(digest)};
        }
    }
    throw Refusal(status::wrong_data);
}

Hashed hashed(const HsmSignature& algorithm, View data) {
    return algorithm.hash ? Hashed{*algorithm.hash, crypto::digest(*algorithm.hash, data)}
                          : read_digest(data);
}

std::optional<Bytes> pkcs_block(const HsmSignature& algorithm, const crypto::RsaPublicKey& key, View data) {
    if (!algorithm.hash) {
        return crypto::pad_pkcs_signature(key.modulus_bytes(), data);
    }
    const Bytes digest = crypto::digest(*algorithm.hash, data);
    return crypto::pad_pkcs_signature(key.modulus_bytes(), crypto::digest_info(*algorithm.hash, digest));
}

/// The block that the RSA operation takes. The salt of PSS is as long as the digest (RFC 8017, 9.1).
Bytes rsa_block(const HsmSignature& algorithm, const crypto::RsaPublicKey& key, View data) {
    std::optional<Bytes> block;
    if (algorithm.kind == SignatureKind::rsa_raw) {
        block = data.size() == key.modulus_bytes() ? std::optional(to_bytes(data)) : std::nullopt;
    } else if (algorithm.kind == SignatureKind::rsa_pkcs) {
        block = pkcs_block(algorithm, key, data);
    } else {
        const Hashed input = hashed(algorithm, data);
        block =
            crypto::pad_pss(key.modulus_bits(), input.hash, input.hash, input.digest.size(), input.digest);
    }
    require(block.has_value(), status::wrong_data);
    return std::move(*block);
}

SecretBytes compute_rsa(const HsmSecret& secret, View block) {
    auto result = std::get<PrivateKey>(secret)->rsa_private(block);
    require(result.has_value(), status::wrong_data);
    return std::move(*result);
}

/// ECDSA over the data, hashed by the host or here, as SEQUENCE { r, s }.
SecretBytes compute_ecdsa(const HsmSignature& algorithm, const HsmSecret& secret, View data) {
    const Bytes digest = algorithm.hash ? crypto::digest(*algorithm.hash, data) : to_bytes(data);
    require(!digest.empty() && digest.size() <= longest_hash, status::wrong_data);
    return to_secret(std::get<PrivateKey>(secret)->sign_ecdsa(digest));
}

}  // namespace

/// Gives the key |id| for a use: 6A82 when there is none, 6985 when it is not for |algorithm|, 6984 when its
/// uses are used up. The user's PIN is verified.
const HsmKey& HsmCard::usable_key(Byte id, Byte algorithm) const {
    const auto found = state().keys.find(id);
    require(found != state().keys.end(), status::not_found);
    require(found->second.allows(algorithm), status::conditions_not_satisfied);
    require(found->second.uses != 0U, hsm_status::not_usable);
    return found->second;
}

HsmSecret HsmCard::open(Byte id, const HsmKey& key) {
    Unlocked& unlocked = m_volatile.unlocked.value();
    if (const auto known = unlocked.opened.find(id);
        known != unlocked.opened.end() && known->second.box == key.box) {
        return known->second.secret;
    }
    const auto opened = open_hsm_key(unlocked.sealing_key, id, key);
    if (!opened) {
        log::error("software card: key {} does not open: the card's file was changed by hand", id);
        throw Refusal(status::memory_failure);
    }
    unlocked.opened.insert_or_assign(id, Unlocked::Opened{key.box, *opened});
    return *opened;
}

/// Counts a use of a key that has a number of them, before its result is given.
void HsmCard::spend_use(Byte id) {
    if (state().keys.at(id).uses) {
        change([&](HsmState& changed) { --*changed.keys.at(id).uses; });
    }
}

/// SIGN: P1 key, P2 algorithm.
Response HsmCard::sign(const Command& command) {
    require_pin();
    const HsmSignature* const algorithm = find_hsm_signature(command.p2);
    require(algorithm != nullptr, status::wrong_parameters);
    const HsmKey& key = usable_key(command.p1, command.p2);
    Response response;
    if (algorithm->kind == SignatureKind::ecdsa) {
        require_ec(key);
        response.data = compute_ecdsa(*algorithm, open(command.p1, key), command.data);
    } else {
        const Bytes block = rsa_block(*algorithm, rsa_of(key), command.data);
        response.data = compute_rsa(open(command.p1, key), block);
    }
    spend_use(command.p1);
    return response;
}

/// DECIPHER: P1 key, P2 algorithm: the RSA block with its padding, or the shared point of a key agreement.
Response HsmCard::decipher(const Command& command) {
    require_pin();
    const bool known = command.p2 == hsm_algorithm::rsa_decrypt || command.p2 == hsm_algorithm::agree;
    require(known, status::wrong_parameters);
    const HsmKey& key = usable_key(command.p1, command.p2);
    Response response;
    if (command.p2 == hsm_algorithm::rsa_decrypt) {
        require(command.data.size() == rsa_of(key).modulus_bytes(), status::wrong_length);
        response.data = compute_rsa(open(command.p1, key), command.data);
    } else {
        require_ec(key);
        const HsmSecret secret = open(command.p1, key);
        auto point = crypto::agree_on_point(*std::get<PrivateKey>(secret), command.data);
        require(point.has_value(), status::wrong_data);
        response.data = std::move(*point);
    }
    spend_use(command.p1);
    return response;
}

}  // namespace jeton::softcard
