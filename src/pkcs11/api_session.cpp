// Sessions and login (PKCS#11 3.2, 5.7).
#include <algorithm>
#include <array>

#include "pkcs11/api.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/output.hpp"

namespace jeton::pkcs11 {

namespace {

card::PinRole role_of(CK_USER_TYPE type) {
    require(type == CKU_USER || type == CKU_SO, CKR_USER_TYPE_INVALID, "no such user type");
    return type == CKU_USER ? card::PinRole::user : card::PinRole::so;
}

/// waiting_key is the card key of the active operation, if it is one that wants a login of its own.
template <typename Operation>
std::optional<std::size_t> waiting_key(Session& session) {
    return session.visit<Operation>([](const Operation* operation) -> std::optional<std::size_t> {
        const bool waits = operation != nullptr && operation->always_authenticates();
        return waits ? std::optional(operation->key_index()) : std::nullopt;
    });
}

template <typename Operation>
void set_authenticated(Session& session) {
    session.visit<Operation>([](Operation* operation) {
        if (operation != nullptr) {
            operation->set_authenticated();
        }
    });
}

void login_for_operation(Session& session, std::optional<View> pin) {
    const auto signing = waiting_key<SignOperation>(session);
    const auto key = signing ? signing : waiting_key<DecryptOperation>(session);
    require(key.has_value(), CKR_OPERATION_NOT_INITIALIZED, "no active operation wants a login of its own");
    require(session.token().login() == card::PinRole::user, CKR_USER_NOT_LOGGED_IN,
            "the user is not logged in");
    card::Burst burst = session.token().card().begin();
    if (pin) {
        burst.login_for_key(*key, *pin);
    } else {
        burst.login_for_key_on_pad(*key);
    }
    if (signing) {
        set_authenticated<SignOperation>(session);
    } else {
        set_authenticated<DecryptOperation>(session);
    }
}

/// A kind of operation that C_SessionCancel can end, by its bit.
struct CancelRow {
    CK_FLAGS flag;
    void (*cancel)(Session&);
};

constexpr std::array cancel_rows{
    CancelRow{CKF_FIND_OBJECTS, [](Session& session) { session.cancel<SearchOperation>(); }},
    CancelRow{CKF_DIGEST, [](Session& session) { session.cancel<DigestOperation>(); }},
    CancelRow{CKF_SIGN, [](Session& session) { session.cancel<SignOperation>(); }},
    CancelRow{CKF_VERIFY, [](Session& session) { session.cancel<VerifyOperation>(); }},
    CancelRow{CKF_ENCRYPT, [](Session& session) { session.cancel<EncryptOperation>(); }},
    CancelRow{CKF_DECRYPT, [](Session& session) { session.cancel<DecryptOperation>(); }},
};

}  // namespace

void Api::C_OpenSession(CK_SLOT_ID slotID, CK_FLAGS flags, CK_VOID_PTR, CK_NOTIFY,
                        CK_SESSION_HANDLE_PTR phSession) {
    require(phSession != nullptr, CKR_ARGUMENTS_BAD, "phSession is null");
    require((flags & CKF_SERIAL_SESSION) != 0, CKR_SESSION_PARALLEL_NOT_SUPPORTED,
            "CKF_SERIAL_SESSION is not set");
    require((flags & CKF_ASYNC_SESSION) == 0, CKR_SESSION_ASYNC_NOT_SUPPORTED,
            "asynchronous sessions are not supported");
    const auto token = module().slot(slotID)->token();
    const bool read_only = (flags & CKF_RW_SESSION) == 0;
    require(!read_only || token->login() != card::PinRole::so, CKR_SESSION_READ_WRITE_SO_EXISTS,
            "the SO is logged in, who has read-write sessions only");
    *phSession = module().sessions().open(flags & (CKF_SERIAL_SESSION | CKF_RW_SESSION), token)->handle();
}

void Api::C_CloseSession(CK_SESSION_HANDLE hSession) {
    module().session(hSession)->token().card().let_go();
    module().sessions().close(hSession);
}

void Api::C_CloseAllSessions(CK_SLOT_ID slotID) {
    module().slot(slotID);
    module().close_sessions(slotID);
}

void Api::C_GetSessionInfo(CK_SESSION_HANDLE hSession, CK_SESSION_INFO_PTR pInfo) {
    const auto session = module().session(hSession);
    require(pInfo != nullptr, CKR_ARGUMENTS_BAD, "pInfo is null");
    *pInfo = {session->token().slot_id(), session->state(), session->flags(), 0};
}

void Api::C_Login(CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin,
                  CK_ULONG ulPinLen) {
    const auto session = module().session(hSession);
    const bool has_pad = session->token().card().has_pad(reader::PadUse::verify);
    if (userType == CKU_CONTEXT_SPECIFIC) {
        login_for_operation(*session, pin_or_pad(pPin, ulPinLen, has_pad));
        return;
    }
    const card::PinRole role = role_of(userType);
    if (role == card::PinRole::so) {
        const auto all = module().sessions().of_slot(session->token().slot_id());
        const bool has_read_only =
            std::ranges::any_of(all, [](const auto& other) { return !other->is_read_write(); });
        require(!has_read_only, CKR_SESSION_READ_ONLY_EXISTS, "a read-only session is open");
    }
    session->token().log_in(role, pin_or_pad(pPin, ulPinLen, has_pad && role == card::PinRole::user));
}

void Api::C_LoginUser(CK_SESSION_HANDLE hSession, CK_USER_TYPE userType, CK_UTF8CHAR_PTR pPin,
                      CK_ULONG ulPinLen, CK_UTF8CHAR_PTR pUsername, CK_ULONG ulUsernameLen) {
    input(pUsername, ulUsernameLen);
    require(ulUsernameLen == 0, CKR_USER_TYPE_INVALID, "this token knows no users by name");
    C_Login(hSession, userType, pPin, ulPinLen);
}

void Api::C_Logout(CK_SESSION_HANDLE hSession) {
    const auto session = module().session(hSession);
    session->token().log_out();
    for (const auto& other : module().sessions().of_slot(session->token().slot_id())) {
        other->cancel<SignOperation>();
        other->cancel<DecryptOperation>();
    }
}

void Api::C_SessionCancel(CK_SESSION_HANDLE hSession, CK_FLAGS flags) {
    const auto session = module().session(hSession);
    for (const CancelRow& row : cancel_rows) {
        if ((flags & row.flag) != 0) {
            row.cancel(*session);
        }
    }
    session->token().card().let_go();
}

void Api::C_GetSessionValidationFlags(CK_SESSION_HANDLE hSession, CK_SESSION_VALIDATION_FLAGS_TYPE,
                                      CK_FLAGS_PTR pFlags) {
    module().session(hSession);
    require(pFlags != nullptr, CKR_ARGUMENTS_BAD, "pFlags is null");
    *pFlags = 0;  // there are no validation objects
}

}  // namespace jeton::pkcs11
