// A PIN as a card keeps it: what it opens, and how often it may still be tried.
#pragma once

#include <algorithm>

#include "softcard/response.hpp"
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

/// told_tries is 63Cx for |tries|, of which an answer can tell 15.
inline StatusWord told_tries(unsigned tries) {
    constexpr unsigned most_told = 15;
    return static_cast<StatusWord>(status::tries_left | std::min(tries, most_told));
}

}  // namespace jeton::softcard
