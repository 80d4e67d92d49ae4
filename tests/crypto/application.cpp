// The application around the tests: where OPENSSL_CONF is set, it reads that configuration before we do
// anything, and must find that OpenSSL's default context has no algorithms left. We must not notice.
#include <cstdlib>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

namespace jeton::test {

namespace {

class Application : public testing::Environment {
  public:
    void SetUp() override {
        if (std::getenv("OPENSSL_CONF") != nullptr) {
            ASSERT_EQ(OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, nullptr), 1);
            ASSERT_EQ(EVP_MD_fetch(nullptr, "SHA2-256", nullptr), nullptr);
        }
    }
};

const auto* const application = testing::AddGlobalTestEnvironment(std::make_unique<Application>().release());

}  // namespace

}  // namespace jeton::test
