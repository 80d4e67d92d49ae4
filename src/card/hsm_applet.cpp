// Selection, serial number and label.
#include "card/hsm_applet.hpp"

#include <fmt/core.h>

#include "card/hsm_constants.hpp"
#include "card/hsm_cvc.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

/// The last digits of a certificate holder reference are a sequence number (TR-03110 part 3, C.1.2).
constexpr std::size_t sequence_digits = 5;

/// What a card says of itself in its file control information.
constexpr std::uint32_t tag_options = 0x85;

/// The label in TokenInfo (PKCS #15 1.1, 6.9).
constexpr std::uint32_t tag_label = 0x80;

}  // namespace

bool HsmApplet::select(Channel& channel) {
    const SelectRule& rule = profile().select;
    const Response answer = channel.transmit(
        {.ins = hsm::ins_select, .p1 = 0x04, .p2 = rule.p2, .data = rule.aid, .le = rule.le ? 256U : 0U});
    if (broke_down(answer.status)) {
        throw Error(Verb::select, answer.status, fmt::format("SELECT: {:04X}", answer.status.value));
    }
    note_select_answer(answer.data);
    return answer.status.ok();
}

/// read_version: some cards end the object 85 of their answer to SELECT with major and minor number.
std::optional<Version> HsmApplet::read_version(Channel&) {
    const auto options = find_tlv_anywhere(select_answer(), tag_options);
    if (!options || options->size() < 2) {
        return std::nullopt;
    }
    return Version{{(*options)[options->size() - 2], options->back()}};
}

/// read_serial takes the holder of the device certificate without its sequence number. A card that has no
/// such certificate cannot be told from others of its kind.
std::string HsmApplet::read_serial(Channel& channel) {
    const auto file = read_file(channel, hsm::file_device_certificate);
    std::string holder = file ? hsm::holder_of(*file) : std::string();
    if (holder.size() <= sequence_digits) {
        return to_hex(channel.atr());
    }
    holder.resize(holder.size() - sequence_digits);
    m_serial = holder;
    return holder;
}

std::string HsmApplet::read_label(Channel& channel) {
    const auto info = read_file(channel, hsm::file_token_info);
    const auto label = info ? find_tlv_path(*info, {0x30, tag_label}) : std::nullopt;
    return label ? std::string(label->begin(), label->end()) : std::string();
}

}  // namespace jeton::card
