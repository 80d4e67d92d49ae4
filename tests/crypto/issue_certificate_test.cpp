#include "crypto/issue_certificate.hpp"

#include <gtest/gtest.h>
#include <openssl/x509.h>

#include "crypto/certificate.hpp"
#include "crypto/error.hpp"
#include "crypto/openssl.hpp"
#include "crypto/pkey.hpp"
#include "crypto/sample_keys.hpp"

namespace jeton::crypto {

namespace {

CertificateRequest request_with(const PrivateKey& issuer_key) {
    return {.subject = distinguished_name("Subject \xC3\xA9"),
            .issuer = distinguished_name("Issuer"),
            .serial_number = {0x00, 0x8F, 0x01},
            .not_before = "20260101000000Z",
            .not_after = "20500101120000Z",
            .key = PrivateKey::generate_okp(OkpCurve::x25519).public_key(),
            .extensions = {},
            .issuer_key = issuer_key};
}

/// is_signed_by asks OpenSSL.
bool is_signed_by(View der, const PublicKey& issuer) {
    X509* fresh = X509_new_ex(openssl::context(), nullptr);
    const unsigned char* cursor = der.data();
    d2i_X509(&fresh, &cursor, static_cast<long>(der.size()));
    const openssl::X509Handle certificate(fresh);
    const openssl::Pkey key = make_pkey(issuer);
    return certificate && key && X509_verify(certificate.get(), key.get()) == 1;
}

TEST(IssueCertificate, is_verified_by_openssl_for_every_kind_of_issuer) {
    std::vector<PrivateKey> issuers;
    issuers.push_back(PrivateKey::from_der(test::sample_rsa().to_der()).value());
    for (const Curve curve : test::all_curves) {
        issuers.push_back(PrivateKey::generate_ec(curve));
    }
    issuers.push_back(PrivateKey::generate_okp(OkpCurve::ed25519));
    for (const PrivateKey& issuer : issuers) {
        Bytes der = issue_certificate(request_with(issuer));
        EXPECT_TRUE(is_signed_by(der, issuer.public_key()));
        EXPECT_FALSE(is_signed_by(der, PrivateKey::generate_ec(Curve::p256).public_key()));
        der[40] ^= 0x01;
        EXPECT_FALSE(is_signed_by(der, issuer.public_key()));
    }
}

TEST(IssueCertificate, says_what_was_asked_for) {
    const PrivateKey issuer = PrivateKey::generate_ec(Curve::p256);
    CertificateRequest request = request_with(issuer);
    request.extensions = {
        {.oid = {0x2B, 0x06, 0x01}, .value = {0x04, 0x01, 0x77}, .critical = false},
        {.oid = {0x55, 0x1D, 0x13}, .value = {0x30, 0x03, 0x01, 0x01, 0xFF}, .critical = true}};
    const auto read = parse_certificate(issue_certificate(request));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->common_name, "Subject \xC3\xA9");
    EXPECT_EQ(read->issuer, distinguished_name("Issuer"));
    EXPECT_EQ(to_hex(read->serial_number), "0203008F01");
    EXPECT_EQ(read->not_before, "20260101");
    EXPECT_EQ(read->not_after, "20500101");
    EXPECT_EQ(read->key, request.key);
    EXPECT_TRUE(read->is_authority);
    const std::string text = to_hex(read->der);
    EXPECT_NE(text.find("170D3236303130313030303030305A"), std::string::npos) << "UTCTime until 2049";
    EXPECT_NE(text.find("180F32303530303130313132303030305A"), std::string::npos) << "GeneralizedTime then";
    EXPECT_NE(text.find("300A06032B06010403040177"), std::string::npos) << text;
    EXPECT_NE(text.find("300F0603551D130101FF040530030101FF"), std::string::npos) << text;
}

TEST(IssueCertificate, without_extensions_has_none) {
    const PrivateKey issuer = PrivateKey::generate_ec(Curve::p256);
    const auto read = parse_certificate(issue_certificate(request_with(issuer)));
    ASSERT_TRUE(read);
    EXPECT_FALSE(read->is_authority);
}

TEST(IssueCertificate, refuses_requests_that_break_the_rules) {
    const PrivateKey issuer = PrivateKey::generate_ec(Curve::p256);
    const auto expect_refusal = [&](const auto& change) {
        CertificateRequest request = request_with(issuer);
        change(request);
        EXPECT_THROW(issue_certificate(request), Error);
    };
    expect_refusal([](CertificateRequest& r) { r.serial_number.clear(); });
    expect_refusal([](CertificateRequest& r) { r.serial_number = {0x00, 0x00}; });
    expect_refusal([](CertificateRequest& r) { r.serial_number = Bytes(21, 0x01); });
    expect_refusal([](CertificateRequest& r) { r.serial_number = Bytes(20, 0x80); });
    expect_refusal([](CertificateRequest& r) { r.subject = {0x31, 0x00}; });
    expect_refusal([](CertificateRequest& r) { r.issuer.push_back(0x00); });
    expect_refusal([](CertificateRequest& r) { r.not_before = "260101000000Z"; });
    expect_refusal([](CertificateRequest& r) { r.not_after = "20260101000000+"; });
    expect_refusal([](CertificateRequest& r) { r.not_after = "2026010100000xZ"; });
    const PrivateKey agreeing = PrivateKey::generate_okp(OkpCurve::x25519);
    EXPECT_THROW(issue_certificate(request_with(agreeing)), Error) << "a key that does not sign";
}

}  // namespace

}  // namespace jeton::crypto
