#include "reader/t1_block.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>

namespace jeton::reader::t1 {

namespace {

constexpr unsigned crc_start = 0xFFFF;
constexpr unsigned crc_polynomial = 0x8408;  ///< that of ISO/IEC 13239, bits reflected

/// append_checksum adds the epilogue to what |block| holds so far; a CRC goes with its high byte first.
void append_checksum(SecretBytes& block, Checksum checksum) {
    if (checksum == Checksum::lrc) {
        Byte sum = 0;
        for (const Byte byte : block) {
            sum = static_cast<Byte>(sum ^ byte);
        }
        block.push_back(sum);
        return;
    }
    unsigned crc = crc_start;
    for (const Byte byte : block) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            crc = (crc & 1) != 0 ? crc >> 1 ^ crc_polynomial : crc >> 1;
        }
    }
    block.push_back(static_cast<Byte>(crc >> 8));
    block.push_back(static_cast<Byte>(crc & 0xFF));
}

struct SupervisoryRow {
    Byte pcb;
    std::size_t length;
};

constexpr std::array<SupervisoryRow, 4> supervisory{
    {{pcb::resynch, 0}, {pcb::ifs, 1}, {pcb::abort, 0}, {pcb::wtx, 1}}};

/// well_formed holds PCB and LEN against 11.3.2.2.
bool well_formed(const Block& block) {
    if (block.is_information()) {
        return (block.pcb & 0x1F) == 0;
    }
    if (block.is_ready()) {
        return (block.pcb & 0x2F) <= static_cast<Byte>(Damage::other) && block.information.empty();
    }
    const auto request = static_cast<Byte>(block.pcb & ~pcb::response);
    return std::ranges::any_of(supervisory, [&](const SupervisoryRow& row) {
        return row.pcb == request && row.length == block.information.size();
    });
}

}  // namespace

SecretBytes encode_block(Byte pcb, View information, Checksum checksum) {
    if (information.size() > longest_information) {
        throw std::logic_error("T=1: more information than a block takes");
    }
    SecretBytes block;
    block.reserve(prologue_size + information.size() + checksum_size(checksum));
    block.push_back(0);
    block.push_back(pcb);
    block.push_back(static_cast<Byte>(information.size()));
    append(block, information);
    append_checksum(block, checksum);
    return block;
}

Byte information_pcb(Byte number, bool more) {
    return static_cast<Byte>((number != 0 ? pcb::number_sent : 0) | (more ? pcb::more : 0));
}

Byte ready_pcb(Byte number, Damage damage) {
    return static_cast<Byte>(pcb::ready | (number != 0 ? pcb::number_wanted : 0) | static_cast<Byte>(damage));
}

std::variant<Block, Damage> parse_block(View bytes, Checksum checksum) {
    const std::size_t epilogue = checksum_size(checksum);
    if (bytes.size() < prologue_size + epilogue) {
        return Damage::other;
    }
    const std::size_t length = bytes.size() - prologue_size - epilogue;
    if (length > longest_information || bytes[2] != length) {
        return Damage::other;
    }
    SecretBytes expected = to_secret(bytes.first(prologue_size + length));
    append_checksum(expected, checksum);
    if (!equal(expected, bytes)) {
        return Damage::checksum;
    }
    const Block block{bytes[0], bytes[1], bytes.subspan(prologue_size, length)};
    if (block.nad != 0 || !well_formed(block)) {
        return Damage::other;
    }
    return block;
}

}  // namespace jeton::reader::t1
