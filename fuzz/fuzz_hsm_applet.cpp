// The SmartCard-HSM applet, and the Card above it, against a card that answers anything (scripted_card.hpp).
//
// With option_by_command the reference of a read is the high byte of the file, of other commands P2.
#include <memory>

#include "scripted_card.hpp"

namespace {

using namespace jeton;
using namespace jeton::card;
using namespace jeton::fuzz;

constexpr std::string_view pin = "123456";
constexpr std::string_view officer_pin = "3132333435363738";

Byte reference_of(View command) {
    constexpr Byte read_binary = 0xB1;
    return command[1] == read_binary ? command[2] : command[3];
}

/// profiles has the application alone; they are parsed once and never destroyed.
const std::shared_ptr<const Profile>& profile() {
    static const auto* const found =
        new std::shared_ptr<const Profile>(ProfileSet::load({}).find("smartcard-hsm"));
    return *found;
}

void use_key(Applet& applet, Channel& channel, const KeySlot& slot, const crypto::PublicKey& key) {
    const Bytes input(32, 0xA5);
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        for (const Verb verb : {Verb::sign, Verb::decipher}) {
            attempt([&] {
                require(applet.compute(channel, slot, key, Primitive::rsa_raw, verb, input).size() ==
                        rsa->modulus_bytes());
            });
        }
        return;
    }
    const auto& ec = std::get<crypto::EcPublicKey>(key);
    const std::size_t unit = crypto::curve_facts(ec.curve).field_bytes;
    attempt([&] {
        require(applet.compute(channel, slot, key, Primitive::ecdsa, Verb::sign, input).size() == 2 * unit);
    });
    attempt([&] {
        require(applet.compute(channel, slot, key, Primitive::ecdh, Verb::derive, ec.point).size() == unit);
    });
}

/// use_slots looks at all that was found and changes it.
void use_slots(Applet& applet, Channel& channel, const Layout& layout) {
    for (const auto& slot : layout.objects) {
        attempt([&] { (void)applet.read_object(channel, *slot); });
        attempt([&] { applet.write_object(channel, *slot, Bytes(300, 0x30)); });
        attempt([&] { applet.describe_object(channel, *slot); });
        attempt([&] { applet.erase_object(channel, *slot); });
    }
    for (const auto& slot : layout.secret_keys) {
        use_secret_key(applet, channel, *slot);
    }
    for (const auto& slot : layout.keys) {
        std::optional<KeyEntry> entry;
        attempt([&] { (void)applet.read_object(channel, *layout.objects.at(slot->certificate.value())); });
        attempt([&] { entry = applet.read_key(channel, *slot, nullptr); });
        if (entry) {
            require(crypto::is_valid(entry->public_key));
            use_key(applet, channel, *slot, entry->public_key);
            attempt([&] { (void)applet.describe_key(channel, *slot, entry->public_key); });
        }
        attempt([&] { applet.erase_key(channel, *slot); });
    }
}

void use_pins(Applet& applet, Channel& channel) {
    const PinRule& user = *profile()->pin(PinRole::user);
    const PinRule& officer = *profile()->pin(PinRole::so);
    attempt([&] { (void)applet.pin_status(channel, user); });
    attempt([&] { applet.verify(channel, user, view_of(pin)); });
    attempt([&] { applet.change_pin(channel, officer, view_of(officer_pin), view_of(officer_pin)); });
    attempt([&] { applet.verify_on_pad(channel, user); });
    attempt([&] { applet.change_pin_on_pad(channel, user); });
    attempt([&] { applet.unblock(channel, user, view_of(officer_pin), view_of(pin)); });
    attempt([&] { applet.clear_verification(channel, user); });
    attempt([&] { applet.initialize(channel, view_of(officer_pin)); });
}

void drive(reader::CardLink& link) {
    const auto applet = make_applet(profile());
    Channel channel(link, profile()->transport);
    LayoutDraft draft(*Layout::of(*profile()), {});
    attempt([&] { (void)applet->select(channel); });
    attempt([&] { require(!applet->read_serial(channel).empty()); });
    attempt([&] { (void)applet->read_label(channel); });
    attempt([&] { (void)applet->read_version(channel); });
    attempt([&] { applet->discover(channel, draft); });
    for (const KeyType type : {KeyType::p256, KeyType::rsa2048, KeyType::brainpoolP384r1}) {
        attempt([&] {
            Name name;  // the first key gets its id when it is made
            name.id = type == KeyType::p256 ? Bytes{} : Bytes{0x2A};
            const std::size_t index = applet->new_key_slot(draft, {type, name});
            const KeySlot slot = *draft.layout().keys.at(index);
            require(key_type_of(applet->generate(channel, slot, type, {})) == type);
        });
    }
    attempt([&] { (void)applet->new_secret_key_slot(draft, {256, {}}); });
    attempt([&] { (void)applet->new_object_slot(draft, {ObjectSlot::Class::data, {}, true}); });
    attempt([&] { (void)applet->new_object_slot(draft, {ObjectSlot::Class::certificate, {}, false}); });
    use_slots(*applet, channel, draft.layout());
    use_pins(*applet, channel);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size != 0) {
        ScriptedCard link(View(data, size).subspan(1), data[0], reference_of);
        drive(link);
    }
    return 0;
}
