// The functions that this version does not carry out. Each answers FUNCTION_NOT_SUPPORTED, and no mechanism
// claims it.
#include "pkcs11/api.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

[[noreturn]] void not_supported() {
    throw Error(CKR_FUNCTION_NOT_SUPPORTED, "the function is not supported");
}

}  // namespace

void Api::C_GetOperationState(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_SetOperationState(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_DigestKey(CK_SESSION_HANDLE, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_SignRecoverInit(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_SignRecover(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_VerifyRecoverInit(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_VerifyRecover(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_DigestEncryptUpdate(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_DecryptDigestUpdate(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_SignEncryptUpdate(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_DecryptVerifyUpdate(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_WrapKey(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE, CK_BYTE_PTR,
                    CK_ULONG_PTR) {
    not_supported();
}
void Api::C_UnwrapKey(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_BYTE_PTR, CK_ULONG,
                      CK_ATTRIBUTE_PTR, CK_ULONG, CK_OBJECT_HANDLE_PTR) {
    not_supported();
}
void Api::C_MessageEncryptInit(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_EncryptMessage(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                           CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_EncryptMessageBegin(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG) {
    not_supported();
}
void Api::C_EncryptMessageNext(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                               CK_ULONG_PTR, CK_FLAGS) {
    not_supported();
}
void Api::C_MessageEncryptFinal(CK_SESSION_HANDLE) {
    not_supported();
}
void Api::C_MessageDecryptInit(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_DecryptMessage(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                           CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_DecryptMessageBegin(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG) {
    not_supported();
}
void Api::C_DecryptMessageNext(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                               CK_ULONG_PTR, CK_FLAGS) {
    not_supported();
}
void Api::C_MessageDecryptFinal(CK_SESSION_HANDLE) {
    not_supported();
}
void Api::C_MessageSignInit(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_SignMessage(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                        CK_ULONG_PTR) {
    not_supported();
}
void Api::C_SignMessageBegin(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG) {
    not_supported();
}
void Api::C_SignMessageNext(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                            CK_ULONG_PTR) {
    not_supported();
}
void Api::C_MessageSignFinal(CK_SESSION_HANDLE) {
    not_supported();
}
void Api::C_MessageVerifyInit(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE) {
    not_supported();
}
void Api::C_VerifyMessage(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                          CK_ULONG) {
    not_supported();
}
void Api::C_VerifyMessageBegin(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG) {
    not_supported();
}
void Api::C_VerifyMessageNext(CK_SESSION_HANDLE, CK_VOID_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR,
                              CK_ULONG) {
    not_supported();
}
void Api::C_MessageVerifyFinal(CK_SESSION_HANDLE) {
    not_supported();
}
void Api::C_EncapsulateKey(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG,
                           CK_BYTE_PTR, CK_ULONG_PTR, CK_OBJECT_HANDLE_PTR) {
    not_supported();
}
void Api::C_DecapsulateKey(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_ATTRIBUTE_PTR, CK_ULONG,
                           CK_BYTE_PTR, CK_ULONG, CK_OBJECT_HANDLE_PTR) {
    not_supported();
}
void Api::C_VerifySignatureInit(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_BYTE_PTR,
                                CK_ULONG) {
    not_supported();
}
void Api::C_VerifySignature(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG) {
    not_supported();
}
void Api::C_VerifySignatureUpdate(CK_SESSION_HANDLE, CK_BYTE_PTR, CK_ULONG) {
    not_supported();
}
void Api::C_VerifySignatureFinal(CK_SESSION_HANDLE) {
    not_supported();
}
void Api::C_AsyncComplete(CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ASYNC_DATA_PTR) {
    not_supported();
}
void Api::C_AsyncGetID(CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_AsyncJoin(CK_SESSION_HANDLE, CK_UTF8CHAR_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG) {
    not_supported();
}
void Api::C_WrapKeyAuthenticated(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_OBJECT_HANDLE,
                                 CK_BYTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG_PTR) {
    not_supported();
}
void Api::C_UnwrapKeyAuthenticated(CK_SESSION_HANDLE, CK_MECHANISM_PTR, CK_OBJECT_HANDLE, CK_BYTE_PTR,
                                   CK_ULONG, CK_ATTRIBUTE_PTR, CK_ULONG, CK_BYTE_PTR, CK_ULONG,
                                   CK_OBJECT_HANDLE_PTR) {
    not_supported();
}

}  // namespace jeton::pkcs11
