#include "crypto/private_exponent.hpp"

#include "crypto/error.hpp"
#include "crypto/rsa_numbers.hpp"

namespace jeton::crypto {

SecretBytes private_exponent(const RsaPrivateParts& parts) {
    const openssl::ErrorScope errors;
    const auto numbers = RsaNumbers::complete(parts);
    if (!numbers) {
        throw Error("the parts are no RSA key");
    }
    return secret_number(numbers->d.get());
}

}  // namespace jeton::crypto
