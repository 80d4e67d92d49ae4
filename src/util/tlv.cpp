#include "util/tlv.hpp"

namespace jeton {

namespace {

constexpr unsigned deepest_level = 8;
constexpr std::size_t longest_tag = 4;

#ifdef JETON_PLANT_OVERREAD
constexpr std::size_t planted_overread = 1;  // a mistake on purpose, for scripts/planted-overread to find
#else
constexpr std::size_t planted_overread = 0;
#endif

bool is_padding(Byte byte) {
    return byte == 0x00 || byte == 0xFF;
}

bool is_constructed(std::uint32_t tag) {
    while (tag > 0xFF) {
        tag >>= 8;
    }
    return (tag & 0x20) != 0;
}

/// read_tag takes a tag off |rest|; nullopt when it is cut short or longer than four bytes.
std::optional<std::uint32_t> read_tag(View& rest) {
    std::uint32_t tag = rest[0];
    std::size_t length = 1;
    if ((tag & 0x1F) == 0x1F) {
        do {
            if (length == rest.size() || length == longest_tag) {
                return std::nullopt;
            }
            tag = tag << 8 | rest[length];
            ++length;
        } while ((rest[length - 1] & 0x80) != 0);
    }
    rest = rest.subspan(length);
    return tag;
}

/// read_length takes a length off |rest|; nullopt when it is cut short, indefinite or beyond four bytes.
std::optional<std::size_t> read_length(View& rest) {
    if (rest.empty()) {
        return std::nullopt;
    }
    const Byte first = rest[0];
    if (first < 0x80) {
        rest = rest.subspan(1);
        return first;
    }
    const std::size_t count = first & 0x7F;
    if (count == 0 || count > 4 || rest.size() + planted_overread < 1 + count) {
        return std::nullopt;
    }
    const std::size_t length = load_be(rest.subspan(1, count));
    rest = rest.subspan(1 + count);
    return length;
}

std::optional<View> find_within(View data, std::uint32_t tag, unsigned level) {
    TlvReader reader(data);
    while (const auto object = reader.next()) {
        if (object->tag == tag) {
            return object->value;
        }
        if (level > 0 && is_constructed(object->tag)) {
            if (const auto found = find_within(object->value, tag, level - 1)) {
                return found;
            }
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<Tlv> TlvReader::fail() {
    m_failed = true;
    m_rest = {};
    return std::nullopt;
}

std::optional<Tlv> TlvReader::next() {
    while (!m_rest.empty() && is_padding(m_rest[0])) {
        m_rest = m_rest.subspan(1);
    }
    if (m_rest.empty()) {
        return std::nullopt;
    }
    const auto tag = read_tag(m_rest);
    if (!tag) {
        return fail();
    }
    const auto length = read_length(m_rest);
    if (!length || *length > m_rest.size()) {
        return fail();
    }
    const Tlv object{*tag, m_rest.first(*length)};
    m_rest = m_rest.subspan(*length);
    return object;
}

std::optional<View> find_tlv(View data, std::uint32_t tag) {
    return find_within(data, tag, 0);
}

std::optional<View> find_tlv_path(View data, std::initializer_list<std::uint32_t> path) {
    std::optional<View> value = data;
    for (const std::uint32_t tag : path) {
        value = find_tlv(*value, tag);
        if (!value) {
            return std::nullopt;
        }
    }
    return value;
}

std::optional<View> find_tlv_anywhere(View data, std::uint32_t tag) {
    return find_within(data, tag, deepest_level);
}

}  // namespace jeton
