// Key pairs of the application sc-hsm: how they are made and what they compute.
#include <gtest/gtest.h>

#include "crypto/ec_group.hpp"
#include "crypto/padding.hpp"
#include "softcard/hsm_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

using crypto::Curve;
using crypto::Hash;

/// verify_cvc checks the signature 5F37 behind |signed_part| in |content|; ECDSA or RSA with SHA-256.
bool verify_cvc(const crypto::PublicKey& key, View signed_part, View signature) {
    const Bytes digest = crypto::digest(Hash::sha256, signed_part);
    if (const auto* const ec = std::get_if<crypto::EcPublicKey>(&key)) {
        return crypto::verify_ecdsa(*ec, digest, signature);
    }
    return crypto::verify_rsa_pkcs(std::get<crypto::RsaPublicKey>(key),
                                   crypto::digest_info(Hash::sha256, digest), signature);
}

/// device_public_key reads the public key, on P-256, out of the device certificate.
crypto::PublicKey device_public_key(HsmUnderTest& card) {
    const Answer chain = card.command("00B12F02", hex("54020000"));
    const auto point = find_tlv_path(chain.data, {0x7F21, 0x7F4E, 0x7F49, 0x86});
    return crypto::EcPublicKey{Curve::p256, to_bytes(point.value())};
}

/// check_request verifies both signatures of the request in the file CE of the key |id|.
void check_request(HsmUnderTest& card, const char* id, const crypto::PublicKey& key) {
    const Answer file = card.command(std::string("00B1CE") + id, hex("54020000"));
    const View request = find_tlv(file.data, 0x67).value();
    const View certificate = find_tlv(request, 0x7F21).value();
    const View body = find_tlv(certificate, 0x7F4E).value();
    EXPECT_TRUE(verify_cvc(key, TlvWriter().put(0x7F4E, body).take(), find_tlv(certificate, 0x5F37).value()));
    EXPECT_EQ(to_text(find_tlv(body, 0x42).value()), "UTCA00001");
    EXPECT_EQ(to_text(find_tlv(body, 0x5F20).value()), "UTTEST00001");
    const View signer = find_tlv(request, 0x42).value();
    EXPECT_EQ(to_text(signer), card.state().name);
    const Bytes signed_part = TlvWriter().put(0x7F21, certificate).put(0x42, signer).take();
    EXPECT_TRUE(verify_cvc(device_public_key(card), signed_part, find_tlv(request, 0x5F37).value()));
}

class HsmKeys : public testing::Test {
  protected:
    void SetUp() override { card.verify(); }

    HsmUnderTest card;
};

TEST_F(HsmKeys, OnEveryCurveAreRequestedCertified) {
    char id[] = "01";
    for (const crypto::CurveFacts& facts : crypto::all_curves()) {
        const crypto::Curve curve = facts.curve;
        SCOPED_TRACE(std::string(crypto::curve_facts(curve).name));
        const auto key = card.generate(static_cast<Byte>(id[1] - '0'), pair_request(curve));
        EXPECT_EQ(std::get<crypto::EcPublicKey>(key).curve, curve);
        EXPECT_TRUE(crypto::is_valid(key));
        check_request(card, id, key);
        ++id[1];
    }
    EXPECT_EQ(id[1], '8');
}

TEST_F(HsmKeys, OfRsaSignInEveryWay) {
    const auto key = std::get<crypto::RsaPublicKey>(card.generate(1, rsa_request(1024)));
    EXPECT_EQ(key.modulus_bits(), 1024U);
    check_request(card, "01", key);
    const Bytes message = to_bytes(view_of("message"));
    struct Row {
        const char* hashed;
        const char* padded;
        Hash hash;
    };
    for (const Row& row : {Row{"31", "41", Hash::sha1}, Row{"32", "42", Hash::sha224},
                           Row{"33", "43", Hash::sha256}, Row{"34", "44", Hash::sha384}}) {
        SCOPED_TRACE(row.hashed);
        const Bytes digest = crypto::digest(row.hash, message);
        const Bytes info = crypto::digest_info(row.hash, digest);
        const std::size_t salt = digest.size();
        const Answer pkcs = card.command(std::string("806801") + row.hashed, message);
        EXPECT_TRUE(crypto::verify_rsa_pkcs(key, info, pkcs.data));
        EXPECT_EQ(card.command("80680130", info), pkcs) << "the host hashed";
        EXPECT_EQ(card.command("80680120", crypto::pad_pkcs_signature(128, info).value()), pkcs)
            << "and padded";
        const Answer pss = card.command(std::string("806801") + row.padded, message);
        EXPECT_TRUE(crypto::verify_rsa_pss(key, row.hash, row.hash, salt, digest, pss.data));
        for (const Bytes& given : {digest, info}) {
            const Answer host = card.command("80680140", given);
            EXPECT_TRUE(crypto::verify_rsa_pss(key, row.hash, row.hash, salt, digest, host.data));
        }
    }
    EXPECT_EQ(card.command("80680145", message).status, 0x6A80U) << "SHA-512 and its salt are too long";
    EXPECT_EQ(card.command("80680135", message).status, 0x9000U);
    EXPECT_EQ(card.command("80680140", Bytes(33, 1)).status, 0x6A80U) << "no digest";
    EXPECT_EQ(card.command("80680130", Bytes(118, 1)).status, 0x6A80U);
    EXPECT_EQ(card.command("80680120", Bytes(127, 1)).status, 0x6A80U);
    EXPECT_EQ(card.command("80680120", key.modulus).status, 0x6A80U);
    EXPECT_EQ(card.command("80680120").status, 0x6A80U);
}

TEST_F(HsmKeys, OfRsaDecrypt) {
    const auto key = std::get<crypto::RsaPublicKey>(card.generate(1, rsa_request(1536)));
    EXPECT_EQ(key.modulus_bits(), 1536U);
    const Bytes cryptogram = crypto::encrypt_pkcs(key, view_of("plain text")).value();
    const Answer block = card.command("80620121", cryptogram);
    ASSERT_EQ(block.status, 0x9000U);
    EXPECT_EQ(to_text(crypto::unpad_pkcs(block.data).value()), "plain text");
    EXPECT_EQ(card.command("80620121", View(cryptogram).first(191)).status, 0x6700U);
    EXPECT_EQ(card.command("80620121", key.modulus).status, 0x6A80U);
    EXPECT_EQ(card.command("80620180", cryptogram).status, 0x6985U) << "no curve";
    EXPECT_EQ(card.command("80680170", Bytes(32, 1)).status, 0x6985U);
    EXPECT_EQ(card.command("80620122", cryptogram).status, 0x6A86U);
}

TEST_F(HsmKeys, OnACurveSignInEveryWay) {
    const auto key = std::get<crypto::EcPublicKey>(card.generate(1, pair_request(Curve::brainpoolP384r1)));
    const Bytes message = to_bytes(view_of("message"));
    struct Row {
        const char* algorithm;
        Hash hash;
    };
    for (const Row& row : {Row{"71", Hash::sha1}, Row{"72", Hash::sha224}, Row{"73", Hash::sha256},
                           Row{"74", Hash::sha384}, Row{"75", Hash::sha512}}) {
        const Bytes digest = crypto::digest(row.hash, message);
        const auto verifies = [&](const Answer& answer) {
            const auto raw = crypto::ecdsa_raw_from_der(answer.data, 48);
            return raw && crypto::verify_ecdsa(key, digest, *raw);
        };
        EXPECT_TRUE(verifies(card.command(std::string("806801") + row.algorithm, message))) << row.algorithm;
        EXPECT_TRUE(verifies(card.command("80680170", digest))) << row.algorithm;
    }
    EXPECT_EQ(card.command("80680170").status, 0x6A80U);
    EXPECT_EQ(card.command("80680170", Bytes(67, 1)).status, 0x6A80U);
    EXPECT_EQ(card.command("80680133", message).status, 0x6985U) << "no RSA key";
    EXPECT_EQ(card.command("80620121", Bytes(128, 1)).status, 0x6985U);
    EXPECT_EQ(card.command("80680176", message).status, 0x6A86U);
}

TEST_F(HsmKeys, OnACurveAgreeOnAPoint) {
    const auto key = std::get<crypto::EcPublicKey>(card.generate(1, pair_request(Curve::secp256k1)));
    const auto peer = crypto::PrivateKey::generate_ec(Curve::secp256k1);
    Bytes point = std::get<crypto::EcPublicKey>(peer.public_key()).point;
    const Answer shared = card.command("80620180", point);
    ASSERT_EQ(shared.status, 0x9000U);
    EXPECT_EQ(shared.data, to_bytes(crypto::agree_on_point(peer, key.point).value()));
    point.back() ^= 1;
    EXPECT_EQ(card.command("80620180", point).status, 0x6A80U);
    EXPECT_EQ(card.command("80620180").status, 0x6A80U);
}

TEST_F(HsmKeys, WorkWithThePinAloneAndAfterARestart) {
    const auto key = std::get<crypto::EcPublicKey>(card.generate(1, pair_request(Curve::p256)));
    card.restart();
    const Bytes digest(32, 0xA5);
    EXPECT_EQ(card.command("80680170", digest).status, 0x6982U);
    EXPECT_EQ(card.command("80620180", key.point).status, 0x6982U);
    EXPECT_EQ(card.command("00460200", pair_request(Curve::p256)).status, 0x6982U);
    EXPECT_EQ(card.send("804802B0").status, 0x6982U);
    card.verify();
    const Answer signature = card.command("80680170", digest);
    EXPECT_TRUE(crypto::verify_ecdsa(key, digest, crypto::ecdsa_raw_from_der(signature.data, 32).value()));
    EXPECT_EQ(card.command("80680270", digest).status, 0x6A82U) << "there is no key 02";
    EXPECT_EQ(card.send("00E4020002CC01").status, 0x9000U);
    EXPECT_EQ(card.command("80680170", digest).status, 0x6A82U);
}

TEST_F(HsmKeys, AreNeverOverwritten) {
    card.generate(1, pair_request(Curve::p256));
    EXPECT_EQ(card.command("00460100", pair_request(Curve::p256)).status, 0x6A89U);
    EXPECT_EQ(card.send("804801B0").status, 0x6A89U);
    EXPECT_EQ(card.command("00460000", pair_request(Curve::p256)).status, 0x6A86U) << "the device key";
    EXPECT_EQ(card.send("804800B0").status, 0x6A86U);
    EXPECT_EQ(card.command("00460201", pair_request(Curve::p256)).status, 0x6A88U) << "another signs not";
    EXPECT_EQ(card.send("804802B3").status, 0x6A86U);
    EXPECT_EQ(card.state().keys.size(), 1U);
}

TEST_F(HsmKeys, HaveANumberOfUses) {
    card.generate(1, pair_request(Curve::p256, "900402000002"));
    EXPECT_EQ(card.state().keys.at(1).uses, 0x02000002U);
    card.generate(2, pair_request(Curve::p256, "900102"));
    const Bytes digest(32, 1);
    EXPECT_EQ(card.command("80680270").status, 0x6A80U) << "costs no use";
    EXPECT_EQ(card.command("80680270", digest).status, 0x9000U);
    card.restart();
    card.verify();
    EXPECT_EQ(card.command("80620280", std::get<crypto::EcPublicKey>(
                                           crypto::PrivateKey::generate_ec(Curve::p256).public_key())
                                           .point)
                  .status,
              0x9000U);
    EXPECT_EQ(card.command("80680270", digest).status, 0x6984U);
    EXPECT_EQ(card.state().keys.at(2).uses, 0U);
}

TEST_F(HsmKeys, AreForTheAlgorithmsThatTheyWereMadeFor) {
    card.generate(1, pair_request(Curve::p256, "91027380"));
    EXPECT_EQ(card.command("80680173", Bytes(32, 1)).status, 0x9000U);
    EXPECT_EQ(card.command("80680170", Bytes(32, 1)).status, 0x6985U);
    EXPECT_EQ(card.send("80720192").status, 0x6985U);
}

TEST_F(HsmKeys, AreMadeFromSoundTemplatesAlone) {
    const Bytes sound = pair_request(Curve::p256);
    for (const char* more : {"9000", "90050000000001", "9100", "9200", "92020000", "9500", "99",
                             "4211 5554303030303030303030303030303030"}) {
        EXPECT_EQ(card.command("00460100", pair_request(Curve::p256, more)).status, 0x6A80U) << more;
    }
    EXPECT_EQ(card.command("00460100", pair_request(Curve::p256, "920101")).status, 0x6A88U) << "no domain 1";
    EXPECT_EQ(card.command("00460100").status, 0x6A80U);
    for (const std::size_t bits : {512U, 1025U, 2047U, 8192U}) {
        EXPECT_EQ(card.command("00460100", rsa_request(bits)).status, 0x6A80U) << bits;
    }
    // Every byte of the key matters; the cofactor, its last object, may be missing.
    const auto key = find_tlv(sound, 0x7F49).value();
    const auto start = static_cast<std::size_t>(key.data() - sound.data());
    for (std::size_t i = start; i < start + key.size() - 3; i += 7) {
        Bytes changed = sound;
        changed[i] ^= 0x40;
        EXPECT_NE(card.command("00460100", changed).status, 0x9000U) << i;
    }
    Bytes other_cofactor = sound;
    other_cofactor[start + key.size() - 1] = 0x04;
    EXPECT_EQ(card.command("00460100", other_cofactor).status, 0x6A80U);
    EXPECT_TRUE(card.state().keys.empty());
    EXPECT_EQ(card.command("00460100", sound).status, 0x9000U);
}

TEST_F(HsmKeys, AreEncryptedInTheCardsFile) {
    card.with_dkek();
    const Bytes key = hex("000102030405060708090A0B0C0D0E0F");
    card.bring_aes(3, key);
    EXPECT_EQ(card.text().find(to_hex(key)), std::string::npos);
    EXPECT_EQ(card.text().find(to_hex(test_dkek())), std::string::npos);
    EXPECT_EQ(card.text().find("123456\""), std::string::npos);
}

TEST_F(HsmKeys, AreBoundToWhatStandsBesideThem) {
    card.generate(1, pair_request(Curve::p256, "910173"));
    std::string text = card.text();
    const std::size_t place = text.find("\"algorithms\": \"73\"");
    ASSERT_NE(place, std::string::npos);
    text.replace(place, 18, "\"algorithms\": \"70\"");
    card.medium().bytes = to_secret(view_of(text));
    ++card.medium().writes;
    card.restart();
    card.verify();
    EXPECT_EQ(card.command("80680170", Bytes(32, 1)).status, 0x6581U);
}

}  // namespace
}  // namespace jeton::softcard
