#pragma once

#include <stdexcept>

namespace jeton::crypto {

/// Error says that OpenSSL refused what should have worked (memory, a missing algorithm, or the application
/// has shut it down because the process exits), or that a caller broke a rule of a header here; bad input is
/// never an Error.
class Error final : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

}  // namespace jeton::crypto
