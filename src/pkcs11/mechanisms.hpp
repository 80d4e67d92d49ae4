// The mechanism table: one row for each CKM that this module carries out.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "crypto/aes.hpp"
#include "crypto/keys.hpp"
#include "pkcs11/ck.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// Scheme is what a mechanism does with its input, after hashing.
enum class Scheme {
    digest,
    rsa_pkcs,
    rsa_x509,  ///< no padding but zeros on the left
    rsa_pss,
    rsa_oaep,
    ecdsa,
    eddsa,
    ecdh,
    aes,
    aes_cmac,
    aes_key,
    generic_key,
    rsa_pair,
    ec_pair,
    edwards_pair,
    montgomery_pair
};

/// longest_secret is the longest generic secret, in bytes.
inline constexpr std::size_t longest_secret = 4096;

struct MechanismRow {
    CK_MECHANISM_TYPE type;
    const char* name;  ///< as profiles spell it: "CKM_RSA_PKCS"
    Scheme scheme;
    std::optional<crypto::Hash> hash;  ///< the host hashes with it first; for digests: the hash itself
    CK_FLAGS flags;
    CK_ULONG min_size;  ///< 0: taken from the keys that the card takes (bits)
    CK_ULONG max_size;
    std::optional<crypto::AesMode> mode;

    bool can(CK_FLAGS flag) const { return (flags & flag) != 0; }

    /// fits tells whether the mechanism computes with keys of this kind.
    bool fits(const crypto::PublicKey& key) const;
};

/// mechanism_rows is the table, in the order of C_GetMechanismList.
std::span<const MechanismRow> mechanism_rows();

/// offered_mechanisms are the rows that this token can carry out: its profile and card decide.
std::vector<const MechanismRow*> offered_mechanisms(const Token& token);

/// find_mechanism gives the row of |type| if the token offers it with all of |flags|; MECHANISM_INVALID.
const MechanismRow& find_mechanism(const Token& token, CK_MECHANISM_TYPE type, CK_FLAGS flags);

/// mechanism_info is CK_MECHANISM_INFO of an offered row, with sizes as this card takes them.
CK_MECHANISM_INFO mechanism_info(const Token& token, const MechanismRow& row);

/// computes tells whether the card has something to carry out |row| with |key|.
bool computes(const card::Applet& applet, const MechanismRow& row, const crypto::PublicKey& key);

/// computes tells whether |row| can be carried out with the AES key |secret_key| of the card, to encrypt or
/// sign, or in the other direction.
bool computes(card::Card& card, const MechanismRow& row, std::size_t secret_key, crypto::Direction direction);

/// primitive_of is what the card computes with |key| for a mechanism; MECHANISM_INVALID when it computes
/// nothing for it, or the profile wants it computed otherwise.
card::Primitive primitive_of(const card::Applet& applet, const MechanismRow& mechanism,
                             const crypto::PublicKey& key);

/// hash_of finds the hash that a digest mechanism, an MGF or a key derivation function stands for; nullopt
/// for others.
std::optional<crypto::Hash> hash_of(CK_MECHANISM_TYPE type);
std::optional<crypto::Hash> hash_of_mgf(CK_RSA_PKCS_MGF_TYPE mgf);
std::optional<crypto::Hash> hash_of_kdf(CK_EC_KDF_TYPE kdf);

}  // namespace jeton::pkcs11
