// Calls while the process exits, and the peace with an application that uses OpenSSL too. Each test that
// exits runs in a process of its own, in which nobody has used OpenSSL yet.
#include <cstdio>
#include <cstdlib>
#include <gtest/gtest.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include "crypto/aes.hpp"
#include "crypto/block_cipher.hpp"
#include "crypto/certificate.hpp"
#include "crypto/digest.hpp"
#include "crypto/error.hpp"
#include "crypto/kdf.hpp"
#include "crypto/keys.hpp"

namespace jeton::crypto {

namespace {

/// Open is what lives on until after the exit of OpenSSL.
struct Open {
    Digest digest{Hash::sha256};
    PrivateKey key = PrivateKey::generate_ec(Curve::p256);
    PrivateKey edwards = PrivateKey::generate_okp(OkpCurve::ed25519);
    AesCipher cipher{
        Direction::encrypt, Bytes(16), {.mode = AesMode::gcm, .iv = Bytes(12), .aad = {}, .tag_bytes = 16}};
};

Open* open_objects = nullptr;

/// report writes what a caller meets at exit: an answer or an Error, but no crash.
template <typename Work>
void report(const char* name, const Work& work) {
    try {
        work();
        std::fprintf(stderr, "%s=answer ", name);
    } catch (const Error&) {
        std::fprintf(stderr, "%s=error ", name);
    }
}

void use_everything() {
    report("digest", [] { digest(Hash::sha256, view_of("abc")); });
    report("update", [] { open_objects->digest.update(view_of("abc")); });
    report("sign", [] { open_objects->key.sign_ecdsa(Bytes(32)); });
    report("eddsa", [] { open_objects->edwards.sign_eddsa(view_of("abc")); });
    report("seal", [] {
        SecretBytes out;
        open_objects->cipher.update(Bytes(5), out);
        open_objects->cipher.finish(out);
    });
    report("random", [] {
        Bytes out(16);
        random_bytes(out);
    });
    report("block", [] { crypt_block(BlockCipher::aes, Direction::encrypt, Bytes(16), Bytes(16)); });
    report("generate", [] { PrivateKey::generate_ec(Curve::p256); });
    report("derive", [] { pbkdf2(Hash::sha256, view_of("abc"), {}, 1, 16); });
    report("certificate", [] { parse_certificate(Bytes{0x30, 0x00}); });
    delete open_objects;
    std::fprintf(stderr, "done\n");
}

[[noreturn]] void exit_with_us_alone() {
    std::atexit(use_everything);
    open_objects = std::make_unique<Open>().release();
    std::exit(0);
}

[[noreturn]] void exit_after_openssl() {
    std::atexit(use_everything);
    // The application's OpenSSL registers its handler after ours, so that it runs before ours.
    OPENSSL_init_crypto(OPENSSL_INIT_ADD_ALL_DIGESTS, nullptr);
    unsigned char out[32];
    EVP_Digest("abc", 3, out, nullptr, EVP_sha256(), nullptr);
    open_objects = std::make_unique<Open>().release();
    std::exit(0);
}

class Exit : public testing::Test {
  protected:
    void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

using ExitDeathTest = Exit;

TEST_F(ExitDeathTest, everything_still_works_when_nobody_else_uses_openssl) {
    EXPECT_EXIT(exit_with_us_alone(), testing::ExitedWithCode(0),
                "digest=answer update=answer sign=answer eddsa=answer seal=answer random=answer block=answer "
                "generate=answer "
                "derive=answer certificate=answer done");
}

TEST_F(ExitDeathTest, new_calls_are_refused_when_the_application_has_shut_openssl_down) {
    EXPECT_EXIT(
        exit_after_openssl(), testing::ExitedWithCode(0),
        "digest=error update=error sign=error eddsa=error seal=error random=error block=error generate=error "
        "derive=error certificate=error done");
}

TEST(ErrorQueue, keeps_the_applications_errors_and_none_of_ours) {
    ERR_clear_error();
    const auto provoke = [] {
        EXPECT_FALSE(is_valid(EcPublicKey{Curve::p256, Bytes(65, 0x04)}));
        EXPECT_FALSE(parse_certificate(Bytes{0x30, 0x03, 0x02, 0x01, 0x00}));
        EXPECT_FALSE(PrivateKey::from_der(Bytes{0x30, 0x00}));
        EXPECT_THROW(PrivateKey::generate_rsa(100), Error);
    };
    provoke();
    EXPECT_EQ(ERR_peek_error(), 0U);
    ERR_raise(ERR_LIB_USER, 42);
    provoke();
    EXPECT_EQ(ERR_GET_REASON(ERR_get_error()), 42);
    EXPECT_EQ(ERR_get_error(), 0U);
}

}  // namespace

}  // namespace jeton::crypto
