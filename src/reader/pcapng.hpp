// pcapng files (draft-ietf-opsawg-pcapng): blocks for the writer, a reader for files that may be hostile.
// Little-endian sections alone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/bytes.hpp"

namespace jeton::reader::pcapng {

/// Link types of USB as Linux captures it, with a header of 48 and of 64 bytes.
inline constexpr std::uint16_t link_usb_short = 189;
inline constexpr std::uint16_t link_usb = 220;

/// section_block begins a file; |application| wrote it.
Bytes section_block(std::string_view application);

/// interface_block describes the one interface of the file, of link type 220.
Bytes interface_block(std::string_view name);

/// packet_block holds one packet of that interface. |time| is in microseconds since 1970; an empty |comment|
/// makes none.
Bytes packet_block(std::uint64_t time, View data, std::string_view comment);

/// Packet is one that was read; |data| and |comment| point into the file.
struct Packet {
    std::uint16_t link = 0;
    View data;
    bool cut = false;  ///< not all of it was captured
    std::string_view comment;
};

/// Reader walks the packets of a file and skips blocks that it does not know. It never reads outside of
/// |file|.
class Reader {
  public:
    explicit Reader(View file) : m_rest(file) {}

    /// next gives the next packet; nullopt at the end and at the first mistake.
    std::optional<Packet> next();

    /// error says what was wrong, in words that follow "the file"; empty when nothing was.
    const std::string& error() const { return m_error; }

  private:
    std::optional<View> next_block(std::uint32_t& type);
    std::optional<Packet> packet(View body);
    std::nullopt_t fail(const char* what);
    bool begin_section(View body);
    bool add_interface(View body);

    View m_rest;
    bool m_in_section = false;
    std::vector<std::uint16_t> m_links;  ///< of the interfaces of this section
    std::string m_error;
};

}  // namespace jeton::reader::pcapng
