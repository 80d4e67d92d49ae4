// Octet key pairs: Ed25519 and X25519.
#include <gtest/gtest.h>

#include "crypto/error.hpp"
#include "crypto/keys.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

PrivateKey key_of(OkpCurve curve, View seed) {
    return PrivateKey::from_parts(OkpPrivateParts{curve, to_secret(seed)}).value();
}

TEST(Okp, curves_are_found_by_identifier_and_by_name) {
    struct Row {
        OkpCurve curve;
        const char* params;
    };
    const Row rows[] = {
        {OkpCurve::ed25519, "06032B6570"},
        {OkpCurve::x25519, "06032B656E"},
        {OkpCurve::ed25519, "130C 656477617264733235353139"},  // edwards25519
        {OkpCurve::x25519, "130A 63757276653235353139"},       // curve25519
        {OkpCurve::ed25519, "1307 45643235353139"},            // Ed25519
        {OkpCurve::ed25519, "1307 65643235353139"},            // ed25519
        {OkpCurve::x25519, "1306 583235353139"},               // X25519
        {OkpCurve::x25519, "1306 783235353139"},               // x25519
        {OkpCurve::ed25519, "0609 2B06010401DA470F01"},
        {OkpCurve::x25519, "060A 2B060104019755010501"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(okp_of_params(hex(row.params)), row.curve) << row.params;
        EXPECT_FALSE(curve_of_params(hex(row.params))) << row.params;
    }
    for (const OkpCurve curve : {OkpCurve::ed25519, OkpCurve::x25519}) {
        const OkpFacts& facts = okp_facts(curve);
        EXPECT_EQ(facts.curve, curve);
        EXPECT_EQ(okp_of_params(facts.oid), curve);
        EXPECT_EQ(okp_of_params(facts.printable), curve);
        EXPECT_NE(facts.signature_bytes == 0, facts.shared_bytes == 0);
    }
}

TEST(Okp, other_parameters_name_no_curve) {
    for (const char* params :
         {"", "06", "06032B6571", "06032B656F", "06032B657000", "06032B65", "1300", "1308 4564323535313900",
          "0C07 45643235353139", "0500", "3000", "06082A8648CE3D030107"}) {
        EXPECT_FALSE(okp_of_params(hex(params))) << params;
    }
}

TEST(Okp, public_keys_have_one_length) {
    for (const OkpCurve curve : {OkpCurve::ed25519, OkpCurve::x25519}) {
        EXPECT_TRUE(is_valid(OkpPublicKey{curve, Bytes(32, 0x09)}));
        for (const std::size_t length : {0U, 31U, 33U, 64U}) {
            EXPECT_FALSE(is_valid(OkpPublicKey{curve, Bytes(length, 0x09)})) << length;
        }
    }
}

TEST(Okp, generated_keys_differ_and_are_written_and_read) {
    for (const OkpCurve curve : {OkpCurve::ed25519, OkpCurve::x25519}) {
        const PublicKey key = PrivateKey::generate_okp(curve).public_key();
        EXPECT_EQ(std::get<OkpPublicKey>(key).curve, curve);
        EXPECT_TRUE(is_valid(key));
        EXPECT_EQ(parse_spki(spki(key)), key);
        EXPECT_NE(PrivateKey::generate_okp(curve).public_key(), key);
    }
}

TEST(EdDsa, signs_and_verifies_as_the_vectors_say) {
    for (const test::Record& record : test::read_vectors("eddsa.txt")) {
        SCOPED_TRACE(record.text("name"));
        const OkpPublicKey key{OkpCurve::ed25519, record.bytes("public")};
        const Bytes message = record.bytes("message");
        const Bytes signature = record.bytes("signature");
        EXPECT_EQ(verify_eddsa(key, message, signature), record.text("holds") == "yes");
        if (record.has("seed")) {
            const PrivateKey own = key_of(OkpCurve::ed25519, record.bytes("seed"));
            EXPECT_EQ(own.public_key(), PublicKey(key));
            EXPECT_EQ(own.sign_eddsa(message), signature);
        }
    }
}

TEST(EdDsa, signs_long_messages) {
    const PrivateKey key = PrivateKey::generate_okp(OkpCurve::ed25519);
    const Bytes message(100000, 0x6D);
    const Bytes signature = key.sign_eddsa(message);
    const auto public_key = std::get<OkpPublicKey>(key.public_key());
    EXPECT_TRUE(verify_eddsa(public_key, message, signature));
    EXPECT_FALSE(verify_eddsa(public_key, View(message).first(99999), signature));
}

TEST(EdDsa, is_no_use_of_an_x25519_key) {
    const PrivateKey key = PrivateKey::generate_okp(OkpCurve::x25519);
    EXPECT_THROW(key.sign_eddsa(Bytes(1)), Error);
    EXPECT_FALSE(verify_eddsa(std::get<OkpPublicKey>(key.public_key()), Bytes(1), Bytes(64)));
    EXPECT_THROW(key.sign_ecdsa(Bytes(32)), Error);
    EXPECT_THROW(key.rsa_private(Bytes(256)), Error);
}

TEST(EdDsa, keys_do_nothing_else) {
    const PrivateKey key = PrivateKey::generate_okp(OkpCurve::ed25519);
    EXPECT_THROW(key.agree(Bytes(32, 9)), Error);
    EXPECT_THROW(key.sign_ecdsa(Bytes(32)), Error);
    EXPECT_THROW(key.rsa_private(Bytes(256)), Error);
    EXPECT_THROW(PrivateKey::generate_ec(Curve::p256).sign_eddsa(Bytes(1)), Error);
}

TEST(X25519, agrees_as_the_vectors_say) {
    for (const test::Record& record : test::read_vectors("x25519.txt")) {
        SCOPED_TRACE(record.text("name"));
        const PrivateKey key = key_of(OkpCurve::x25519, record.bytes("private"));
        EXPECT_EQ(key.public_key(), PublicKey(OkpPublicKey{OkpCurve::x25519, record.bytes("public")}));
        const auto secret = key.agree(record.bytes("peer"));
        ASSERT_EQ(secret.has_value(), record.has("secret"));
        if (secret) {
            EXPECT_EQ(to_bytes(*secret), record.bytes("secret"));
        }
    }
}

}  // namespace

}  // namespace jeton::crypto
