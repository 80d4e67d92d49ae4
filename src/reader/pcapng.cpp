#include "reader/pcapng.hpp"

#include <algorithm>
#include <array>

namespace jeton::reader::pcapng {

namespace {

enum BlockType : std::uint32_t { section = 0x0A0D0D0A, interface = 1, enhanced_packet = 6 };

constexpr std::uint32_t byte_order_magic = 0x1A2B3C4D;
constexpr std::uint16_t major_version = 1;
constexpr std::size_t block_overhead = 12;
constexpr std::size_t section_body = 16;
constexpr std::size_t interface_body = 8;
constexpr std::size_t packet_body = 20;
constexpr std::size_t option_header = 4;
constexpr std::size_t most_interfaces = 64;
constexpr std::uint16_t end_of_options = 0;
constexpr std::uint16_t comment_option = 1;
constexpr std::uint16_t application_option = 4;
constexpr std::uint16_t name_option = 2;
constexpr std::uint16_t resolution_option = 9;
constexpr Byte microseconds = 6;

std::size_t padded(std::size_t size) {
    return (size + 3) / 4 * 4;
}

void put(Bytes& out, std::uint64_t value, std::size_t bytes) {
    out.resize(out.size() + bytes);
    store_le(std::span(out).last(bytes), value);
}

void put_padded(Bytes& out, View bytes) {
    append(out, bytes);
    out.resize(padded(out.size()));
}

void put_option(Bytes& body, std::uint16_t code, View value) {
    put(body, code, 2);
    put(body, value.size(), 2);
    put_padded(body, value);
}

Bytes block(BlockType type, View body) {
    Bytes out;
    out.reserve(block_overhead + body.size());
    put(out, type, 4);
    put(out, block_overhead + body.size(), 4);
    append(out, body);
    put(out, block_overhead + body.size(), 4);
    return out;
}

std::uint32_t load32(View bytes, std::size_t at) {
    return static_cast<std::uint32_t>(load_le(bytes.subspan(at, 4)));
}

std::uint16_t load16(View bytes, std::size_t at) {
    return static_cast<std::uint16_t>(load_le(bytes.subspan(at, 2)));
}

/// find_comment looks through options; empty when there is none before the first mistake.
std::string_view find_comment(View options) {
    while (options.size() >= option_header) {
        const std::uint16_t code = load16(options, 0);
        const std::size_t length = load16(options, 2);
        options = options.subspan(option_header);
        if (code == end_of_options || length > options.size()) {
            return {};
        }
        if (code == comment_option) {
            return {reinterpret_cast<const char*>(options.data()), length};
        }
        options = options.subspan(std::min(padded(length), options.size()));
    }
    return {};
}

}  // namespace

Bytes section_block(std::string_view application) {
    Bytes body;
    put(body, byte_order_magic, 4);
    put(body, major_version, 2);
    put(body, 0, 2);
    put(body, ~std::uint64_t{0}, 8);  // length unknown
    put_option(body, application_option, view_of(application));
    put(body, end_of_options, 4);
    return block(section, body);
}

Bytes interface_block(std::string_view name) {
    Bytes body;
    put(body, link_usb, 2);
    put(body, 0, 2);
    put(body, 0, 4);  // no limit of the length
    put_option(body, name_option, view_of(name));
    put_option(body, resolution_option, std::array{microseconds});
    put(body, end_of_options, 4);
    return block(interface, body);
}

Bytes packet_block(std::uint64_t time, View data, std::string_view comment) {
    Bytes body;
    put(body, 0, 4);
    put(body, time >> 32, 4);
    put(body, time & 0xFFFFFFFF, 4);
    put(body, data.size(), 4);
    put(body, data.size(), 4);
    put_padded(body, data);
    if (!comment.empty()) {
        put_option(body, comment_option, view_of(comment));
        put(body, end_of_options, 4);
    }
    return block(enhanced_packet, body);
}

std::optional<Packet> Reader::next() {
    while (!m_rest.empty() && m_error.empty()) {
        std::uint32_t type = 0;
        const auto body = next_block(type);
        if (!body) {
            return std::nullopt;
        }
        if (!m_in_section && type != section) {
            return fail("is no pcapng file");
        }
        if (type == section && !begin_section(*body)) {
            return std::nullopt;
        }
        if (type == interface && !add_interface(*body)) {
            return std::nullopt;
        }
        if (type == enhanced_packet) {
            return packet(*body);
        }
    }
    return std::nullopt;
}

/// next_block gives the body of the next block.
std::optional<View> Reader::next_block(std::uint32_t& type) {
    if (m_rest.size() < block_overhead) {
        return fail(m_in_section ? "ends within a block" : "is no pcapng file");
    }
    type = load32(m_rest, 0);
    if (type == section && m_rest.size() >= block_overhead && load32(m_rest, 8) != byte_order_magic) {
        return fail("has a section that is not little-endian");
    }
    const std::size_t total = load32(m_rest, 4);
    if (total < block_overhead || total % 4 != 0) {
        return fail(m_in_section ? "has a block of an impossible length" : "is no pcapng file");
    }
    if (total > m_rest.size()) {
        return fail("ends within a block");
    }
    if (load32(m_rest, total - 4) != total) {
        return fail("has a block whose lengths contradict each other");
    }
    const View body = m_rest.subspan(8, total - block_overhead);
    m_rest = m_rest.subspan(total);
    return body;
}

std::optional<Packet> Reader::packet(View body) {
    if (body.size() < packet_body) {
        return fail("has a packet without its header");
    }
    const std::size_t number = load32(body, 0);
    const std::size_t captured = load32(body, 12);
    const View rest = body.subspan(packet_body);
    if (number >= m_links.size()) {
        return fail("has a packet of an interface that it does not describe");
    }
    if (captured > rest.size()) {
        return fail("has a packet that is longer than its block");
    }
    return Packet{.link = m_links[number],
                  .data = rest.first(captured),
                  .cut = captured < load32(body, 16),
                  .comment = find_comment(rest.subspan(std::min(padded(captured), rest.size())))};
}

bool Reader::begin_section(View body) {
    if (body.size() < section_body || load16(body, 4) != major_version) {
        fail("has a section of an unknown version");
        return false;
    }
    m_in_section = true;
    m_links.clear();
    return true;
}

bool Reader::add_interface(View body) {
    if (body.size() < interface_body || m_links.size() == most_interfaces) {
        fail("has a broken description of an interface, or too many");
        return false;
    }
    m_links.push_back(load16(body, 0));
    return true;
}

std::nullopt_t Reader::fail(const char* what) {
    m_error = what;
    return std::nullopt;
}

}  // namespace jeton::reader::pcapng
