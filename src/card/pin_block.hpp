// From a PIN as people type it to the bytes that a card compares.
#pragma once

#include <optional>

#include "card/error.hpp"
#include "card/profile.hpp"
#include "util/secret.hpp"

namespace jeton::card {

/// pin_block checks length and characters of |value| by |rule|, encodes and pads it. Throws Error(pin_form).
SecretBytes pin_block(const PinRule& rule, View value, Verb verb);

/// secret_from_hex reads hexadecimal digits without leaving copies behind; nullopt for anything else.
std::optional<SecretBytes> secret_from_hex(View digits);

}  // namespace jeton::card
