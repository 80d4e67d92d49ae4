#include "reader/emulated_pad.hpp"

#include <algorithm>

#include "reader/byte_cursor.hpp"
#include "reader/card_link.hpp"
#include "reader/ccid.hpp"
#include "util/files.hpp"

namespace jeton::reader {

namespace {

constexpr std::size_t longest_file = 1 << 16;
constexpr std::string_view nobody = "timeout";

/// line_of is line |number| of |text|, counted from 0; empty when there is none.
std::string line_of(std::string_view text, std::size_t number) {
    for (; number > 0 && !text.empty(); --number) {
        text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    }
    return std::string(text.substr(0, text.find('\n')));
}

}  // namespace

PadKeys::PadKeys(std::vector<std::string> words) : m_words(words.begin(), words.end()) {}

PadKeys::PadKeys(std::filesystem::path file) : m_file(std::move(file)) {}

std::string PadKeys::next() {
    const std::lock_guard lock(m_mutex);
    if (!m_file.empty()) {
        const auto content = read_file(m_file, longest_file);
        std::string word = content ? line_of(to_text(*content), m_read) : std::string();
        m_read += word.empty() ? 0 : 1;
        return word.empty() ? std::string(nobody) : word;
    }
    if (m_words.empty()) {
        return std::string(nobody);
    }
    std::string word = std::move(m_words.front());
    m_words.pop_front();
    return word;
}

namespace emulated {

namespace {

constexpr Byte bytes_ascii_left = 0x82;
constexpr Byte data_offset = 10;  ///< of the structure in the message

/// Order is a structure that was read.
struct Order {
    Byte format = 0;
    Byte block = 0;
    Byte offset_old = 0;
    Byte offset_new = 0;
    Byte most = 0;
    Byte least = 0;
    Byte confirm = 0;
    Bytes prologue;
    View apdu;
    bool modify = false;
};

std::optional<Order> read_order(View structure) {
    ByteCursor in(structure);
    Order order;
    const Byte operation = in.byte();
    order.modify = operation == 1;
    in.take(1);  // bTimeOut
    order.format = in.byte();
    order.block = in.byte() & 0x0F;
    in.take(1);  // bmPINLengthFormat
    if (order.modify) {
        order.offset_old = in.byte();
        order.offset_new = in.byte();
    }
    order.most = in.byte();
    order.least = in.byte();
    if (order.modify) {
        order.confirm = in.byte();
    }
    in.take(1);  // bEntryValidationCondition
    const Byte messages = in.byte();
    in.take(3);  // wLangId, bMsgIndex
    if (order.modify) {
        in.take(messages == 0 ? 0 : messages == 3 ? 2 : 1);
    }
    for (int i = 0; i < 3; ++i) {
        order.prologue.push_back(in.byte());
    }
    order.apdu = in.rest();
    return operation > 1 || in.cut_short() ? std::nullopt : std::optional(order);
}

/// type asks for one PIN; nullopt when |typed| tells why there is none.
std::optional<std::string> type(const Order& order, PadKeys& keys, Typed& typed) {
    const std::string word = keys.next();
    if (word == "cancel") {
        typed.error = ccid::error_code::pin_cancelled;
    } else if (word == nobody) {
        typed.error = ccid::error_code::pin_timeout;
    } else if (word.size() < order.least || word.size() > order.most) {
        typed.status = {0x64, 0x03};
    } else {
        return word;
    }
    return std::nullopt;
}

/// insert puts |pin| at |offset| of the data, or at their end where the field has no size of its own.
bool insert(SecretBytes& apdu, const Order& order, std::size_t offset, std::string_view pin) {
    if (order.block == 0) {
        append(apdu, view_of(pin));
        apdu[command_header_and_lc - 1] = static_cast<Byte>(apdu.size() - command_header_and_lc);
        return true;
    }
    if (pin.size() > order.block || command_header_and_lc + offset + order.block > apdu.size()) {
        return false;
    }
    std::ranges::copy(view_of(pin),
                      apdu.begin() + static_cast<std::ptrdiff_t>(command_header_and_lc + offset));
    return true;
}

}  // namespace

Typed enter(View structure, PadKeys& keys) {
    Typed typed;
    const auto order = read_order(structure);
    if (!order || order->apdu.size() < command_header_and_lc || order->format != bytes_ascii_left) {
        typed.error = static_cast<Byte>(order ? data_offset + 2 : 1);
        return typed;
    }
    typed.prologue = order->prologue;
    typed.apdu = to_secret(order->apdu);
    if (!order->modify || (order->confirm & 2) != 0) {
        const auto old_pin = type(*order, keys, typed);
        if (!old_pin) {
            return typed;
        }
        if (!insert(typed.apdu, *order, order->offset_old, *old_pin)) {
            typed.error = data_offset + 3;
            return typed;
        }
    }
    if (!order->modify) {
        return typed;
    }
    const auto new_pin = type(*order, keys, typed);
    const auto again = new_pin && (order->confirm & 1) != 0 ? type(*order, keys, typed) : new_pin;
    if (!new_pin || !again) {
        return typed;
    }
    if (*again != *new_pin) {
        typed.status = {0x64, 0x02};
    } else if (!insert(typed.apdu, *order, order->offset_new, *new_pin)) {
        typed.error = data_offset + 3;
    }
    return typed;
}

}  // namespace emulated

}  // namespace jeton::reader
