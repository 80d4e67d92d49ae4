// The effective values of the shipped profiles: ids and labels as other PIV software gives them.
#include <gtest/gtest.h>

#include "card/profile_support.hpp"

namespace jeton::card::testing {
namespace {

struct KeyRow {
    Byte ref;
    const char* pkcs11_id;
    const char* label;
    const char* public_label;
    const char* certificate_label;
    std::uint32_t certificate_tag;
    const char* certificate_oid;  // DER
    const char* usage;
};

// SP 800-73-4 part 1, tables 3 and 4 for references, tags and OIDs; ids and labels are OpenSC's.
const KeyRow key_rows[] = {
    {0x9A, "01", "PIV AUTH key", "PIV AUTH pubkey", "Certificate for PIV Authentication", 0x5FC105,
     "0201"
     "01",
     "sdx"},
    {0x9C, "02", "SIGN key", "SIGN pubkey", "Certificate for Digital Signature", 0x5FC10A,
     "0201"
     "00",
     "s"},
    {0x9D, "03", "KEY MAN key", "KEY MAN pubkey", "Certificate for Key Management", 0x5FC10B,
     "0201"
     "02",
     "sdx"},
    {0x9E, "04", "CARD AUTH key", "CARD AUTH pubkey", "Certificate for Card Authentication", 0x5FC101,
     "0205"
     "00",
     "s"},
#define RETIRED(n, ref, id, tag, oid)              \
    {ref,                                          \
     id,                                           \
     "Retired KEY MAN " #n,                        \
     "Retired KEY MAN " #n,                        \
     "Retired Certificate for Key Management " #n, \
     tag,                                          \
     "0210" oid,                                   \
     "sdx"}
    RETIRED(1, 0x82, "05", 0x5FC10D, "01"),
    RETIRED(2, 0x83, "06", 0x5FC10E, "02"),
    RETIRED(3, 0x84, "07", 0x5FC10F, "03"),
    RETIRED(4, 0x85, "08", 0x5FC110, "04"),
    RETIRED(5, 0x86, "09", 0x5FC111, "05"),
    RETIRED(6, 0x87, "10", 0x5FC112, "06"),
    RETIRED(7, 0x88, "11", 0x5FC113, "07"),
    RETIRED(8, 0x89, "12", 0x5FC114, "08"),
    RETIRED(9, 0x8A, "13", 0x5FC115, "09"),
    RETIRED(10, 0x8B, "14", 0x5FC116, "0A"),
    RETIRED(11, 0x8C, "15", 0x5FC117, "0B"),
    RETIRED(12, 0x8D, "16", 0x5FC118, "0C"),
    RETIRED(13, 0x8E, "17", 0x5FC119, "0D"),
    RETIRED(14, 0x8F, "18", 0x5FC11A, "0E"),
    RETIRED(15, 0x90, "19", 0x5FC11B, "0F"),
    RETIRED(16, 0x91, "20", 0x5FC11C, "10"),
    RETIRED(17, 0x92, "21", 0x5FC11D, "11"),
    RETIRED(18, 0x93, "22", 0x5FC11E, "12"),
    RETIRED(19, 0x94, "23", 0x5FC11F, "13"),
    RETIRED(20, 0x95, "24", 0x5FC120, "14"),
#undef RETIRED
};

struct DataRow {
    std::uint32_t tag;
    const char* label;
    const char* oid;  // after 2.16.840.1.101.3.7
    bool open;        // readable without the PIN, and visible
};

const DataRow data_rows[] = {
    {0x5FC107, "Card Capability Container", "01815B00", true},
    {0x5FC102, "Card Holder Unique Identifier", "023000", true},
    {0x5FC106, "Security Object", "02811000", true},
    {0x7E, "Discovery Object", "026050", true},
    {0x5FC10C, "Key History Object", "026060", true},
    {0x5FC109, "Printed Information", "023001", false},
    {0x5FC103, "Cardholder Fingerprints", "026010", false},
    {0x5FC108, "Cardholder Facial Image", "026030", false},
    {0x5FC121, "Cardholder Iris Image", "021015", false},
    {0x5FC123, "Pairing Code Reference Data Container", "021018", false},
};

/// DER of 2.16.840.1.101.3.7 and |tail|.
std::string oid_under_piv(const std::string& tail) {
    const std::string content = "60864801650307" + tail;
    return "06" + to_hex(Bytes{static_cast<Byte>(content.size() / 2)}) + content;
}

class Shipped : public ::testing::TestWithParam<const char*> {
  protected:
    const ProfileSet m_set = ProfileSet::load({});
    const Profile& profile() const { return *m_set.find(GetParam()); }
    bool yubikey() const { return profile().id == "yubikey-piv"; }
};

TEST_P(Shipped, keys_have_the_agreed_ids_and_labels) {
    ASSERT_EQ(profile().keys.size(), std::size(key_rows));
    for (std::size_t i = 0; i < std::size(key_rows); ++i) {
        const KeyRow& row = key_rows[i];
        const KeySlot& slot = profile().keys[i];
        EXPECT_EQ(slot.ref, row.ref);
        EXPECT_EQ(to_hex(Bytes{slot.ref}), to_hex(Bytes{row.ref}));
        EXPECT_EQ(to_hex(slot.pkcs11_id), row.pkcs11_id);
        EXPECT_EQ(slot.label, row.label);
        EXPECT_EQ(slot.public_label, row.public_label);
        EXPECT_EQ(profile().key_index(slot.pkcs11_id), i);
        const std::string usage = row.usage;
        EXPECT_EQ(slot.sign, usage.find('s') != std::string::npos) << slot.id;
        EXPECT_EQ(slot.decrypt, usage.find('d') != std::string::npos) << slot.id;
        EXPECT_EQ(slot.derive, usage.find('x') != std::string::npos) << slot.id;
        EXPECT_TRUE(slot.types.empty()) << slot.id;
        EXPECT_TRUE(slot.visible) << slot.id;
        EXPECT_EQ(slot.retired, i >= 4) << slot.id;
    }
}

TEST_P(Shipped, only_the_signature_key_always_authenticates_and_only_card_authentication_needs_no_pin) {
    for (const KeySlot& slot : profile().keys) {
        const bool open = slot.ref == 0x9E;
        EXPECT_EQ(slot.is_private, !open) << slot.id;
        EXPECT_EQ(slot.pin.has_value(), !open) << slot.id;
        if (slot.pin) {
            EXPECT_EQ(profile().pins.at(*slot.pin).role, PinRole::user) << slot.id;
        }
        const Switch others = open ? Switch::never : Switch::automatic;
        EXPECT_EQ(slot.always_authenticate, slot.ref == 0x9C ? Switch::always : others) << slot.id;
        EXPECT_EQ(slot.presence, yubikey() ? KeySlot::Presence::metadata : KeySlot::Presence::either)
            << slot.id;
    }
}

TEST_P(Shipped, certificates_belong_to_their_keys) {
    for (std::size_t i = 0; i < std::size(key_rows); ++i) {
        const KeyRow& row = key_rows[i];
        const KeySlot& key = profile().keys.at(i);
        ASSERT_TRUE(key.certificate.has_value()) << key.id;
        const ObjectSlot& slot = profile().objects.at(*key.certificate);
        EXPECT_EQ(slot.object_class, ObjectSlot::Class::certificate);
        EXPECT_EQ(load_be(slot.ref), row.certificate_tag) << slot.id;
        EXPECT_EQ(slot.label, row.certificate_label);
        EXPECT_EQ(slot.pkcs11_id, key.pkcs11_id);
        EXPECT_EQ(to_hex(slot.oid), oid_under_piv(row.certificate_oid)) << slot.id;
        EXPECT_EQ(slot.container, ObjectSlot::Container::piv_cert);
        EXPECT_FALSE(slot.read_pin.has_value());
        EXPECT_TRUE(slot.writable && slot.visible) << slot.id;
        EXPECT_EQ(slot.retired, key.retired);
        EXPECT_EQ(slot.max_size, yubikey() ? 3063 : 12710) << slot.id;
    }
    const ObjectSlot& signer = profile().objects.at(profile().object_index("cert-sm").value());
    EXPECT_EQ(to_hex(signer.pkcs11_id), "81");
    EXPECT_EQ(signer.label, "Secure Messaging Certificate Signer");
    EXPECT_FALSE(signer.visible);
}

TEST_P(Shipped, data_objects_have_their_tags_labels_and_oids) {
    std::vector<const ObjectSlot*> data;
    for (const ObjectSlot& slot : profile().objects) {
        if (slot.object_class == ObjectSlot::Class::data) {
            data.push_back(&slot);
        }
    }
    ASSERT_EQ(data.size(), std::size(data_rows));
    for (std::size_t i = 0; i < data.size(); ++i) {
        const DataRow& row = data_rows[i];
        EXPECT_EQ(load_be(data[i]->ref), row.tag);
        EXPECT_EQ(data[i]->label, row.label);
        EXPECT_EQ(data[i]->application, row.label);
        EXPECT_EQ(to_hex(data[i]->oid), oid_under_piv(row.oid)) << row.label;
        EXPECT_TRUE(data[i]->visible) << row.label;
        EXPECT_EQ(data[i]->on_demand, !row.open) << row.label;
        EXPECT_EQ(data[i]->read_pin.has_value(), !row.open) << row.label;
        EXPECT_TRUE(data[i]->pkcs11_id.empty()) << row.label;
        EXPECT_EQ(data[i]->container, ObjectSlot::Container::plain);
    }
}

TEST_P(Shipped, pins_follow_the_standard) {
    EXPECT_EQ(profile().pins.size(), 2);
    EXPECT_EQ(profile().pin(PinRole::so), nullptr) << "the management key is not a PIN";
    const PinRule* user = profile().pin(PinRole::user);
    const PinRule* puk = profile().pin(PinRole::puk);
    ASSERT_TRUE(user != nullptr && puk != nullptr);
    EXPECT_EQ(user->name, "user");
    EXPECT_EQ(user->ref, 0x80);
    EXPECT_EQ(puk->ref, 0x81);
    for (const PinRule* pin : {user, puk}) {
        EXPECT_EQ(pin->encoding, PinRule::Encoding::ascii);
        EXPECT_EQ(pin->min_length, 6);
        EXPECT_EQ(pin->max_length, 8);
        ASSERT_TRUE(pin->pad.has_value());
        EXPECT_EQ(pin->pad->byte, 0xFF);
        EXPECT_EQ(pin->pad->length, 8);
        EXPECT_FALSE(pin->final_try_guard);
    }
    EXPECT_EQ(user->tries_max, 3) << "the usual number; cards that count further just warn later";
    EXPECT_EQ(puk->tries_max, 0);
    EXPECT_EQ(user->status, PinRule::Status::empty_verify);
    EXPECT_EQ(user->logout, PinRule::Logout::p1ff);
    EXPECT_EQ(user->cache.policy, PinRule::Cache::Policy::session);
    EXPECT_FALSE(user->cache.for_always_auth);
    EXPECT_EQ(puk->status, PinRule::Status::none);
    EXPECT_EQ(puk->logout, PinRule::Logout::none);
}

TEST_P(Shipped, algorithms_are_those_of_sp_800_78_and_two_curves_of_the_field) {
    const std::map<KeyType, Byte> expected{{KeyType::rsa1024, 0x06}, {KeyType::rsa2048, 0x07},
                                           {KeyType::rsa3072, 0x05}, {KeyType::rsa4096, 0x16},
                                           {KeyType::p256, 0x11},    {KeyType::p384, 0x14},
                                           {KeyType::ed25519, 0xE0}, {KeyType::x25519, 0xE1}};
    EXPECT_EQ(profile().algorithms, expected);
}

TEST_P(Shipped, application_and_transport) {
    EXPECT_EQ(profile().applet, "piv");
    ASSERT_EQ(profile().match.size(), 1);
    EXPECT_EQ(to_hex(profile().match[0].aid), "A000000308");
    EXPECT_EQ(to_hex(profile().match[0].historical_hex), yubikey() ? "597562694B6579" : "");
    EXPECT_TRUE(profile().match[0].atr.value.empty());
    EXPECT_EQ(to_hex(profile().select.aid), "A00000030800001000");
    EXPECT_EQ(profile().select.p2, 0x00);
    EXPECT_TRUE(profile().select.le);
    EXPECT_EQ(profile().select.alternates, std::vector<Bytes>{from_hex("A000000308").value()});
    EXPECT_EQ(profile().transport.extended, Switch::automatic);
    EXPECT_EQ(profile().transport.chaining, Switch::automatic);
    EXPECT_EQ(profile().transport.chunk, 255);
    EXPECT_EQ(profile().transport.max_command_data, yubikey() ? 3072 : 65535);
    EXPECT_TRUE(profile().transport.get_response && profile().transport.retry_6c);
}

TEST_P(Shipped, token_and_quirks) {
    EXPECT_EQ(profile().priority, yubikey() ? 10 : 0);
    EXPECT_EQ(profile().token.label, (std::vector<std::string>{"{certCN}", "PIV_II"}));
    EXPECT_EQ(profile().token.serial_from,
              yubikey() ? TokenRule::SerialSource::yubikey_f8 : TokenRule::SerialSource::chuid);
    EXPECT_EQ(profile().token.serial_decimal, yubikey());
    EXPECT_EQ(profile().token.manufacturer, yubikey() ? "Yubico" : "");
    EXPECT_EQ(profile().quirks.probe_retired_slots, yubikey());
    EXPECT_TRUE(profile().quirks.verify_adjacent_to_sign);
    EXPECT_FALSE(profile().quirks.verify_630x);
    EXPECT_TRUE(profile().expose_data && profile().allow_write && profile().allow_keygen);
    EXPECT_TRUE(profile().mechanisms.empty());
}

std::string profile_name(const ::testing::TestParamInfo<const char*>& info) {
    return info.index == 0 ? "piv" : "yubikey";
}

INSTANTIATE_TEST_SUITE_P(Profiles, Shipped, ::testing::Values("piv", "yubikey-piv"), profile_name);

TEST(ProfileAccessors, look_things_up) {
    Profile profile;
    EXPECT_EQ(profile.pin(PinRole::user), nullptr);
    EXPECT_EQ(profile.key_index(Bytes{0x01}), std::nullopt);
    EXPECT_EQ(profile.object_index("a"), std::nullopt);
    profile.pins.resize(3);
    profile.pins[0].role = PinRole::puk;
    profile.pins[1].name = "u";
    EXPECT_EQ(profile.pin(PinRole::user)->name, "u") << "the first of the role";
    profile.keys.resize(3);
    profile.keys[0].pkcs11_id = {0x01};
    profile.keys[0].visible = false;
    profile.keys[1].pkcs11_id = {0x01, 0x02};
    profile.keys[2].pkcs11_id = {0x01};
    EXPECT_EQ(profile.key_index(Bytes{0x01}), 2) << "what is not visible has no id";
    EXPECT_EQ(profile.key_index(Bytes{}), std::nullopt);
    profile.objects.resize(2);
    profile.objects[1].id = "a";
    EXPECT_EQ(profile.object_index("a"), 1);
}

}  // namespace
}  // namespace jeton::card::testing
