#include "pkcs11/session.hpp"

namespace jeton::pkcs11 {

CK_STATE Session::state() const {
    const auto role = m_token->login();
    if (!role) {
        return is_read_write() ? CKS_RW_PUBLIC_SESSION : CKS_RO_PUBLIC_SESSION;
    }
    if (*role == card::PinRole::so) {
        return CKS_RW_SO_FUNCTIONS;
    }
    return is_read_write() ? CKS_RW_USER_FUNCTIONS : CKS_RO_USER_FUNCTIONS;
}

void Session::end_all() {
    cancel<SearchOperation>();
    cancel<DigestOperation>();
    cancel<SignOperation>();
    cancel<VerifyOperation>();
    cancel<EncryptOperation>();
    cancel<DecryptOperation>();
}

std::shared_ptr<Session> SessionTable::open(CK_FLAGS flags, std::shared_ptr<Token> token) {
    auto session = std::make_shared<Session>(new_handle(), flags, std::move(token));
    const std::lock_guard lock(m_mutex);
    m_sessions.emplace(session->handle(), session);
    return session;
}

std::shared_ptr<Session> SessionTable::find(CK_SESSION_HANDLE handle) const {
    const std::lock_guard lock(m_mutex);
    const auto found = m_sessions.find(handle);
    require(found != m_sessions.end(), CKR_SESSION_HANDLE_INVALID, "no such session");
    return found->second;
}

void SessionTable::close(CK_SESSION_HANDLE handle) {
    std::shared_ptr<Session> session;
    bool was_last = true;
    {
        const std::lock_guard lock(m_mutex);
        const auto found = m_sessions.find(handle);
        require(found != m_sessions.end(), CKR_SESSION_HANDLE_INVALID, "no such session");
        session = std::move(found->second);
        m_sessions.erase(found);
        for (const auto& [other_handle, other] : m_sessions) {
            was_last = was_last && other->shared_token() != session->shared_token();
        }
    }
    session->end_all();
    session->token().drop_session_objects(handle);
    if (was_last) {
        session->token().end_login();
    }
}

void SessionTable::drop_token(const Token& token) {
    const std::lock_guard lock(m_mutex);
    std::erase_if(m_sessions, [&](const auto& entry) { return &entry.second->token() == &token; });
}

std::vector<std::shared_ptr<Session>> SessionTable::of_slot(CK_SLOT_ID id) const {
    std::vector<std::shared_ptr<Session>> sessions;
    const std::lock_guard lock(m_mutex);
    for (const auto& [handle, session] : m_sessions) {
        if (session->token().slot_id() == id) {
            sessions.push_back(session);
        }
    }
    return sessions;
}

}  // namespace jeton::pkcs11
