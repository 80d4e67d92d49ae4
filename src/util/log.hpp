// The log. By default warnings and errors go to syslog; nothing ever goes to the application's stderr
// unasked. Never pass a PIN or a key to it.
#pragma once

#include <fmt/core.h>
#include <string>
#include <string_view>

namespace jeton::log {

enum class Level { error, warn, info, debug, apdu };

/// configure sets level and destination from a text such as "debug" or "apdu:/tmp/jeton.log" (the form of
/// JETON_LOG). Returns false, and changes nothing, if |text| has another form.
bool configure(std::string_view text);

/// enabled tells whether a message of |level| would be kept: ask before computing an expensive one.
bool enabled(Level level);

/// write keeps one finished line.
void write(Level level, std::string_view line);

template <typename... Args>
void print(Level level, fmt::format_string<Args...> format, Args&&... args) {
    if (enabled(level)) {
        write(level, fmt::format(format, std::forward<Args>(args)...));
    }
}

template <typename... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
    print(Level::error, format, std::forward<Args>(args)...);
}

template <typename... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
    print(Level::warn, format, std::forward<Args>(args)...);
}

template <typename... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
    print(Level::info, format, std::forward<Args>(args)...);
}

template <typename... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
    print(Level::debug, format, std::forward<Args>(args)...);
}

}  // namespace jeton::log
