// The numbers of an RSA private key (RFC 8017, 3.2). Private to src/crypto.
#pragma once

#include <array>
#include <optional>

#include "crypto/keys.hpp"
#include "crypto/openssl.hpp"
#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::crypto {

/// RsaNumbers is a whole key whose numbers fit each other.
struct RsaNumbers {
    /// Given is what a caller knows, big-endian; an empty view was not given.
    struct Given {
        View modulus, exponent, private_exponent, p, q, dp, dq, qinv;
    };

    /// complete computes what was not given; see complete_rsa.
    static std::optional<RsaNumbers> complete(const Given& given);
    static std::optional<RsaNumbers> complete(const RsaPrivateParts& parts);

    /// in_order gives the numbers in the order of RSAPrivateKey (RFC 8017, A.1.2).
    std::array<const BIGNUM*, 8> in_order() const {
        return {n.get(), e.get(), d.get(), p.get(), q.get(), dp.get(), dq.get(), qinv.get()};
    }

    openssl::BigNumber n, e, d, p, q, dp, dq, qinv;
};

/// secret_number writes |number| big-endian, padded to |length|, or without leading zeros when that is 0.
SecretBytes secret_number(const BIGNUM* number, std::size_t length = 0);

}  // namespace jeton::crypto
