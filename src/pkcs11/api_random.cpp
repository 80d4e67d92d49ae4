// Random numbers, from the host (PKCS#11 3.2, 5.19).
#include "crypto/digest.hpp"
#include "pkcs11/api.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/module.hpp"

namespace jeton::pkcs11 {

void Api::C_SeedRandom(CK_SESSION_HANDLE hSession, CK_BYTE_PTR, CK_ULONG) {
    module().session(hSession);
    throw Error(CKR_RANDOM_SEED_NOT_SUPPORTED, "the host's generator takes no seed");
}

void Api::C_GenerateRandom(CK_SESSION_HANDLE hSession, CK_BYTE_PTR RandomData, CK_ULONG ulRandomLen) {
    module().session(hSession);
    require(RandomData != nullptr || ulRandomLen == 0, CKR_ARGUMENTS_BAD, "a null pointer with a length");
    crypto::random_bytes({RandomData, ulRandomLen});
}

}  // namespace jeton::pkcs11
