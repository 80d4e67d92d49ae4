// Keys of the OpenPGP application: made, brought, used.
#include <fmt/core.h>
#include <gtest/gtest.h>

#include "crypto/padding.hpp"
#include "softcard/openpgp_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {
namespace {

const Bytes& sha256_info() {
    static const auto* const info = new Bytes(
        crypto::digest_info(crypto::Hash::sha256, crypto::digest(crypto::Hash::sha256, view_of("message"))));
    return *info;
}

/// Attributes of signature keys, with the data that they sign.
struct SigningKind {
    const char* name;
    const char* attributes;
};

constexpr SigningKind signing_kinds[] = {
    {"rsa2048", "01 0800 0020 00"},
    {"p256", "13 2A8648CE3D030107"},
    {"p384", "13 2B81040022"},
    {"p521", "13 2B81040023"},
    {"brainpoolP256r1", "13 2B2403030208010107"},
    {"brainpoolP384r1", "13 2B240303020801010B"},
    {"brainpoolP512r1", "13 2B240303020801010D"},
    {"secp256k1", "13 2B8104000A"},
    {"ed25519", "16 2B06010401DA470F01"},
    {"ed25519_rfc8410", "16 2B6570"},
};

/// Checks a signature over what data_for gives.
void expect_signature(const crypto::PublicKey& key, const Answer& answer) {
    ASSERT_EQ(answer.status, 0x9000U);
    if (const auto* const rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        EXPECT_TRUE(crypto::verify_rsa_pkcs(*rsa, sha256_info(), answer.data));
    } else if (const auto* const ec = std::get_if<crypto::EcPublicKey>(&key)) {
        EXPECT_EQ(answer.data.size(), 2 * crypto::curve_facts(ec->curve).field_bytes);
        EXPECT_TRUE(crypto::verify_ecdsa(*ec, Bytes(32, 0xA5), answer.data));
    } else {
        EXPECT_TRUE(crypto::verify_eddsa(std::get<crypto::OkpPublicKey>(key), Bytes(32, 0xA5), answer.data));
    }
}

Bytes data_for(const crypto::PublicKey& key) {
    return std::holds_alternative<crypto::RsaPublicKey>(key) ? sha256_info() : Bytes(32, 0xA5);
}

class OpenPgpSigning : public testing::TestWithParam<SigningKind> {};

TEST_P(OpenPgpSigning, MadeKeysSign) {
    CardUnderTest card;
    card.verify(pw3);
    card.use_algorithm(signature_key, GetParam().attributes);
    card.use_algorithm(authentication_key, GetParam().attributes);
    const crypto::PublicKey key = card.generate(signature_key);
    EXPECT_TRUE(crypto::is_valid(key));
    EXPECT_EQ(card.read_key(signature_key), key);
    EXPECT_EQ(card.command("002A9E9A", data_for(key)).status, 0x6982U);
    card.verify(pw1);
    EXPECT_EQ(card.command("002A9E9A", data_for(key)).status, 0x6982U) << "82 does not sign";
    card.verify(pw1_signature);
    expect_signature(key, card.command("002A9E9A", data_for(key)));
    EXPECT_EQ(card.command("00880000", data_for(key)).status, 0x6A88U) << "key 3 is not there";
    const crypto::PublicKey other = card.generate(authentication_key);
    EXPECT_NE(other, key);
    expect_signature(other, card.command("00880000", data_for(other)));
    EXPECT_EQ(card.get(0xDE), hex("010102000301"));
}

std::string kind_name(const testing::TestParamInfo<SigningKind>& kind) {
    return kind.param.name;
}

INSTANTIATE_TEST_SUITE_P(Kinds, OpenPgpSigning, testing::ValuesIn(signing_kinds), kind_name);

class OpenPgpKeys : public testing::Test {
  protected:
    static constexpr const char* ed25519 = "16 2B06010401DA470F01";
    static constexpr const char* p256 = "12 2A8648CE3D030107";

    Answer decipher(View data) { return card.command("002A8086", data); }

    /// agreement is the data field of DECIPHER for a key on a curve.
    static Bytes agreement(View point) {
        return TlvWriter()
            .nest(0xA6,
                  [&](TlvWriter& out) { out.nest(0x7F49, [&](TlvWriter& key) { key.put(0x86, point); }); })
            .take();
    }

    CardUnderTest card;
};

TEST_F(OpenPgpKeys, ASignatureCountsAndUsesUpPw1) {
    card.verify_all();
    card.use_algorithm(signature_key, ed25519);
    card.generate(signature_key);
    EXPECT_EQ(card.send("002A9E9A 01 AA 00").status, 0x9000U);
    EXPECT_EQ(card.send("002A9E9A 01 AA 00").status, 0x6982U);
    EXPECT_EQ(card.send("00200082").status, 0x9000U) << "the other state of PW1 stays";
    EXPECT_EQ(card.get(0x93), hex("000001"));
    EXPECT_EQ(card.put(0xC4, hex("01")), 0x9000U);
    card.verify(pw1_signature);
    EXPECT_EQ(card.send("002A9E9A 01 AA 00").status, 0x9000U);
    EXPECT_EQ(card.send("002A9E9A 01 AA 00").status, 0x9000U);
    EXPECT_EQ(card.get(0x7A), hex("7A 05 9303000003"));
    EXPECT_EQ(card.send("002A9E9A").status, 0x6A80U);
    EXPECT_EQ(card.get(0x93), hex("000003")) << "what was refused does not count";
    card.generate(authentication_key);
    EXPECT_EQ(card.get(0x93), hex("000003"));
    card.generate(signature_key);
    EXPECT_EQ(card.get(0x93), hex("000000"));
    EXPECT_EQ(card.send("002A9E9A 01 AA 00").status, 0x9000U);
    EXPECT_EQ(card.import(signature_key, crypto::PrivateKey::generate_okp(crypto::OkpCurve::ed25519)).status,
              0x9000U);
    EXPECT_EQ(card.get(0x93), hex("000000"));
}

TEST_F(OpenPgpKeys, WhatIsSignedHasALength) {
    card.verify_all();
    EXPECT_EQ(card.put(0xC4, hex("01")), 0x9000U);
    card.generate(signature_key);
    EXPECT_EQ(card.command("002A9E9A", Bytes(102)).status, 0x9000U) << "40 % of 256";
    EXPECT_EQ(card.command("002A9E9A", Bytes(103)).status, 0x6A80U);
    card.use_algorithm(signature_key, "13 2A8648CE3D030107");
    card.generate(signature_key);
    EXPECT_EQ(card.command("002A9E9A", Bytes(64, 1)).status, 0x9000U);
    EXPECT_EQ(card.command("002A9E9A", Bytes(65, 1)).status, 0x6A80U);
    EXPECT_EQ(card.command("002A9E9B", Bytes(32, 1)).status, 0x6A86U);
    EXPECT_EQ(card.command("00880001", Bytes(32, 1)).status, 0x6A86U);
}

TEST_F(OpenPgpKeys, RsaDeciphersAndTellsNothingOfWhatIsWrong) {
    card.verify_all();
    const auto key = std::get<crypto::RsaPublicKey>(card.generate(decryption_key));
    Bytes data{0x00};
    append(data, crypto::encrypt_pkcs(key, view_of("secret")).value());
    EXPECT_EQ(decipher(data), (Answer{to_bytes(view_of("secret")), 0x9000}));
    Bytes wrong_padding = data;
    wrong_padding[1] = 0x00;
    wrong_padding[200] ^= 0x55;
    Bytes too_large(257, 0xFF);
    too_large[0] = 0;
    for (const Bytes& other :
         {wrong_padding, too_large, Bytes(256), Bytes(258), Bytes{0x00}, Bytes{0x01, 0x02}}) {
        EXPECT_EQ(decipher(other), (Answer{{}, 0x6A80}));
    }
    EXPECT_EQ(decipher({}).status, 0x6A80U);
    card.restart();
    card.verify(pw1_signature);
    EXPECT_EQ(decipher(data).status, 0x6982U) << "81 does not decipher";
}

TEST_F(OpenPgpKeys, CurvesAgree) {
    card.verify_all();
    for (const char* attributes :
         {p256, "12 2B81040022", "12 2B81040023", "12 2B2403030208010107", "12 2B8104000A"}) {
        SCOPED_TRACE(attributes);
        card.use_algorithm(decryption_key, attributes);
        const auto key = std::get<crypto::EcPublicKey>(card.generate(decryption_key));
        const auto own = crypto::PrivateKey::generate_ec(key.curve);
        const Answer answer = decipher(agreement(std::get<crypto::EcPublicKey>(own.public_key()).point));
        EXPECT_EQ(answer.status, 0x9000U);
        EXPECT_TRUE(equal(answer.data, own.agree(key.point).value()));
        Bytes beside = key.point;
        beside.back() ^= 1;
        EXPECT_EQ(decipher(agreement(beside)).status, 0x6A80U);
    }
    for (const char* malformed : {"A600", "A6047F490000", "A602 8600", "8600", "A6"}) {
        EXPECT_EQ(decipher(hex(malformed)).status, 0x6A80U) << malformed;
    }
}

TEST_F(OpenPgpKeys, X25519Agrees) {
    card.verify_all();
    card.use_algorithm(decryption_key, "12 2B060104019755010501");
    const auto key = std::get<crypto::OkpPublicKey>(card.generate(decryption_key));
    const auto own = crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519);
    const Bytes point = std::get<crypto::OkpPublicKey>(own.public_key()).value;
    Bytes prefixed{0x40};
    append(prefixed, point);
    for (const Bytes& form : {point, prefixed}) {
        const Answer answer = decipher(agreement(form));
        EXPECT_EQ(answer.status, 0x9000U);
        EXPECT_TRUE(equal(answer.data, own.agree(key.value).value()));
    }
    EXPECT_EQ(decipher(agreement(Bytes(32))).status, 0x6A80U) << "no honest point";
    EXPECT_EQ(decipher(agreement(Bytes(31, 1))).status, 0x6A80U);
}

TEST_F(OpenPgpKeys, TheEnvironmentExchangesKeys2And3) {
    card.verify_all();
    card.use_algorithm(authentication_key, "13 2A8648CE3D030107");
    card.use_algorithm(decryption_key, p256);
    const auto second = std::get<crypto::EcPublicKey>(card.generate(decryption_key));
    const auto third = std::get<crypto::EcPublicKey>(card.generate(authentication_key));
    const auto own = crypto::PrivateKey::generate_ec(crypto::Curve::p256);
    const Bytes request = agreement(std::get<crypto::EcPublicKey>(own.public_key()).point);
    EXPECT_TRUE(equal(decipher(request).data, own.agree(second.point).value()));
    EXPECT_EQ(card.send("002241B803830103").status, 0x9000U);
    EXPECT_EQ(card.send("002241A403830102").status, 0x9000U);
    EXPECT_TRUE(equal(decipher(request).data, own.agree(third.point).value()));
    expect_signature(second, card.command("00880000", Bytes(32, 0xA5)));
    EXPECT_EQ(card.send("002241A403830103").status, 0x9000U);
    expect_signature(third, card.command("00880000", Bytes(32, 0xA5)));
    card.restart();
    card.verify(pw1);
    EXPECT_TRUE(equal(decipher(request).data, own.agree(second.point).value())) << "as after every selection";
    for (const char* wrong :
         {"002241B803830101", "002241B803830104", "002241B803840102", "002241B802830102"}) {
        EXPECT_NE(card.send(wrong).status, 0x9000U) << wrong;
    }
    EXPECT_EQ(card.send("002241B603830102").status, 0x6A86U);
    EXPECT_EQ(card.send("0022C1B803830102").status, 0x6A86U);
}

TEST_F(OpenPgpKeys, KeysServeTheirPurposeAlone) {
    card.verify_all();
    card.use_algorithm(decryption_key, "12 2B060104019755010501");
    card.use_algorithm(authentication_key, ed25519);
    card.generate(decryption_key);
    card.generate(authentication_key);
    EXPECT_EQ(card.send("002241B803830103").status, 0x9000U);
    EXPECT_EQ(card.send("002241A403830102").status, 0x9000U);
    EXPECT_EQ(decipher(agreement(Bytes(32, 9))).status, 0x6985U);
    EXPECT_EQ(card.command("00880000", Bytes(32, 9)).status, 0x6985U);
}

TEST_F(OpenPgpKeys, TheAesKeyEnciphersAndDeciphers) {
    card.verify_all();
    EXPECT_EQ(card.command("002A8680", Bytes(16)).status, 0x6A88U);
    // FIPS 197, appendix C.1 and C.3.
    const char* const keys[] = {"000102030405060708090A0B0C0D0E0F",
                                "000102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F"};
    const char* const blocks[] = {"69C4E0D86A7B0430D8CDB78070B4C55A", "8EA2B7CA516745BFEAFC49904B496089"};
    const Bytes plain = hex("00112233445566778899AABBCCDDEEFF");
    for (std::size_t i = 0; i < std::size(keys); ++i) {
        EXPECT_EQ(card.put(0xD5, hex(keys[i])), 0x9000U);
        EXPECT_EQ(to_text(*card.medium().bytes).find(keys[i]), std::string::npos) << "sealed in the file";
        const Answer answer = card.command("002A8680", plain);
        EXPECT_EQ(answer, (Answer{hex("02" + std::string(blocks[i])), 0x9000}));
        EXPECT_EQ(decipher(answer.data), (Answer{plain, 0x9000}));
    }
    const Answer two = card.command("002A8680", Bytes(32));
    EXPECT_NE(View(two.data).subspan(1, 16)[0], View(two.data).subspan(17, 16)[0]) << "CBC, not ECB";
    EXPECT_EQ(decipher(two.data).data, Bytes(32));
    for (const std::size_t length : {0U, 1U, 15U, 17U}) {
        EXPECT_EQ(card.command("002A8680", Bytes(length)).status, 0x6A80U) << length;
        Bytes cryptogram{0x02};
        cryptogram.resize(1 + length);
        EXPECT_EQ(decipher(cryptogram).status, 0x6A80U) << length;
    }
    EXPECT_EQ(card.send("0020FF82").status, 0x9000U);
    EXPECT_EQ(card.command("002A8680", plain).status, 0x6982U);
    EXPECT_EQ(card.put(0xD5, {}), 0x9000U);
    card.verify(pw1);
    EXPECT_EQ(card.command("002A8680", plain).status, 0x6A88U);
}

TEST_F(OpenPgpKeys, RsaIsImportedInAllFourForms) {
    card.verify_all();
    EXPECT_EQ(card.put(0xC4, hex("01")), 0x9000U);
    const auto key = crypto::PrivateKey::generate_rsa(2048);
    for (Byte form = 0; form < 4; ++form) {
        card.use_algorithm(signature_key, "01 0800 0020 " + to_hex(Bytes{form}));
        EXPECT_EQ(card.import(signature_key, key, form).status, 0x9000U) << int{form};
        EXPECT_EQ(card.read_key(signature_key), key.public_key());
        expect_signature(key.public_key(), card.command("002A9E9A", sha256_info()));
    }
    EXPECT_EQ(card.get(0xDE), hex("010202000300"));
    EXPECT_EQ(card.import(decryption_key, crypto::PrivateKey::generate_rsa(3072)).status, 0x6A80U)
        << "the attributes say 2048";
}

TEST_F(OpenPgpKeys, Rsa1024IsImportedButNotMade) {
    card.verify_all();
    card.use_algorithm(signature_key, "01 0400 0020 00");
    EXPECT_EQ(card.command("00478000", hex("B600")).status, 0x6985U);
    const auto key = crypto::PrivateKey::generate_rsa(1024);
    EXPECT_EQ(card.import(signature_key, key).status, 0x9000U);
    expect_signature(key.public_key(), card.command("002A9E9A", sha256_info()));
}

TEST_F(OpenPgpKeys, CurvesAreImportedWithAndWithoutTheirPoint) {
    card.verify_all();
    EXPECT_EQ(card.put(0xC4, hex("01")), 0x9000U);
    for (const Byte form : {Byte{0}, Byte{1}}) {
        card.use_algorithm(signature_key, "13 2B81040022");
        const auto ec = crypto::PrivateKey::generate_ec(crypto::Curve::p384);
        EXPECT_EQ(card.import(signature_key, ec, form).status, 0x9000U);
        expect_signature(ec.public_key(), card.command("002A9E9A", Bytes(32, 0xA5)));
        card.use_algorithm(signature_key, ed25519);
        const auto okp = crypto::PrivateKey::generate_okp(crypto::OkpCurve::ed25519);
        EXPECT_EQ(card.import(signature_key, okp, form).status, 0x9000U);
        expect_signature(okp.public_key(), card.command("002A9E9A", Bytes(32, 0xA5)));
        card.use_algorithm(decryption_key, "12 2B060104019755010501");
        const auto agreeing = crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519);
        EXPECT_EQ(card.import(decryption_key, agreeing, form).status, 0x9000U);
        EXPECT_EQ(card.read_key(decryption_key), agreeing.public_key());
    }
}

TEST_F(OpenPgpKeys, WrongImportsAreRefused) {
    const auto key = crypto::PrivateKey::generate_okp(crypto::OkpCurve::ed25519);
    EXPECT_EQ(card.import(signature_key, key).status, 0x6982U);
    card.verify_all();
    card.use_algorithm(signature_key, ed25519);
    const Bytes before = to_bytes(*card.medium().bytes);
    const Bytes good = header_list(signature_key, key, 1);
    for (std::size_t cut = 0; cut < good.size(); ++cut) {
        ASSERT_EQ(card.command("00DB3FFF", View(good).first(cut)).status, 0x6A80U) << cut;
    }
    Bytes other_point = good;
    other_point.back() ^= 1;
    EXPECT_EQ(card.command("00DB3FFF", other_point).status, 0x6A80U);
    EXPECT_EQ(card.import(signature_key, crypto::PrivateKey::generate_ec(crypto::Curve::p384)).status,
              0x6A80U);
    for (const char* malformed :
         {"4D00", "4D02B600", "4D07B6007F48005F4800", "4D0AB6007F48039201005F4800", "4D08B6007F4800 5F480100",
          "4D0CB6007F4804920192015F48020101", "4D0AB6007F48029F015F480101", "4D0BB6007F480392FF015F480101",
          "4D0DB603840102 7F48029201 5F480101", "4D0AB9007F480292015F480101",
          "4D0AB6007F480292015F48010100"}) {
        EXPECT_EQ(card.command("00DB3FFF", hex(malformed)).status, 0x6A80U) << malformed;
    }
    EXPECT_EQ(card.command("00DB3FFE", good).status, 0x6A86U);
    EXPECT_EQ(to_bytes(*card.medium().bytes), before);
    EXPECT_EQ(card.command("00DB3FFF", good).status, 0x9000U);
}

TEST_F(OpenPgpKeys, WrongGenerationsAreRefused) {
    EXPECT_EQ(card.command("00478000", hex("B600")).status, 0x6982U);
    EXPECT_EQ(card.command("00478100", hex("B600")).status, 0x6A88U) << "no key";
    card.verify(pw3);
    for (const char* data : {"", "B6", "B500", "B60100", "B603840102", "B600B800"}) {
        EXPECT_EQ(card.command("00478000", hex(data)).status, 0x6A80U) << data;
    }
    EXPECT_EQ(card.command("00478200", hex("B600")).status, 0x6A86U);
    EXPECT_EQ(card.command("00478001", hex("B600")).status, 0x6A86U);
    card.use_algorithm(signature_key, ed25519);
    EXPECT_EQ(card.command("00478000", hex("B603840101")).status, 0x9000U);
}

TEST_F(OpenPgpKeys, OtherAttributesTakeTheKeyAway) {
    card.verify(pw3);
    card.use_algorithm(signature_key, ed25519);
    const auto key = card.generate(signature_key);
    EXPECT_EQ(card.put(0xC7, Bytes(20, 0x11)), 0x9000U);
    EXPECT_EQ(card.put(0xCE, Bytes(4, 0x22)), 0x9000U);
    card.use_algorithm(signature_key, "16 2B6570");
    EXPECT_EQ(card.read_key(signature_key), key) << "the same algorithm under another name";
    EXPECT_EQ(View(card.get(0xC5))[0], 0x11);
    card.use_algorithm(signature_key, "13 2A8648CE3D030107");
    EXPECT_EQ(card.command("00478100", hex("B600")).status, 0x6A88U);
    EXPECT_EQ(card.get(0xC5), Bytes(60));
    EXPECT_EQ(card.get(0xCD), Bytes(12));
    EXPECT_EQ(card.get(0xDE), hex("010002000300"));
}

TEST(OpenPgpTouch, KeysThatNobodyTouchesDoNothing) {
    const auto medium = new_medium();
    CardUnderTest touched(medium);
    touched.verify_all();
    EXPECT_EQ(touched.put(0xC4, hex("01")), 0x9000U);
    touched.use_algorithm(signature_key, "16 2B6570");
    touched.use_algorithm(decryption_key, "12 2B656E");
    touched.use_algorithm(authentication_key, "16 2B6570");
    for (std::size_t place = 0; place < key_count; ++place) {
        touched.generate(place);
    }
    CardUnderTest alone(medium, {.touch = Touch::refused});
    const auto own = crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519);
    const Bytes request =
        TlvWriter()
            .nest(0xA6,
                  [&](TlvWriter& out) {
                      out.nest(0x7F49, [&](TlvWriter& key) {
                          key.put(0x86, std::get<crypto::OkpPublicKey>(own.public_key()).value);
                      });
                  })
            .take();
    const auto all = [&](CardUnderTest& card) {
        card.verify_all();
        return std::array{card.command("002A9E9A", Bytes(32, 1)).status,
                          card.command("002A8086", request).status,
                          card.command("00880000", Bytes(32, 1)).status};
    };
    EXPECT_EQ(all(alone), (std::array{0x9000U, 0x9000U, 0x9000U}));
    for (const std::uint32_t tag : {0xD6U, 0xD7U, 0xD8U}) {
        EXPECT_EQ(touched.put(tag, hex("0120")), 0x9000U);
    }
    EXPECT_EQ(all(alone), (std::array{0x6600U, 0x6600U, 0x6600U}));
    EXPECT_EQ(all(touched), (std::array{0x9000U, 0x9000U, 0x9000U}));
    EXPECT_EQ(alone.send("00200081").status, 0x9000U) << "a touch that did not come uses nothing up";
}

}  // namespace
}  // namespace jeton::softcard::openpgp
