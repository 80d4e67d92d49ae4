// Objects on the card that are not what they should be: each is left out or reduced, the rest works, and no
// try of the PIN is spent.
#include <algorithm>
#include <cctype>
#include <fstream>
#include <functional>

#include "crypto/aes.hpp"
#include "crypto/block_cipher.hpp"
#include "pkcs11/module_under_test.hpp"
#include "softcard/store.hpp"
#include "util/gzip.hpp"
#include "util/tlv.hpp"

namespace jeton::test {
namespace {

const Bytes management_key(32, 0x42);

/// Contacts talks to a software card at its contacts, as an administrator's tool does.
class Contacts {
  public:
    explicit Contacts(const std::filesystem::path& file) : m_card(softcard::insert(file)) {
        m_card->power_on();
        send({0x00, 0xA4, 0x04, 0x00}, from_hex("A00000030800001000").value());
        authenticate();
    }

    /// put writes the object |tag|, content as it stands.
    void put(std::uint32_t tag, View content) {
        const Byte name[] = {static_cast<Byte>(tag >> 16), static_cast<Byte>(tag >> 8),
                             static_cast<Byte>(tag)};
        send({0x00, 0xDB, 0x3F, 0xFF}, TlvWriter().put(0x5C, name).put(0x53, content).take());
    }

    void generate(Byte reference, Byte algorithm) {
        send({0x00, 0x47, 0x00, reference}, Bytes{0xAC, 0x03, 0x80, 0x01, algorithm});
    }

  private:
    SecretBytes send(Bytes command, View data) {
        command.insert(command.end(),
                       {0x00, static_cast<Byte>(data.size() >> 8), static_cast<Byte>(data.size())});
        append(command, data);
        append(command, Bytes{0x00, 0x00});
        SecretBytes answer = m_card->transmit(command);
        EXPECT_EQ(load_be(View(answer).last(2)), 0x9000U) << to_hex(View(command).first(5));
        return answer;
    }

    void authenticate() {
        const SecretBytes first = send({0x00, 0x87, 0x0C, 0x9B}, from_hex("7C028100").value());
        const auto challenge = find_tlv_path(View(first).first(first.size() - 2), {0x7C, 0x81});
        const Bytes answer = crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::encrypt,
                                                 management_key, challenge.value());
        send({0x00, 0x87, 0x0C, 0x9B},
             TlvWriter().nest(0x7C, [&](auto& in) { in.put(0x82, answer); }).take());
    }

    std::shared_ptr<reader::SimulatedCard> m_card;
};

/// certificate_object is the container of a certificate (SP 800-73-4 part 1, appendix A).
Bytes certificate_object(View certificate, Byte info) {
    return TlvWriter().put(0x70, certificate).put(0x71, View(&info, 1)).put(0xFE, {}).take();
}

Bytes vector_certificate(const std::string& name) {
    std::ifstream file(CERTIFICATE_VECTORS);
    bool found = false;
    for (std::string line; std::getline(file, line);) {
        found = found || line == "name = " + name;
        if (found && line.starts_with("der = ")) {
            return from_hex(line.substr(6)).value();
        }
    }
    ADD_FAILURE() << "no vector " << name;
    return {};
}

constexpr std::uint32_t cert_9a = 0x5FC105;
constexpr std::uint32_t cert_9c = 0x5FC10A;
constexpr std::uint32_t cert_9d = 0x5FC10B;
constexpr std::uint32_t cert_9e = 0x5FC101;
constexpr std::uint32_t key_history = 0x5FC10C;
constexpr std::uint32_t security_object = 0x5FC106;

struct Spoiled {
    const char* name;
    std::function<Bytes()> content;  ///< of the certificate object of 9C
    std::size_t certificates;        ///< that are listed for CKA_ID 02
};

void PrintTo(const Spoiled& row, std::ostream* out) {
    *out << row.name;
}

class SpoiledObject : public testing::TestWithParam<Spoiled> {
  protected:
    SpoiledObject() : m_cards(management_key) {}
    SoftCards m_cards;
};

/// The other slots go on: a key that signs, its certificate, the PIN counter.
TEST_P(SpoiledObject, costs_itself_alone) {
    {
        Contacts card(m_cards.card_file());
        card.generate(0x9A, 0x11);
        card.put(cert_9c, GetParam().content());
    }
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto key = client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), bytes(CKA_ID, Bytes{1})});
    Bytes signature;
    EXPECT_EQ(client.sign({CKM_ECDSA_SHA256, nullptr, 0}, key, view_of("message"), signature), CKR_OK);
    EXPECT_EQ(signature.size(), 64U);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_CERTIFICATE), bytes(CKA_ID, Bytes{2})}).size(),
              GetParam().certificates);
    EXPECT_GE(client.find({}).size(), 2U);
    CK_TOKEN_INFO info;
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(info.flags & (CKF_USER_PIN_COUNT_LOW | CKF_USER_PIN_FINAL_TRY | CKF_USER_PIN_LOCKED), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Objects, SpoiledObject,
    testing::Values(
        Spoiled{"no certificate", [] { return certificate_object(Bytes(100, 0x30), 0); }, 0},
        Spoiled{"no container", [] { return Bytes(300, 0xAA); }, 0},
        Spoiled{"the longest object", [] { return Bytes(12710, 0x00); }, 0},
        Spoiled{"a gzip bomb", [] { return certificate_object(compress(Bytes(8 << 20, 0x00)), 1); }, 0},
        Spoiled{"damaged gzip", [] { return certificate_object(Bytes{0x1F, 0x8B, 0x08, 0x00, 0x01}, 1); }, 0},
        Spoiled{"a key of an unknown curve",
                [] { return certificate_object(vector_certificate("secp256k1"), 0); }, 1},
        Spoiled{"a certificate cut short",
                [] {
                    Bytes der = vector_certificate("P-521");
                    der.resize(der.size() - 1);
                    return certificate_object(der, 0);
                },
                0}),
    [](const auto& row) {
        std::string name = row.param.name;
        std::ranges::replace_if(
            name, [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
        return name;
    });

/// A key of an unknown kind gives its certificate, and no key objects.
TEST(SpoiledCard, has_no_key_objects_for_a_key_of_an_unknown_kind) {
    SoftCards cards(management_key);
    Contacts(cards.card_file()).put(cert_9d, certificate_object(vector_certificate("secp256k1"), 0));
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client.find({bytes(CKA_ID, Bytes{3})}).size(), 1U);
}

/// Everything at once: the card can still be used.
TEST(SpoiledCard, lists_what_is_sound_beside_objects_of_noise) {
    SoftCards cards(management_key);
    {
        Contacts card(cards.card_file());
        for (const std::uint32_t tag : {cert_9a, cert_9c, cert_9e, key_history, security_object}) {
            card.put(tag, Bytes(2000, 0x5A));
        }
        card.generate(0x9D, 0x14);
    }
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_CERTIFICATE)}).size(), 0U);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}).size(), 1U);
}

}  // namespace
}  // namespace jeton::test
