// Digests (PKCS#11 3.2, 5.12).
#include "pkcs11/api.hpp"
#include "pkcs11/mechanisms.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/parameters.hpp"

namespace jeton::pkcs11 {

void Api::C_DigestInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism) {
    const auto session = module().session(hSession);
    if (pMechanism == nullptr) {
        session->cancel<DigestOperation>();
        return;
    }
    session->require_idle<DigestOperation>();
    const MechanismRow& row = find_mechanism(session->token(), pMechanism->mechanism, CKF_DIGEST);
    require_no_parameter(*pMechanism);
    session->start(std::make_unique<DigestOperation>(*row.hash));
}

void Api::C_Digest(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pDigest,
                   CK_ULONG_PTR pulDigestLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<DigestOperation>();
    require(!operation->is_multi_part(), CKR_OPERATION_ACTIVE, "C_Digest after C_DigestUpdate");
    Output output(pDigest, pulDigestLen);
    const View data = input(pData, ulDataLen);
    if (operation.ready(output, operation->length())) {
        output.deliver(operation->finish(data));
    }
}

void Api::C_DigestUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<DigestOperation>();
    operation->update(input(pPart, ulPartLen));
    operation.keep();
}

void Api::C_DigestFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pDigest, CK_ULONG_PTR pulDigestLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<DigestOperation>();
    Output output(pDigest, pulDigestLen);
    if (operation.ready(output, operation->length())) {
        output.deliver(operation->finish());
    }
}

}  // namespace jeton::pkcs11
