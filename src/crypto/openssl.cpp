#include "crypto/openssl.hpp"

#include <array>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/provider.h>
#include <string>

#include "crypto/error.hpp"

namespace jeton::crypto::openssl {

namespace {

// In the order of Hash.
constexpr std::array hash_names{"SHA1",     "SHA2-224", "SHA2-256", "SHA2-384", "SHA2-512",
                                "SHA3-224", "SHA3-256", "SHA3-384", "SHA3-512"};

constexpr std::size_t key_sizes = 3;

// In the order of AesMode; a row has keys of 16, 24 and 32 bytes.
constexpr std::array<std::array<const char*, key_sizes>, 5> cipher_names{{
    {"AES-128-ECB", "AES-192-ECB", "AES-256-ECB"},
    {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"},
    {"AES-128-CBC", "AES-192-CBC", "AES-256-CBC"},
    {"AES-128-CTR", "AES-192-CTR", "AES-256-CTR"},
    {"AES-128-GCM", "AES-192-GCM", "AES-256-GCM"},
}};

// In the order of Derivation.
constexpr std::array kdf_names{"PBKDF2", "HKDF"};

/// start makes OpenSSL ready without its configuration file and, if we are the first, without its exit
/// handler: the module answers calls while the process exits. OpenSSL refuses once it has shut down.
void start() {
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_ATEXIT | OPENSSL_INIT_NO_LOAD_CONFIG, nullptr) != 1) {
        throw Error("OpenSSL is not available, or has shut down already");
    }
}

/// Library is what is made once and shared by all threads; fetched algorithms do not change.
struct Library {
    Library();

    Handle<OSSL_LIB_CTX, OSSL_LIB_CTX_free> context;
    std::array<Digest, hash_names.size()> digests;
    std::array<std::array<Cipher, key_sizes>, cipher_names.size()> ciphers;
    Cipher triple_des;
    std::array<Kdf, kdf_names.size()> derivations;
};

Library::Library() : context(required(OSSL_LIB_CTX_new(), "make a library context")) {
    required(OSSL_PROVIDER_load(context.get(), "default"), "load the default provider");
    for (std::size_t i = 0; i < digests.size(); ++i) {
        digests[i].reset(required(EVP_MD_fetch(context.get(), hash_names[i], nullptr), hash_names[i]));
    }
    for (std::size_t mode = 0; mode < ciphers.size(); ++mode) {
        for (std::size_t size = 0; size < key_sizes; ++size) {
            const char* name = cipher_names[mode][size];
            ciphers[mode][size].reset(required(EVP_CIPHER_fetch(context.get(), name, nullptr), name));
        }
    }
    triple_des.reset(required(EVP_CIPHER_fetch(context.get(), "DES-EDE3-ECB", nullptr), "find 3DES"));
    for (std::size_t i = 0; i < derivations.size(); ++i) {
        derivations[i].reset(required(EVP_KDF_fetch(context.get(), kdf_names[i], nullptr), kdf_names[i]));
    }
}

const Library& library() {
    start();
    // Never destroyed: threads may still compute while the process exits.
    static const Library* const instance = new Library;
    return *instance;
}

}  // namespace

OSSL_LIB_CTX* context() {
    return library().context.get();
}

const EVP_MD* md(Hash hash) {
    return library().digests.at(static_cast<std::size_t>(hash)).get();
}

const EVP_CIPHER* cipher(AesMode mode, std::size_t key_bytes) {
    if (key_bytes != 16 && key_bytes != 24 && key_bytes != 32) {
        return nullptr;
    }
    return library().ciphers.at(static_cast<std::size_t>(mode)).at(key_bytes / 8 - 2).get();
}

const EVP_CIPHER* triple_des() {
    return library().triple_des.get();
}

EVP_KDF* kdf(Derivation derivation) {
    return library().derivations.at(static_cast<std::size_t>(derivation)).get();
}

const char* md_name(Hash hash) {
    return hash_names.at(static_cast<std::size_t>(hash));
}

ErrorScope::ErrorScope() {
    start();  // The mark alone would initialise OpenSSL too, with its exit handler.
    ERR_set_mark();
}

// Where the queue was empty no mark was set, and everything goes.
ErrorScope::~ErrorScope() {
    ERR_pop_to_mark();
}

void fail(const char* action) {
    std::array<char, 256> reason{};
    ERR_error_string_n(ERR_peek_last_error(), reason.data(), reason.size());
    throw Error(std::string("OpenSSL failed to ") + action + ": " + reason.data());
}

void require(int answer, const char* action) {
    if (answer != 1) {
        fail(action);
    }
}

const Byte* data(View view) {
    static constexpr Byte nothing = 0;
    return view.empty() ? &nothing : view.data();
}

}  // namespace jeton::crypto::openssl
