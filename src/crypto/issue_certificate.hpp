// X.509 certificates that this process issues (RFC 5280, 4.1).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "crypto/keys.hpp"
#include "util/bytes.hpp"

namespace jeton::crypto {

struct CertificateExtension {
    Bytes oid;    ///< the content of its OBJECT IDENTIFIER
    Bytes value;  ///< DER, as it stands in the extension's OCTET STRING
    bool critical = false;
};

struct CertificateRequest {
    Bytes subject;           ///< DER Name
    Bytes issuer;            ///< DER Name: the subject of the issuer's certificate
    Bytes serial_number;     ///< big-endian, positive, at most 20 bytes as an INTEGER
    std::string not_before;  ///< YYYYMMDDHHMMSSZ
    std::string not_after;
    PublicKey key;
    std::vector<CertificateExtension> extensions;
    const PrivateKey& issuer_key;  ///< any that signs: RSA, EC, Ed25519
};

/// distinguished_name gives the DER Name that has |common_name|, UTF-8, as its only attribute.
Bytes distinguished_name(std::string_view common_name);

/// issue_certificate gives a DER certificate of version 3, signed with SHA-256 or the hash that fits the
/// curve. Throws Error when the request breaks a rule above.
Bytes issue_certificate(const CertificateRequest& request);

}  // namespace jeton::crypto
