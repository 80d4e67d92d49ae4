// Bytes, views of bytes and the few conversions that every layer needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace jeton {

using Byte = std::uint8_t;
using Bytes = std::vector<Byte>;
using View = std::span<const Byte>;

/// view_of gives the characters of |text| as bytes.
View view_of(std::string_view text);

/// to_bytes copies |view|.
Bytes to_bytes(View view);

/// to_text copies |view| as characters.
std::string to_text(View view);

/// append adds |tail| at the end of |out|, any vector of bytes.
template <typename Vector>
void append(Vector& out, View tail) {
    out.insert(out.end(), tail.begin(), tail.end());
}

/// to_hex gives two upper-case digits a byte.
std::string to_hex(View view);

/// from_hex reads an even number of digits of either case, spaces allowed between bytes; nullopt for anything
/// else.
std::optional<Bytes> from_hex(std::string_view text);

/// load_be reads |view| as one big-endian number; at most 8 bytes are looked at, the last ones.
std::uint64_t load_be(View view);

/// load_le reads |view| as one little-endian number; at most 8 bytes are looked at, the first ones.
std::uint64_t load_le(View view);

/// store_le writes |value| little-endian over the whole of |out|.
void store_le(std::span<Byte> out, std::uint64_t value);

/// equal compares length and content; not in constant time.
bool equal(View a, View b);

/// equal_secret compares content in a time that depends on the lengths alone.
bool equal_secret(View a, View b);

/// without_leading_zeros is the tail of |view| from its first byte that is not zero.
View without_leading_zeros(View view);

/// left_padded gives |view|, a big-endian number, as exactly |length| bytes; nullopt if it does not fit.
std::optional<Bytes> left_padded(View view, std::size_t length);

}  // namespace jeton
