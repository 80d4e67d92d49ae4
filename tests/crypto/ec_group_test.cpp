#include "crypto/ec_group.hpp"

#include <gtest/gtest.h>
#include <map>
#include <string>

#include "crypto/error.hpp"
#include "crypto/private_exponent.hpp"
#include "crypto/sample_keys.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

std::map<std::string, Curve> curves_by_name() {
    std::map<std::string, Curve> out;
    for (const Curve curve : test::all_curves) {
        out.emplace(curve_facts(curve).name, curve);
    }
    return out;
}

TEST(DomainParameters, are_those_of_each_curve) {
    const auto records = test::read_vectors("ec_groups.txt");
    EXPECT_EQ(records.size(), std::size(test::all_curves));
    for (const test::Record& record : records) {
        const DomainParameters got = domain_parameters(curves_by_name().at(record.text("curve")));
        EXPECT_EQ(got.prime, record.bytes("prime")) << record.text("curve");
        EXPECT_EQ(got.a, record.bytes("a")) << record.text("curve");
        EXPECT_EQ(got.b, record.bytes("b")) << record.text("curve");
        EXPECT_EQ(got.generator, record.bytes("generator")) << record.text("curve");
        EXPECT_EQ(got.order, record.bytes("order")) << record.text("curve");
        EXPECT_EQ(got.cofactor, record.bytes("cofactor")) << record.text("curve");
    }
}

TEST(AgreeOnPoint, gives_both_coordinates) {
    for (const test::Record& record : test::read_vectors("ec_groups.txt")) {
        const Curve curve = curves_by_name().at(record.text("curve"));
        const auto key =
            PrivateKey::from_parts(EcPrivateParts{curve, to_secret(record.bytes("scalar"))}).value();
        const auto point = agree_on_point(key, record.bytes("peer"));
        ASSERT_TRUE(point.has_value()) << record.text("curve");
        EXPECT_EQ(to_bytes(*point), record.bytes("point")) << record.text("curve");
        EXPECT_TRUE(equal(View(*point).subspan(1, curve_facts(curve).field_bytes),
                          key.agree(record.bytes("peer")).value()));
    }
}

TEST(AgreeOnPoint, refuses_what_is_no_point_of_the_curve) {
    const PrivateKey key = PrivateKey::generate_ec(Curve::p256);
    Bytes point = std::get<EcPublicKey>(PrivateKey::generate_ec(Curve::p256).public_key()).point;
    EXPECT_TRUE(agree_on_point(key, point).has_value());
    point.back() ^= 1;
    EXPECT_FALSE(agree_on_point(key, point).has_value());
    EXPECT_FALSE(agree_on_point(key, View(point).first(64)).has_value());
    EXPECT_FALSE(agree_on_point(key, {}).has_value());
    EXPECT_FALSE(agree_on_point(key, Bytes{0x00}).has_value());
    EXPECT_THROW(agree_on_point(test::sample_rsa(), point), Error);
}

TEST(PrivateExponent, makes_the_key_again) {
    const RsaPublicKey key = test::sample_rsa_public();
    const auto parts = std::get<RsaPrivateParts>(test::sample_rsa().parts().value());
    const SecretBytes exponent = private_exponent(parts);
    EXPECT_LE(exponent.size(), key.modulus_bytes());
    const auto again = complete_rsa(key.modulus, key.exponent, exponent, {}, {}, {}, {}, {});
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(PrivateKey::from_parts(*again).value().public_key(), PublicKey(key));
    EXPECT_THROW(private_exponent(RsaPrivateParts{}), Error);
}

}  // namespace

}  // namespace jeton::crypto
