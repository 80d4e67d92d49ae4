#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/default_engine.hpp"

#include <array>
#include <atomic>
#include <gtest/gtest.h>
#include <openssl/engine.h>
#include <openssl/evp.h>

namespace jeton::test {

namespace {

constexpr std::array key_types{EVP_PKEY_RSA, EVP_PKEY_EC, EVP_PKEY_ED25519, EVP_PKEY_X25519};

std::atomic<int> calls{0};
std::atomic<bool> delegates{false};

/// A copy of OpenSSL's own method for |type|: the library frees the original with the process.
EVP_PKEY_METHOD* own_method(int type) {
    const EVP_PKEY_METHOD* const original = EVP_PKEY_meth_find(type);
    int id = 0;
    int flags = 0;
    EVP_PKEY_meth_get0_info(&id, &flags, original);
    EVP_PKEY_METHOD* const copy = EVP_PKEY_meth_new(id, flags);
    EVP_PKEY_meth_copy(copy, original);
    return copy;
}

/// Without |method| it gives the list of key types, else the method for one of them.
int give_method(ENGINE*, EVP_PKEY_METHOD** method, const int** types, int type) {
    static const std::array methods{own_method(EVP_PKEY_RSA), own_method(EVP_PKEY_EC),
                                    own_method(EVP_PKEY_ED25519), own_method(EVP_PKEY_X25519)};
    if (method == nullptr) {
        *types = key_types.data();
        return static_cast<int>(key_types.size());
    }
    ++calls;
    *method = nullptr;
    for (std::size_t i = 0; i < key_types.size(); ++i) {
        if (key_types[i] == type && delegates) {
            *method = methods[i];
        }
    }
    return *method != nullptr ? 1 : 0;
}

}  // namespace

void make_engine_default(EngineKind kind) {
    delegates = kind == EngineKind::delegating;
    ENGINE* const engine = ENGINE_new();
    ASSERT_EQ(ENGINE_set_id(engine, "test"), 1);
    ASSERT_EQ(ENGINE_set_name(engine, "An engine of the tests"), 1);
    ASSERT_EQ(ENGINE_set_pkey_meths(engine, give_method), 1);
    ASSERT_EQ(ENGINE_set_default_pkey_meths(engine), 1);
    ENGINE_free(engine);  // OpenSSL holds its default
    for (const char* type : {"RSA", "EC", "ED25519", "X25519"}) {
        const int before = calls;
        EVP_PKEY_CTX_free(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
        ASSERT_GT(calls, before) << type;
    }
    calls = 0;
}

int engine_calls() {
    return calls;
}

}  // namespace jeton::test
