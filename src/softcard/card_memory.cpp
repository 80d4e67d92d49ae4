#include "softcard/card_memory.hpp"

#include <string>
#include <unistd.h>

#include "util/log.hpp"

namespace jeton::softcard {

void CardMemory::accept(const Version& version) {
    const std::lock_guard lock(m_mutex);
    m_judgement = Judgement{version, true};
}

/// Remembers that the content of |version| is no card, and tells it once.
void CardMemory::reject(const Version& version, const JsonError& error) {
    const std::lock_guard lock(m_mutex);
    const bool told = m_judgement && !m_judgement->good && m_judgement->version == version;
    if (!told) {
        log::error("software card {}: at \"{}\": expected {}, found {}; the card counts as absent",
                   m_storage->name(), error.pointer, error.expected, error.found);
    }
    m_judgement = Judgement{version, false};
}

std::optional<std::pair<CardState, Version>> CardMemory::read(const CardState* known) {
    const std::optional<Content> content = m_storage->read();
    if (!content) {
        if (const std::optional<Version> unreadable = m_storage->version()) {
            reject(
                *unreadable,
                {"", "a readable file of at most " + std::to_string(Storage::most_bytes) + " bytes", "none"});
        }
        return std::nullopt;
    }
    auto parsed = read_card(content->bytes, known);
    if (const auto* const error = std::get_if<JsonError>(&parsed)) {
        reject(content->version, *error);
        return std::nullopt;
    }
    accept(content->version);
    return std::pair(std::move(std::get<CardState>(parsed)), content->version);
}

bool CardMemory::usable() {
    const std::optional<Version> now = m_storage->version();
    if (!now) {
        return false;
    }
    {
        const std::lock_guard lock(m_mutex);
        if (m_judgement && m_judgement->version == *now) {
            return m_judgement->good;
        }
    }
    return read(nullptr).has_value();
}

bool CardMemory::load() {
    auto found = read(&m_state);
    if (!found) {
        m_version.reset();
        return false;
    }
    m_state = std::move(found->first);
    m_version = std::move(found->second);
    m_loader = getpid();
    return true;
}

bool CardMemory::refresh() {
    const std::optional<Version> now = m_storage->version();
    if (!m_version || !now || m_loader != getpid()) {
        return false;
    }
    if (*now == *m_version) {
        return true;
    }
    const Bytes before = identity_of(m_state);
    return load() && identity_of(m_state) == before;
}

void CardMemory::commit(CardState next) {
    const Version written = m_storage->write(write_card(next));
    accept(written);
    m_state = std::move(next);
    m_version = written;
}

}  // namespace jeton::softcard
