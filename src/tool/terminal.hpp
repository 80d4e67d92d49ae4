// Questions to the person at the terminal.
#pragma once

#include <string>

namespace jeton::tool {

/// has_terminal tells whether somebody can answer: standard input is a terminal.
bool has_terminal();

/// ask_secret asks without showing the answer. Throws Failure at the end of input or an interrupt.
std::string ask_secret(const std::string& question);

/// ask_new_secret asks twice, and again until both answers agree.
std::string ask_new_secret(const std::string& what);

/// ask_yes asks and takes only "y" or "yes" as consent.
bool ask_yes(const std::string& question);

}  // namespace jeton::tool
