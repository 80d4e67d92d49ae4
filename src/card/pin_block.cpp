#include "card/pin_block.hpp"

#include <algorithm>
#include <fmt/core.h>

namespace jeton::card {

namespace {

std::optional<Byte> digit_value(Byte character) {
    if (character >= '0' && character <= '9') {
        return static_cast<Byte>(character - '0');
    }
    const auto lower = static_cast<Byte>(character | 0x20);
    if (lower >= 'a' && lower <= 'f') {
        return static_cast<Byte>(lower - 'a' + 10);
    }
    return std::nullopt;
}

bool is_digit(Byte character) {
    return character >= '0' && character <= '9';
}
bool is_printable(Byte character) {
    return character >= 0x20 && character < 0x7F;
}

/// most_typed_digits is what a PIN pad takes (CCID 1.1, 6.1.11: bPINSize has four bits for the length).
constexpr std::size_t most_typed_digits = 15;

/// One row of what each encoding allows; hex8 is checked by its conversion.
bool allowed(PinRule::Encoding encoding, View value) {
    switch (encoding) {
        case PinRule::Encoding::ascii:
            return std::all_of(value.begin(), value.end(), is_printable);
        case PinRule::Encoding::digits:
            return std::all_of(value.begin(), value.end(), is_digit);
        case PinRule::Encoding::raw:
        case PinRule::Encoding::hex8:
            return true;
    }
    return false;
}

[[noreturn]] void refuse(Verb verb, const PinRule& rule, const std::string& why) {
    throw Error(Error::Kind::pin_form, verb, fmt::format("PIN \"{}\": {}", rule.name, why));
}

}  // namespace

std::optional<SecretBytes> secret_from_hex(View digits) {
    if (digits.size() % 2 != 0) {
        return std::nullopt;
    }
    SecretBytes out;
    out.reserve(digits.size() / 2);
    for (std::size_t i = 0; i < digits.size(); i += 2) {
        const auto high = digit_value(digits[i]);
        const auto low = digit_value(digits[i + 1]);
        if (!high || !low) {
            return std::nullopt;
        }
        out.push_back(static_cast<Byte>(*high << 4 | *low));
    }
    return out;
}

SecretBytes pin_block(const PinRule& rule, View value, Verb verb) {
    // An empty body would be the query of the retry counter, not a PIN (ISO/IEC 7816-4, 11.5.6).
    if (value.empty() || value.size() < rule.min_length || value.size() > rule.max_length) {
        refuse(verb, rule, fmt::format("{} to {} characters are needed", rule.min_length, rule.max_length));
    }
    if (!allowed(rule.encoding, value)) {
        refuse(verb, rule, "there are characters that this card does not take");
    }
    SecretBytes block;
    block.reserve(std::max(value.size(), rule.pad ? rule.pad->length : 0));
    if (rule.encoding == PinRule::Encoding::hex8) {
        auto bytes = secret_from_hex(value);
        if (!bytes) {
            refuse(verb, rule, "hexadecimal digits are needed");
        }
        block = std::move(*bytes);
    } else {
        append(block, value);
    }
    if (rule.pad) {
        if (block.size() > rule.pad->length) {
            refuse(verb, rule, fmt::format("more than {} bytes", rule.pad->length));
        }
        block.resize(rule.pad->length, rule.pad->byte);
    }
    return block;
}

bool suits_pad(const PinRule& rule) {
    const bool digits =
        rule.encoding == PinRule::Encoding::ascii || rule.encoding == PinRule::Encoding::digits;
    return rule.pinpad && digits && rule.min_length <= most_typed_digits &&
           (!rule.pad || rule.pad->length <= most_typed_digits);
}

reader::PinEntry pad_entry(const PinRule& rule, std::array<Byte, 4> header, Verb verb) {
    if (!suits_pad(rule)) {
        throw Error(Error::Kind::unsupported, verb, "PIN \"" + rule.name + "\" cannot be typed on a PIN pad");
    }
    reader::PinEntry entry{.header = header,
                           .least = static_cast<Byte>(rule.min_length),
                           .most = static_cast<Byte>(std::min(rule.max_length, most_typed_digits))};
    entry.block = static_cast<Byte>(rule.pad ? rule.pad->length : 0);
    entry.fill = rule.pad ? rule.pad->byte : Byte{0xFF};
    return entry;
}

StatusWord pad_answer(const PinRule& rule, StatusWord answer, Verb verb) {
    switch (answer.value) {
        case 0x6400:
        case 0x6401:
            return {0x6286};
        case 0x6402:
            return {0x6A80};
        case 0x6403:
            refuse(verb, rule, fmt::format("{} to {} digits are needed", rule.min_length, rule.max_length));
        default:
            return answer;
    }
}

}  // namespace jeton::card
