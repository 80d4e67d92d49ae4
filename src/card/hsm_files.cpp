// The files of the card: read and written in parts, listed and deleted.
#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "card/hsm_applet.hpp"
#include "card/hsm_constants.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

constexpr std::size_t longest_file = 65535;  // an offset has two bytes
constexpr std::size_t short_part = 256;      // no card gives less when there is more

/// What a write has beside the content, at most: 54 02 offset, 53 82 length.
constexpr std::size_t write_overhead = 8;
constexpr std::size_t most_short_content = longest_short_data - write_overhead;

std::array<Byte, 2> two_bytes(std::size_t number) {
    return {static_cast<Byte>(number >> 8), static_cast<Byte>(number)};
}

/// size_of_object gives the length of the data object at the start of |data|, header included; nullopt when
/// the header is not whole, or is no header.
std::optional<std::size_t> size_of_object(View data) {
    std::size_t at = 1;
    if (data.size() < 2) {
        return std::nullopt;
    }
    if ((data[0] & 0x1F) == 0x1F) {
        ++at;
    }
    if (at >= data.size()) {
        return std::nullopt;
    }
    const Byte first = data[at++];
    if (first < 0x80) {
        return at + first;
    }
    const std::size_t count = first & 0x7FU;
    if (count == 0 || count > 3 || at + count > data.size()) {
        return std::nullopt;
    }
    return at + count + static_cast<std::size_t>(load_be(data.subspan(at, count)));
}

/// holds_an_object tells whether the file is one data object, so that its length is known.
bool holds_an_object(std::uint16_t file) {
    const auto prefix = static_cast<Byte>(file >> 8);
    return prefix != hsm::prefix_data && prefix != hsm::prefix_protected_data;
}

Error file_error(Verb verb, std::uint16_t file, StatusWord status) {
    return {verb, status, fmt::format("file {:04X}: {:04X}", file, status.value)};
}

}  // namespace

std::optional<SecretBytes> HsmApplet::read_file(Channel& channel, std::uint16_t file) const {
    SecretBytes content;
    while (content.size() < longest_file) {
        const Bytes body = TlvWriter().put(hsm::tag_offset, two_bytes(content.size())).take();
        const Response answer = channel.transmit({.ins = hsm::ins_read_binary,
                                                  .p1 = static_cast<Byte>(file >> 8),
                                                  .p2 = static_cast<Byte>(file),
                                                  .data = body,
                                                  .le = any_length});
        const bool is_end = answer.status == sw::end_of_data;
        if (!answer.status.ok() && !is_end) {
            if (content.empty() &&
                (answer.status == sw::not_found || answer.status == sw::reference_not_found)) {
                return std::nullopt;
            }
            if (content.empty() || !(answer.status == StatusWord{0x6B00})) {  // the offset is at the end
                throw file_error(Verb::read, file, answer.status);
            }
            return content;
        }
        append(content, answer.data);
        const auto whole = holds_an_object(file) ? size_of_object(content) : std::nullopt;
        if (is_end || answer.data.size() < short_part || (whole && *whole <= content.size())) {
            return content;
        }
    }
    return content;
}

/// write_file makes the file where there is none. Parts that one command does not take are sent in smaller
/// ones.
void HsmApplet::write_file(Channel& channel, Verb verb, std::uint16_t file, View content) const {
    if (content.size() > longest_file) {
        throw Error(Error::Kind::too_large, verb, "a file of the card has 65535 bytes at most");
    }
    std::size_t most = std::max(profile().transport.max_command_data, longest_short_data) - write_overhead;
    std::size_t offset = 0;
    do {
        const View part = content.subspan(offset, std::min(most, content.size() - offset));
        const SecretBytes body = BasicTlvWriter<SecretBytes>()
                                     .put(hsm::tag_offset, two_bytes(offset))
                                     .put(hsm::tag_content, part)
                                     .take();
        try {
            const Response answer = channel.transmit({.ins = hsm::ins_update_binary,
                                                      .p1 = static_cast<Byte>(file >> 8),
                                                      .p2 = static_cast<Byte>(file),
                                                      .data = body});
            if (!answer.status.ok()) {
                throw file_error(verb, file, answer.status);
            }
        } catch (const Error& error) {
            if (error.kind() != Error::Kind::too_large || most <= most_short_content) {
                throw;
            }
            most = most_short_content;  // nothing was sent
            continue;
        }
        offset += part.size();
    } while (offset < content.size());
}

void HsmApplet::erase_file(Channel& channel, std::uint16_t file, bool must_be_there) const {
    const Response answer =
        channel.transmit({.ins = hsm::ins_delete_file, .p1 = 0x02, .data = two_bytes(file)});
    const bool absent = answer.status == sw::not_found || answer.status == sw::reference_not_found;
    if (!answer.status.ok() && (must_be_there || !absent)) {
        throw file_error(Verb::erase, file, answer.status);
    }
}

/// enumerate lists the files; some cards add an empty identifier at the end.
HsmApplet::Files HsmApplet::enumerate(Channel& channel) const {
    const Response answer =
        channel.transmit({.cla = hsm::cla_proprietary, .ins = hsm::ins_enumerate, .le = any_length});
    if (!answer.status.ok() && answer.status != sw::end_of_data) {
        throw Error(Verb::read, answer.status, fmt::format("list of files: {:04X}", answer.status.value));
    }
    if (answer.data.size() % 2 != 0) {
        throw Error(Error::Kind::malformed, Verb::read, "the card's list of files has half an entry");
    }
    Files files;
    for (std::size_t i = 0; i < answer.data.size(); i += 2) {
        files.insert(static_cast<std::uint16_t>(load_be(View(answer.data).subspan(i, 2))));
    }
    return files;
}

}  // namespace jeton::card
