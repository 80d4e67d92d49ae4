// Keys in an application whose OpenSSL has an engine as default, which has no method for any of them.
#include <gtest/gtest.h>

#include "crypto/default_engine.hpp"
#include "crypto/keys.hpp"

namespace jeton::crypto {

namespace {

TEST(DefaultEngine, is_not_asked_for_new_keys) {
    test::make_engine_default(test::EngineKind::refusing);
    std::vector<PrivateKey> keys;
    keys.push_back(PrivateKey::generate_rsa(1024));
    keys.push_back(PrivateKey::generate_ec(Curve::p256));
    keys.push_back(PrivateKey::generate_okp(OkpCurve::ed25519));
    keys.push_back(PrivateKey::generate_okp(OkpCurve::x25519));
    for (const PrivateKey& key : keys) {
        const PublicKey public_key = key.public_key();
        EXPECT_TRUE(is_valid(public_key));
        EXPECT_EQ(parse_spki(spki(public_key)), public_key);
        EXPECT_FALSE(key.to_der().empty());
        EXPECT_TRUE(key.parts());
    }
    EXPECT_EQ(test::engine_calls(), 0);
}

}  // namespace

}  // namespace jeton::crypto
