// X.509 certificates, as far as PKCS#11 shows them.
#pragma once

#include <optional>
#include <string>

#include "crypto/keys.hpp"
#include "util/bytes.hpp"

namespace jeton::crypto {

struct Certificate {
    Bytes der;                     ///< the certificate alone, without what followed it
    Bytes subject;                 ///< DER Name
    Bytes issuer;                  ///< DER Name
    Bytes serial_number;           ///< DER INTEGER
    std::string common_name;       ///< of the subject, UTF-8; empty when there is none
    std::string not_before;        ///< YYYYMMDD, empty when it is not readable
    std::string not_after;         ///< YYYYMMDD, empty when it is not readable
    std::optional<PublicKey> key;  ///< nullopt when the key is of a kind that we do not know
    Bytes public_key_info;         ///< DER SubjectPublicKeyInfo
    bool is_authority = false;     ///< basicConstraints says CA
};

/// parse_certificate reads a DER certificate at the start of |data|; nullopt when it is malformed.
std::optional<Certificate> parse_certificate(View data);

}  // namespace jeton::crypto
