#include <algorithm>
#include <sys/stat.h>
#include <utility>

#include "reader/fault_injector.hpp"
#include "util/files.hpp"
#include "util/log.hpp"

namespace jeton::reader {

FaultControl::FileVersion FaultControl::file_version() const {
    struct stat status{};
    if (stat(m_file.c_str(), &status) != 0) {
        return {};
    }
    return {static_cast<std::uint64_t>(status.st_ino), static_cast<std::int64_t>(status.st_size),
            static_cast<std::int64_t>(status.st_mtim.tv_sec),
            static_cast<std::int64_t>(status.st_mtim.tv_nsec)};
}

void FaultControl::look() {
    const FileVersion now = file_version();
    if (now == m_version) {
        return;
    }
    m_version = now;
    const auto text = read_file(m_file, longest_fault_plan);
    if (!text && now.size >= 0) {
        log::warn("fault plan left out: {}: not a readable file of at most {} bytes", m_file.string(),
                  longest_fault_plan);
    }
    auto parsed = parse_fault_plan(text ? to_text(*text) : std::string());
    if (const auto* mistake = std::get_if<FaultMistake>(&parsed)) {
        log::warn("fault plan left out: {}: line {}: expected {}", m_file.string(), mistake->line,
                  mistake->expected);
        parsed = FaultPlan();
    }
    start(std::move(std::get<FaultPlan>(parsed)));
}

void FaultControl::start(FaultPlan plan) {
    log::info("fault plan: {} faults", plan.size());
    m_plan = std::move(plan);
    ++m_generation;
    m_messages = 0;
    m_status.reset();
    m_plugged = true;
    if (m_in_reader != InReader::own) {
        put_in(InReader::own);
    }
}

void FaultControl::put_in(InReader card) {
    m_in_reader = card;
    ++m_insertion;
}

const Fault* FaultControl::next_message() {
    ++m_messages;
    m_status.reset();
    const auto due = std::find_if(m_plan.begin(), m_plan.end(),
                                  [&](const Fault& fault) { return fault.message == m_messages; });
    if (due == m_plan.end()) {
        return nullptr;
    }
    if (due->kind == Fault::Kind::pull) {
        put_in(InReader::none);
    } else if (due->kind == Fault::Kind::swap) {
        m_other_card = due->card;
        put_in(InReader::other);
    } else if (due->kind == Fault::Kind::unplug) {
        m_plugged = false;
    } else if (due->kind == Fault::Kind::status) {
        m_status = static_cast<std::uint16_t>(due->value.value_or(0));
    }
    return &*due;
}

std::optional<std::uint16_t> FaultControl::take_status() {
    return std::exchange(m_status, std::nullopt);
}

}  // namespace jeton::reader
