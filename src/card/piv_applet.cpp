// Selection, serial number and metadata.
#include "card/piv_applet.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "card/piv_constants.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

/// plausible tells whether |answer| to SELECT can be that of a PIV application: nothing, or an application
/// property template (SP 800-73-4 part 2, table 3), or what ISO/IEC 7816-4 puts in its place (FCI).
bool plausible(View answer) {
    if (answer.empty()) {
        return true;
    }
    const auto first = TlvReader(answer).next();
    return first && (first->tag == 0x61 || first->tag == 0x6F);
}

bool all_zero(View value) {
    return without_leading_zeros(value).empty();
}

}  // namespace

bool PivApplet::select(Channel& channel) {
    const SelectRule& rule = profile().select;
    std::vector<View> candidates{rule.aid};
    candidates.insert(candidates.end(), rule.alternates.begin(), rule.alternates.end());
    for (const View aid : candidates) {
        const Response answer = channel.transmit(
            {.ins = piv::ins_select, .p1 = 0x04, .p2 = rule.p2, .data = aid, .le = rule.le ? 256U : 0U});
        const bool selected = answer.status.ok() || answer.status == sw::fci_badly_formatted;
        if (selected && plausible(answer.data)) {
            note_select_answer(answer.data);
            return true;
        }
        if (broke_down(answer.status)) {
            throw Error(Verb::select, answer.status, fmt::format("SELECT: {:04X}", answer.status.value));
        }
        log::debug("profile {}: SELECT {} -> {:04X}", profile().id, to_hex(aid), answer.status.value);
    }
    return false;
}

/// read_version asks for the version of the card's software: three numbers, on cards that have the command.
std::optional<Version> PivApplet::read_version(Channel& channel) {
    const Response answer = channel.transmit({.ins = piv::ins_get_version, .le = 256});
    if (!answer.status.ok() || answer.data.size() != 3) {
        return std::nullopt;
    }
    return Version{{answer.data[0], answer.data[1], answer.data[2]}};
}

std::string PivApplet::read_serial(Channel& channel) {
    const TokenRule& rule = profile().token;
    if (rule.serial_from == TokenRule::SerialSource::fixed) {
        return rule.fixed_serial;
    }
    if (rule.serial_from == TokenRule::SerialSource::yubikey_f8) {
        const Response answer = channel.transmit({.ins = piv::ins_get_serial, .le = 256});
        if (answer.status.ok() && answer.data.size() == 4 && !all_zero(answer.data)) {
            return rule.serial_decimal ? std::to_string(load_be(answer.data)) : to_hex(answer.data);
        }
        if (broke_down(answer.status)) {  // no other number is to take its place
            throw Error(Verb::read, answer.status, fmt::format("serial number: {:04X}", answer.status.value));
        }
    }
    return chuid_serial(channel);
}

/// chuid_serial takes the GUID, else the FASC-N, of the card holder unique identifier. A card without one
/// cannot be told from others of its kind.
std::string PivApplet::chuid_serial(Channel& channel) const {
    if (const auto chuid = get_data(channel, piv::tag_chuid)) {
        for (const std::uint32_t tag : {piv::tag_guid, piv::tag_fasc_n}) {
            const auto value = find_tlv(*chuid, tag);
            if (value && !all_zero(*value)) {
                return to_hex(*value);
            }
        }
    }
    return to_hex(channel.atr());
}

std::optional<PivApplet::Metadata> PivApplet::metadata(Channel& channel, Byte reference) {
    if (m_metadata_refused) {
        return std::nullopt;
    }
    const Response answer =
        channel.transmit({.ins = piv::ins_get_metadata, .p2 = reference, .le = any_length});
    if (broke_down(answer.status)) {
        throw Error(Verb::read, answer.status,
                    fmt::format("metadata of {:02X}: {:04X}", reference, answer.status.value));
    }
    if (!answer.status.ok()) {
        m_metadata_refused = answer.status == sw::ins_not_supported;
        return std::nullopt;
    }
    Metadata out;
    TlvReader reader(answer.data);
    while (const auto object = reader.next()) {
        const View value = object->value;
        if (object->tag == 0x01 && !value.empty()) {
            out.algorithm = value[0];
        } else if (object->tag == 0x02 && !value.empty()) {
            out.pin_policy = value[0];
        } else if (object->tag == 0x03 && !value.empty()) {
            out.origin = value[0];
        } else if (object->tag == 0x04) {
            out.public_key = to_bytes(value);
        }
    }
    return out;
}

}  // namespace jeton::card
