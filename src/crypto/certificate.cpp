#include "crypto/certificate.hpp"

#include <ctime>
#include <openssl/x509v3.h>

#include "crypto/der.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

namespace {

constexpr std::size_t largest_certificate = 1024 * 1024;

struct FreeMemory {
    void operator()(unsigned char* memory) const noexcept { OPENSSL_free(memory); }
};

/// read_x509 reads |der| in our library context; null when it is malformed or longer than the certificate.
openssl::X509Handle read_x509(View der) {
    X509* fresh = openssl::required(X509_new_ex(openssl::context(), nullptr), "make a certificate");
    const unsigned char* cursor = der.data();
    // On failure d2i_X509 frees the object and leaves null.
    d2i_X509(&fresh, &cursor, static_cast<long>(der.size()));
    openssl::X509Handle certificate(fresh);
    if (certificate && cursor != der.data() + der.size()) {
        certificate.reset();
    }
    return certificate;
}

std::string common_name(const X509_NAME* name) {
    const int index = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (index < 0) {
        return {};
    }
    unsigned char* text = nullptr;
    const int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, index)));
    const std::unique_ptr<unsigned char, FreeMemory> owner(text);
    return length > 0 ? to_text({text, static_cast<std::size_t>(length)}) : std::string{};
}

std::string date(const ASN1_TIME* time) {
    std::tm moment{};
    if (ASN1_TIME_to_tm(time, &moment) != 1) {
        return {};
    }
    std::string text(8, '\0');
    // The buffer that strftime fills needs room for a terminator, which std::string has.
    return std::strftime(text.data(), text.size() + 1, "%Y%m%d", &moment) == text.size() ? text
                                                                                         : std::string{};
}

bool is_authority(const X509* certificate) {
    const openssl::Handle<BASIC_CONSTRAINTS, BASIC_CONSTRAINTS_free> constraints(
        static_cast<BASIC_CONSTRAINTS*>(
            X509_get_ext_d2i(certificate, NID_basic_constraints, nullptr, nullptr)));
    return constraints && constraints->ca != 0;
}

}  // namespace

std::optional<Certificate> parse_certificate(View data) {
    const openssl::ErrorScope errors;
    DerReader reader(data);
    const auto whole = reader.next_whole(der_sequence);
    if (!whole || whole->size() > largest_certificate) {
        return std::nullopt;
    }
    const openssl::X509Handle x509 = read_x509(*whole);
    if (!x509) {
        return std::nullopt;
    }
    Certificate out;
    out.der = to_bytes(*whole);
    out.subject = openssl::encode(i2d_X509_NAME, X509_get_subject_name(x509.get()), "write a subject");
    out.issuer = openssl::encode(i2d_X509_NAME, X509_get_issuer_name(x509.get()), "write an issuer");
    out.serial_number =
        openssl::encode(i2d_ASN1_INTEGER, X509_get0_serialNumber(x509.get()), "write a serial number");
    out.common_name = common_name(X509_get_subject_name(x509.get()));
    out.not_before = date(X509_get0_notBefore(x509.get()));
    out.not_after = date(X509_get0_notAfter(x509.get()));
    out.public_key_info =
        openssl::encode<X509_PUBKEY>(i2d_X509_PUBKEY, X509_get_X509_PUBKEY(x509.get()), "write a public key");
    out.key = parse_spki(out.public_key_info);
    out.is_authority = is_authority(x509.get());
    return out;
}

}  // namespace jeton::crypto
