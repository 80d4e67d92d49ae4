// Session: at most one operation of each kind. An operation is taken out while it works, so that no lock is
// held meanwhile; "active" and "not initialised" arise here and nowhere else.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <tuple>
#include <utility>
#include <vector>

#include "pkcs11/cipher_operation.hpp"
#include "pkcs11/digest_operation.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/output.hpp"
#include "pkcs11/sign_operation.hpp"
#include "pkcs11/token.hpp"

namespace jeton::pkcs11 {

/// SearchOperation holds what C_FindObjects has not given out yet.
struct SearchOperation {
    std::vector<CK_OBJECT_HANDLE> found;
    std::size_t next = 0;
};

class Session;

/// Taken is an operation that a call took out of its session. Unless keep() is said, the operation ends with
/// it; an exception ends it too. If the session was closed or the operation cancelled meanwhile, it is
/// dropped.
template <typename Operation>
class Taken {
  public:
    Taken(std::shared_ptr<Session> session, std::unique_ptr<Operation> operation, std::uint64_t epoch)
        : m_session(std::move(session)), m_operation(std::move(operation)), m_epoch(epoch) {}
    Taken(const Taken&) = delete;  // one call works on it
    Taken& operator=(const Taken&) = delete;
    ~Taken();

    Operation* operator->() const { return m_operation.get(); }
    Operation& operator*() const { return *m_operation; }
    void keep() { m_keep = true; }

    /// ready answers a length query and a buffer that is too short, both of which keep the operation as it
    /// is; true when the caller's buffer takes |needed| bytes.
    bool ready(Output& output, std::size_t needed) {
        if (!output.is_query() && output.has_room(needed)) {
            return true;
        }
        keep();
        output.tell(needed);
        require(output.is_query(), CKR_BUFFER_TOO_SMALL, "the output buffer is too short");
        return false;
    }

  private:
    std::shared_ptr<Session> m_session;
    std::unique_ptr<Operation> m_operation;
    std::uint64_t m_epoch;
    bool m_keep = false;
};

class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(CK_SESSION_HANDLE handle, CK_FLAGS flags, std::shared_ptr<Token> token)
        : m_handle(handle), m_flags(flags), m_token(std::move(token)) {}

    CK_SESSION_HANDLE handle() const { return m_handle; }
    CK_FLAGS flags() const { return m_flags; }
    bool is_read_write() const { return (m_flags & CKF_RW_SESSION) != 0; }
    Token& token() const { return *m_token; }
    const std::shared_ptr<Token>& shared_token() const { return m_token; }
    CK_STATE state() const;

    /// require_idle: OPERATION_ACTIVE when an operation of this kind is there.
    template <typename Operation>
    void require_idle() {
        const std::lock_guard lock(m_mutex);
        require_idle_locked(cell<Operation>());
    }

    /// start puts a fresh operation in.
    template <typename Operation>
    void start(std::unique_ptr<Operation> operation) {
        const std::lock_guard lock(m_mutex);
        auto& place = cell<Operation>();
        require_idle_locked(place);
        place.operation = std::move(operation);
    }

    /// take gives the active operation to the caller: OPERATION_NOT_INITIALIZED, or OPERATION_ACTIVE while
    /// another thread works on it.
    template <typename Operation>
    Taken<Operation> take() {
        const std::lock_guard lock(m_mutex);
        auto& place = cell<Operation>();
        require(!place.busy, CKR_OPERATION_ACTIVE, "another thread works on this operation");
        require(place.operation != nullptr, CKR_OPERATION_NOT_INITIALIZED,
                "no operation of this kind is active");
        place.busy = true;
        return Taken<Operation>(shared_from_this(), std::move(place.operation), place.epoch);
    }

    /// cancel ends the operation of this kind, if there is one, also while another thread works on it.
    template <typename Operation>
    void cancel() {
        const std::lock_guard lock(m_mutex);
        auto& place = cell<Operation>();
        place.operation.reset();
        place.busy = false;
        ++place.epoch;
    }

    /// visit gives |look| the active operation of this kind, or null, under the lock.
    template <typename Operation, typename Look>
    auto visit(Look&& look) {
        const std::lock_guard lock(m_mutex);
        return look(cell<Operation>().operation.get());
    }

    /// end_all cancels everything.
    void end_all();

  private:
    template <typename Operation>
    friend class Taken;

    template <typename Operation>
    struct Cell {
        std::unique_ptr<Operation> operation;
        bool busy = false;
        std::uint64_t epoch = 0;
    };

    template <typename Operation>
    Cell<Operation>& cell() {
        return std::get<Cell<Operation>>(m_cells);
    }

    template <typename Place>
    static void require_idle_locked(const Place& place) {
        require(!place.busy && place.operation == nullptr, CKR_OPERATION_ACTIVE,
                "an operation of this kind is active");
    }

    template <typename Operation>
    void give_back(std::unique_ptr<Operation> operation, std::uint64_t epoch) {
        const std::lock_guard lock(m_mutex);
        auto& place = cell<Operation>();
        if (place.epoch == epoch) {
            place.busy = false;
            place.operation = std::move(operation);
        }
    }

    const CK_SESSION_HANDLE m_handle;
    const CK_FLAGS m_flags;
    const std::shared_ptr<Token> m_token;
    std::mutex m_mutex;
    std::tuple<Cell<SearchOperation>, Cell<DigestOperation>, Cell<SignOperation>, Cell<VerifyOperation>,
               Cell<EncryptOperation>, Cell<DecryptOperation>>
        m_cells;
};

template <typename Operation>
Taken<Operation>::~Taken() {
    m_session->template give_back<Operation>(m_keep ? std::move(m_operation) : nullptr, m_epoch);
}

/// SessionTable owns the open sessions.
class SessionTable {
  public:
    std::shared_ptr<Session> open(CK_FLAGS flags, std::shared_ptr<Token> token);

    /// find: SESSION_HANDLE_INVALID.
    std::shared_ptr<Session> find(CK_SESSION_HANDLE handle) const;

    /// close ends a session with its session objects; the last one of a token ends the login too.
    void close(CK_SESSION_HANDLE handle);

    /// drop_token forgets all sessions of a token whose card is gone.
    void drop_token(const Token& token);

    std::vector<std::shared_ptr<Session>> of_slot(CK_SLOT_ID id) const;

  private:
    mutable std::mutex m_mutex;
    std::map<CK_SESSION_HANDLE, std::shared_ptr<Session>> m_sessions;
};

}  // namespace jeton::pkcs11
