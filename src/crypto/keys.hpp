// Public keys as values, and private keys for the software card.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "crypto/digest.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

enum class Curve { p256, p384, p521 };

/// CurveFacts are the constants of one named curve.
struct CurveFacts {
    Curve curve;
    std::string_view name;    ///< OpenSSL's group name: "P-256"
    std::size_t field_bytes;  ///< length of a coordinate, and of r and s (32, 48, 66)
    std::size_t bits;         ///< 256, 384, 521
    View oid;                 ///< DER OBJECT IDENTIFIER, as in CKA_EC_PARAMS
};

const CurveFacts& curve_facts(Curve curve);

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

using PublicKey = std::variant<RsaPublicKey, EcPublicKey>;

/// is_valid checks an RSA modulus (512 to 16384 bits, odd) and exponent, or that a point lies on its curve.
bool is_valid(const PublicKey& key);

/// parse_spki reads a DER SubjectPublicKeyInfo; nullopt when it is malformed or of an unknown kind.
std::optional<PublicKey> parse_spki(View der);

/// spki writes a DER SubjectPublicKeyInfo (CKA_PUBLIC_KEY_INFO).
Bytes spki(const PublicKey& key);

/// verify_ecdsa checks |signature|, r and s of field_bytes each, over |digest| (cut to the field by the
/// algorithm).
bool verify_ecdsa(const EcPublicKey& key, View digest, View signature);

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

/// PrivateKey is an RSA or EC private key in this process: the software card's.
class PrivateKey {
  public:
    static PrivateKey generate_rsa(std::size_t bits);
    static PrivateKey generate_ec(Curve curve);
    /// from_der reads a DER PrivateKeyInfo (PKCS#8); nullopt when malformed.
    static std::optional<PrivateKey> from_der(View der);

    PrivateKey(PrivateKey&&) noexcept;
    PrivateKey& operator=(PrivateKey&&) noexcept;
    ~PrivateKey();

    SecretBytes to_der() const;
    PublicKey public_key() const;

    /// rsa_private computes block^d mod n; |block| is modulus_bytes long. nullopt when it is not below the
    /// modulus.
    std::optional<SecretBytes> rsa_private(View block) const;

    /// sign_ecdsa gives SEQUENCE { r, s } over |digest|.
    Bytes sign_ecdsa(View digest) const;

    /// agree gives the X coordinate of the shared point; nullopt when |peer| is not a point of the curve.
    std::optional<SecretBytes> agree(View peer) const;

  private:
    struct State;
    explicit PrivateKey(std::unique_ptr<State> state);
    std::unique_ptr<State> m_state;
};

}  // namespace jeton::crypto
