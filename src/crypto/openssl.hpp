// OpenSSL behind this layer: handles that free themselves, a library context of our own, and the algorithms
// fetched from it. Private to src/crypto; nothing here or in the files that use it touches OpenSSL's default
// context, so the application's configuration, providers and engines do not matter to us, nor ours to it.
#pragma once

#include <cstddef>
#include <memory>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>
#include <span>

#include "crypto/aes.hpp"
#include "crypto/digest.hpp"
#include "util/bytes.hpp"

namespace jeton::crypto::openssl {

/// Free turns one of OpenSSL's free functions into a deleter.
template <auto Function>
struct Free {
    template <typename T>
    void operator()(T* object) const noexcept {
        Function(object);
    }
};

template <typename T, auto Function>
using Handle = std::unique_ptr<T, Free<Function>>;

using Pkey = Handle<EVP_PKEY, EVP_PKEY_free>;
using PkeyContext = Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free>;
using DigestContext = Handle<EVP_MD_CTX, EVP_MD_CTX_free>;
using CipherContext = Handle<EVP_CIPHER_CTX, EVP_CIPHER_CTX_free>;
using Digest = Handle<EVP_MD, EVP_MD_free>;
using Cipher = Handle<EVP_CIPHER, EVP_CIPHER_free>;
using Kdf = Handle<EVP_KDF, EVP_KDF_free>;
using KdfContext = Handle<EVP_KDF_CTX, EVP_KDF_CTX_free>;
using BigNumber = Handle<BIGNUM, BN_clear_free>;
using ParamBuilder = Handle<OSSL_PARAM_BLD, OSSL_PARAM_BLD_free>;
using Params = Handle<OSSL_PARAM, OSSL_PARAM_free>;
using X509Handle = Handle<X509, X509_free>;

/// context is the library context of this layer: made on first use, never freed. Throws Error when OpenSSL
/// cannot start, or has shut down because the process exits: an application that initialised OpenSSL before
/// us, with its exit handler, keeps that handler.
OSSL_LIB_CTX* context();

/// md gives a digest algorithm, fetched once.
const EVP_MD* md(Hash hash);

/// cipher gives AES in |mode|, fetched once; nullptr when there is none with keys of |key_bytes|.
const EVP_CIPHER* cipher(AesMode mode, std::size_t key_bytes);

/// triple_des gives 3DES in ECB mode with three keys, fetched once.
const EVP_CIPHER* triple_des();

/// Derivation is a key derivation function that has a hash inside.
enum class Derivation { pbkdf2, hkdf };

/// kdf gives the algorithm, fetched once; md_name what it calls |hash|.
EVP_KDF* kdf(Derivation derivation);
const char* md_name(Hash hash);

/// ErrorScope leaves the thread's error queue, which the application shares, as it was. It comes first in
/// every function that calls OpenSSL: it throws Error when OpenSSL cannot start or has shut down.
class ErrorScope {
  public:
    ErrorScope();
    ErrorScope(const ErrorScope&) = delete;  // a mark is popped once
    ErrorScope& operator=(const ErrorScope&) = delete;
    ~ErrorScope();
};

/// fail throws Error for |action| with OpenSSL's reason.
[[noreturn]] void fail(const char* action);

/// require throws Error for |action| unless OpenSSL answered 1.
void require(int answer, const char* action);

/// required gives |pointer| back; throws Error for |action| when it is null.
template <typename T>
T* required(T* pointer, const char* action) {
    if (pointer == nullptr) {
        fail(action);
    }
    return pointer;
}

/// data gives the address of |view|, not null even when it is empty: OpenSSL takes null for a question.
const Byte* data(View view);

/// encode calls one of OpenSSL's i2d functions on |object|; throws Error when it fails.
template <typename T>
Bytes encode(int (*i2d)(const T*, unsigned char**), const T* object, const char* action) {
    const int length = i2d(object, nullptr);
    if (length <= 0) {
        fail(action);
    }
    Bytes out(static_cast<std::size_t>(length));
    unsigned char* cursor = out.data();
    require(i2d(object, &cursor) == length ? 1 : 0, action);
    return out;
}

}  // namespace jeton::crypto::openssl
