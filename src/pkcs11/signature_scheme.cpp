#include "pkcs11/signature_scheme.hpp"

#include <algorithm>
#include <array>

#include "crypto/padding.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

/// More than any modulus or digest.
constexpr std::size_t longest_block = 2048;
/// More than one command takes; the card's own limit is the card layer's to tell.
constexpr std::size_t longest_message = 65536;

const crypto::RsaPublicKey& rsa_of(const SignatureUse& use) {
    return std::get<crypto::RsaPublicKey>(use.key);
}

Bytes fitting(std::optional<Bytes> block) {
    require(block.has_value(), CKR_DATA_LEN_RANGE, "more data than the modulus can hold");
    return std::move(*block);
}

/// The content of an EMSA-PKCS1-v1_5 block: the application's DigestInfo, or ours around the hash.
Bytes pkcs_content(const SignatureUse& use, View input) {
    return use.row.hash ? crypto::digest_info(*use.row.hash, input) : to_bytes(input);
}

Bytes pkcs_block(const SignatureUse& use, View input) {
    return fitting(crypto::pad_pkcs_signature(rsa_of(use).modulus_bytes(), pkcs_content(use, input)));
}

bool pkcs_holds(const SignatureUse& use, View input, View signature) {
    return crypto::verify_rsa_pkcs(rsa_of(use), pkcs_content(use, input), signature);
}

Bytes x509_block(const SignatureUse& use, View input) {
    const Bytes& modulus = rsa_of(use).modulus;
    Bytes block = fitting(left_padded(input, modulus.size()));
    require(std::ranges::lexicographical_compare(block, modulus), CKR_DATA_INVALID,
            "the data, as a number, are not below the modulus");
    return block;
}

bool x509_holds(const SignatureUse& use, View input, View signature) {
    const auto opened = crypto::rsa_public(rsa_of(use), signature);
    return opened && equal(*opened, fitting(left_padded(input, opened->size())));
}

void require_pss_length(const SignatureUse& use, View input) {
    require(input.size() == crypto::digest_length(use.pss->hash), CKR_DATA_LEN_RANGE,
            "PSS signs a digest of its hash's length");
}

Bytes pss_block(const SignatureUse& use, View input) {
    require_pss_length(use, input);
    return fitting(
        crypto::pad_pss(rsa_of(use).modulus_bits(), use.pss->hash, use.pss->mgf, use.pss->salt_bytes, input));
}

bool pss_holds(const SignatureUse& use, View input, View signature) {
    require_pss_length(use, input);
    return crypto::verify_rsa_pss(rsa_of(use), use.pss->hash, use.pss->mgf, use.pss->salt_bytes, input,
                                  signature);
}

Bytes ecdsa_block(const SignatureUse&, View input) {
    require(!input.empty(), CKR_DATA_LEN_RANGE, "ECDSA signs a digest of at least one byte");
    return to_bytes(input);
}

bool ecdsa_holds(const SignatureUse& use, View input, View signature) {
    return crypto::verify_ecdsa(std::get<crypto::EcPublicKey>(use.key), input, signature);
}

Bytes eddsa_block(const SignatureUse&, View input) {
    return to_bytes(input);
}

bool eddsa_holds(const SignatureUse& use, View input, View signature) {
    return crypto::verify_eddsa(std::get<crypto::OkpPublicKey>(use.key), input, signature);
}

struct SchemeRow {
    Scheme scheme;
    std::size_t longest_input;
    Bytes (*block)(const SignatureUse&, View input);
    bool (*holds)(const SignatureUse&, View input, View signature);
};

constexpr std::array scheme_rows{
    SchemeRow{Scheme::rsa_pkcs, longest_block, pkcs_block, pkcs_holds},
    SchemeRow{Scheme::rsa_x509, longest_block, x509_block, x509_holds},
    SchemeRow{Scheme::rsa_pss, longest_block, pss_block, pss_holds},
    SchemeRow{Scheme::ecdsa, longest_block, ecdsa_block, ecdsa_holds},
    SchemeRow{Scheme::eddsa, longest_message, eddsa_block, eddsa_holds},
};

const SchemeRow& scheme_row(Scheme scheme) {
    const auto* const found = std::ranges::find(scheme_rows, scheme, &SchemeRow::scheme);
    require(found != scheme_rows.end(), CKR_MECHANISM_INVALID, "the mechanism does not sign");
    return *found;
}

}  // namespace

Bytes signature_block(const SignatureUse& use, View input) {
    return scheme_row(use.row.scheme).block(use, input);
}

Bytes signature_content(const SignatureUse& use, View input) {
    Bytes content = pkcs_content(use, input);
    fitting(crypto::pad_pkcs_signature(rsa_of(use).modulus_bytes(), content));  // there is room for it
    return content;
}

bool signature_holds(const SignatureUse& use, View input, View signature) {
    return scheme_row(use.row.scheme).holds(use, input, signature);
}

std::size_t signature_length(const crypto::PublicKey& key) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        return rsa->modulus_bytes();
    }
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return 2 * crypto::curve_facts(ec->curve).field_bytes;
    }
    return crypto::okp_facts(std::get<crypto::OkpPublicKey>(key).curve).signature_bytes;
}

std::size_t longest_input(Scheme scheme) {
    return scheme_row(scheme).longest_input;
}

}  // namespace jeton::pkcs11
