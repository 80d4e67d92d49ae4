// What is on the card, and where new keys and objects go.
#include <fmt/core.h>

#include "card/hsm_applet.hpp"
#include "card/hsm_constants.hpp"
#include "util/log.hpp"

namespace jeton::card {

namespace {

using hsm::file_of;

using hsm::Description;

constexpr Byte prefix_of(std::uint16_t file) {
    return static_cast<Byte>(file >> 8);
}
constexpr Byte number_of(std::uint16_t file) {
    return static_cast<Byte>(file);
}

Bytes reference(std::uint16_t file) {
    return {prefix_of(file), number_of(file)};
}

/// description_file is where a certificate or data object is described; the certificate of a key is not.
std::optional<std::uint16_t> description_file(View ref) {
    switch (ref[0]) {
        case hsm::prefix_authority:
            return file_of(hsm::prefix_certificate_description, ref[1]);
        case hsm::prefix_data:
        case hsm::prefix_protected_data:
            return file_of(hsm::prefix_data_description, ref[1]);
        default:
            return std::nullopt;
    }
}

Description description_of(const ObjectSlot& slot) {
    Description out;
    out.kind = slot.object_class == ObjectSlot::Class::certificate ? Description::Kind::certificate
                                                                   : Description::Kind::data;
    out.label = slot.label;
    out.id = slot.pkcs11_id;
    out.is_private = slot.read_pin.has_value();
    out.application = slot.application;
    out.oid = slot.oid;
    out.path = slot.ref;
    return out;
}

[[noreturn]] void refuse_full(Verb verb) {
    throw Error(verb, sw::no_memory, "the card has no number left for another object");
}

}  // namespace

ObjectSlot HsmApplet::object_slot(std::uint16_t file, const Description& description) const {
    ObjectSlot slot;
    slot.ref = reference(file);
    slot.id = "file-" + to_hex(slot.ref);
    slot.object_class = description.kind == Description::Kind::data ? ObjectSlot::Class::data
                                                                    : ObjectSlot::Class::certificate;
    slot.label = description.label;
    slot.application = description.application;
    slot.oid = description.oid;
    slot.pkcs11_id = description.id;
    if (prefix_of(file) == hsm::prefix_protected_data) {
        slot.read_pin = profile().pin_index(PinRole::user);
    }
    slot.max_size = 65535;
    slot.writable = true;
    slot.named_on_card = true;
    return slot;
}

/// put_key adds the slots of a key pair and of its certificate, which has the key's names.
std::size_t HsmApplet::put_key(LayoutDraft& draft, const Description& description, Byte ref) const {
    Description beside = description;
    beside.kind = Description::Kind::certificate;
    KeySlot slot;
    slot.certificate = draft.put(object_slot(file_of(hsm::prefix_certificate, ref), beside));
    slot.id = fmt::format("key-{:02X}", ref);
    slot.ref = ref;
    slot.pkcs11_id = description.id;
    slot.label = description.label;
    slot.public_label = description.label;
    slot.sign = description.sign;
    slot.decrypt = description.decrypt;
    slot.derive = description.derive;
    slot.pin = profile().pin_index(PinRole::user);
    slot.presence = KeySlot::Presence::metadata;
    slot.named_on_card = true;
    return draft.put(std::move(slot));
}

std::size_t HsmApplet::put_secret_key(LayoutDraft& draft, const Description& description, Byte ref) const {
    return draft.put(SecretKeySlot{.id = fmt::format("secret-{:02X}", ref),
                                   .ref = ref,
                                   .pkcs11_id = description.id,
                                   .label = description.label,
                                   .bits = description.size,
                                   .pin = profile().pin_index(PinRole::user),
                                   .made_on_card = description.local,
                                   .named_on_card = true});
}

/// free_key gives the reference of a key that is not there. Error(write, 6A84) when there is none left.
Byte HsmApplet::free_key(const LayoutDraft& draft) {
    for (unsigned number = hsm::first_key; number <= hsm::last_number; ++number) {
        if (draft.key_is_free(static_cast<Byte>(number))) {
            return static_cast<Byte>(number);
        }
    }
    refuse_full(Verb::write);
}

/// read_description gives what a file says, unless the card refuses it: then its object has no description.
std::optional<SecretBytes> HsmApplet::read_description(Channel& channel, std::uint16_t file) const {
    try {
        return read_file(channel, file);
    } catch (const Error& error) {
        if (error.kind() != Error::Kind::status || broke_down(error.status())) {
            throw;
        }
        log::info("{}", error.what());
        return std::nullopt;
    }
}

void HsmApplet::discover_key(Channel& channel, LayoutDraft& draft, const Files& files, Byte ref) {
    const std::uint16_t file = file_of(hsm::prefix_key_description, ref);
    const auto content = files.contains(file) ? read_description(channel, file) : std::nullopt;
    auto description = content ? hsm::read_key_description(*content) : std::nullopt;
    if (!description) {  // a key that nobody described is a key all the same
        description.emplace();
        description->kind = Description::Kind::rsa;
        description->label = fmt::format("Key {}", ref);
        description->id = {ref};
        description->sign = description->decrypt = description->derive = true;
    }
    if (description->kind == Description::Kind::secret) {
        put_secret_key(draft, *description, ref);
        return;
    }
    if (description->local) {
        m_made_here.insert(ref);
    }
    put_key(draft, *description, ref);
}

void HsmApplet::discover_certificate(Channel& channel, LayoutDraft& draft, Byte number) const {
    const auto content = read_description(channel, file_of(hsm::prefix_certificate_description, number));
    if (const auto description = content ? hsm::read_certificate_description(*content) : std::nullopt) {
        draft.put(object_slot(file_of(hsm::prefix_authority, number), *description));
    }
}

/// discover_data: the file with the data has the number of its description, and is protected or not.
void HsmApplet::discover_data(Channel& channel, LayoutDraft& draft, const Files& files, Byte number) const {
    const auto content = read_description(channel, file_of(hsm::prefix_data_description, number));
    const auto description = content ? hsm::read_data_description(*content) : std::nullopt;
    if (!description) {
        return;
    }
    const std::uint16_t guarded = file_of(hsm::prefix_protected_data, number);
    draft.put(
        object_slot(files.contains(guarded) ? guarded : file_of(hsm::prefix_data, number), *description));
}

void HsmApplet::discover(Channel& channel, LayoutDraft& draft) {
    const Files files = enumerate(channel);
    m_made_here.clear();
    m_public_keys.clear();
    for (const std::uint16_t file : files) {
        const Byte number = number_of(file);
        if (prefix_of(file) == hsm::prefix_key && number >= hsm::first_key) {
            discover_key(channel, draft, files, number);
        } else if (prefix_of(file) == hsm::prefix_certificate_description) {
            discover_certificate(channel, draft, number);
        } else if (prefix_of(file) == hsm::prefix_data_description) {
            discover_data(channel, draft, files, number);
        }
    }
}

std::size_t HsmApplet::new_key_slot(LayoutDraft& draft, const KeyWish& wish) const {
    Description description;
    description.kind = rsa_bits(wish.type) ? Description::Kind::rsa : Description::Kind::ec;
    description.label = wish.name.label.value_or("");
    description.id = wish.name.id.value_or(Bytes{});
    description.sign = true;
    description.decrypt = rsa_bits(wish.type).has_value();
    description.derive = curve_of(wish.type).has_value();
    return put_key(draft, description, free_key(draft));
}

std::size_t HsmApplet::new_secret_key_slot(LayoutDraft& draft, const SecretKeyWish& wish) const {
    Description description;
    description.kind = Description::Kind::secret;
    description.label = wish.name.label.value_or("");
    description.id = wish.name.id.value_or(Bytes{});
    description.size = wish.bits;
    const Byte ref = free_key(draft);
    if (description.id.empty()) {  // there is no public key to make one from
        description.id = {ref};
    }
    return put_secret_key(draft, description, ref);
}

std::size_t HsmApplet::new_object_slot(LayoutDraft& draft, const ObjectWish& wish) const {
    const bool is_certificate = wish.object_class == ObjectSlot::Class::certificate;
    Description description;
    description.kind = is_certificate ? Description::Kind::certificate : Description::Kind::data;
    description.label = wish.name.label.value_or("");
    description.id = wish.name.id.value_or(Bytes{});
    description.application = wish.name.application.value_or("");
    description.oid = wish.name.oid.value_or(Bytes{});
    const Byte prefix = is_certificate    ? hsm::prefix_authority
                        : wish.is_private ? hsm::prefix_protected_data
                                          : hsm::prefix_data;
    const Byte other = wish.is_private ? hsm::prefix_data : hsm::prefix_protected_data;
    for (unsigned i = 0; i <= hsm::last_number; ++i) {
        const auto number = static_cast<Byte>(i);
        const bool is_free = draft.object_is_free(reference(file_of(prefix, number))) &&
                             (is_certificate || draft.object_is_free(reference(file_of(other, number))));
        if (is_free) {
            return draft.put(object_slot(file_of(prefix, number), description));
        }
    }
    refuse_full(Verb::write);
}

/// write_key_description: |size| is that of modulus or field, in bits.
void HsmApplet::write_key_description(Channel& channel, const KeySlot& slot, Description::Kind kind,
                                      std::size_t size, bool local) const {
    Description description;
    description.kind = kind;
    description.label = slot.label;
    description.id = slot.pkcs11_id;
    description.is_private = true;
    description.sign = slot.sign;
    description.decrypt = slot.decrypt;
    description.derive = slot.derive;
    description.local = local;
    description.size = size;
    write_file(channel, Verb::write, file_of(hsm::prefix_key_description, slot.ref),
               hsm::write_description(description, slot.ref));
}

KeySlot HsmApplet::describe_key(Channel& channel, const KeySlot& slot, const crypto::PublicKey& key) {
    KeySlot out = slot;
    if (out.pkcs11_id.empty()) {
        out.pkcs11_id = key_identifier(key);
    }
    const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key);
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    const std::size_t size = rsa != nullptr  ? rsa->modulus_bits()
                             : ec != nullptr ? crypto::curve_facts(ec->curve).bits
                                             : 0;
    write_key_description(channel, out, rsa != nullptr ? Description::Kind::rsa : Description::Kind::ec, size,
                          m_made_here.contains(out.ref));
    return out;
}

/// announce_key describes a key before it is made, so that it has its name whatever happens then. A key that
/// gets its id from its public key cannot have one before.
void HsmApplet::announce_key(Channel& channel, const KeySlot& slot, KeyType type) const {
    if (slot.pkcs11_id.empty()) {
        return;
    }
    const auto bits = rsa_bits(type);
    const auto curve = curve_of(type);
    write_key_description(channel, slot, bits ? Description::Kind::rsa : Description::Kind::ec,
                          bits    ? *bits
                          : curve ? crypto::curve_facts(*curve).bits
                                  : 0,
                          true);
}

/// describe writes what the card keeps about an object beside it, where it keeps something.
void HsmApplet::describe(Channel& channel, const ObjectSlot& slot) const {
    if (const auto file = description_file(slot.ref)) {
        write_file(channel, Verb::write, *file, hsm::write_description(description_of(slot), 0));
    }
}

ObjectSlot HsmApplet::describe_object(Channel& channel, const ObjectSlot& slot) {
    if (!description_file(slot.ref)) {
        throw Error(Error::Kind::unsupported, Verb::write,
                    "the certificate of a key has the key's id and label: change those");
    }
    describe(channel, slot);
    return slot;
}

void HsmApplet::write_object(Channel& channel, const ObjectSlot& slot, View content) {
    if (!profile().allow_write || slot.ref.size() != 2) {
        throw Error(Error::Kind::unsupported, Verb::write,
                    fmt::format("object {} cannot be written, by its profile", slot.id));
    }
    const auto file = static_cast<std::uint16_t>(load_be(slot.ref));
    if (slot.object_class == ObjectSlot::Class::data) {
        erase_file(channel, file, false);  // a shorter content would leave the end of the old one
    }
    write_file(channel, Verb::write, file, content);
    describe(channel, slot);
}

}  // namespace jeton::card
