#include "reader/secret_mask_apdu.hpp"

#include <algorithm>

#include "reader/card_link.hpp"

namespace jeton::reader {

namespace {

constexpr std::size_t extended_begin = 7;
constexpr Byte envelope = 0xC2;

/// looks_like_status tells whether |sw1| can begin a status word (ISO/IEC 7816-4, 5.6).
bool looks_like_status(Byte sw1) {
    return (sw1 > 0x60 && sw1 < 0x70) || (sw1 & 0xF0) == 0x90;
}

}  // namespace

std::size_t mask_all(std::span<Byte> bytes) {
    std::ranges::fill(bytes, masked_byte);
    return bytes.size();
}

/// layout goes by what the length fields say of a command of which |total| bytes came so far.
ApduMask::Layout ApduMask::layout(const Stream& stream, std::size_t total, bool ends) {
    const auto& head = stream.head;
    Layout out{command_header_and_lc, command_header_and_lc + head[4], 1};
    if (head[4] == 0 && total > command_header_and_lc) {
        const std::size_t length = total < extended_begin ? 0 : std::size_t{head[5]} << 8 | head[6];
        const Layout extended{extended_begin, extended_begin + length, 2};
        const bool fits =
            total == extended.end || total == extended.end + extended.le || total == extended_begin;
        if (!stream.in_one_piece || fits) {
            out = extended;
        }
    }
    if (!ends || total != out.end + out.le) {
        out.le = 0;
    }
    return out;
}

void ApduMask::take_head(Stream& stream, View piece) {
    for (std::size_t i = 0; i < piece.size() && stream.offset + i < stream.head.size(); ++i) {
        stream.head[stream.offset + i] = piece[i];
    }
}

std::size_t ApduMask::mask_stream(Stream& stream, std::span<Byte> piece, bool begins, bool ends) {
    if (begins) {
        stream = {};
        stream.in_one_piece = ends;
    }
    take_head(stream, piece);
    const std::size_t before = stream.offset;
    const std::size_t total = before + piece.size();
    stream.offset = total;
    if (!stream.judged && total >= command_header) {
        const bool whole = stream.in_one_piece;
        stream.secrets =
            m_tracker.command(whole ? View(piece) : View(stream.head).first(command_header), whole);
        stream.judged = true;
    }
    const Layout where = layout(stream, total, ends);
    if (&stream == &m_outer && stream.judged && stream.head[1] == envelope) {
        return mask_envelope(piece, where, before);
    }
    const std::size_t first = std::max(where.begin, before);
    const std::size_t last = total - where.le;
    if (!stream.secrets.command || first >= last) {
        return 0;
    }
    return mask_all(piece.subspan(first - before, last - first));
}

/// mask_envelope: the data are a piece of another command (ISO/IEC 7816-4, 5.3.4). Its first piece is masked
/// as any command, the rest entirely.
std::size_t ApduMask::mask_envelope(std::span<Byte> piece, const Layout& where, std::size_t before) {
    const std::size_t first = std::max(where.begin, before);
    const std::size_t last = m_outer.offset - where.le;
    if (first >= last) {
        return 0;
    }
    const std::span<Byte> data = piece.subspan(first - before, last - first);
    std::size_t masked = 0;
    if (m_inner_open) {
        m_inner.offset += data.size();
        m_outer.secrets.response = true;
        masked = mask_all(data);
    } else {
        masked = mask_stream(m_inner, data, true, false);
        m_outer.secrets = m_inner.secrets;
    }
    m_inner_open = m_inner.offset < layout(m_inner, m_inner.offset, false).end;
    return masked;
}

std::size_t ApduMask::command(std::span<Byte> piece, bool begins, bool ends) {
    if (!begins && m_outer.offset == 0) {
        return mask_all(piece);  // the beginning was not seen
    }
    const std::size_t masked = mask_stream(m_outer, piece, begins, ends);
    if (m_outer.judged && m_outer.head[1] != envelope) {
        m_inner_open = false;
    }
    return masked;
}

std::size_t ApduMask::response(std::span<Byte> piece, bool ends) {
    const std::size_t size = piece.size();
    const bool has_status = ends && size >= 2 && looks_like_status(piece[size - 2]);
    if (has_status && piece[size - 2] != 0x90 && piece[size - 2] != 0x61) {
        m_inner_open = false;  // the card dropped what it had of it
    }
    if (!m_outer.secrets.response) {
        return 0;
    }
    return mask_all(piece.first(has_status ? size - 2 : size));
}

}  // namespace jeton::reader
