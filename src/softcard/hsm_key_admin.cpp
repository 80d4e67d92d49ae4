// What makes keys. A pair tells its public half in a request for a card verifiable certificate, which the
// device key signs, so that a host sees that the card made it.
#include "crypto/digest.hpp"
#include "softcard/hsm_card.hpp"
#include "softcard/hsm_key_request.hpp"

namespace jeton::softcard {

namespace {

HsmSecret generate(const CvcKeyTemplate& wanted) {
    return std::make_shared<const crypto::PrivateKey>(
        wanted.curve ? crypto::PrivateKey::generate_ec(*wanted.curve)
                     : crypto::PrivateKey::generate_rsa(wanted.modulus_bits));
}

HsmKey key_on(const HsmKeyTerms& terms) {
    return {
        .kind = HsmKey::Aes{}, .algorithms = terms.algorithms, .uses = terms.uses, .domain = terms.domain};
}

/// The request for a certificate of |key|, which signs it, and the device key around it.
SecretBytes certificate_request(const HsmPairRequest& wanted, const crypto::PrivateKey& key,
                                const HsmState& state) {
    const Bytes request = make_cvc({.authority = wanted.authority,
                                    .holder = wanted.holder,
                                    .key = key.public_key(),
                                    .algorithm = *wanted.key.algorithm},
                                   key, *wanted.key.algorithm);
    const auto device_key = crypto::PrivateKey::from_der(state.device_key).value();
    return to_secret(make_authenticated_request(request, view_of(state.name), device_key));
}

}  // namespace

/// A key is never overwritten.
void HsmCard::require_free(Byte id) const {
    require(id != hsm_device_key, status::wrong_parameters);
    require(!state().keys.contains(id), hsm_status::exists);
}

/// Domain 0 is there always, for keys that stay on the card if it has no DKEK.
void HsmCard::require_domain(Byte domain) const {
    require(domain == 0 || state().domains.contains(domain), status::reference_not_found);
}

/// GENERATE ASYMMETRIC KEY PAIR: P1 key, P2 the key that signs the request, the device key. The answer is the
/// request, and so is what stands in the file CE of the key.
Response HsmCard::generate_pair(const Command& command) {
    require_pin();
    require_free(command.p1);
    require(command.p2 == hsm_device_key, status::reference_not_found);
    const HsmPairRequest wanted = read_hsm_pair_request(command.data);
    require_domain(wanted.terms.domain);
    const HsmSecret secret = generate(wanted.key);
    const auto& private_key = *std::get<std::shared_ptr<const crypto::PrivateKey>>(secret);
    const SecretBytes request = certificate_request(wanted, private_key, state());
    HsmKey key = key_on(wanted.terms);
    seal_hsm_key(state().sealing_key, command.p1, secret, key);
    const auto file = static_cast<HsmFile>(hsm_file::request_prefix << 8 | command.p1);
    change([&](HsmState& changed) {
        changed.keys.insert_or_assign(command.p1, key);
        changed.files[file] = request;
    });
    return {request};
}

/// GENERATE SYMMETRIC KEY: P1 key, P2 its length.
Response HsmCard::generate_symmetric(const Command& command) {
    const std::size_t key_bytes = hsm_aes_key_bytes(command.p2);
    require_pin();
    require_free(command.p1);
    require(key_bytes != 0, status::wrong_parameters);
    const HsmKeyTerms terms = read_hsm_terms(command.data);
    require_domain(terms.domain);
    SecretBytes bytes(key_bytes);
    crypto::random_bytes(bytes);
    HsmKey key = key_on(terms);
    seal_hsm_key(state().sealing_key, command.p1, std::make_shared<const SecretBytes>(std::move(bytes)), key);
    change([&](HsmState& changed) { changed.keys.insert_or_assign(command.p1, key); });
    return {};
}

}  // namespace jeton::softcard
