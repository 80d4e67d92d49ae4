// The application around the tests, which does things to OpenSSL's default context before we do anything. We
// must not notice:
//   OPENSSL_CONF    it reads that configuration and must find that the context has no algorithms left
//   DEFAULT_ENGINE  it has an engine for every kind of key, as its default
#include <cstdlib>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "crypto/default_engine.hpp"

namespace jeton::test {

namespace {

class Application : public testing::Environment {
  public:
    void SetUp() override {
        if (std::getenv("OPENSSL_CONF") != nullptr) {
            ASSERT_EQ(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr), 1);
            ASSERT_EQ(EVP_MD_fetch(nullptr, "SHA2-256", nullptr), nullptr);
        }
        if (std::getenv("DEFAULT_ENGINE") != nullptr) {
            make_engine_default(EngineKind::delegating);
        }
    }
};

const auto* const application = testing::AddGlobalTestEnvironment(std::make_unique<Application>().release());

}  // namespace

}  // namespace jeton::test
