#include "softcard/command.hpp"

namespace jeton::softcard {

namespace {

constexpr std::size_t header_bytes = 4;
constexpr std::size_t short_maximum = 256;
constexpr std::size_t extended_maximum = 65536;

/// A form is what differs between short and extended commands behind the header.
struct Form {
    std::size_t prefix_bytes;  ///< the 00 that announces the extended form
    std::size_t length_bytes;  ///< of an Lc or Le field
    std::size_t maximum;       ///< what Le 0 means
};

std::size_t expected_of(View field, const Form& form) {
    const auto value = static_cast<std::size_t>(load_be(field));
    return value == 0 ? form.maximum : value;
}

/// Reads the fields behind the prefix: nothing, Le, Lc data or Lc data Le.
bool read_fields(View fields, const Form& form, Command& out) {
    out.expected = form.maximum;
    if (fields.empty()) {
        return true;
    }
    if (fields.size() < form.length_bytes) {
        return false;
    }
    const View first = fields.first(form.length_bytes);
    const View rest = fields.subspan(form.length_bytes);
    if (rest.empty()) {
        out.expected = expected_of(first, form);
        return true;
    }
    const auto length = static_cast<std::size_t>(load_be(first));
    if (length == 0 || rest.size() < length) {
        return false;
    }
    const View trailer = rest.subspan(length);
    if (!trailer.empty() && trailer.size() != form.length_bytes) {
        return false;
    }
    out.data = to_secret(rest.first(length));
    if (!trailer.empty()) {
        out.expected = expected_of(trailer, form);
    }
    return true;
}

}  // namespace

std::optional<Command> parse_command(View apdu) {
    if (apdu.size() < header_bytes) {
        return std::nullopt;
    }
    const View body = apdu.subspan(header_bytes);
    const bool extended = body.size() > 1 && body[0] == 0;
    const Form form = extended ? Form{1, 2, extended_maximum} : Form{0, 1, short_maximum};
    Command command{apdu[0], apdu[1], apdu[2], apdu[3], {}, 0};
    if (!read_fields(body.subspan(form.prefix_bytes), form, command)) {
        return std::nullopt;
    }
    return command;
}

}  // namespace jeton::softcard
