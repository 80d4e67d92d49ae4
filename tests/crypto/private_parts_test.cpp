// Private keys from their numbers and back.
#include <gtest/gtest.h>
#include <map>
#include <numeric>
#include <vector>

#include "crypto/error.hpp"
#include "crypto/keys.hpp"
#include "crypto/sample_keys.hpp"
#include "crypto/vectors.hpp"

namespace jeton::crypto {

namespace {

using Numbers = std::map<std::string, Bytes>;

Numbers numbers_of(const test::Record& record) {
    Numbers out;
    for (const char* name : {"n", "e", "d", "p", "q", "dp", "dq", "qinv"}) {
        out[name] = record.bytes(name);
    }
    return out;
}

std::optional<RsaPrivateParts> complete(Numbers given) {
    return complete_rsa(given["n"], given["e"], given["d"], given["p"], given["q"], given["dp"], given["dq"],
                        given["qinv"]);
}

Numbers only(const Numbers& all, const std::vector<std::string>& names) {
    Numbers out;
    for (const std::string& name : names) {
        out[name] = all.at(name);
    }
    return out;
}

/// fits tells whether |parts| are those of |all|, in either order of the primes.
bool fits(const std::optional<RsaPrivateParts>& parts, const Numbers& all) {
    if (!parts || parts->exponent != all.at("e")) {
        return false;
    }
    const bool straight = equal(parts->p, all.at("p")) && equal(parts->q, all.at("q")) &&
                          equal(parts->dp, all.at("dp")) && equal(parts->dq, all.at("dq")) &&
                          equal(parts->qinv, all.at("qinv"));
    const bool crossed = equal(parts->p, all.at("q")) && equal(parts->q, all.at("p")) &&
                         equal(parts->dp, all.at("dq")) && equal(parts->dq, all.at("dp"));
    return straight || crossed;
}

TEST(CompleteRsa, needs_few_numbers) {
    const std::vector<std::vector<std::string>> enough{
        {"p", "q", "e"},      {"n", "e", "d"},
        {"n", "e", "p"},      {"n", "e", "q"},
        {"p", "q", "d"},      {"n", "d", "e", "p", "q"},
        {"n", "d", "p", "q"}, {"n", "e", "d", "p", "q", "dp", "dq", "qinv"}};
    for (const test::Record& record : test::read_vectors("rsa_numbers.txt")) {
        const Numbers all = numbers_of(record);
        for (const auto& names : enough) {
            EXPECT_TRUE(fits(complete(only(all, names)), all))
                << record.text("name") << ", " << testing::PrintToString(names);
        }
    }
}

TEST(CompleteRsa, takes_65537_where_nothing_tells_the_exponent) {
    const auto records = test::read_vectors("rsa_numbers.txt");
    const Numbers usual = numbers_of(records.at(0));
    EXPECT_TRUE(fits(complete(only(usual, {"n", "d"})), usual));
    EXPECT_TRUE(fits(complete(only(usual, {"p", "q"})), usual));
    EXPECT_FALSE(complete(only(numbers_of(records.at(1)), {"n", "d"})));
}

TEST(CompleteRsa, refuses_too_little) {
    const Numbers all = numbers_of(test::read_vectors("rsa_numbers.txt").front());
    for (const std::vector<std::string>& names : std::vector<std::vector<std::string>>{
             {}, {"n"}, {"n", "e"}, {"p", "e"}, {"d", "e"}, {"p", "e", "d"}, {"dp", "dq", "qinv", "e"}}) {
        EXPECT_FALSE(complete(only(all, names))) << testing::PrintToString(names);
    }
}

TEST(CompleteRsa, refuses_numbers_that_contradict_each_other) {
    const Numbers all = numbers_of(test::read_vectors("rsa_numbers.txt").front());
    for (const auto& [name, value] : all) {
        Numbers wrong = all;
        wrong[name][value.size() / 2] ^= 0x10;
        EXPECT_FALSE(complete(wrong)) << name;
    }
    for (const char* name : {"n", "e", "d"}) {
        Numbers wrong = only(all, {"n", "e", "d"});
        wrong[name].front() ^= 0x02;
        EXPECT_FALSE(complete(wrong)) << name;
    }
    Numbers same = only(all, {"p", "e"});
    same["q"] = same["p"];
    EXPECT_FALSE(complete(same));
}

TEST(CompleteRsa, refuses_numbers_that_are_none_of_a_key) {
    const Numbers all = numbers_of(test::read_vectors("rsa_numbers.txt").front());
    for (const char* name : {"n", "e", "d", "p", "q"}) {
        for (const Bytes& value : {Bytes{0x00}, Bytes{0x01}, Bytes{0x02}, Bytes(2049, 0xFF)}) {
            Numbers wrong = only(all, {"p", "q", "e"});
            wrong[name] = value;
            EXPECT_FALSE(complete(wrong)) << name << " " << to_hex(View(value).first(1));
            wrong = only(all, {"n", "e", "d"});
            wrong[name] = value;
            EXPECT_FALSE(complete(wrong)) << name << " " << to_hex(View(value).first(1));
        }
    }
}

TEST(CompleteRsa, refuses_primes_whose_modulus_nobody_computes_with) {
    EXPECT_FALSE(complete_rsa({}, Bytes{0x03}, {}, Bytes(2048, 0xF1), Bytes(2048, 0xF3), {}, {}, {}));
}

TEST(CompleteRsa, looks_for_primes_of_reasonable_numbers_alone) {
    EXPECT_FALSE(complete_rsa(Bytes(2048, 0xFF), Bytes{0x03}, Bytes(2048, 0x55), {}, {}, {}, {}, {}));
}

TEST(PrivateParts, make_the_same_key_again) {
    std::vector<PrivateKey> keys;
    keys.push_back(PrivateKey::generate_rsa(1024));
    for (const Curve curve : test::all_curves) {
        keys.push_back(PrivateKey::generate_ec(curve));
    }
    keys.push_back(PrivateKey::generate_okp(OkpCurve::ed25519));
    keys.push_back(PrivateKey::generate_okp(OkpCurve::x25519));
    for (const PrivateKey& key : keys) {
        const auto parts = key.parts();
        ASSERT_TRUE(parts);
        const auto again = PrivateKey::from_parts(*parts);
        ASSERT_TRUE(again);
        EXPECT_EQ(again->public_key(), key.public_key());
        const auto read = PrivateKey::from_der(again->to_der());
        ASSERT_TRUE(read);
        EXPECT_EQ(read->public_key(), key.public_key());
    }
}

TEST(PrivateParts, of_rsa_keys_compute_what_the_numbers_say) {
    for (const test::Record& record : test::read_vectors("rsa_numbers.txt")) {
        const auto key = PrivateKey::from_parts(complete(numbers_of(record)).value());
        ASSERT_TRUE(key) << record.text("name");
        const RsaPublicKey expected{record.bytes("n"), record.bytes("e")};
        EXPECT_EQ(key->public_key(), PublicKey(expected));
        Bytes block(expected.modulus_bytes(), 0x17);
        block.front() = 0x00;
        EXPECT_EQ(rsa_public(expected, key->rsa_private(block).value()), block);
    }
}

TEST(PrivateParts, whose_primes_are_none_are_refused) {
    const auto whole = std::get<RsaPrivateParts>(test::sample_rsa().parts().value());
    const auto recompute = [](View p, View q, View exponent) {
        return complete_rsa({}, exponent, {}, p, q, {}, {}, {});
    };
    SecretBytes composite = whole.p;
    int made = 0;
    // Odd multiples of 3 beside a prime; for most of them exponents exist.
    for (int i = 0; i < 120; ++i) {
        composite.back() = static_cast<Byte>(composite.back() + 2);
        const unsigned digits = std::accumulate(composite.begin(), composite.end(), 0U);
        if (digits % 3 != 0) {
            continue;
        }
        if (const auto parts = recompute(composite, whole.q, whole.exponent)) {
            EXPECT_FALSE(PrivateKey::from_parts(*parts));
            ++made;
        }
    }
    EXPECT_GT(made, 10);
}

TEST(PrivateParts, that_contradict_each_other_are_refused) {
    const auto whole = std::get<RsaPrivateParts>(test::sample_rsa().parts().value());
    EXPECT_TRUE(PrivateKey::from_parts(whole));
    for (SecretBytes RsaPrivateParts::* number :
         {&RsaPrivateParts::p, &RsaPrivateParts::q, &RsaPrivateParts::dp, &RsaPrivateParts::dq,
          &RsaPrivateParts::qinv}) {
        RsaPrivateParts wrong = whole;
        (wrong.*number)[10] ^= 0x04;
        EXPECT_FALSE(PrivateKey::from_parts(wrong));
        (wrong.*number).clear();
        (wrong.*number).push_back(0x00);
        EXPECT_FALSE(PrivateKey::from_parts(wrong));
    }
    RsaPrivateParts empty;
    EXPECT_FALSE(PrivateKey::from_parts(empty));
}

TEST(PrivateParts, of_tiny_rsa_keys_are_refused) {
    // 61 and 53, 17: sound numbers, but no key that anybody computes with.
    const auto parts = complete_rsa({}, Bytes{17}, {}, Bytes{61}, Bytes{53}, {}, {}, {});
    ASSERT_TRUE(parts);
    EXPECT_FALSE(PrivateKey::from_parts(*parts));
}

TEST(PrivateParts, of_ec_keys_are_scalars_below_the_order) {
    const EcPrivateParts known{
        Curve::p256,
        to_secret(from_hex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721").value())};
    const auto key = PrivateKey::from_parts(known);
    ASSERT_TRUE(key);
    EXPECT_EQ(to_hex(std::get<EcPublicKey>(key->public_key()).point).substr(2, 64),
              "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6");
    EXPECT_TRUE(PrivateKey::from_parts(EcPrivateParts{Curve::p256, SecretBytes{0x01}})) << "short is padded";
    EXPECT_TRUE(PrivateKey::from_parts(EcPrivateParts{Curve::p256, SecretBytes{0x00, 0x01}}));
    for (const SecretBytes& scalar :
         {SecretBytes{}, SecretBytes(32), SecretBytes(32, 0xFF), SecretBytes(33, 1)}) {
        EXPECT_FALSE(PrivateKey::from_parts(EcPrivateParts{Curve::p256, scalar})) << scalar.size();
    }
    const SecretBytes order =
        to_secret(from_hex("FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551").value());
    EXPECT_FALSE(PrivateKey::from_parts(EcPrivateParts{Curve::p256, order}));
}

TEST(PrivateParts, of_octet_keys_have_one_length) {
    for (const OkpCurve curve : {OkpCurve::ed25519, OkpCurve::x25519}) {
        for (const std::size_t length : {0U, 31U, 33U}) {
            EXPECT_FALSE(PrivateKey::from_parts(OkpPrivateParts{curve, SecretBytes(length, 1)})) << length;
        }
    }
}

}  // namespace

}  // namespace jeton::crypto
