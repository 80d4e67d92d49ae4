// Signatures and their verification (PKCS#11 3.2, 5.13 and 5.15).
#include "pkcs11/api.hpp"
#include "pkcs11/key_use.hpp"
#include "pkcs11/module.hpp"

namespace jeton::pkcs11 {

namespace {

std::optional<PssParameters> signature_parameters(const CK_MECHANISM& mechanism, const MechanismRow& row) {
    if (row.scheme == Scheme::rsa_pss) {
        return pss_parameters(mechanism, row);
    }
    if (row.scheme == Scheme::eddsa) {
        require_plain_eddsa(mechanism);
    } else {
        require_no_parameter(mechanism);
    }
    return std::nullopt;
}

/// mac_for begins a code with an AES key.
std::unique_ptr<SignEngine> mac_for(Session& session, const CK_MECHANISM& mechanism, const MechanismRow& row,
                                    CK_OBJECT_HANDLE key, CK_ATTRIBUTE_TYPE usage) {
    const std::size_t length = cmac_length(mechanism);
    const auto object = secret_key_for(session.token(), key, row, usage, crypto::Direction::encrypt);
    return make_mac(session.shared_token(), *object, length);
}

/// finish_signature gives |operation| its last data and the caller the signature.
void finish_signature(Token& token, Taken<SignOperation>& operation, View last, Output& output) {
    if (!operation.ready(output, operation->length())) {
        return;
    }
    if (operation->needs_login() && !token.card().begin().grants(operation->key_index())) {
        operation.keep();
        throw Error(CKR_USER_NOT_LOGGED_IN,
                    "this key wants C_Login(CKU_CONTEXT_SPECIFIC) for each signature");
    }
    output.deliver(operation->finish(last));
}

}  // namespace

void Api::C_SignInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey) {
    const auto session = module().session(hSession);
    if (pMechanism == nullptr) {
        session->cancel<SignOperation>();
        return;
    }
    session->require_idle<SignOperation>();
    Token& token = session->token();
    const MechanismRow& row = find_mechanism(token, pMechanism->mechanism, CKF_SIGN);
    if (row.scheme == Scheme::aes_cmac) {
        session->start(std::make_unique<SignOperation>(mac_for(*session, *pMechanism, row, hKey, CKA_SIGN),
                                                       std::nullopt));
        return;
    }
    const auto parameters = signature_parameters(*pMechanism, row);
    const auto object = key_for<CardKey>(token, hKey, row, CKA_SIGN);
    const CardKey& key = std::get<CardKey>(object->key);
    session->start(std::make_unique<SignOperation>(make_signer(session->shared_token(), key, row, parameters),
                                                   CardKeyUse{key.index, key.always_authenticate}));
}

void Api::C_Sign(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
                 CK_ULONG_PTR pulSignatureLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<SignOperation>();
    require(!operation->is_multi_part(), CKR_OPERATION_ACTIVE, "C_Sign after C_SignUpdate");
    Output output(pSignature, pulSignatureLen);
    finish_signature(session->token(), operation, input(pData, ulDataLen), output);
}

void Api::C_SignUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<SignOperation>();
    operation->update(input(pPart, ulPartLen));
    operation.keep();
}

void Api::C_SignFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG_PTR pulSignatureLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<SignOperation>();
    Output output(pSignature, pulSignatureLen);
    finish_signature(session->token(), operation, {}, output);
}

void Api::C_VerifyInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey) {
    const auto session = module().session(hSession);
    if (pMechanism == nullptr) {
        session->cancel<VerifyOperation>();
        return;
    }
    session->require_idle<VerifyOperation>();
    Token& token = session->token();
    const MechanismRow& row = find_mechanism(token, pMechanism->mechanism, CKF_VERIFY);
    if (row.scheme == Scheme::aes_cmac) {
        session->start(std::make_unique<VerifyOperation>(
            make_mac_check(mac_for(*session, *pMechanism, row, hKey, CKA_VERIFY))));
        return;
    }
    const auto parameters = signature_parameters(*pMechanism, row);
    const auto object = key_for<crypto::PublicKey>(token, hKey, row, CKA_VERIFY);
    session->start(std::make_unique<VerifyOperation>(
        make_verifier(std::get<crypto::PublicKey>(object->key), row, parameters)));
}

void Api::C_Verify(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen, CK_BYTE_PTR pSignature,
                   CK_ULONG ulSignatureLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<VerifyOperation>();
    require(!operation->is_multi_part(), CKR_OPERATION_ACTIVE, "C_Verify after C_VerifyUpdate");
    operation->finish(input(pData, ulDataLen), input(pSignature, ulSignatureLen));
}

void Api::C_VerifyUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<VerifyOperation>();
    operation->update(input(pPart, ulPartLen));
    operation.keep();
}

void Api::C_VerifyFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pSignature, CK_ULONG ulSignatureLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<VerifyOperation>();
    operation->finish({}, input(pSignature, ulSignatureLen));
}

}  // namespace jeton::pkcs11
