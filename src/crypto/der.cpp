#include "crypto/der.hpp"

namespace jeton::crypto {

namespace {

/// Header is what precedes the content of an object.
struct Header {
    std::size_t header_bytes;
    std::size_t content_bytes;
};

/// read_header reads the tag and length of the object at the start of |data|, all of which must be there.
std::optional<Header> read_header(View data, Byte tag) {
    if (data.size() < 2 || data[0] != tag) {
        return std::nullopt;
    }
    Header header{2, data[1]};
    if (data[1] >= 0x80) {
        const std::size_t count = data[1] & 0x7FU;
        if (count == 0 || count > 4 || data.size() < 2 + count || data[2] == 0) {
            return std::nullopt;
        }
        header = {2 + count, static_cast<std::size_t>(load_be(data.subspan(2, count)))};
        if (header.content_bytes < 0x80) {
            return std::nullopt;
        }
    }
    if (header.content_bytes > data.size() - header.header_bytes) {
        return std::nullopt;
    }
    return header;
}

}  // namespace

std::optional<View> DerReader::next(Byte tag) {
    const auto header = read_header(m_rest, tag);
    if (!header) {
        return std::nullopt;
    }
    const View content = m_rest.subspan(header->header_bytes, header->content_bytes);
    m_rest = m_rest.subspan(header->header_bytes + header->content_bytes);
    return content;
}

std::optional<View> DerReader::next_whole(Byte tag) {
    const View before = m_rest;
    if (!next(tag)) {
        return std::nullopt;
    }
    return before.first(before.size() - m_rest.size());
}

std::optional<View> DerReader::next_unsigned() {
    const DerReader before = *this;
    const auto content = next(der_integer);
    if (!content || content->empty() || (content->front() & 0x80) != 0) {
        *this = before;
        return std::nullopt;
    }
    return without_leading_zeros(*content);
}

std::optional<View> only_object(View der, Byte tag) {
    DerReader reader(der);
    const auto content = reader.next(tag);
    return reader.at_end() ? content : std::nullopt;
}

}  // namespace jeton::crypto
