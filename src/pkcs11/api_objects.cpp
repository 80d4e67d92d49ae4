// Objects: search, attributes, creation and removal (PKCS#11 3.2, 5.7.1 to 5.7.9).
#include <algorithm>

#include "pkcs11/api.hpp"
#include "pkcs11/card_objects.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/session_objects.hpp"

namespace jeton::pkcs11 {

void Api::C_FindObjectsInit(CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount) {
    const auto session = module().session(hSession);
    session->require_idle<SearchOperation>();
    const Template wanted(pTemplate, ulCount);
    auto search = std::make_unique<SearchOperation>();
    search->found = session->token().search(wanted);
    session->start(std::move(search));
}

void Api::C_FindObjects(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE_PTR phObject, CK_ULONG ulMaxObjectCount,
                        CK_ULONG_PTR pulObjectCount) {
    const auto session = module().session(hSession);
    auto search = session->take<SearchOperation>();
    search.keep();
    require(pulObjectCount != nullptr && (phObject != nullptr || ulMaxObjectCount == 0), CKR_ARGUMENTS_BAD,
            "a null pointer");
    const std::size_t count = std::min<std::size_t>(ulMaxObjectCount, search->found.size() - search->next);
    std::copy_n(search->found.begin() + static_cast<std::ptrdiff_t>(search->next), count, phObject);
    search->next += count;
    *pulObjectCount = count;
}

void Api::C_FindObjectsFinal(CK_SESSION_HANDLE hSession) {
    const auto session = module().session(hSession);
    session->take<SearchOperation>();
}

void Api::C_GetAttributeValue(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject,
                              CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount) {
    const auto session = module().session(hSession);
    require(pTemplate != nullptr || ulCount == 0, CKR_ARGUMENTS_BAD, "the template is null");
    const auto object = session->token().object(hObject);
    const CK_RV rv = read_attributes(*object, {pTemplate, ulCount});
    require(rv == CKR_OK, rv, "some attributes were not given out");
}

void Api::C_CreateObject(CK_SESSION_HANDLE hSession, CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount,
                         CK_OBJECT_HANDLE_PTR phObject) {
    const auto session = module().session(hSession);
    require(phObject != nullptr, CKR_ARGUMENTS_BAD, "phObject is null");
    const Template given(pTemplate, ulCount);
    const CK_OBJECT_CLASS object_class = required_number(given, CKA_CLASS);
    check_template(given, object_class, Making::create);
    if (object_class == CKO_CERTIFICATE) {
        *phObject = write_certificate(module(), *session, given);
    } else if (object_class == CKO_PUBLIC_KEY) {
        *phObject = add_public_key_object(*session, given);
    } else if (object_class == CKO_SECRET_KEY) {
        require(required_number(given, CKA_KEY_TYPE) == CKK_AES, CKR_ATTRIBUTE_VALUE_INVALID,
                "secret keys are AES keys");
        SecretBytes value = to_secret(required(given, CKA_VALUE));
        require_value(given, CKA_VALUE_LEN, value.size());
        *phObject = add_aes_key(*session, given, std::move(value), CK_UNAVAILABLE_INFORMATION);
    } else {
        throw Error(CKR_ATTRIBUTE_VALUE_INVALID, "objects of this class cannot be created on this token");
    }
}

void Api::C_DestroyObject(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject) {
    const auto session = module().session(hSession);
    Token& token = session->token();
    const auto object = token.object(hObject);
    if (object->is_session_object()) {
        require(object->attributes.is_true(CKA_DESTROYABLE), CKR_ACTION_PROHIBITED,
                "CKA_DESTROYABLE is false");
        token.drop_session_object(hObject);
        return;
    }
    require(session->is_read_write(), CKR_SESSION_READ_ONLY,
            "objects on the card are destroyed in a read-write session");
    erase_certificate(*session, *object);
}

}  // namespace jeton::pkcs11
