// Certificates and private data objects (OpenPGP 3.4.1, 4.4.3.5 and 7.2.5 to 7.2.8).
#include <fmt/core.h>

#include "card/openpgp_applet.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

using namespace openpgp;

namespace {

constexpr unsigned first_version_with_three = 0x0300;

/// select_list names the certificate object for SELECT DATA: 60 { 5C { 7F21 } }.
constexpr std::array<Byte, 6> select_list{0x60, 0x04, 0x5C, 0x02, 0x7F, 0x21};
/// counted_list is what some firmware wants in its place: the same with its length before it.
constexpr std::array<Byte, 7> counted_list{0x06, 0x60, 0x04, 0x5C, 0x02, 0x7F, 0x21};

std::uint16_t tag_of(const ObjectSlot& slot) {
    return static_cast<std::uint16_t>(load_be(slot.ref));
}

bool is_certificate(const ObjectSlot& slot) {
    return slot.object_class == ObjectSlot::Class::certificate;
}

}  // namespace

/// select_certificate makes GET DATA and PUT DATA mean the certificate of |slot|; false when the card has no
/// such, or does not show it.
bool OpenPgpApplet::select_certificate(Channel& channel, const ObjectSlot& slot) {
    if (m_occurrence == slot.occurrence) {
        return true;
    }
    if (data(channel).version() < first_version_with_three) {
        return false;
    }
    const auto select = [&](View list) {
        return channel
            .transmit(
                {.ins = ins_select_data, .p1 = static_cast<Byte>(slot.occurrence), .p2 = 0x04, .data = list})
            .status;
    };
    StatusWord status = select(m_counted_list ? View(counted_list) : View(select_list));
    if (status == sw::bad_data && !m_counted_list) {
        status = select(counted_list);
        m_counted_list = status.ok();
    }
    if (broke_down(status)) {
        throw Error(Verb::read, status, fmt::format("object {}: {:04X}", slot.id, status.value));
    }
    if (status.ok()) {
        m_occurrence = slot.occurrence;
    } else {
        log::debug("object {}: SELECT DATA: {:04X}", slot.id, status.value);
    }
    return status.ok();
}

std::optional<ObjectEntry> OpenPgpApplet::read_object(Channel& channel, const ObjectSlot& slot) {
    if (is_certificate(slot) && !select_certificate(channel, slot)) {
        return std::nullopt;
    }
    const std::uint16_t tag = tag_of(slot);
    const auto answer = get_data(channel, tag);
    if (!answer || answer->empty()) {
        return std::nullopt;
    }
    if (!is_certificate(slot)) {
        return ObjectEntry{to_bytes(*answer), std::nullopt};
    }
    auto certificate = crypto::parse_certificate(find_tlv(*answer, tag).value_or(*answer));
    if (!certificate) {
        log::info("object {} holds {} bytes that are not a certificate", slot.id, answer->size());
        return std::nullopt;
    }
    Bytes der = certificate->der;
    return ObjectEntry{std::move(der), std::move(certificate)};
}

void OpenPgpApplet::write_object(Channel& channel, const ObjectSlot& slot, View content) {
    require_writable(slot, Verb::write);
    const std::size_t longest = is_certificate(slot) ? data(channel).longest_certificate() : 0;
    if (content.size() > slot.max_size || (longest != 0 && content.size() > longest)) {
        throw Error(Error::Kind::too_large, Verb::write,
                    fmt::format("object {} does not take {} bytes", slot.id, content.size()));
    }
    if (is_certificate(slot) && !select_certificate(channel, slot)) {
        throw Error(Error::Kind::unsupported, Verb::write, fmt::format("the card has no object {}", slot.id));
    }
    put_data(channel, Verb::write, tag_of(slot), content);
}

void OpenPgpApplet::erase_object(Channel& channel, const ObjectSlot& slot) {
    require_writable(slot, Verb::erase);
    if (is_certificate(slot) && !select_certificate(channel, slot)) {
        throw Error(Error::Kind::unsupported, Verb::erase, fmt::format("the card has no object {}", slot.id));
    }
    put_data(channel, Verb::erase, tag_of(slot), {});
}

}  // namespace jeton::card
