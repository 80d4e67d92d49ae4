// Module: everything between C_Initialize and C_Finalize.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <vector>

#include "card/profile_set.hpp"
#include "pkcs11/ck.hpp"
#include "pkcs11/config.hpp"
#include "pkcs11/session.hpp"
#include "pkcs11/slot.hpp"
#include "util/files.hpp"

namespace jeton::pkcs11 {

class ModuleReference;

class Module {
  public:
    explicit Module(Config config);
    ~Module();
    Module(const Module&) = delete;  // there is one
    Module& operator=(const Module&) = delete;

    /// current is a reference to the module of this process; empty before C_Initialize, after C_Finalize, and
    /// in a forked child until it calls C_Initialize itself. Takes no lock.
    static ModuleReference current();

    /// start makes the module; CRYPTOKI_ALREADY_INITIALIZED when there is one.
    static void start(Config config);

    /// stop ends it. Calls that are still running keep it alive until they return.
    static void stop();

    const Config& config() const { return m_config; }

    /// profiles are read at the first use, once.
    const card::ProfileSet& profiles();

    /// refresh_slots looks for readers that came since the last time, and makes the slots that cards with
    /// several tokens need. Sends nothing to a card.
    void refresh_slots();

    /// meet_cards recognises the cards that are new, and makes the slots that they need.
    void meet_cards();
    std::vector<std::shared_ptr<Slot>> slots();

    /// wait_for_event gives a slot in which a reader or a card came or went; while there is none it waits in
    /// the caller's thread, unless |blocking| is false: NO_EVENT. CRYPTOKI_NOT_INITIALIZED when stop() ended
    /// the wait.
    CK_SLOT_ID wait_for_event(bool blocking);

    /// slot finds a slot; SLOT_ID_INVALID.
    std::shared_ptr<Slot> slot(CK_SLOT_ID id);

    SessionTable& sessions() { return m_sessions; }

    /// session finds an open session whose token is still there; SESSION_HANDLE_INVALID.
    std::shared_ptr<Session> session(CK_SESSION_HANDLE handle);

    /// close_sessions closes all sessions of a slot and, when there were any, ends its login.
    void close_sessions(CK_SLOT_ID id);

  private:
    friend class ModuleReference;

    bool stopping() const;
    CardFinder card_finder();
    void append_slots();

    const Config m_config;
    std::once_flag m_profiles_once;
    card::ProfileSet m_profiles;
    std::mutex m_slots_mutex;
    std::vector<std::shared_ptr<Slot>> m_slots;
    bool m_looked = false;      ///< for readers, at least once
    const UniqueFd m_stopping;  ///< an eventfd that stop() signals
    SessionTable m_sessions;

    std::atomic<long> m_references{1};
    const int m_pid;
};

/// ModuleReference keeps the module alive while a call runs.
class ModuleReference {
  public:
    ModuleReference() = default;
    explicit ModuleReference(Module* module) : m_module(module) {}
    ModuleReference(ModuleReference&& other) noexcept : m_module(std::exchange(other.m_module, nullptr)) {}
    ModuleReference(const ModuleReference&) = delete;
    ModuleReference& operator=(const ModuleReference&) = delete;
    ~ModuleReference();

    explicit operator bool() const { return m_module != nullptr; }
    Module* get() const { return m_module; }

  private:
    Module* m_module = nullptr;
};

}  // namespace jeton::pkcs11
