// A PIN as a card keeps it: what it opens, and how often it may still be tried.
#pragma once

#include "softcard/sealing.hpp"

namespace jeton::softcard {

inline constexpr unsigned standard_tries = 3;
inline constexpr unsigned largest_tries = 255;

/// Pin is any secret that a person enters: a PIN, a PUK, an administrator's PIN.
struct Pin {
    Wrapped wrapped;
    unsigned tries = standard_tries;
    unsigned most_tries = standard_tries;  ///< what |tries| becomes when the PIN was right
    bool is_factory_value = false;
};

}  // namespace jeton::softcard
