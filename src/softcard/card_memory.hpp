// A card's non-volatile memory: its CardState, kept equal to a Storage.
#pragma once

#include <concepts>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/types.h>
#include <utility>

#include "softcard/card_json.hpp"
#include "softcard/card_state.hpp"
#include "softcard/storage.hpp"

namespace jeton::softcard {

class CardMemory {
  public:
    explicit CardMemory(std::unique_ptr<Storage> storage) : m_storage(std::move(storage)) {}

    /// usable tells whether there is a card that can be read. It looks at the content only when that changed,
    /// leaves state() alone and may be called from any thread.
    bool usable();

    /// load reads the card afresh, whichever it is; false when there is none.
    bool load();

    /// refresh reads the card again if somebody else changed it; false when it is gone or has become another
    /// card, and in a forked child, whose secret memory is empty until load() fills it.
    bool refresh();

    const CardState& state() const { return m_state; }

    /// change carries out |edit| on the state, durably before it returns. Throws std::system_error when the
    /// storage refuses; the state stays as it was then.
    template <std::invocable<CardState&> Edit>
    void change(Edit&& edit) {
        CardState next = m_state;
        edit(next);
        commit(std::move(next));
    }

  private:
    std::optional<std::pair<CardState, Version>> read(const CardState* known);
    void accept(const Version& version);
    void reject(const Version& version, const JsonError& error);
    void commit(CardState next);

    struct Judgement {
        Version version;
        bool good = false;
    };

    std::unique_ptr<Storage> m_storage;
    CardState m_state;
    std::optional<Version> m_version;  ///< of m_state
    pid_t m_loader = -1;               ///< the process that filled m_state
    std::mutex m_mutex;                ///< guards m_judgement
    std::optional<Judgement> m_judgement;
};

}  // namespace jeton::softcard
