// How a verb fails.
#pragma once

#include <stdexcept>

namespace jeton::tool {

/// ExitCode is what the command tells the shell; docs/softcard.md explains it to people.
enum ExitCode : int {
    exit_done = 0,
    exit_failed = 1,  ///< what was asked for could not be done; standard error says why and what to do
    exit_usage = 2,   ///< the command line is wrong
};

/// Failure is a sentence for the person at the terminal: what went wrong and what to do.
class Failure final : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace jeton::tool
