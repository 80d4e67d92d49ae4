#include "card/apdu.hpp"

#include "card/error.hpp"

namespace jeton::card {

namespace {

constexpr std::size_t longest_extended_data = 65535;

void put_u16(SecretBytes& out, std::size_t value) {
    out.push_back(static_cast<Byte>(value >> 8));
    out.push_back(static_cast<Byte>(value));
}

SecretBytes header_of(const Apdu& apdu, std::size_t data_limit, std::uint32_t le_limit) {
    if (apdu.data.size() > data_limit || apdu.le > le_limit) {
        throw Error(Error::Kind::too_large, Verb::write, "the command does not fit the form of APDU");
    }
    SecretBytes out;
    out.reserve(4 + 3 + apdu.data.size() + 3);
    for (const Byte byte : {apdu.cla, apdu.ins, apdu.p1, apdu.p2}) {
        out.push_back(byte);
    }
    return out;
}

}  // namespace

SecretBytes encode_short(const Apdu& apdu) {
    SecretBytes out = header_of(apdu, longest_short_data, most_short_le);
    if (!apdu.data.empty()) {
        out.push_back(static_cast<Byte>(apdu.data.size()));
        append(out, apdu.data);
    }
    if (apdu.le != 0) {
        out.push_back(static_cast<Byte>(apdu.le));  // 256 is 00
    }
    return out;
}

SecretBytes encode_extended(const Apdu& apdu) {
    SecretBytes out = header_of(apdu, longest_extended_data, any_length);
    if (apdu.data.empty() && apdu.le == 0) {
        return out;  // case 1 has one form
    }
    out.push_back(0x00);  // the one mark of the extended form: Le after Lc has none of its own
    if (!apdu.data.empty()) {
        put_u16(out, apdu.data.size());
        append(out, apdu.data);
    }
    if (apdu.le != 0) {
        put_u16(out, apdu.le);  // 65536 is 0000
    }
    return out;
}

}  // namespace jeton::card
