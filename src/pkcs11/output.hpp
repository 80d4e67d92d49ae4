// The caller's buffers: the convention on output lengths (PKCS#11 3.2, 5.2) and input pointers, each once.
#pragma once

#include <algorithm>
#include <optional>

#include "pkcs11/error.hpp"
#include "util/bytes.hpp"

namespace jeton::pkcs11 {

/// input is the caller's |length| bytes; ARGUMENTS_BAD when there should be some and the pointer is null.
inline View input(const CK_BYTE* data, CK_ULONG length) {
    require(data != nullptr || length == 0, CKR_ARGUMENTS_BAD, "a null pointer with a length");
    return {data, length};
}

/// pin_input is a PIN of the caller's, which may be empty but not missing.
inline View pin_input(const CK_UTF8CHAR* pin, CK_ULONG length) {
    require(pin != nullptr, CKR_ARGUMENTS_BAD, "no PIN is given, and this reader has no PIN pad");
    return {pin, length};
}

/// pin_or_pad is pin_input, or nullopt where the caller leaves the PIN to a reader that |has_pad|.
inline std::optional<View> pin_or_pad(const CK_UTF8CHAR* pin, CK_ULONG length, bool has_pad) {
    if (pin == nullptr && length == 0 && has_pad) {
        return std::nullopt;
    }
    return pin_input(pin, length);
}

/// Output is the caller's buffer and the length that is read and written.
class Output {
  public:
    Output(CK_BYTE_PTR buffer, CK_ULONG_PTR length) : m_buffer(buffer), m_length(length) {
        require(length != nullptr, CKR_ARGUMENTS_BAD, "the pointer to the output length is null");
    }

    /// is_query: the caller asks for the length alone.
    bool is_query() const { return m_buffer == nullptr; }
    bool has_room(std::size_t needed) const { return *m_length >= needed; }
    void tell(std::size_t length) { *m_length = length; }

    /// deliver copies |bytes|; there is room.
    void deliver(View bytes) {
        std::ranges::copy(bytes, m_buffer);
        *m_length = bytes.size();
    }

  private:
    CK_BYTE_PTR m_buffer;
    CK_ULONG_PTR m_length;
};

/// fill_list answers with a list of values under the same convention, counted in elements.
template <typename T, typename Range>
void fill_list(const Range& values, T* list, CK_ULONG_PTR count) {
    require(count != nullptr, CKR_ARGUMENTS_BAD, "the pointer to the count is null");
    const CK_ULONG room = *count;
    *count = static_cast<CK_ULONG>(values.size());
    if (list == nullptr) {
        return;
    }
    require(room >= values.size(), CKR_BUFFER_TOO_SMALL, "the list is too short");
    std::ranges::copy(values, list);
}

/// put_text fills a blank-padded text field, cut to its length.
template <std::size_t size>
void put_text(CK_UTF8CHAR (&field)[size], std::string_view text) {
    std::fill_n(field, size, static_cast<CK_UTF8CHAR>(' '));
    std::size_t length = std::min(text.size(), size);
    while (length < text.size() && length > 0 && (static_cast<Byte>(text[length]) & 0xC0) == 0x80) {
        --length;  // not in the middle of a UTF-8 character
    }
    std::copy_n(text.begin(), length, field);
}

}  // namespace jeton::pkcs11
