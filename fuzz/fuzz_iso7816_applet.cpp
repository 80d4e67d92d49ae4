// The applet iso7816 against a card that answers anything (scripted_card.hpp): a profile that uses all that
// it offers, and templates with each kind of answer.
//
// With option_by_command the reference of SELECT is the last byte of what is selected, of READ BINARY the
// high byte of the offset, of other commands P2.
#include <memory>

#include "scripted_card.hpp"

#include "card/command_template.hpp"
#include "card/profile_assembly.hpp"

namespace {

using namespace jeton;
using namespace jeton::card;
using namespace jeton::fuzz;

constexpr std::string_view pin = "123456";
constexpr std::string_view puk = "12345678";

constexpr const char* profile_text = R"({
  "schemaVersion": "1.0", "id": "fuzz", "applet": "iso7816", "match": [ { "aid": "F04E4F5445" } ],
  "select": { "aid": "F04E4F5445", "alternates": [ "F04E4F5446" ] },
  "token": { "serial": { "from": "object", "object": "serial", "format": "dec" } },
  "pins": {
    "user": { "role": "user", "ref": "01", "minLength": 4, "maxLength": 8, "pad": { "byte": "FF", "length": 8 },
              "status": "empty-verify", "triesMax": 3, "logout": "p1ff" },
    "puk": { "role": "puk", "ref": "02", "minLength": 8, "maxLength": 8, "logout": "reselect" } },
  "keys": [
    { "id": "ec", "ref": "81", "pkcs11Id": "01", "usage": [ "sign", "derive" ], "pin": "user", "certificate": "near" },
    { "id": "rsa", "ref": "82", "pkcs11Id": "02", "types": [ "rsa2048" ], "pin": "user", "certificate": "far" } ],
  "objects": [
    { "id": "near", "class": "certificate", "ref": "C001", "access": "file", "pkcs11Id": "01" },
    { "id": "far", "class": "certificate", "ref": "50154331", "access": "file", "pkcs11Id": "02" },
    { "id": "top", "class": "data", "ref": "3F002F01", "access": "file", "maxSize": 700 },
    { "id": "tag", "class": "data", "ref": "5F50" },
    { "id": "serial", "class": "data", "ref": "5A", "visible": false } ],
  "algorithms": { "p256": { "id": "04" }, "rsa2048": { "id": "02" }, "ed25519": { "id": "05" }, "x25519": { "id": "06" } },
  "constants": { "oid": { "128": "0601", "256": "0602" }, "end": "00" },
  "commands": {
    "all": { "cla": "00", "ins": "2A", "p1": "{alg}", "p2": "{tagBits}", "le": "short", "maxData": 200,
      "data": [ { "hex": "{const.oid}" }, { "tlv": "82", "value": "{iv}" }, { "tlv": "83", "value": "{aad}", "omitIfEmpty": true },
                { "tlv": "7F49", "value": "{counter}", "lenBytes": 3 }, { "tlv": "81", "value": "{data}" }, { "hex": "{const.end}" } ],
      "answer": [ { "field": "ciphertext", "length": "input" }, { "field": "tag", "length": 16 } ] },
    "none": { "cla": "00", "ins": "22", "p1": "{keyRef}", "p2": "00", "le": "none" },
    "sign": { "steps": [
      { "cla": "00", "ins": "22", "p1": "41", "p2": "B6", "data": [ { "tlv": "84", "value": "{keyRef}" } ] },
      { "cla": "00", "ins": "2A", "p1": "9E", "p2": "9A", "data": [ { "value": "{data}" } ], "ok": [ "9000", "6200" ],
        "answer": [ { "field": "signature", "length": "rest" } ] } ] },
    "decipher": { "cla": "00", "ins": "2A", "p1": "80", "p2": "86", "data": [ { "hex": "00" }, { "value": "{data}" } ],
      "answer": [ { "field": "plaintext", "length": "rest" } ] },
    "agree": { "cla": "00", "ins": "86", "p1": "{alg}", "p2": "{keyRef}",
      "data": [ { "tlv": "85", "value": "{data}", "lenBytes": 2 }, { "tlv": "86", "value": "{iv}", "omitIfEmpty": true } ],
      "answer": [ { "field": "header", "length": 2 }, { "field": "secret", "length": "rest" } ] } },
  "mechanisms": {
    "CKM_RSA_X_509": { "command": { "sign": "sign", "decipher": "decipher" } },
    "CKM_RSA_PKCS": { "command": { "sign": "sign", "decipher": "decipher" } },
    "CKM_ECDSA": { "command": "sign", "algorithm": "0A" }, "CKM_EDDSA": { "command": "sign" },
    "CKM_ECDH1_DERIVE": { "command": "agree" } } })";

Byte reference_of(View command) {
    constexpr Byte select = 0xA4;
    constexpr Byte read_binary = 0xB0;
    if (command[1] == select && command.size() > 5 && command.size() >= 5U + command[4]) {
        return command[4 + command[4]];
    }
    return command[1] == read_binary ? command[2] : command[3];
}

/// profile is read once and never destroyed.
const std::shared_ptr<const Profile>& profile() {
    static const auto* const found = [] {
        const Assembled assembled = assemble_profiles({{"fuzz", profile_text, true}});
        require(assembled.problems.empty() && assembled.profiles.size() == 1);
        return new std::shared_ptr<const Profile>(assembled.profiles.front());
    }();
    return *found;
}

std::size_t unit_of(const crypto::PublicKey& key) {
    const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key);
    return rsa != nullptr ? rsa->modulus_bytes() : 32;
}

void use_key(Applet& applet, Channel& channel, const KeySlot& slot, const crypto::PublicKey& key) {
    const Bytes input(32, 0xA5);
    const auto* ec = std::get_if<crypto::EcPublicKey>(&key);
    const std::size_t unit = unit_of(key);
    const auto compute = [&](Primitive primitive, Verb verb, View block, std::size_t least,
                             std::size_t most) {
        attempt([&] {
            const std::size_t size = applet.compute(channel, slot, key, primitive, verb, block).size();
            require(size >= least && size <= most);
        });
    };
    compute(Primitive::rsa_raw, Verb::sign, input, unit, unit);
    compute(Primitive::rsa_raw, Verb::decipher, input, unit, unit);
    compute(Primitive::rsa_pkcs1, Verb::sign, input, unit, unit);
    compute(Primitive::rsa_pkcs1, Verb::decipher, input, 0, unit - 11);
    compute(Primitive::ecdsa, Verb::sign, input, 2 * unit, 2 * unit);
    compute(Primitive::eddsa, Verb::sign, input, 2 * unit, 2 * unit);
    compute(Primitive::ecdh, Verb::derive, ec != nullptr ? View(ec->point) : View(input), unit, unit);
    compute(Primitive::ecdh, Verb::derive, Bytes(3, 0x04), unit, unit);
    compute(Primitive::ecdsa, Verb::decipher, input, 0, 0);
}

void use_objects(Applet& applet, Channel& channel) {
    std::vector<std::optional<ObjectEntry>> entries(profile()->objects.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
        attempt([&] { entries[i] = applet.read_object(channel, profile()->objects[i]); });
        require(!entries[i] || entries[i]->value.size() <= profile()->objects[i].max_size);
        attempt([&] { applet.write_object(channel, profile()->objects[i], Bytes(3, 0x30)); });
        attempt([&] { applet.erase_object(channel, profile()->objects[i]); });
    }
    for (const KeySlot& slot : profile()->keys) {
        const auto& entry = entries.at(slot.certificate.value());
        const auto* certificate = entry && entry->certificate ? &*entry->certificate : nullptr;
        std::optional<KeyEntry> key;
        attempt([&] { key = applet.read_key(channel, slot, certificate); });
        if (key) {
            check_key(key->public_key);
        }
        for (const crypto::PublicKey& any :
             {rsa_key(), ec_key(), okp_key(crypto::OkpCurve::ed25519), okp_key(crypto::OkpCurve::x25519)}) {
            use_key(applet, channel, slot, any);
        }
        attempt([&] { applet.erase_key(channel, slot); });
        attempt([&] { (void)applet.generate(channel, slot, KeyType::p256, {}); });
        attempt([&] { applet.import_key(channel, slot, KeyType::p256, crypto::EcPrivateParts{}, {}); });
    }
}

void use_pins(Applet& applet, Channel& channel) {
    for (const PinRule& rule : profile()->pins) {
        const View value = view_of(rule.role == PinRole::puk ? puk : pin);
        attempt([&] { (void)applet.pin_status(channel, rule); });
        attempt([&] { applet.verify(channel, rule, value); });
        attempt([&] { applet.change_pin(channel, rule, value, value); });
        attempt([&] { applet.verify_on_pad(channel, rule); });
        attempt([&] { applet.change_pin_on_pad(channel, rule); });
        attempt([&] { applet.unblock(channel, rule, view_of(puk), value); });
        attempt([&] { applet.clear_verification(channel, rule); });
    }
    attempt([&] { applet.initialize(channel, view_of(puk)); });
}

/// use_templates runs each template with keys of lengths that it is for, and is not for.
void use_templates(Channel& channel) {
    const Bytes data(100, 0x5A);
    const Bytes block(16, 0x01);
    for (const auto& [name, command] : profile()->commands) {
        for (const std::size_t bits : {128U, 192U, 256U}) {
            const TemplateValues values{.key_ref = 1,
                                        .key_bits = bits,
                                        .algorithm = 2,
                                        .data = data,
                                        .iv = block,
                                        .aad = View(block).first(bits % 3),
                                        .counter = block,
                                        .tag_bits = 128};
            attempt([&] { require(command->most_data(profile()->transport, values) <= 65535); });
            attempt([&] {
                for (const auto& [field, value] : command->run(channel, values, Verb::encrypt)) {
                    require(!field.empty() && value.size() <= 65536);
                }
            });
        }
    }
}

void drive(reader::CardLink& link) {
    const auto applet = make_applet(profile());
    Channel channel(link, profile()->transport);
    attempt([&] { (void)applet->select(channel); });
    attempt([&] { require(!applet->read_serial(channel).empty()); });
    use_pins(*applet, channel);
    use_objects(*applet, channel);
    use_pins(*applet, channel);
    use_templates(channel);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size != 0) {
        ScriptedCard link(View(data, size).subspan(1), data[0], reference_of);
        drive(link);
    }
    return 0;
}
