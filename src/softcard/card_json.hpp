// The text of a card's file.
#pragma once

#include <string>
#include <variant>

#include "softcard/card_state.hpp"
#include "util/json.hpp"

namespace jeton::softcard {

/// write_card gives |state| as JSON text.
SecretBytes write_card(const CardState& state);

/// read_card takes a card's text apart; every member is checked, but for the private keys that |known|, what
/// was read before, has just so: that takes longest. JsonError says what is wrong without quoting secrets.
std::variant<CardState, JsonError> read_card(View text, const CardState* known = nullptr);

}  // namespace jeton::softcard
