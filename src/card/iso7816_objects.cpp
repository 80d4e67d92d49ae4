// Certificates and data in files and data objects (ISO/IEC 7816-4, 11.3 and 11.4).
#include <algorithm>
#include <fmt/core.h>

#include "card/iso7816_applet.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

constexpr Byte ins_select = 0xA4;
constexpr Byte ins_read_binary = 0xB0;
constexpr Byte ins_get_data = 0xCA;

// P1 of SELECT: a file under the current directory, a path from it, a path from the master file.
constexpr Byte p1_file = 0x02;
constexpr Byte p1_path = 0x09;
constexpr Byte p1_path_from_root = 0x08;
constexpr Byte p2_no_answer = 0x0C;
constexpr std::uint16_t master_file = 0x3F00;

constexpr std::size_t last_offset = 0x7FFF;  // P1 and P2 of READ BINARY have 15 bits for it
constexpr std::size_t most_parts = 512;      // a card that gives a few bytes each time is not waited for
constexpr std::size_t short_part = 256;  // no card gives less when there is more, in a file without an end
constexpr StatusWord beyond_the_end{0x6B00};

/// length_of_der gives the length of the DER object at the start of |data|, header included; nullopt when
/// the header is not whole, or is none of a certificate.
std::optional<std::size_t> length_of_der(View data) {
    constexpr Byte sequence = 0x30;
    if (data.size() < 2 || data[0] != sequence) {
        return std::nullopt;
    }
    const std::size_t count = data[1] < 0x80 ? 0 : data[1] & 0x7FU;
    if (count > 3 || data.size() < 2 + count || data[1] == 0x80) {
        return std::nullopt;
    }
    const std::size_t length =
        count == 0 ? data[1] : static_cast<std::size_t>(load_be(data.subspan(2, count)));
    return 2 + count + length;
}

bool is_missing(StatusWord status) {
    return status == sw::not_found || status == sw::reference_not_found || status == beyond_the_end;
}

Error read_error(const ObjectSlot& slot, StatusWord status) {
    return {Verb::read, status, fmt::format("object {}: {:04X}", slot.id, status.value)};
}

/// without_header takes the object out of an answer that repeats its tag.
SecretBytes without_header(SecretBytes answer, std::uint32_t tag) {
    TlvReader reader(answer);
    const auto first = reader.next();
    const bool is_all = first && first->tag == tag && !reader.next() && !reader.failed();
    return is_all ? to_secret(first->value) : answer;
}

}  // namespace

/// read_data_object: a tag of one or two bytes stands in P1 and P2.
std::optional<SecretBytes> Iso7816Applet::read_data_object(Channel& channel, const ObjectSlot& slot) {
    const auto tag = static_cast<std::uint32_t>(load_be(slot.ref));
    Response answer = channel.transmit({.ins = ins_get_data,
                                        .p1 = static_cast<Byte>(tag >> 8),
                                        .p2 = static_cast<Byte>(tag),
                                        .le = any_length});
    if (is_missing(answer.status)) {
        return std::nullopt;
    }
    if (!answer.status.ok() && answer.status != sw::end_of_data) {
        throw read_error(slot, answer.status);
    }
    return without_header(std::move(answer.data), tag);
}

/// select_file is false for a file that is not there. Below another directory the application is not current
/// any more.
bool Iso7816Applet::select_file(Channel& channel, const ObjectSlot& slot) {
    View path = slot.ref;
    const bool from_root = path.size() > 2 && load_be(path.first(2)) == master_file;
    const Byte p1 = from_root ? p1_path_from_root : path.size() > 2 ? p1_path : p1_file;
    path = from_root ? path.subspan(2) : path;
    const Byte p2 = profile().select.file_p2;
    m_away = m_away || path.size() > 2 || from_root;
    const Response answer = channel.transmit(
        {.ins = ins_select, .p1 = p1, .p2 = p2, .data = path, .le = p2 == p2_no_answer ? 0U : 256U});
    if (is_missing(answer.status)) {
        return false;
    }
    if (!answer.status.ok() && answer.status != sw::fci_badly_formatted) {
        throw read_error(slot, answer.status);
    }
    return true;
}

std::optional<SecretBytes> Iso7816Applet::read_file(Channel& channel, const ObjectSlot& slot) {
    if (!select_file(channel, slot)) {
        return std::nullopt;
    }
    const std::size_t longest = std::min(slot.max_size, last_offset);
    SecretBytes content;
    for (std::size_t part = 0; part < most_parts && content.size() < longest; ++part) {
        const Response answer = channel.transmit({.ins = ins_read_binary,
                                                  .p1 = static_cast<Byte>(content.size() >> 8),
                                                  .p2 = static_cast<Byte>(content.size()),
                                                  .le = any_length});
        if (answer.status == beyond_the_end) {
            break;
        }
        if (!answer.status.ok() && answer.status != sw::end_of_data) {
            throw read_error(slot, answer.status);
        }
        append(content, answer.data);
        const auto whole = length_of_der(content);
        if (whole && *whole <= content.size()) {
            content.resize(*whole);
            break;
        }
        const bool is_end = answer.status == sw::end_of_data || answer.data.empty() ||
                            (!whole && answer.data.size() < short_part);
        if (is_end) {
            break;
        }
    }
    content.resize(std::min(content.size(), longest));
    return content;
}

std::optional<SecretBytes> Iso7816Applet::read_content(Channel& channel, const ObjectSlot& slot) {
    come_home(channel, Verb::read);
    return slot.file ? read_file(channel, slot) : read_data_object(channel, slot);
}

std::optional<ObjectEntry> Iso7816Applet::read_object(Channel& channel, const ObjectSlot& slot) {
    const auto content = read_content(channel, slot);
    if (!content || content->empty()) {
        return std::nullopt;
    }
    if (slot.object_class == ObjectSlot::Class::data) {
        return ObjectEntry{to_bytes(*content), std::nullopt};
    }
    auto certificate = crypto::parse_certificate(*content);
    if (!certificate) {
        log::info("object {} holds {} bytes that are not a certificate", slot.id, content->size());
        return std::nullopt;
    }
    Bytes der = certificate->der;
    return ObjectEntry{std::move(der), std::move(certificate)};
}

}  // namespace jeton::card
