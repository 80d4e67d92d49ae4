#include "util/bytes.hpp"

#include <algorithm>

namespace jeton {

View view_of(std::string_view text) {
    return {reinterpret_cast<const Byte*>(text.data()), text.size()};
}

Bytes to_bytes(View view) {
    return {view.begin(), view.end()};
}

std::string to_text(View view) {
    return {view.begin(), view.end()};
}

std::string to_hex(View view) {
    static constexpr std::string_view digits = "0123456789ABCDEF";
    std::string text;
    text.reserve(view.size() * 2);
    for (const Byte byte : view) {
        text.push_back(digits[byte >> 4]);
        text.push_back(digits[byte & 15]);
    }
    return text;
}

namespace {

std::optional<unsigned> digit_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return static_cast<unsigned>(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return static_cast<unsigned>(digit - 'a' + 10);
    }
    if (digit >= 'A' && digit <= 'F') {
        return static_cast<unsigned>(digit - 'A' + 10);
    }
    return std::nullopt;
}

}  // namespace

std::optional<Bytes> from_hex(std::string_view text) {
    Bytes bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size();) {
        if (text[i] == ' ') {
            ++i;
            continue;
        }
        if (i + 1 == text.size()) {
            return std::nullopt;
        }
        const auto high = digit_value(text[i]);
        const auto low = digit_value(text[i + 1]);
        if (!high || !low) {
            return std::nullopt;
        }
        bytes.push_back(static_cast<Byte>(*high << 4 | *low));
        i += 2;
    }
    return bytes;
}

std::uint64_t load_be(View view) {
    std::uint64_t value = 0;
    for (const Byte byte : view) {
        value = value << 8 | byte;
    }
    return value;
}

std::uint64_t load_le(View view) {
    std::uint64_t value = 0;
    for (std::size_t i = std::min<std::size_t>(view.size(), 8); i-- > 0;) {
        value = value << 8 | view[i];
    }
    return value;
}

void store_le(std::span<Byte> out, std::uint64_t value) {
    for (Byte& byte : out) {
        byte = static_cast<Byte>(value);
        value >>= 8;
    }
}

bool equal(View a, View b) {
    return std::ranges::equal(a, b);
}

bool equal_secret(View a, View b) {
    if (a.size() != b.size()) {
        return false;
    }
    unsigned difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        difference |= static_cast<unsigned>(a[i] ^ b[i]);
    }
    return difference == 0;
}

View without_leading_zeros(View view) {
    const auto first = std::ranges::find_if(view, [](Byte byte) { return byte != 0; });
    return view.subspan(static_cast<std::size_t>(first - view.begin()));
}

std::optional<Bytes> left_padded(View view, std::size_t length) {
    const View number = without_leading_zeros(view);
    if (number.size() > length) {
        return std::nullopt;
    }
    Bytes out(length - number.size(), 0);
    append(out, number);
    return out;
}

}  // namespace jeton
