#include "util/log.hpp"

#include <array>
#include <atomic>
#include <ctime>
#include <fcntl.h>
#include <fmt/chrono.h>
#include <mutex>
#include <syslog.h>
#include <unistd.h>

#include "util/files.hpp"

namespace jeton::log {

namespace {

struct LevelName {
    std::string_view name;
    Level level;
    int priority;  ///< of syslog(3)
};

constexpr std::array<LevelName, 5> level_names{{{"error", Level::error, LOG_ERR},
                                                {"warn", Level::warn, LOG_WARNING},
                                                {"info", Level::info, LOG_INFO},
                                                {"debug", Level::debug, LOG_DEBUG},
                                                {"apdu", Level::apdu, LOG_DEBUG}}};

struct Sink {
    std::mutex mutex;
    UniqueFd file;  ///< none: syslog
};

std::atomic<Level> current_level{Level::warn};

/// Never destroyed: calls that arrive while the process exits may still log.
Sink& sink() {
    static Sink* instance = new Sink;
    return *instance;
}

}  // namespace

bool configure(std::string_view text) {
    const std::string_view name = text.substr(0, text.find(':'));
    for (const LevelName& row : level_names) {
        if (row.name != name) {
            continue;
        }
        UniqueFd file;
        if (name.size() < text.size()) {
            const std::string path(text.substr(name.size() + 1));
            file = UniqueFd(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
            if (!file) {
                return false;
            }
        }
        const std::lock_guard lock(sink().mutex);
        sink().file = std::move(file);
        current_level = row.level;
        return true;
    }
    return false;
}

bool enabled(Level level) {
    return level <= current_level.load(std::memory_order_relaxed);
}

void write(Level level, std::string_view line) {
    const LevelName& row = level_names.at(static_cast<std::size_t>(level));
    const std::lock_guard lock(sink().mutex);
    if (!sink().file) {
        syslog(LOG_USER | row.priority, "jeton: %.*s", static_cast<int>(line.size()), line.data());
        return;
    }
    std::tm now{};
    const std::time_t seconds = std::time(nullptr);
    localtime_r(&seconds, &now);
    const std::string text = fmt::format("{:%F %T} {} {}: {}\n", now, getpid(), row.name, line);
    // A log that cannot be written must not stop the signature that it tells about.
    [[maybe_unused]] const ssize_t written = ::write(sink().file.get(), text.data(), text.size());
}

}  // namespace jeton::log
