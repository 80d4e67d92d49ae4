// Data objects (SP 800-73-4 part 1, 3 and appendix A; part 2, 3.1.2 and 3.3.1).
#include <algorithm>
#include <fmt/core.h>

#include "card/piv_applet.hpp"
#include "card/piv_constants.hpp"
#include "util/gzip.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::card {

namespace {

constexpr std::size_t most_certificate_bytes = 64 * 1024;

/// stands_alone tells of the two objects that the card gives without the wrapping of tag 53.
bool stands_alone(std::uint32_t tag) {
    return tag == piv::tag_discovery || tag == piv::tag_bit_group;
}

/// certificate_in takes a certificate out of its container (part 1, appendix A, table 10).
std::optional<ObjectEntry> certificate_in(View content, const ObjectSlot& slot) {
    View stored = content;
    if (slot.container == ObjectSlot::Container::piv_cert) {
        stored = find_tlv(content, piv::tag_certificate).value_or(View{});
    }
    std::optional<crypto::Certificate> certificate;
    if (is_compressed(stored)) {
        if (const auto plain = decompress(stored, most_certificate_bytes)) {
            certificate = crypto::parse_certificate(*plain);
        }
    } else {
        certificate = crypto::parse_certificate(stored);
    }
    if (!certificate) {
        log::info("object {} holds {} bytes that are not a certificate", slot.id, content.size());
        return std::nullopt;
    }
    Bytes der = certificate->der;
    return ObjectEntry{std::move(der), std::move(certificate)};
}

/// certificate_object is the container of a certificate, with CertInfo (part 1, appendix A).
Bytes certificate_object(View certificate, Byte info) {
    return TlvWriter()
        .put(piv::tag_certificate, certificate)
        .put(piv::tag_cert_info, View(&info, 1))
        .put(piv::tag_error_detection, {})
        .take();
}

/// wrapped puts |content| into the container that |slot| wants: a certificate that would not fit is
/// compressed.
Bytes wrapped(const ObjectSlot& slot, View content) {
    if (slot.container == ObjectSlot::Container::plain) {
        return to_bytes(content);
    }
    Bytes plain = certificate_object(content, piv::cert_info_plain);
    return plain.size() <= slot.max_size ? std::move(plain)
                                         : certificate_object(compress(content), piv::cert_info_gzip);
}

/// is_written tells whether hosts write the object at all.
bool is_written(const ObjectSlot& slot) {
    return !stands_alone(static_cast<std::uint32_t>(load_be(slot.ref)));
}

/// KeyHistory is the content of the key history object (part 1, table 13).
struct KeyHistory {
    std::size_t on_card = 0;
    Byte off_card = 0;
    std::optional<Bytes> url;
};

KeyHistory parse_history(View content) {
    KeyHistory out;
    if (const auto on_card = find_tlv(content, piv::tag_on_card_certs)) {
        out.on_card = std::min<std::size_t>(load_be(*on_card), piv::retired_slots);
    }
    const auto off_card = find_tlv(content, piv::tag_off_card_certs);
    if (off_card && off_card->size() == 1) {
        out.off_card = off_card->front();
    }
    if (const auto url = find_tlv(content, piv::tag_off_card_url)) {
        out.url = to_bytes(*url);
    }
    return out;
}

}  // namespace

std::optional<SecretBytes> PivApplet::get_data(Channel& channel, View tag) const {
    const Bytes request = TlvWriter().put(piv::tag_tag_list, tag).take();
    Response answer = channel.transmit(
        {.ins = piv::ins_get_data, .p1 = 0x3F, .p2 = 0xFF, .data = request, .le = any_length});
    if (answer.status == sw::not_found || answer.status == sw::reference_not_found) {
        return std::nullopt;
    }
    if (!answer.status.ok() && answer.status != sw::end_of_data) {
        throw Error(Verb::read, answer.status,
                    fmt::format("object {}: {:04X}", to_hex(tag), answer.status.value));
    }
    const auto number = static_cast<std::uint32_t>(load_be(tag));
    const auto content = find_tlv(answer.data, stands_alone(number) ? number : piv::tag_content);
    if (!content || content->empty()) {
        if (!answer.data.empty() && !content) {
            log::info("object {}: the card answered {} bytes that are no data object", to_hex(tag),
                      answer.data.size());
        }
        return std::nullopt;
    }
    return stands_alone(number) ? std::move(answer.data) : to_secret(*content);
}

void PivApplet::put_data(Channel& channel, Verb verb, View tag, View content) const {
    const Bytes body = TlvWriter().put(piv::tag_tag_list, tag).put(piv::tag_content, content).take();
    const Response answer =
        channel.transmit({.ins = piv::ins_put_data, .p1 = 0x3F, .p2 = 0xFF, .data = body});
    if (!answer.status.ok() && answer.status != sw::filled_up) {
        throw Error(verb, answer.status, fmt::format("object {}: {:04X}", to_hex(tag), answer.status.value));
    }
}

/// attestation lets the card issue a certificate for one of its keys. It refuses for keys that it did not
/// make.
std::optional<ObjectEntry> PivApplet::attestation(Channel& channel, const ObjectSlot& slot) {
    if (m_attestation_refused) {
        return std::nullopt;
    }
    const Response answer = channel.transmit(
        {.ins = piv::ins_attest, .p1 = slot.ref.front(), .le = any_length}, Channel::slow_limit);
    if (!answer.status.ok()) {
        m_attestation_refused = answer.status == sw::ins_not_supported;
        return std::nullopt;
    }
    return certificate_in(answer.data, slot);
}

std::optional<ObjectEntry> PivApplet::read_object(Channel& channel, const ObjectSlot& slot) {
    if (slot.container == ObjectSlot::Container::attestation) {
        return attestation(channel, slot);
    }
    const auto content = get_data(channel, slot.ref);
    if (!content) {
        return std::nullopt;
    }
    if (slot.object_class == ObjectSlot::Class::certificate) {
        return certificate_in(*content, slot);
    }
    return ObjectEntry{to_bytes(*content), std::nullopt};
}

void PivApplet::write_object(Channel& channel, const ObjectSlot& slot, View content) {
    require_writable(slot, Verb::write, is_written(slot));
    const Bytes stored = wrapped(slot, content);
    if (stored.size() > slot.max_size) {
        throw Error(Error::Kind::too_large, Verb::write,
                    fmt::format("object {} takes {} bytes, not {}", slot.id, slot.max_size, stored.size()));
    }
    put_data(channel, Verb::write, slot.ref, stored);
}

void PivApplet::erase_object(Channel& channel, const ObjectSlot& slot) {
    require_writable(slot, Verb::erase, is_written(slot));
    put_data(channel, Verb::erase, slot.ref, {});
}

std::optional<std::size_t> PivApplet::retired_object() const {
    const auto& objects = profile().objects;
    const auto found = std::find_if(objects.begin(), objects.end(), [](const ObjectSlot& slot) {
        return equal(slot.ref, piv::tag_key_history);
    });
    return found == objects.end() ? std::nullopt
                                  : std::optional(static_cast<std::size_t>(found - objects.begin()));
}

std::size_t PivApplet::retired_count(View content) const {
    return parse_history(content).on_card;
}

void PivApplet::note_retired(Channel& channel, std::size_t count) {
    const auto content = get_data(channel, piv::tag_key_history);
    const KeyHistory old = content ? parse_history(*content) : KeyHistory{};
    const std::size_t wanted = std::min(count, piv::retired_slots);
    if (old.on_card >= wanted) {
        return;
    }
    const auto on_card = static_cast<Byte>(wanted);
    TlvWriter writer;
    writer.put(piv::tag_on_card_certs, View(&on_card, 1))
        .put(piv::tag_off_card_certs, View(&old.off_card, 1));
    if (old.url) {
        writer.put(piv::tag_off_card_url, *old.url);
    }
    writer.put(piv::tag_error_detection, {});
    try {
        put_data(channel, Verb::write, piv::tag_key_history, writer.take());
    } catch (const Error& error) {
        if (error.status() != sw::not_found) {
            throw;
        }
        // There are cards that take keys and certificates in retired slots, and have no such object.
        log::warn("the card keeps no key history: {}", error.what());
    }
}

}  // namespace jeton::card
