// Selection, data objects and identity.
#include "card/openpgp_applet.hpp"

#include <fmt/core.h>

#include "util/log.hpp"

namespace jeton::card {

using namespace openpgp;

namespace {

/// In its initialisation state an application wants to be activated first (7.2.17).
constexpr StatusWord terminated{0x6285};

}  // namespace

bool OpenPgpApplet::select(Channel& channel) {
    const SelectRule& rule = profile().select;
    m_data.reset();
    m_kdf.reset();
    m_occurrence = 0;
    const Apdu apdu{
        .ins = ins_select, .p1 = 0x04, .p2 = rule.p2, .data = rule.aid, .le = rule.le ? 256U : 0U};
    Response answer = channel.transmit(apdu);
    if (answer.status == terminated) {
        log::info("profile {}: the application is in its initialisation state: activated", profile().id);
        channel.transmit({.ins = ins_activate_file});
        answer = channel.transmit(apdu);
    }
    if (broke_down(answer.status)) {
        throw Error(Verb::select, answer.status, fmt::format("SELECT: {:04X}", answer.status.value));
    }
    note_select_answer(answer.data);
    return answer.status.ok();
}

/// read_version is that of the specification, which stands in the AID (4.2.1).
std::optional<Version> OpenPgpApplet::read_version(Channel& channel) {
    const unsigned version = data(channel).version();
    return Version{{version >> 8, version & 0xFF}};
}

/// send throws unless the card answers 9000.
Response OpenPgpApplet::send(Channel& channel, Verb verb, const Apdu& apdu, Milliseconds limit) {
    Response answer = channel.transmit(apdu, limit);
    if (!answer.status.ok()) {
        throw Error(verb, answer.status, fmt::format("{:02X}: {:04X}", apdu.ins, answer.status.value));
    }
    return answer;
}

/// get_data gives nullopt for an object that the card does not have, or does not show.
std::optional<SecretBytes> OpenPgpApplet::get_data(Channel& channel, std::uint16_t tag) {
    Response answer = channel.transmit({.ins = ins_get_data,
                                        .p1 = static_cast<Byte>(tag >> 8),
                                        .p2 = static_cast<Byte>(tag),
                                        .le = any_length});
    if (answer.status == sw::reference_not_found || answer.status == sw::not_found ||
        answer.status == sw::bad_p1p2) {
        return std::nullopt;
    }
    if (!answer.status.ok()) {
        throw Error(Verb::read, answer.status,
                    fmt::format("object {:04X}: {:04X}", tag, answer.status.value));
    }
    return std::move(answer.data);
}

void OpenPgpApplet::put_data(Channel& channel, Verb verb, std::uint16_t tag, View content) {
    m_data.reset();
    send(channel, verb,
         {.ins = ins_put_data,
          .p1 = static_cast<Byte>(tag >> 8),
          .p2 = static_cast<Byte>(tag),
          .data = content});
}

const ApplicationData& OpenPgpApplet::data(Channel& channel) {
    if (!m_data) {
        const auto answer = get_data(channel, do_application_data);
        m_data = answer ? ApplicationData::parse(*answer) : std::nullopt;
        if (!m_data) {
            throw Error(Error::Kind::malformed, Verb::read, "the card tells nothing of its application");
        }
    }
    return *m_data;
}

/// read_serial asks the card, whatever is remembered: it may be another one now.
std::string OpenPgpApplet::read_serial(Channel& channel) {
    m_data.reset();
    const TokenRule& rule = profile().token;
    return rule.serial_from == TokenRule::SerialSource::fixed ? rule.fixed_serial : data(channel).serial();
}

bool OpenPgpApplet::always_authenticates(const KeySlot& slot) const {
    if (slot.always_authenticate == Switch::automatic) {
        return slot.ref == ref_signature && m_data && m_data->one_signature();
    }
    return slot.always_authenticate == Switch::always;
}

}  // namespace jeton::card
