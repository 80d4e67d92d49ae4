// Public keys as values, and private keys for the software card.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "crypto/digest.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

enum class Curve { p256, p384, p521, brainpoolP256r1, brainpoolP384r1, brainpoolP512r1, secp256k1 };

/// CurveFacts are the constants of one named curve.
struct CurveFacts {
    Curve curve;
    std::string_view name;    ///< OpenSSL's group name: "P-256"
    std::size_t field_bytes;  ///< length of a coordinate, and of r and s (32, 48, 64, 66)
    std::size_t bits;         ///< of the field: 256, 384, 512, 521
    View oid;                 ///< DER OBJECT IDENTIFIER, as in CKA_EC_PARAMS
};

const CurveFacts& curve_facts(Curve curve);

/// all_curves are the constants of each.
std::span<const CurveFacts> all_curves();

/// curve_of_params finds the curve of a CKA_EC_PARAMS value: a DER OBJECT IDENTIFIER or a PrintableString
/// such as "secp256r1"; nullopt for any other curve.
std::optional<Curve> curve_of_params(View der);

struct RsaPublicKey {
    Bytes modulus;   ///< big-endian, no leading zeros
    Bytes exponent;  ///< big-endian, no leading zeros
    std::size_t modulus_bits() const;
    std::size_t modulus_bytes() const { return modulus.size(); }
    bool operator==(const RsaPublicKey&) const = default;
};

struct EcPublicKey {
    Curve curve = Curve::p256;
    Bytes point;  ///< uncompressed: 04, X, Y
    bool operator==(const EcPublicKey&) const = default;
};

/// OkpCurve is the curve of an octet key pair (RFC 8037), whose numbers are strings of bytes.
enum class OkpCurve { ed25519, x25519 };

/// OkpFacts are the constants of one such curve.
struct OkpFacts {
    OkpCurve curve;
    std::string_view name;        ///< "Ed25519", as in RFC 8037
    std::size_t public_bytes;     ///< of the public key, and of the seed that is the private key
    std::size_t signature_bytes;  ///< 0: the curve does not sign
    std::size_t shared_bytes;     ///< of the secret that two parties agree on; 0: the curve does not agree
    View oid;                     ///< DER OBJECT IDENTIFIER (RFC 8410)
    View printable;               ///< DER PrintableString "edwards25519" or "curve25519" (PKCS#11 3.2)
};

const OkpFacts& okp_facts(OkpCurve curve);

/// okp_of_params finds the curve of a CKA_EC_PARAMS value: a DER OBJECT IDENTIFIER, of RFC 8410 or older, or
/// a PrintableString such as "edwards25519" or "Ed25519"; nullopt for any other curve.
std::optional<OkpCurve> okp_of_params(View der);

struct OkpPublicKey {
    OkpCurve curve = OkpCurve::ed25519;
    Bytes value;  ///< public_bytes
    bool operator==(const OkpPublicKey&) const = default;
};

using PublicKey = std::variant<RsaPublicKey, EcPublicKey, OkpPublicKey>;

/// is_valid checks an RSA modulus (512 to 16384 bits, odd) and exponent, that a point lies on its curve, or
/// the length of an octet key.
bool is_valid(const PublicKey& key);

/// parse_spki reads a DER SubjectPublicKeyInfo; nullopt when it is malformed or of an unknown kind.
std::optional<PublicKey> parse_spki(View der);

/// spki writes a DER SubjectPublicKeyInfo (CKA_PUBLIC_KEY_INFO).
Bytes spki(const PublicKey& key);

/// verify_ecdsa checks |signature|, r and s of field_bytes each, over |digest| (cut to the field by the
/// algorithm).
bool verify_ecdsa(const EcPublicKey& key, View digest, View signature);

/// verify_eddsa checks an Ed25519 signature of 64 bytes over |message| itself (RFC 8032, 5.1.7); false for a
/// curve that does not sign.
bool verify_eddsa(const OkpPublicKey& key, View message, View signature);

/// ecdsa_raw_from_der turns SEQUENCE { r, s } into r and s, each padded to |field_bytes|; nullopt when
/// malformed or too large.
std::optional<Bytes> ecdsa_raw_from_der(View der, std::size_t field_bytes);

/// verify_rsa_pkcs checks an RSASSA-PKCS1-v1_5 signature whose message block holds |content| (a DigestInfo,
/// or what the application gave).
bool verify_rsa_pkcs(const RsaPublicKey& key, View content, View signature);

/// verify_rsa_pss checks an RSASSA-PSS signature over |digest|.
bool verify_rsa_pss(const RsaPublicKey& key, Hash hash, Hash mgf, std::size_t salt_bytes, View digest,
                    View signature);

/// rsa_public computes block^e mod n, modulus_bytes long; nullopt when |block| is not below the modulus.
std::optional<Bytes> rsa_public(const RsaPublicKey& key, View block);

/// encrypt_pkcs encrypts at most modulus_bytes - 11 bytes (RSAES-PKCS1-v1_5); nullopt when |plain| is longer.
std::optional<Bytes> encrypt_pkcs(const RsaPublicKey& key, View plain);

/// encrypt_oaep encrypts at most modulus_bytes - 2 * digest - 2 bytes (RSAES-OAEP); nullopt when |plain| is
/// longer.
std::optional<Bytes> encrypt_oaep(const RsaPublicKey& key, Hash hash, Hash mgf, View label, View plain);

/// RsaPrivateParts are big-endian numbers without leading zeros (RFC 8017, 3.2, second form).
struct RsaPrivateParts {
    SecretBytes p, q, dp, dq, qinv;
    Bytes exponent;  ///< the public one
};

struct EcPrivateParts {
    Curve curve = Curve::p256;
    SecretBytes scalar;  ///< big-endian
};

struct OkpPrivateParts {
    OkpCurve curve = OkpCurve::ed25519;
    SecretBytes seed;  ///< public_bytes; the key's own bytes for X25519
};

using PrivateParts = std::variant<RsaPrivateParts, EcPrivateParts, OkpPrivateParts>;

/// complete_rsa makes the parts of an RSA key from what is given of it; an empty view was not given. p, q and
/// the public exponent suffice, and so do modulus, public and private exponent; one prime comes from the
/// other and the modulus; an exponent that nothing tells is 65537. nullopt when that is too little, when the
/// numbers contradict each other, or for a modulus longer than 16384 bits (8192 to find primes of).
std::optional<RsaPrivateParts> complete_rsa(View modulus, View exponent, View private_exponent, View p,
                                            View q, View dp, View dq, View qinv);

/// PrivateKey is a private key in this process: the software card's.
class PrivateKey {
  public:
    static PrivateKey generate_rsa(std::size_t bits);
    static PrivateKey generate_ec(Curve curve);
    static PrivateKey generate_okp(OkpCurve curve);
    /// from_der reads a DER PrivateKeyInfo (PKCS#8; RFC 8410 for octet keys); nullopt when malformed.
    static std::optional<PrivateKey> from_der(View der);
    /// from_parts makes a key; nullopt when the parts are no sound key. Whether p and q are primes is not
    /// tested: one computation must come back.
    static std::optional<PrivateKey> from_parts(const PrivateParts& parts);

    PrivateKey(PrivateKey&&) noexcept;
    PrivateKey& operator=(PrivateKey&&) noexcept;
    ~PrivateKey();

    SecretBytes to_der() const;
    /// parts takes the key apart; nullopt for an RSA key that came without its primes.
    std::optional<PrivateParts> parts() const;
    PublicKey public_key() const;

    /// rsa_private computes block^d mod n; |block| is modulus_bytes long. nullopt when it is not below the
    /// modulus.
    std::optional<SecretBytes> rsa_private(View block) const;

    /// sign_ecdsa gives SEQUENCE { r, s } over |digest|.
    Bytes sign_ecdsa(View digest) const;

    /// sign_eddsa gives the 64 bytes of an Ed25519 signature over |message| itself.
    Bytes sign_eddsa(View message) const;

    /// agree gives the X coordinate of the shared point; nullopt when |peer| is not a point of the curve.
    /// With an X25519 key it gives the shared secret; nullopt when |peer| has another length, or makes a
    /// secret of zeros alone (RFC 7748, 6.1).
    std::optional<SecretBytes> agree(View peer) const;

  private:
    struct State;
    explicit PrivateKey(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace jeton::crypto
