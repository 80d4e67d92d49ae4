// Key generation and derivation (PKCS#11 3.2, 5.18).
#include "crypto/digest.hpp"
#include "pkcs11/api.hpp"
#include "pkcs11/card_keys.hpp"
#include "pkcs11/card_secret_keys.hpp"
#include "pkcs11/key_derivation.hpp"
#include "pkcs11/key_material.hpp"
#include "pkcs11/mechanisms.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/parameters.hpp"
#include "pkcs11/session_objects.hpp"

namespace jeton::pkcs11 {

void Api::C_GenerateKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_ATTRIBUTE_PTR pTemplate,
                        CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phKey) {
    const auto session = module().session(hSession);
    require(pMechanism != nullptr && phKey != nullptr, CKR_ARGUMENTS_BAD, "a null pointer");
    const MechanismRow& row = find_mechanism(session->token(), pMechanism->mechanism, CKF_GENERATE);
    require_no_parameter(*pMechanism);
    const Template given(pTemplate, ulCount);
    const CK_KEY_TYPE type = row.scheme == Scheme::aes_key ? CKK_AES : CKK_GENERIC_SECRET;
    check_template(given, CKO_SECRET_KEY, Making::generate);
    require_value(given, CKA_CLASS, CKO_SECRET_KEY);
    require_value(given, CKA_KEY_TYPE, type);
    const CK_ULONG length = required_number(given, CKA_VALUE_LEN);
    require(is_secret_length(type, length), CKR_KEY_SIZE_RANGE, "such a key has another length");
    if (type == CKK_AES && given.flag(CKA_TOKEN).value_or(false)) {
        *phKey = generate_secret_key(module(), *session, given, length);
        return;
    }
    SecretBytes value(length);
    crypto::random_bytes(value);
    *phKey = add_secret_key(*session, given, type, std::move(value),
                            SecretOrigin::generated_by(pMechanism->mechanism));
}

void Api::C_GenerateKeyPair(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism,
                            CK_ATTRIBUTE_PTR pPublicKeyTemplate, CK_ULONG ulPublicKeyAttributeCount,
                            CK_ATTRIBUTE_PTR pPrivateKeyTemplate, CK_ULONG ulPrivateKeyAttributeCount,
                            CK_OBJECT_HANDLE_PTR phPublicKey, CK_OBJECT_HANDLE_PTR phPrivateKey) {
    const auto session = module().session(hSession);
    require(pMechanism != nullptr && phPublicKey != nullptr && phPrivateKey != nullptr, CKR_ARGUMENTS_BAD,
            "a null pointer");
    find_mechanism(session->token(), pMechanism->mechanism, CKF_GENERATE_KEY_PAIR);
    require_no_parameter(*pMechanism);
    const Template public_given(pPublicKeyTemplate, ulPublicKeyAttributeCount);
    const Template private_given(pPrivateKeyTemplate, ulPrivateKeyAttributeCount);
    const CK_KEY_TYPE type = type_generated_by(pMechanism->mechanism);
    check_template(public_given, CKO_PUBLIC_KEY, Making::generate);
    check_template(private_given, CKO_PRIVATE_KEY, Making::generate);
    require_value(public_given, CKA_CLASS, CKO_PUBLIC_KEY);
    require_value(private_given, CKA_CLASS, CKO_PRIVATE_KEY);
    require_value(public_given, CKA_KEY_TYPE, type);
    require_value(private_given, CKA_KEY_TYPE, type);
    const KeyPairHandles handles = generate_pair(module(), *session, type, public_given, private_given);
    *phPublicKey = handles.public_key;
    *phPrivateKey = handles.private_key;
}

void Api::C_DeriveKey(CK_SESSION_HANDLE hSession, CK_MECHANISM_PTR pMechanism, CK_OBJECT_HANDLE hBaseKey,
                      CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulAttributeCount, CK_OBJECT_HANDLE_PTR phKey) {
    const auto session = module().session(hSession);
    require(pMechanism != nullptr && phKey != nullptr, CKR_ARGUMENTS_BAD, "a null pointer");
    const Template given(pTemplate, ulAttributeCount);
    *phKey = derive_key(*session, *pMechanism, hBaseKey, given);
}

}  // namespace jeton::pkcs11
