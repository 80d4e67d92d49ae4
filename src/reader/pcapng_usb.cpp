#include "reader/pcapng_usb.hpp"

#include <algorithm>

#include "reader/pcapng.hpp"

namespace jeton::reader::pcapng {

namespace {

constexpr std::size_t short_header = 48;
constexpr std::size_t header = 64;
constexpr std::size_t place_of_setup = 40;
constexpr std::uint64_t second = 1'000'000;
constexpr std::int32_t in_progress = -115;

}  // namespace

Bytes encode_usb(const UsbPacket& packet) {
    Bytes out(header);
    const std::span<Byte> at(out);
    const bool in = (packet.endpoint & in_endpoint) != 0;
    const bool carries = in == packet.completes && (packet.length > 0 || !packet.data.empty());
    store_le(at.subspan(0, 8), packet.id);
    out[8] = packet.completes ? 'C' : 'S';
    out[9] = static_cast<Byte>(packet.type);
    out[10] = packet.endpoint;
    out[11] = packet.address;
    store_le(at.subspan(12, 2), packet.bus);
    out[14] = packet.setup ? Byte{0} : Byte{'-'};
    out[15] = carries ? Byte{0} : in ? Byte{'<'} : Byte{'>'};
    store_le(at.subspan(16, 8), packet.time / second);
    store_le(at.subspan(24, 4), packet.time % second);
    const std::int32_t status = packet.completes ? packet.status : in_progress;
    store_le(at.subspan(28, 4), static_cast<std::uint32_t>(status));
    store_le(at.subspan(32, 4), packet.length);
    store_le(at.subspan(36, 4), packet.data.size());
    if (packet.setup) {
        std::ranges::copy(*packet.setup, at.subspan(place_of_setup).begin());
    }
    append(out, packet.data);
    return out;
}

std::optional<UsbPacket> parse_usb(std::uint16_t link, View bytes) {
    const std::size_t begin = link == link_usb ? header : short_header;
    if ((link != link_usb && link != link_usb_short) || bytes.size() < begin ||
        (bytes[8] != 'S' && bytes[8] != 'C') || bytes[9] > static_cast<Byte>(TransferType::bulk)) {
        return std::nullopt;
    }
    UsbPacket out{.id = load_le(bytes.first(8)),
                  .completes = bytes[8] == 'C',
                  .type = static_cast<TransferType>(bytes[9]),
                  .endpoint = bytes[10],
                  .bus = static_cast<std::uint16_t>(load_le(bytes.subspan(12, 2))),
                  .address = bytes[11],
                  .time = load_le(bytes.subspan(16, 8)) * second + load_le(bytes.subspan(24, 4)),
                  .status = static_cast<std::int32_t>(load_le(bytes.subspan(28, 4))),
                  .length = static_cast<std::uint32_t>(load_le(bytes.subspan(32, 4))),
                  .setup = std::nullopt,
                  .data = bytes.subspan(begin)};
    if (out.type == TransferType::control && !out.completes && bytes[14] == 0) {
        std::ranges::copy(bytes.subspan(place_of_setup, 8), out.setup.emplace().begin());
    }
    return out;
}

}  // namespace jeton::reader::pcapng
