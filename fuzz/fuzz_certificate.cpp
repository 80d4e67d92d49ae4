// What a card hands out as a certificate, a public key or an ECDSA signature.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "crypto/certificate.hpp"
#include "crypto/keys.hpp"

namespace {

void require(bool fact) {
    if (!fact) {
        std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const jeton::View input(data, size);
    if (const auto certificate = jeton::crypto::parse_certificate(input)) {
        require(jeton::equal(certificate->der, input.first(certificate->der.size())));
        const auto again = jeton::crypto::parse_certificate(certificate->der);
        require(again && again->key == certificate->key && again->subject == certificate->subject);
    }
    if (const auto key = jeton::crypto::parse_spki(input)) {
        require(jeton::crypto::parse_spki(jeton::crypto::spki(*key)) == key);
    }
    for (const std::size_t field_bytes : {32U, 48U, 66U}) {
        const auto raw = jeton::crypto::ecdsa_raw_from_der(input, field_bytes);
        require(!raw || raw->size() == 2 * field_bytes);
    }
    (void)jeton::crypto::curve_of_params(input);
    return 0;
}
