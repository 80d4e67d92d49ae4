#include "reader/atr.hpp"

#include <array>

#include "reader/byte_cursor.hpp"

namespace jeton::reader {

namespace {

constexpr std::size_t shortest = 2;
constexpr unsigned global_protocol = 15;  ///< T=15 qualifies interface bytes and is no protocol

/// Group is one round of interface bytes: TAi, TBi, TCi, TDi.
struct Group {
    std::optional<Byte> ta;
    std::optional<Byte> tb;
    std::optional<Byte> tc;
    std::optional<Byte> td;
};

/// read_group reads the bytes that the high nibble of |announced| names.
Group read_group(ByteCursor& in, Byte announced) {
    Group result;
    const auto read = [&](unsigned bit, std::optional<Byte>& out) {
        if ((announced & bit) != 0) {
            out = in.byte();
        }
    };
    read(0x10, result.ta);
    read(0x20, result.tb);
    read(0x40, result.tc);
    read(0x80, result.td);
    return result;
}

/// Seen tells which of the bytes that count only the first time were met.
struct Seen {
    bool ta_t1 = false;
    bool tb_t1 = false;
    bool tc_t1 = false;
};

void apply_first(Atr& atr, const Group& group) {
    atr.fi_di = group.ta.value_or(atr.fi_di);
    atr.guard_time = group.tc.value_or(atr.guard_time);
}

void apply_second(Atr& atr, const Group& group) {
    atr.ta2 = group.ta;
    atr.waiting_integer = group.tc.value_or(atr.waiting_integer);
}

void apply_t1(Atr& atr, const Group& group, Seen& seen) {
    if (group.ta && !seen.ta_t1) {
        seen.ta_t1 = true;
        if (*group.ta != 0) {  // 0 and 255 are reserved; 255 is met and means 254
            atr.ifsc = *group.ta == 255 ? Byte{254} : *group.ta;
        }
    }
    if (group.tb && !seen.tb_t1) {
        seen.tb_t1 = true;
        atr.bwi = static_cast<Byte>(*group.tb >> 4);
        atr.cwi = static_cast<Byte>(*group.tb & 0x0F);
    }
    if (group.tc && !seen.tc_t1) {
        seen.tc_t1 = true;
        atr.crc = (*group.tc & 1) != 0;
    }
}

/// read_interface_bytes walks all groups (8.2.3); |first| is T0. Tells whether a TCK is due.
bool read_interface_bytes(ByteCursor& walk, Byte first, Atr& atr) {
    Seen seen;
    std::uint16_t offered = 0;
    bool check_due = false;
    Byte announced = first;
    unsigned protocol = 0;
    for (int index = 1; !walk.cut_short(); ++index) {
        const Group group = read_group(walk, announced);
        if (index == 1) {
            apply_first(atr, group);
        } else if (index == 2) {
            apply_second(atr, group);
        } else if (protocol == 1) {
            apply_t1(atr, group, seen);
        }
        if (index > 2 && protocol == global_protocol && group.ta && !atr.ta15) {
            atr.ta15 = group.ta;
        }
        if (!group.td) {
            break;
        }
        announced = *group.td;
        protocol = announced & 0x0FU;
        check_due = check_due || protocol != 0;
        if (protocol != global_protocol) {
            if (offered == 0) {
                atr.default_protocol = static_cast<Byte>(protocol);
            }
            offered = static_cast<std::uint16_t>(offered | 1U << protocol);
        }
    }
    if (offered != 0) {
        atr.protocols = offered;
    }
    return check_due;
}

Atr::Check check_sum(View bytes) {
    Byte sum = 0;
    for (const Byte byte : bytes.subspan(1)) {
        sum = static_cast<Byte>(sum ^ byte);
    }
    return sum == 0 ? Atr::Check::valid : Atr::Check::wrong;
}

}  // namespace

std::optional<Byte> Atr::specific_protocol() const {
    if (!ta2) {
        return std::nullopt;
    }
    return static_cast<Byte>(*ta2 & 0x0F);
}

std::optional<Atr> parse_atr(View bytes) {
    if (bytes.size() < shortest || bytes.size() > longest_atr) {
        return std::nullopt;
    }
    Atr atr;
    ByteCursor walk(bytes);
    const Byte ts = walk.byte();
    if (ts != 0x3B && ts != 0x3F) {
        return std::nullopt;
    }
    atr.convention = ts == 0x3B ? Atr::Convention::direct : Atr::Convention::inverse;
    const Byte t0 = walk.byte();
    const bool check_due = read_interface_bytes(walk, t0, atr);
    atr.historical = walk.take(t0 & 0x0FU);
    if (walk.cut_short() || walk.rest().size() > (check_due ? 1U : 0U)) {
        return std::nullopt;
    }
    if (check_due) {
        atr.check = walk.rest().empty() ? Atr::Check::missing : check_sum(bytes);
    }
    return atr;
}

std::optional<unsigned> clock_factor(Byte fi_di) {
    static constexpr std::array<std::uint16_t, 16> factors{372, 372, 558, 744,  1116, 1488, 1860, 0,
                                                           0,   512, 768, 1024, 1536, 2048, 0,    0};
    const unsigned factor = factors[fi_di >> 4];
    return factor == 0 ? std::nullopt : std::optional(factor);
}

std::optional<unsigned> baud_factor(Byte fi_di) {
    static constexpr std::array<Byte, 16> factors{0, 1, 2, 4, 8, 16, 32, 64, 12, 20, 0, 0, 0, 0, 0, 0};
    const unsigned factor = factors[fi_di & 0x0F];
    return factor == 0 ? std::nullopt : std::optional(factor);
}

}  // namespace jeton::reader
