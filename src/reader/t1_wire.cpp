#include "reader/t1_wire.hpp"

#include <algorithm>

namespace jeton::reader {

/// add appends what came; false when the reader says that it was damaged on its way. Other failures throw.
bool BlockWire::add(SecretBytes& out, const ccid::Reply& reply) const {
    if (reply.status == ccid::CommandStatus::ok) {
        append(out, reply.data);
        return true;
    }
    if (reply.error == ccid::error_code::parity || reply.error == ccid::error_code::overrun) {
        return false;
    }
    throw ccid::failure(reply, "transmit");
}

std::optional<SecretBytes> BlockWire::exchange(View block, Byte waiting) {
    const bool characters = m_xfr.port().descriptor().level() == ExchangeLevel::character;
    // A multiplier of one is what the reader does without being told.
    const Byte multiplier = waiting > 1 ? waiting : Byte{0};
    SecretBytes received;
    if (!add(received, m_xfr.attempt(block, characters ? t1::prologue_size : 0, multiplier))) {
        return std::nullopt;
    }
    if (!characters || received.size() < t1::prologue_size) {
        return received;
    }
    const std::size_t whole = t1::prologue_size + received[2] + t1::checksum_size(m_checksum);
    if (received.size() < whole &&
        !add(received, m_xfr.attempt({}, static_cast<std::uint16_t>(whole - received.size())))) {
        return std::nullopt;
    }
    return received;
}

std::size_t BlockWire::room() const {
    return block_room(m_xfr.port().descriptor());
}

std::size_t block_room(const ClassDescriptor& reader) {
    return std::min<std::size_t>(reader.max_message - ccid::header_size, t1::longest_block);
}

}  // namespace jeton::reader
