#include "softcard/key_algorithm.hpp"

namespace jeton::softcard {

bool KeyAlgorithm::describes(const crypto::PublicKey& key) const {
    if (const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        const auto* const modulus = std::get_if<RsaModulus>(&kind);
        return modulus != nullptr && rsa->modulus_bits() == modulus->bits;
    }
    if (const auto* const ec = std::get_if<crypto::EcPublicKey>(&key)) {
        const auto* const curve = std::get_if<crypto::Curve>(&kind);
        return curve != nullptr && ec->curve == *curve;
    }
    const auto* const curve = std::get_if<crypto::OkpCurve>(&kind);
    return curve != nullptr && std::get<crypto::OkpPublicKey>(key).curve == *curve;
}

crypto::PrivateKey generate_key(const KeyAlgorithm& algorithm) {
    struct Generator {
        crypto::PrivateKey operator()(const RsaModulus& modulus) const {
            return crypto::PrivateKey::generate_rsa(modulus.bits);
        }
        crypto::PrivateKey operator()(crypto::Curve curve) const {
            return crypto::PrivateKey::generate_ec(curve);
        }
        crypto::PrivateKey operator()(crypto::OkpCurve curve) const {
            return crypto::PrivateKey::generate_okp(curve);
        }
    };
    return std::visit(Generator{}, algorithm.kind);
}

}  // namespace jeton::softcard
