// Card verifiable certificates and requests for them (BSI TR-03110 part 3, C.1 and C.2), as the card writes
// them: a key that was generated tells its public half in one.
#pragma once

#include <array>
#include <optional>

#include "crypto/keys.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard {

/// CvcAlgorithm is a signature algorithm that a certificate's key has (TR-03110 part 3, A.6.4).
struct CvcAlgorithm {
    std::array<Byte, 10> oid;  ///< the content of its OBJECT IDENTIFIER
    bool is_rsa;               ///< RSASSA-PKCS1-v1_5; else ECDSA
    crypto::Hash hash;
};

/// find_cvc_algorithm gives the row of |oid|; nullptr for any other.
const CvcAlgorithm* find_cvc_algorithm(View oid);

/// rsa_sha256 and ecdsa_sha256 are the usual rows.
const CvcAlgorithm& cvc_rsa_sha256();
const CvcAlgorithm& cvc_ecdsa_sha256();

/// CvcRole is what a certificate, not a request, says beside: how its holder may be used, and for how long.
struct CvcRole {
    Byte rights;                      ///< the first byte of the authorization template's five
    std::array<Byte, 6> valid_from;   ///< Y Y M M D D, a digit a byte
    std::array<Byte, 6> valid_until;  ///< the same
};

/// CvcBody is what a certificate or request says.
struct CvcBody {
    Bytes authority;  ///< 42: who signs it, or is asked to
    Bytes holder;     ///< 5F20
    crypto::PublicKey key;
    const CvcAlgorithm& algorithm;
    /// Whether the key of an EC holder tells its domain parameters: in requests and root certificates.
    bool tells_curve = true;
    std::optional<CvcRole> role = std::nullopt;
};

/// make_cvc gives the object 7F21 with |body|, signed by |signer|, whose algorithm is |signer_algorithm|.
/// Throws crypto::Error when the key is of another kind.
Bytes make_cvc(const CvcBody& body, const crypto::PrivateKey& signer, const CvcAlgorithm& signer_algorithm);

/// make_authenticated_request gives the object 67: |request|, a 7F21, and the signature of |signer|, an EC
/// key whose certificate has the holder |signer_name|.
Bytes make_authenticated_request(View request, View signer_name, const crypto::PrivateKey& signer);

/// CvcKeyTemplate is a 7F49 that tells what key to generate.
struct CvcKeyTemplate {
    const CvcAlgorithm* algorithm = nullptr;
    std::size_t modulus_bits = 0;  ///< of an RSA key
    std::optional<crypto::Curve> curve = std::nullopt;
};

/// read_cvc_key_template takes the content of a 7F49 apart: an algorithm and either the domain parameters
/// 81 to 85 and maybe 87, all of one curve that we know, or modulus bits 02 and the public exponent 82, which
/// must be 65537. nullopt for anything else.
std::optional<CvcKeyTemplate> read_cvc_key_template(View content);

}  // namespace jeton::softcard
