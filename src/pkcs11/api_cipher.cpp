// Encryption and decryption (PKCS#11 3.2, 5.8 and 5.10).
#include "pkcs11/api.hpp"
#include "pkcs11/card_cipher.hpp"
#include "pkcs11/key_use.hpp"
#include "pkcs11/module.hpp"

namespace jeton::pkcs11 {

namespace {

RsaScheme rsa_scheme(const CK_MECHANISM& mechanism, const MechanismRow& row) {
    if (row.scheme == Scheme::rsa_oaep) {
        return oaep_parameters(mechanism);
    }
    require_no_parameter(mechanism);
    return row.scheme == Scheme::rsa_x509 ? RsaScheme(RsaUnpadded{}) : RsaScheme(RsaPkcs{});
}

std::unique_ptr<CipherEngine> aes_engine(Session& session, crypto::Direction direction,
                                         const CK_MECHANISM& mechanism, const MechanismRow& row,
                                         CK_OBJECT_HANDLE key) {
    const bool encrypts = direction == crypto::Direction::encrypt;
    const auto object =
        secret_key_for(session.token(), key, row, encrypts ? CKA_ENCRYPT : CKA_DECRYPT, direction);
    crypto::AesParameters parameters = aes_parameters(mechanism, *row.mode);
    if (const auto* on_card = std::get_if<CardSecretKey>(&object->key)) {
        return make_card_aes_engine(session.shared_token(), on_card->index, direction, std::move(parameters));
    }
    return make_aes_engine(direction, std::get<SecretKey>(object->key).value, parameters);
}

/// transform_part feeds one part; the caller's buffer must take what it gives.
template <typename Operation>
void transform_part(Taken<Operation>& operation, View part, Output& output) {
    if (operation.ready(output, operation->update_length(part.size()))) {
        output.deliver(operation->update(part));
        operation.keep();
    }
}

/// transform_last ends the operation. |bound| may be more than there is in the end: then the result decides
/// whether the caller's buffer is too short.
template <typename Operation>
void transform_last(Taken<Operation>& operation, View last, std::size_t bound, Output& output) {
    if (output.is_query()) {
        operation.ready(output, bound);
        return;
    }
    const SecretBytes& result = operation->finish(last);
    if (operation.ready(output, result.size())) {
        output.deliver(result);
    }
}

void require_login(Token& token, Taken<DecryptOperation>& operation, const Output& output) {
    if (!output.is_query() && operation->needs_login() &&
        !token.card().begin().grants(operation->key_index())) {
        operation.keep();
        throw Error(CKR_USER_NOT_LOGGED_IN,
                    "this key wants C_Login(CKU_CONTEXT_SPECIFIC) for each decryption");
    }
}

template <typename Operation>
void require_single_part(const Taken<Operation>& operation) {
    require(!operation->is_multi_part(), CKR_OPERATION_ACTIVE, "a single-part call after a multi-part one");
}

}  // namespace

void Api::C_EncryptInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey) {
    const auto session = module().session(hSession);
    if (pMechanism == nullptr) {
        session->cancel<EncryptOperation>();
        return;
    }
    session->require_idle<EncryptOperation>();
    Token& token = session->token();
    const MechanismRow& row = find_mechanism(token, pMechanism->mechanism, CKF_ENCRYPT);
    std::unique_ptr<CipherEngine> engine;
    if (row.scheme == Scheme::aes) {
        engine = aes_engine(*session, crypto::Direction::encrypt, *pMechanism, row, hKey);
    } else {
        const auto object = key_for<crypto::PublicKey>(token, hKey, row, CKA_ENCRYPT);
        const auto& key = std::get<crypto::PublicKey>(object->key);
        engine = make_rsa_encryption(std::get<crypto::RsaPublicKey>(key), rsa_scheme(*pMechanism, row));
    }
    session->start(std::make_unique<EncryptOperation>(std::move(engine)));
}

void Api::C_Encrypt(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pData, CK_ULONG ulDataLen,
                    CK_BYTE_PTR pEncryptedData, CK_ULONG_PTR pulEncryptedDataLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<EncryptOperation>();
    require_single_part(operation);
    Output output(pEncryptedData, pulEncryptedDataLen);
    const View data = input(pData, ulDataLen);
    transform_last(operation, data, operation->whole_length(data.size()), output);
}

void Api::C_EncryptUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pPart, CK_ULONG ulPartLen,
                          CK_BYTE_PTR pEncryptedPart, CK_ULONG_PTR pulEncryptedPartLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<EncryptOperation>();
    Output output(pEncryptedPart, pulEncryptedPartLen);
    transform_part(operation, input(pPart, ulPartLen), output);
}

void Api::C_EncryptFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastEncryptedPart,
                         CK_ULONG_PTR pulLastEncryptedPartLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<EncryptOperation>();
    Output output(pLastEncryptedPart, pulLastEncryptedPartLen);
    transform_last(operation, {}, operation->finish_length(), output);
}

void Api::C_DecryptInit(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hKey) {
    const auto session = module().session(hSession);
    if (pMechanism == nullptr) {
        session->cancel<DecryptOperation>();
        return;
    }
    session->require_idle<DecryptOperation>();
    Token& token = session->token();
    const MechanismRow& row = find_mechanism(token, pMechanism->mechanism, CKF_DECRYPT);
    if (row.scheme == Scheme::aes) {
        session->start(std::make_unique<DecryptOperation>(
            aes_engine(*session, crypto::Direction::decrypt, *pMechanism, row, hKey), std::nullopt));
        return;
    }
    const auto object = key_for<CardKey>(token, hKey, row, CKA_DECRYPT);
    const CardKey& key = std::get<CardKey>(object->key);
    session->start(std::make_unique<DecryptOperation>(
        make_rsa_decryption(session->shared_token(), key, primitive_of(token.applet(), row, key.public_key),
                            rsa_scheme(*pMechanism, row)),
        CardKeyUse{key.index, key.always_authenticate, false}));
}

void Api::C_Decrypt(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedData, CK_ULONG ulEncryptedDataLen,
                    CK_BYTE_PTR pData, CK_ULONG_PTR pulDataLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<DecryptOperation>();
    require_single_part(operation);
    Output output(pData, pulDataLen);
    const View data = input(pEncryptedData, ulEncryptedDataLen);
    require_login(session->token(), operation, output);
    transform_last(operation, data, operation->whole_length(data.size()), output);
}

void Api::C_DecryptUpdate(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pEncryptedPart, CK_ULONG ulEncryptedPartLen,
                          CK_BYTE_PTR pPart, CK_ULONG_PTR pulPartLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<DecryptOperation>();
    Output output(pPart, pulPartLen);
    transform_part(operation, input(pEncryptedPart, ulEncryptedPartLen), output);
}

void Api::C_DecryptFinal(CK_SESSION_HANDLE hSession, CK_BYTE_PTR pLastPart, CK_ULONG_PTR pulLastPartLen) {
    const auto session = module().session(hSession);
    auto operation = session->take<DecryptOperation>();
    Output output(pLastPart, pulLastPartLen);
    require_login(session->token(), operation, output);
    transform_last(operation, {}, operation->finish_length(), output);
}

}  // namespace jeton::pkcs11
