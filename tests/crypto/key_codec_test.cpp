#include <gtest/gtest.h>

#include "crypto/keys.hpp"
#include "crypto/sample_keys.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

Bytes hex(std::string_view text) {
    return from_hex(text).value();
}

TEST(Spki, is_read_as_the_vectors_say) {
    for (const test::Record& record : test::read_vectors("spki.txt")) {
        const auto key = parse_spki(record.bytes("der"));
        ASSERT_EQ(key.has_value(), record.has("same")) << record.text("name");
        if (key) {
            EXPECT_EQ(spki(*key), record.bytes("same")) << record.text("name");
            EXPECT_TRUE(is_valid(*key)) << record.text("name");
        }
    }
}

TEST(Spki, cut_anywhere_is_refused) {
    for (const test::Record& record : test::read_vectors("spki.txt")) {
        const Bytes der = record.has("same") ? record.bytes("der") : Bytes();
        for (std::size_t length = 0; length < der.size(); ++length) {
            const Bytes cut(der.begin(), der.begin() + static_cast<std::ptrdiff_t>(length));
            EXPECT_FALSE(parse_spki(cut)) << record.text("name") << " cut to " << length;
        }
    }
}

TEST(Curves, are_found_by_identifier_and_by_name) {
    struct Row {
        Curve curve;
        const char* params;
    };
    const Row rows[] = {
        {Curve::p256, "06082A8648CE3D030107"},
        {Curve::p384, "06052B81040022"},
        {Curve::p521, "06052B81040023"},
        {Curve::secp256k1, "06052B8104000A"},
        {Curve::brainpoolP256r1, "06092B2403030208010107"},
        {Curve::brainpoolP384r1, "06092B240303020801010B"},
        {Curve::brainpoolP512r1, "06092B240303020801010D"},
        {Curve::p256, "1309 736563703235367231"},    // secp256r1
        {Curve::p256, "130A 7072696D653235367631"},  // prime256v1
        {Curve::p384, "1309 736563703338347231"},    // secp384r1
        {Curve::p521, "1309 736563703532317231"},    // secp521r1
        {Curve::secp256k1, "1309 736563703235366B31"},
        {Curve::brainpoolP256r1, "130F 627261696E706F6F6C503235367231"},
    };
    for (const Row& row : rows) {
        EXPECT_EQ(curve_of_params(hex(row.params)), row.curve) << row.params;
    }
    for (const Curve curve : test::all_curves) {
        const CurveFacts& facts = curve_facts(curve);
        EXPECT_EQ(facts.curve, curve);
        EXPECT_EQ(curve_of_params(facts.oid), curve);
        EXPECT_EQ(facts.field_bytes, (facts.bits + 7) / 8);
    }
}

TEST(Curves, of_other_parameters_are_none) {
    for (const char* params : {"", "06", "0600", "06082A8648CE3D030101", "06082A8648CE3D03010700",
                               "06082A8648CE3D0301", "06052B8104000C", "1308 7365637032353672", "1300",
                               "1309 7365637032353672", "0C09 736563703235367231", "0500", "3000"}) {
        EXPECT_FALSE(curve_of_params(hex(params))) << params;
    }
}

TEST(EcdsaSignature, is_padded_to_the_field) {
    EXPECT_EQ(ecdsa_raw_from_der(hex("3006 020101 020102"), 4), hex("00000001 00000002"));
    EXPECT_EQ(ecdsa_raw_from_der(hex("3008 02020080 020200FF"), 2), hex("0080 00FF"));
    EXPECT_EQ(ecdsa_raw_from_der(hex("3008 02020080 020200FF"), 1), hex("80FF"));
    EXPECT_EQ(ecdsa_raw_from_der(hex("3006 020100 020100"), 1), hex("0000"));
    // As cards write it that pad r and s.
    EXPECT_EQ(ecdsa_raw_from_der(hex("300A 020300 0001 020300 0002"), 2), hex("0001 0002"));
}

TEST(EcdsaSignature, of_another_form_is_refused) {
    for (const char* der : {
             "",
             "30",
             "3000",
             "3003 020101",                           // one number
             "3009 020101 020102 020103",             // three numbers
             "3006 020101 020102 00",                 // a byte behind it
             "3007 020101 020102 00",                 // a byte inside
             "3006 020101 0202",                      // cut short
             "3006 020101 020180",                    // a negative number
             "3005 0200 020101",                      // an empty number
             "3006 040101 020102",                    // an OCTET STRING
             "3106 020101 020102",                    // a SET
             "3080 020101 020102 0000",               // indefinite length
             "308106 020101 020102",                  // longer length than needed
             "300E 0205 0100000000 0205 0100000000",  // too large for the field
             "3084FFFFFFFF 020101 020102",
             "3085FFFFFFFFFF 020101 020102",
         }) {
        EXPECT_FALSE(ecdsa_raw_from_der(hex(der), 4)) << der;
    }
}

}  // namespace

}  // namespace jeton::crypto
