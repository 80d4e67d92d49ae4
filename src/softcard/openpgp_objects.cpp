// GET DATA, GET NEXT DATA and SELECT DATA (7.2.5 to 7.2.7), and the objects that the card makes up itself.
#include "softcard/openpgp_card.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {

namespace {

/// Historical bytes: DF names in full and in part, data objects by GET DATA, chaining and extended lengths;
/// the status is operational or, with 03, terminated (6.1).
constexpr Byte historical_bytes[] = {0x00, 0x31, 0xC5, 0x73, 0xC0, 0x01, 0xC0, 0x05, 0x90, 0x00};

/// The longest command and response (4.1.3.1), in bytes.
constexpr Byte lengths[] = {0x02, 0x02, 0x20, 0x00, 0x02, 0x02, 0x20, 0x00};

constexpr Byte has_button[] = {0x81, 0x01, 0x20};

/// Extended capabilities (4.4.3.7): all but secure messaging; lengths of challenge, certificate, special
/// objects; no PIN block 2; MSE.
constexpr Byte capabilities[] = {
    0x7F,
    0x00,
    static_cast<Byte>(most_challenge_bytes >> 8),
    static_cast<Byte>(most_challenge_bytes & 0xFF),
    static_cast<Byte>(most_certificate_bytes >> 8),
    static_cast<Byte>(most_certificate_bytes & 0xFF),
    static_cast<Byte>(most_special_bytes >> 8),
    static_cast<Byte>(most_special_bytes & 0xFF),
    0x00,
    0x01,
};

/// Objects that never change.
struct Constant {
    std::uint32_t tag;
    View content;
};

constexpr Constant constants[] = {
    {tag::historical_bytes, historical_bytes},
    {tag::lengths, lengths},
    {tag::features, has_button},
    {tag::capabilities, capabilities},
};

std::uint32_t tag_of(const Command& command) {
    return static_cast<std::uint32_t>(command.p1 << 8 | command.p2);
}

/// Objects that GET DATA gives with their own tag.
bool has_own_tag(std::uint32_t tag) {
    const Composite* const composite = find_composite(tag);
    return tag == tag::features || tag == tag::lengths || (composite != nullptr && composite->is_template);
}

}  // namespace

/// C4: whether PW1 holds for several signatures, the longest PW1, resetting code and PW3, their tries.
Bytes Card::password_status() const {
    const auto tries = [&](Byte kept) {
        const auto found = state().passwords.find(kept);
        return static_cast<Byte>(found == state().passwords.end() ? 0 : found->second.pin.tries);
    };
    constexpr Byte most = longest_password;
    return {static_cast<Byte>(state().several_signatures ? 1 : 0),
            most,
            most,
            most,
            tries(pw1_signature),
            tries(resetting_code),
            tries(pw3)};
}

/// DE: for each key its number, and 00 none, 01 generated, 02 imported.
Bytes Card::key_information() const {
    Bytes out;
    for (std::size_t place = 0; place < key_count; ++place) {
        const auto& key = state().keys[place];
        out.push_back(static_cast<Byte>(place + 1));
        out.push_back(key ? key->origin : Byte{0});
    }
    return out;
}

/// The value of an object that is no Composite; refuses with 6A88 when there is no such object.
SecretBytes Card::value_of(std::uint32_t tag) const {
    if (find_object_rule(tag) != nullptr) {
        return to_secret(state().object(tag));
    }
    for (const Constant& row : constants) {
        if (row.tag == tag) {
            return to_secret(row.content);
        }
    }
    switch (tag) {
        case tag::application_id:
            return to_secret(application_id(m_memory.state().serial));
        case tag::signature_counter:
            return {static_cast<Byte>(state().signatures >> 16), static_cast<Byte>(state().signatures >> 8),
                    static_cast<Byte>(state().signatures)};
        case tag::password_status:
            return to_secret(password_status());
        case tag::key_information:
            return to_secret(key_information());
        case tag::algorithms:
            return to_secret(algorithm_information());
        default:
            throw Refusal(status::reference_not_found);
    }
}

/// The content of any object but a certificate.
SecretBytes Card::content(std::uint32_t tag) const {
    const Composite* const composite = find_composite(tag);
    if (composite == nullptr) {
        return value_of(tag);
    }
    BasicTlvWriter<SecretBytes> out;
    for (const std::uint32_t part : composite->parts) {
        if (composite->is_template) {
            out.put(part, content(part));
        } else {
            out.raw(content(part));
        }
    }
    return out.take();
}

Response Card::get_data(const Command& command) {
    require(command.data.empty(), status::wrong_data);
    const std::uint32_t tag = tag_of(command);
    if (tag == tag::certificate) {
        return {state().certificates[m_volatile.certificate]};
    }
    if (const ObjectRule* const rule = find_object_rule(tag)) {
        require(rule->read != Access::never, status::reference_not_found);
        require_access(rule->read);
    }
    SecretBytes found = content(tag);
    return {has_own_tag(tag) ? BasicTlvWriter<SecretBytes>().put(tag, found).take() : std::move(found)};
}

/// GET NEXT DATA (7.2.7): the next certificate becomes the one that is meant.
Response Card::get_next_data(const Command& command) {
    require(tag_of(command) == tag::certificate, status::reference_not_found);
    require(command.data.empty(), status::wrong_data);
    require(m_volatile.certificate + 1 < certificate_count, status::reference_not_found);
    return {state().certificates[++m_volatile.certificate]};
}

/// SELECT DATA (7.2.5): P1 says which certificate is meant from now on.
Response Card::select_data(const Command& command) {
    constexpr Byte certificate_list[] = {0x60, 0x04, 0x5C, 0x02, 0x7F, 0x21};
    require(command.p2 == 0x04, status::wrong_parameters);
    require(equal(command.data, certificate_list), status::wrong_data);
    require(command.p1 < certificate_count, status::reference_not_found);
    m_volatile.certificate = command.p1;
    return {};
}

}  // namespace jeton::softcard::openpgp
