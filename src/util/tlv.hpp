// BER-TLV as smart cards use it (ISO/IEC 7816-4, 5.2.2): definite lengths, tags of up to four bytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>

#include "util/bytes.hpp"

namespace jeton {

/// Tlv is one data object; |value| points into what was read.
struct Tlv {
    std::uint32_t tag = 0;  ///< as written, big-endian: 0x5FC105
    View value;
};

/// TlvReader walks the data objects of one level. It never reads outside its view, skips padding (00 and FF
/// between objects), accepts lengths that are longer than needed and refuses indefinite ones. After a
/// malformed object next() keeps answering nullopt and failed() is true.
class TlvReader {
  public:
    explicit TlvReader(View data) : m_rest(data) {}

    /// next gives the next object; nullopt at the end or when the bytes are malformed.
    std::optional<Tlv> next();

    /// failed tells whether next() met malformed bytes.
    bool failed() const { return m_failed; }

  private:
    std::optional<Tlv> fail();

    View m_rest;
    bool m_failed = false;
};

/// find_tlv gives the value of the first object with |tag| at the top level of |data|.
std::optional<View> find_tlv(View data, std::uint32_t tag);

/// find_tlv_path descends from tag to tag: {0x7C, 0x82}.
std::optional<View> find_tlv_path(View data, std::initializer_list<std::uint32_t> path);

/// find_tlv_anywhere looks for |tag| in constructed objects too, at most 8 levels deep.
std::optional<View> find_tlv_anywhere(View data, std::uint32_t tag);

/// TlvWriter builds objects with the shortest lengths; Vector is Bytes or SecretBytes.
template <typename Vector>
class BasicTlvWriter {
  public:
    /// put adds one object.
    BasicTlvWriter& put(std::uint32_t tag, View value) {
        put_header(tag, value.size());
        append(m_out, value);
        return *this;
    }

    /// nest adds a constructed object whose content |fill| writes into a writer of its own.
    template <std::invocable<BasicTlvWriter&> Fill>
    BasicTlvWriter& nest(std::uint32_t tag, Fill&& fill) {
        BasicTlvWriter inner;
        fill(inner);
        return put(tag, inner.m_out);
    }

    /// raw adds bytes as they are.
    BasicTlvWriter& raw(View bytes) {
        append(m_out, bytes);
        return *this;
    }

    Vector take() { return std::move(m_out); }

  private:
    void put_header(std::uint32_t tag, std::size_t length) {
        for (int shift = 24; shift >= 0; shift -= 8) {
            if (shift == 0 || tag >> shift != 0) {
                m_out.push_back(static_cast<Byte>(tag >> shift));
            }
        }
        if (length >= 0x80) {
            int count = 1;
            while (length >> (8 * count) != 0) {
                ++count;
            }
            m_out.push_back(static_cast<Byte>(0x80 | count));
            for (int shift = 8 * (count - 1); shift > 0; shift -= 8) {
                m_out.push_back(static_cast<Byte>(length >> shift));
            }
        }
        m_out.push_back(static_cast<Byte>(length));
    }

    Vector m_out;
};

using TlvWriter = BasicTlvWriter<Bytes>;

}  // namespace jeton
