#include "reader/t0_wire.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "reader/t0.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

bool is_status(Byte byte) {
    return ((byte & 0xF0) == 0x60 && byte != t0::null_byte) || (byte & 0xF0) == 0x90;
}

}  // namespace

SecretBytes TpduWire::exchange(View header, View data) {
    SecretBytes tpdu = to_secret(header);
    append(tpdu, data);
    return to_secret(m_xfr.block(tpdu).data);
}

/// next_byte sends |sent|, which may be empty, and waits for one byte of the card.
Byte ProcedureWire::next_byte(View sent) {
    const ccid::Reply reply = m_xfr.block(sent, 1);
    if (reply.data.size() != 1) {
        throw Error(Kind::protocol, fmt::format("T=0: {} bytes instead of one", reply.data.size()));
    }
    return reply.data[0];
}

void ProcedureWire::receive(SecretBytes& out, std::size_t count) {
    const ccid::Reply reply = m_xfr.block({}, static_cast<std::uint16_t>(count));
    if (reply.data.size() != count) {
        throw Error(Kind::protocol, fmt::format("T=0: {} bytes instead of {}", reply.data.size(), count));
    }
    append(out, reply.data);
}

SecretBytes ProcedureWire::exchange(View header, View data) {
    const Byte ins = header[1];
    const bool sends = !data.empty();
    std::size_t left = sends ? data.size() : header[4];
    if (left == 0) {
        left = 256;
    }
    SecretBytes received;
    View to_send = header;
    while (true) {
        const Byte byte = next_byte(to_send);
        to_send = {};
        if (byte == t0::null_byte) {
            continue;  // the deadline of the exchange bounds that
        }
        if (is_status(byte)) {
            received.push_back(byte);
            received.push_back(next_byte({}));
            return received;
        }
        // INS says: all that is left; its complement: one byte. With their lowest bit turned they once asked
        // for the programming voltage as well.
        const bool all = (byte ^ ins) <= 1;
        const bool one = (byte ^ ins) >= 0xFE;
        if (!all && !one) {
            throw Error(Kind::protocol, fmt::format("T=0: the procedure byte {:02X}", byte));
        }
        if (left == 0) {
            throw Error(Kind::protocol, "T=0: the card wants to go on after the last byte");
        }
        const std::size_t count = all ? left : 1;
        left -= count;
        if (sends) {
            to_send = data.first(count);
            data = data.subspan(count);
        } else {
            receive(received, count);
        }
    }
}

}  // namespace jeton::reader
