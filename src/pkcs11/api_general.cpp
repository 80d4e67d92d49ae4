// C_Initialize, C_Finalize, C_GetInfo (PKCS#11 3.2, 5.4).
#include <cstring>

#include "pkcs11/api.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/output.hpp"

namespace jeton::pkcs11 {

namespace {

constexpr std::size_t longest_reserved = 4096;

/// The rules on mutex functions and CKF_OS_LOCKING_OK: we use the system's locks, always.
void check_locking(const CK_C_INITIALIZE_ARGS& args) {
    const int functions = (args.CreateMutex != nullptr) + (args.DestroyMutex != nullptr) +
                          (args.LockMutex != nullptr) + (args.UnlockMutex != nullptr);
    require(functions == 0 || functions == 4, CKR_ARGUMENTS_BAD,
            "some but not all mutex functions are given");
    require(functions == 0 || (args.flags & CKF_OS_LOCKING_OK) != 0, CKR_CANT_LOCK,
            "the application's mutex functions alone cannot be used");
}

}  // namespace

void Api::C_Initialize(CK_VOID_PTR pInitArgs) {
    require(m_module == nullptr, CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize was called before");
    std::string_view reserved;
    if (pInitArgs != nullptr) {
        CK_C_INITIALIZE_ARGS args;
        std::memcpy(&args, pInitArgs, sizeof args);
        check_locking(args);
        if (args.pReserved != nullptr) {
            // NSS puts its parameter string where PKCS#11 has pReserved.
            const auto* text = static_cast<const char*>(args.pReserved);
            reserved = {text, strnlen(text, longest_reserved)};
        }
    }
    Module::start(read_config(reserved));
}

void Api::C_Finalize(CK_VOID_PTR pReserved) {
    require(pReserved == nullptr, CKR_ARGUMENTS_BAD, "pReserved is not null");
    Module::stop();
}

void Api::C_GetInfo(CK_INFO_PTR pInfo) {
    require(pInfo != nullptr, CKR_ARGUMENTS_BAD, "pInfo is null");
    *pInfo = {};
    pInfo->cryptokiVersion = {CRYPTOKI_VERSION_MAJOR, CRYPTOKI_VERSION_MINOR};
    put_text(pInfo->manufacturerID, "jeton");
    put_text(pInfo->libraryDescription, "jeton smart card module");
    pInfo->libraryVersion = {JETON_VERSION_MAJOR, JETON_VERSION_MINOR};
}

void Api::C_GetFunctionStatus(CK_SESSION_HANDLE hSession) {
    module().session(hSession);
    throw Error(CKR_FUNCTION_NOT_PARALLEL, "functions are not run in parallel");
}

void Api::C_CancelFunction(CK_SESSION_HANDLE hSession) {
    module().session(hSession);
    throw Error(CKR_FUNCTION_NOT_PARALLEL, "functions are not run in parallel");
}

}  // namespace jeton::pkcs11
