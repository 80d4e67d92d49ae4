#include <gtest/gtest.h>

#include "softcard/card_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

/// What a certificate consists of: what is signed, with its header, and the signature.
struct Signed {
    Bytes content;
    Bytes signature;
};

Signed take_apart(View der) {
    const View whole = find_tlv(der, 0x30).value();
    TlvReader reader(whole);
    const Tlv content = reader.next().value();
    reader.next();
    const View signature = reader.next().value().value;
    return {TlvWriter().put(0x30, content.value).take(), to_bytes(signature.subspan(1))};
}

bool is_signed_by(const crypto::Certificate& certificate, const crypto::Certificate& issuer) {
    const auto parts = take_apart(certificate.der);
    const auto key = std::get<crypto::EcPublicKey>(issuer.key.value());
    const auto signature = crypto::ecdsa_raw_from_der(parts.signature, 32);
    return signature &&
           crypto::verify_ecdsa(key, crypto::digest(crypto::Hash::sha256, parts.content), *signature);
}

class Attestation : public testing::Test {
  protected:
    void SetUp() override { card.become_administrator(); }

    crypto::Certificate issuer() {
        const Answer object = card.command("00CB3FFF", hex("5C035FFF01"));
        return crypto::parse_certificate(find_tlv_path(object.data, {0x53, 0x70}).value()).value();
    }

    CardUnderTest card;
};

TEST_F(Attestation, IsSignedByTheCardsAttestationKey) {
    for (const Byte algorithm : hex("1114E0E1")) {
        const auto key = card.generate(0x9A, algorithm);
        const auto certificate = card.attest(0x9A);
        ASSERT_TRUE(certificate);
        EXPECT_EQ(certificate->key, key);
        EXPECT_EQ(certificate->issuer, issuer().subject);
        EXPECT_EQ(certificate->not_before, issuer().not_before);
        EXPECT_EQ(certificate->not_after, issuer().not_after);
        EXPECT_EQ(certificate->common_name, "PIV attestation 9a");
        EXPECT_FALSE(certificate->is_authority);
        EXPECT_TRUE(is_signed_by(*certificate, issuer()));
    }
}

TEST_F(Attestation, EndsAtAnAuthorityThatSignedItself) {
    EXPECT_TRUE(is_signed_by(issuer(), issuer()));
    EXPECT_TRUE(issuer().is_authority);
    const Answer metadata = card.send("00F700F900");
    const auto point = find_tlv_path(metadata.data, {0x04}).value();
    EXPECT_TRUE(equal(find_tlv(point, 0x86).value(), std::get<crypto::EcPublicKey>(*issuer().key).point));
}

TEST_F(Attestation, TellsVersionSerialNumberAndPolicies) {
    const Answer serial = card.send("00F8000000");
    Bytes integer = serial.data;
    if ((integer[0] & 0x80) != 0) {
        integer.insert(integer.begin(), 0x00);
    }
    while (integer.size() > 1 && integer[0] == 0 && (integer[1] & 0x80) == 0) {
        integer.erase(integer.begin());
    }
    card.generate(0x82, 0x11, "AA0103 AB0102");
    const std::string text = to_hex(card.attest(0x82).value().der);
    const std::string arc = "060A2B0601040182C40A03";
    EXPECT_NE(text.find(arc + "030403050701"), std::string::npos) << text;
    EXPECT_NE(
        text.find(arc + "07" + to_hex(TlvWriter().put(0x04, TlvWriter().put(0x02, integer).take()).take())),
        std::string::npos)
        << text;
    EXPECT_NE(text.find(arc + "0804020302"), std::string::npos) << text;
}

TEST_F(Attestation, SaysSoOfNoImportedKey) {
    ASSERT_EQ(card.import(0x9A, 0x11, crypto::PrivateKey::generate_ec(crypto::Curve::p256)).status, 0x9000U);
    EXPECT_EQ(card.send("00F99A0000").status, 0x6A80U);
}

TEST_F(Attestation, OfAMovedKeyNamesItsNewSlot) {
    const auto key = card.generate(0x9A, 0x11);
    EXPECT_EQ(card.send("00F6829A").status, 0x9000U);
    const auto certificate = card.attest(0x82);
    ASSERT_TRUE(certificate);
    EXPECT_EQ(certificate->key, key);
    EXPECT_EQ(certificate->common_name, "PIV attestation 82");
}

TEST_F(Attestation, UsesTheKeyThatTheAdministratorBrought) {
    const auto own = crypto::PrivateKey::generate_ec(crypto::Curve::p256);
    ASSERT_EQ(card.import(0xF9, 0x11, own).status, 0x9000U);
    card.generate(0x9A, 0x11);
    const auto certificate = card.attest(0x9A);
    ASSERT_TRUE(certificate);
    EXPECT_FALSE(is_signed_by(*certificate, issuer())) << "the certificate was not replaced";
    crypto::Certificate brought = issuer();
    brought.key = own.public_key();
    EXPECT_TRUE(is_signed_by(*certificate, brought));
    EXPECT_EQ(card.import(0xF9, 0x11, own, "AA0102").status, 0x6A80U) << "attesting asks for no PIN";
    EXPECT_EQ(card.import(0xF9, 0xE1, crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519)).status,
              0x6A80U)
        << "X25519 does not sign";
}

TEST_F(Attestation, DiffersFromCardToCard) {
    CardUnderTest other;
    other.become_administrator();
    other.generate(0x9A, 0x11);
    card.generate(0x9A, 0x11);
    EXPECT_FALSE(is_signed_by(other.attest(0x9A).value(), issuer()));
    EXPECT_NE(card.attest(0x9A).value().serial_number, card.attest(0x9A).value().serial_number);
}

}  // namespace
}  // namespace jeton::softcard
