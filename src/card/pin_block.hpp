// From a PIN as people type it to the bytes that a card compares.
#pragma once

#include <array>
#include <optional>

#include "card/error.hpp"
#include "card/profile.hpp"
#include "reader/card_link.hpp"
#include "util/secret.hpp"

namespace jeton::card {

/// pin_block checks length and characters of |value| by |rule|, encodes and pads it. Throws Error(pin_form).
SecretBytes pin_block(const PinRule& rule, View value, Verb verb);

/// pad_entry is |rule| as a PIN pad needs it, for the command that begins with |header|. Throws
/// Error(unsupported) for a PIN that no pad makes: not of ASCII digits, or in too long a field.
reader::PinEntry pad_entry(const PinRule& rule, std::array<Byte, 4> header, Verb verb);

/// suits_pad tells whether the PIN may be typed on a pad: by its form, and as the profile wants it.
bool suits_pad(const PinRule& rule);

/// pad_answer turns what a pad says itself into status words of cards: 6286 (no input) when nobody typed or
/// somebody cancelled, 6A80 for two different new PINs. Throws Error(pin_form) for a wrong number of digits.
StatusWord pad_answer(const PinRule& rule, StatusWord answer, Verb verb);

/// is_management_key_length tells a management key in hex from a PUK.
constexpr bool is_management_key_length(std::size_t digits) {
    return digits == 32 || digits == 48 || digits == 64;
}

/// secret_from_hex reads hexadecimal digits without leaving copies behind; nullopt for anything else.
std::optional<SecretBytes> secret_from_hex(View digits);

}  // namespace jeton::card
