#include "pkcs11/module.hpp"

#include <algorithm>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "card/tokens.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/reader_places.hpp"
#include "reader/hotplug_hints.hpp"

namespace jeton::pkcs11 {

namespace {

// Constant-initialised and never destroyed, so that calls during process exit find them.
std::atomic<Module*> g_module{nullptr};
/// How many threads are between reading g_module and counting themselves in.
std::atomic<long> g_entering{0};
std::atomic<bool> g_fork_handler{false};

/// How often somebody who waits looks at the cards.
constexpr Milliseconds look_interval{500};

/// In a forked child the module is the parent's: it is left alone, because other threads of the parent may
/// have held its locks, and the child starts from nothing.
void forget_in_child() {
    g_module.store(nullptr);
    g_entering.store(0);
}

}  // namespace

Module::Module(Config config)
    : m_config(std::move(config)), m_stopping(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), m_pid(getpid()) {}

Module::~Module() = default;

ModuleReference Module::current() {
    g_entering.fetch_add(1);
    Module* module = g_module.load();
    if (module != nullptr && module->m_pid != getpid()) {
        module = nullptr;  // forked without the handler (vfork, clone)
    }
    if (module != nullptr) {
        module->m_references.fetch_add(1);
    }
    g_entering.fetch_sub(1);
    return ModuleReference(module);
}

void Module::start(Config config) {
    if (!g_fork_handler.exchange(true)) {
        pthread_atfork(nullptr, nullptr, forget_in_child);
    }
    auto fresh = std::make_unique<Module>(std::move(config));
    Module* present = g_module.load();
    while (present == nullptr || present->m_pid != getpid()) {
        if (g_module.compare_exchange_weak(present, fresh.get())) {
            fresh.release();  // NOLINT: stop() and the last ModuleReference own it now
            return;
        }
    }
    throw Error(CKR_CRYPTOKI_ALREADY_INITIALIZED, "C_Initialize was called before");
}

void Module::stop() {
    Module* module = g_module.exchange(nullptr);
    if (module == nullptr) {
        throw Error(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Finalize was called by another thread");
    }
    eventfd_write(module->m_stopping.get(), 1);
    while (g_entering.load() != 0) {
        sched_yield();
    }
    const ModuleReference last(module);
}

ModuleReference::~ModuleReference() {
    if (m_module != nullptr && m_module->m_references.fetch_sub(1) == 1) {
        delete m_module;
    }
}

const card::ProfileSet& Module::profiles() {
    std::call_once(m_profiles_once, [this] { m_profiles = card::ProfileSet::load(m_config.profile_layers); });
    return m_profiles;
}

CardFinder Module::card_finder() {
    return {.all =
                [this](reader::CardLink& link, Milliseconds patience) {
                    return card::recognise_tokens(link, profiles(), m_config.tokens, patience);
                },
            .again = [this](const card::Card& card) { return card::recognise_again(card, profiles()); }};
}

void Module::refresh_slots() {
    const std::vector<reader::ReaderPlace> places = find_reader_places(m_config);
    {
        const std::lock_guard lock(m_slots_mutex);
        for (const reader::ReaderPlace& place : places) {
            const auto known = [&](const auto& slot) { return slot->opening().key() == place.key; };
            if (std::ranges::any_of(m_slots, known)) {
                continue;
            }
            const auto reader = std::make_shared<reader::Reader>(place);
            for (std::size_t index = 0; index < place.openings; ++index) {
                auto opening = std::make_shared<CardOpening>(reader, index, card_finder(), m_looked);
                m_slots.push_back(std::make_shared<Slot>(std::move(opening), 0, m_looked));
            }
        }
        m_looked = true;
    }
    append_slots();
}

void Module::append_slots() {
    const std::lock_guard lock(m_slots_mutex);
    const std::vector<std::shared_ptr<Slot>> before = m_slots;
    for (const auto& first : before) {
        const auto is_beside = [&](const auto& slot) { return &slot->opening() == &first->opening(); };
        std::size_t count = static_cast<std::size_t>(std::ranges::count_if(m_slots, is_beside));
        for (; first->is_first() && count < first->opening().slots(); ++count) {
            m_slots.push_back(
                std::make_shared<Slot>(first->shared_opening(), count, first->opening().is_new()));
        }
    }
    std::ranges::sort(m_slots, {}, [](const auto& slot) { return slot->id(); });
}

void Module::meet_cards() {
    for (const auto& slot : slots()) {
        if (slot->is_first() && slot->present()) {
            slot->opening().meet();
        }
    }
    append_slots();
}

bool Module::stopping() const {
    pollfd descriptor{m_stopping.get(), POLLIN, 0};
    return poll(&descriptor, 1, 0) > 0;
}

CK_SLOT_ID Module::wait_for_event(bool blocking) {
    std::optional<reader::HotplugHints> hints;
    if (blocking) {
        hints.emplace(hotplug_directories(m_config));
    }
    while (!stopping()) {
        refresh_slots();
        for (const auto& slot : slots()) {
            if (slot->take_event()) {
                return slot->id();
            }
        }
        require(hints.has_value(), CKR_NO_EVENT, "nothing came or went");
        hints->wait(m_stopping.get(), look_interval);
    }
    throw Error(CKR_CRYPTOKI_NOT_INITIALIZED, "C_Finalize was called by another thread");
}

std::vector<std::shared_ptr<Slot>> Module::slots() {
    const std::lock_guard lock(m_slots_mutex);
    return m_slots;
}

std::shared_ptr<Slot> Module::slot(CK_SLOT_ID id) {
    const auto found = [&]() -> std::shared_ptr<Slot> {
        const std::lock_guard lock(m_slots_mutex);
        const auto at = std::ranges::find(m_slots, id, [](const auto& slot) { return slot->id(); });
        return at == m_slots.end() ? nullptr : *at;
    };
    if (auto slot = found()) {
        return slot;
    }
    refresh_slots();  // an application may come with an id that it kept from before
    auto slot = found();
    if (slot == nullptr) {
        meet_cards();
        slot = found();
    }
    require(slot != nullptr, CKR_SLOT_ID_INVALID, "no such slot");
    return slot;
}

std::shared_ptr<Session> Module::session(CK_SESSION_HANDLE handle) {
    auto session = m_sessions.find(handle);
    if (!session->token().alive()) {
        m_sessions.drop_token(session->token());
        throw Error(CKR_SESSION_HANDLE_INVALID, "the card of this session was removed");
    }
    return session;
}

void Module::close_sessions(CK_SLOT_ID id) {
    for (const auto& session : m_sessions.of_slot(id)) {
        m_sessions.close(session->handle());
    }
}

}  // namespace jeton::pkcs11
