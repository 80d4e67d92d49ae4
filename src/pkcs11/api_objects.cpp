// Objects: search, attributes, creation, changes and removal (PKCS#11 3.2, 5.7.1 to 5.7.9).
#include <algorithm>
#include <array>

#include "pkcs11/api.hpp"
#include "pkcs11/attribute_rules.hpp"
#include "pkcs11/card_keys.hpp"
#include "pkcs11/card_objects.hpp"
#include "pkcs11/card_secret_keys.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/object_changes.hpp"
#include "pkcs11/session_objects.hpp"

namespace jeton::pkcs11 {

namespace {

using Create = CK_OBJECT_HANDLE (*)(Module&, Session&, const Template&);

/// How objects of one class come into being, on the token and as session objects.
struct CreatorRow {
    CK_OBJECT_CLASS object_class;
    Create on_token;
    Create in_session;
};

template <CK_OBJECT_HANDLE (*create)(Session&, const Template&)>
CK_OBJECT_HANDLE without_module(Module&, Session& session, const Template& given) {
    return create(session, given);
}

// The functions that know one place alone refuse the other with a sentence.
constexpr std::array creators{
    CreatorRow{CKO_CERTIFICATE, write_certificate, without_module<create_session_certificate>},
    CreatorRow{CKO_DATA, write_data, without_module<create_session_data>},
    CreatorRow{CKO_PUBLIC_KEY, without_module<find_public_key>, without_module<create_session_public_key>},
    CreatorRow{CKO_PRIVATE_KEY, import_private_key, import_private_key},
    CreatorRow{CKO_SECRET_KEY, import_secret_key, without_module<create_secret_key>},
};

}  // namespace

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
    const auto* const row = std::ranges::find(creators, object_class, &CreatorRow::object_class);
    require(row != creators.end(), CKR_ATTRIBUTE_VALUE_INVALID, "objects of this class are not created");
    const bool on_token = given.flag(CKA_TOKEN).value_or(false);
    *phObject = (on_token ? row->on_token : row->in_session)(module(), *session, given);
}

void Api::C_CopyObject(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ATTRIBUTE_PTR pTemplate,
                       CK_ULONG ulCount, CK_OBJECT_HANDLE_PTR phNewObject) {
    const auto session = module().session(hSession);
    require(phNewObject != nullptr, CKR_ARGUMENTS_BAD, "phNewObject is null");
    const Template given(pTemplate, ulCount);
    *phNewObject = copy_object(*session, *session->token().object(hObject), given);
}

void Api::C_DestroyObject(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject) {
    const auto session = module().session(hSession);
    destroy_object(*session, *session->token().object(hObject));
}

void Api::C_GetObjectSize(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject, CK_ULONG_PTR pulSize) {
    const auto session = module().session(hSession);
    require(pulSize != nullptr, CKR_ARGUMENTS_BAD, "pulSize is null");
    *pulSize = object_size(*session->token().object(hObject));
}

void Api::C_SetAttributeValue(CK_SESSION_HANDLE hSession, CK_OBJECT_HANDLE hObject,
                              CK_ATTRIBUTE_PTR pTemplate, CK_ULONG ulCount) {
    const auto session = module().session(hSession);
    const Template given(pTemplate, ulCount);
    set_attributes(*session, *session->token().object(hObject), given);
}

}  // namespace jeton::pkcs11
