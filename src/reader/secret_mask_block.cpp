#include "reader/secret_mask_block.hpp"

#include <algorithm>

#include "reader/card_link.hpp"
#include "reader/t1_block.hpp"

namespace jeton::reader {

namespace {

constexpr Byte not_information = 0x80;  ///< bit of PCB: R-block or S-block
constexpr Byte supervisory = 0xC0;
constexpr Byte supervisory_kind = 0x1F;
constexpr Byte resynchronise = 0x00;
constexpr Byte abort_chain = 0x02;
constexpr Byte number_bit = 0x40;
constexpr Byte more_bit = 0x20;

std::uint16_t lrc(View bytes) {
    Byte sum = 0;
    for (const Byte byte : bytes) {
        sum ^= byte;
    }
    return sum;
}

/// crc of ISO/IEC 13239 as ISO/IEC 7816-3 takes it: reflected, begins with FFFF.
std::uint16_t crc(View bytes) {
    unsigned sum = 0xFFFF;
    for (const Byte byte : bytes) {
        sum ^= byte;
        for (int bit = 0; bit < 8; ++bit) {
            sum = (sum & 1) != 0 ? sum >> 1 ^ 0x8408 : sum >> 1;
        }
    }
    return static_cast<std::uint16_t>(sum);
}

/// Checked computes the check bytes anew at its end, so that they are as right or wrong as before. Both kinds
/// of check are linear: the same difference of the bytes makes the same difference of the check.
class Checked {
  public:
    explicit Checked(std::span<Byte> block) : m_block(block), m_before(sum()) {}
    Checked(const Checked&) = delete;  // one block, one end
    Checked& operator=(const Checked&) = delete;

    ~Checked() {
        const unsigned change = m_before ^ sum();
        const std::span<Byte> check = m_block.subspan(body());
        check.back() ^= static_cast<Byte>(change);
        if (check.size() == 2) {
            check.front() ^= static_cast<Byte>(change >> 8);
        }
    }

  private:
    std::size_t body() const { return t1::prologue_size + m_block[2]; }
    unsigned sum() const {
        const View bytes = View(m_block).first(body());
        return m_block.size() == body() + 1 ? lrc(bytes) : crc(bytes);
    }

    std::span<Byte> m_block;
    unsigned m_before;
};

std::size_t mask_behind_prologue(std::span<Byte> bytes) {
    return mask_all(bytes.subspan(std::min(t1::prologue_size, bytes.size())));
}

/// looks_like_block asks for a PCB that the standard knows (11.3.2.2), and for short S-blocks and R-blocks.
bool looks_like_block(View bytes) {
    constexpr Byte r_block = 0x80;
    constexpr Byte r_fixed = 0xEC;
    constexpr Byte s_fixed = 0xDC;
    if (!is_block(bytes)) {
        return false;
    }
    const Byte pcb = bytes[1];
    if ((pcb & not_information) == 0) {
        return (pcb & ~(number_bit | more_bit)) == 0;
    }
    return ((pcb & r_fixed) == r_block && bytes[2] == 0) || ((pcb & s_fixed) == supervisory && bytes[2] <= 1);
}

bool has_right_check(View block) {
    const View body = block.first(t1::prologue_size + block[2]);
    const View check = block.subspan(body.size());
    return load_be(check) == (check.size() == 1 ? lrc(body) : crc(body));
}

/// fits_command tells whether |data| have the length of a T=0 command: a header, with the data or without, or
/// with a length for the answer behind.
bool fits_command(View data) {
    if (data.size() <= command_header_and_lc) {
        return data.size() == command_header_and_lc;
    }
    const std::size_t more = data.size() - command_header_and_lc;
    return more == data[4] || more == data[4] + 1U;
}

}  // namespace

bool is_block(View bytes) {
    return bytes.size() > t1::prologue_size && bytes[2] <= t1::longest_information &&
           bytes.size() > t1::prologue_size + bytes[2] && bytes.size() <= t1::prologue_size + bytes[2] + 2;
}

TpduShape shape_of(View data, std::optional<Byte> protocol) {
    if (protocol == Byte{1}) {
        return TpduShape::block;
    }
    const bool may_be_block = looks_like_block(data);
    const bool may_be_command = fits_command(data);
    if (protocol && (!may_be_block || may_be_command)) {
        return TpduShape::command;
    }
    if (may_be_block && (has_right_check(data) || !may_be_command)) {
        return TpduShape::block;
    }
    return may_be_command && (!may_be_block || data.size() == command_header_and_lc) ? TpduShape::command
                                                                                     : TpduShape::unclear;
}

std::size_t BlockMask::command(ApduMask& apdus, std::span<Byte> block) {
    if (!looks_like_block(block)) {
        return mask_behind_prologue(block);
    }
    const Byte pcb = block[1];
    if ((pcb & not_information) != 0) {
        const unsigned kind = pcb & supervisory_kind;
        if ((pcb & supervisory) == supervisory && (kind == resynchronise || kind == abort_chain)) {
            m_chaining = false;
            m_number.reset();
        }
        return 0;
    }
    const auto number = static_cast<Byte>(pcb & number_bit);
    if (m_number == number && m_before) {
        apdus = *m_before;
        m_chaining = m_chaining_before;
    }
    m_before = apdus;
    m_chaining_before = m_chaining;
    m_number = number;
    const bool ends = (pcb & more_bit) == 0;
    const Checked checked(block);
    const std::size_t masked = apdus.command(block.subspan(t1::prologue_size, block[2]), !m_chaining, ends);
    m_chaining = !ends;
    return masked;
}

std::size_t BlockMask::response(ApduMask& apdus, std::span<Byte> block) {
    const bool whole = is_block(block);
    if (!whole) {
        return apdus.secrets().response ? mask_behind_prologue(block) : 0;
    }
    const Byte pcb = block[1];
    if ((pcb & not_information) != 0) {
        m_chaining = m_chaining && pcb != (supervisory | abort_chain);
        return 0;
    }
    const Checked checked(block);
    return apdus.response(block.subspan(t1::prologue_size, block[2]), (pcb & more_bit) == 0);
}

void BlockMask::sent_by_reader(Byte pcb) {
    m_number = static_cast<Byte>(pcb & number_bit);
    m_before.reset();
    m_chaining = false;
}

}  // namespace jeton::reader
