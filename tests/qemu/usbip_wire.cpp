#include "qemu/usbip_wire.hpp"

#include <algorithm>

namespace jeton::test {

namespace {

constexpr std::uint32_t ret_submit = 3;
constexpr std::uint32_t ret_unlink = 4;
constexpr std::uint32_t longest_transfer = 1U << 20;
constexpr std::size_t setup_offset = 40;

std::uint32_t word(View header, std::size_t offset) {
    return static_cast<std::uint32_t>(load_be(header.subspan(offset, 4)));
}

void put(Bytes& out, std::size_t offset, std::uint32_t value) {
    for (std::size_t i = 0; i < 4; ++i) {
        out[offset + i] = static_cast<Byte>(value >> (24 - 8 * i));
    }
}

Bytes reply(std::uint32_t command, std::uint32_t seqnum, int status) {
    Bytes out(usbip_header_size);
    put(out, 0, command);
    put(out, 4, seqnum);
    put(out, 20, static_cast<std::uint32_t>(status));
    return out;
}

}  // namespace

std::optional<UsbipCommand> parse_usbip_command(View header) {
    if (header.size() != usbip_header_size) {
        return std::nullopt;
    }
    UsbipCommand command;
    command.kind = static_cast<UsbipCommand::Kind>(word(header, 0));
    command.seqnum = word(header, 4);
    if (command.kind == UsbipCommand::Kind::unlink) {
        command.unlink_seqnum = word(header, 20);
        return command;
    }
    command.in = word(header, 12) == 1;
    command.endpoint = static_cast<Byte>(word(header, 16));
    command.length = word(header, 24);
    std::copy_n(header.begin() + setup_offset, command.setup.size(), command.setup.begin());
    if (command.kind != UsbipCommand::Kind::submit || command.length > longest_transfer) {
        return std::nullopt;
    }
    return command;
}

Bytes usbip_submit_reply(std::uint32_t seqnum, int status, std::size_t actual, View data) {
    Bytes out = reply(ret_submit, seqnum, status);
    put(out, 24, static_cast<std::uint32_t>(actual));
    append(out, data);
    return out;
}

Bytes usbip_unlink_reply(std::uint32_t seqnum, int status) {
    return reply(ret_unlink, seqnum, status);
}

}  // namespace jeton::test
