#include "softcard/card_under_test.hpp"

#include <cstdlib>
#include <gtest/gtest.h>
#include <ostream>

#include "crypto/block_cipher.hpp"
#include "softcard/card_json.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::string_view select_command = "00A4040009A0000003080000100000";

}  // namespace

void PrintTo(const Answer& answer, std::ostream* out) {
    *out << to_hex(answer.data) << " / " << std::hex << answer.status;
}

Answer split(View response) {
    EXPECT_GE(response.size(), 2U);
    if (response.size() < 2) {
        return {};
    }
    const View data = response.first(response.size() - 2);
    return {to_bytes(data), static_cast<unsigned>(load_be(response.subspan(data.size())))};
}

Bytes hex(std::string_view text) {
    const std::optional<Bytes> bytes = from_hex(text);
    if (!bytes) {
        ADD_FAILURE() << "not hex: " << text;
        std::abort();
    }
    return *bytes;
}

CreateOptions fixed_options() {
    CreateOptions options;
    options.name = "test";
    options.applets = {"piv"};
    options.management_key = hex("010203040506070801020304050607080102030405060708");
    options.pin_iterations = 10;
    return options;
}

std::shared_ptr<Medium> new_medium(const CreateOptions& options) {
    auto medium = std::make_shared<Medium>();
    MemoryStorage(medium).write(write_card(make_card_state(options)));
    return medium;
}

CardUnderTest::CardUnderTest(std::shared_ptr<Medium> medium, const CardOptions& options)
    : m_medium(medium), m_card(std::make_unique<GuardedStorage>(std::move(medium), m_guard), options) {
    restart();
}

void CardUnderTest::restart() {
    m_card.power_off();
    ASSERT_FALSE(m_card.power_on().empty());
    ASSERT_EQ(send(select_command).status, 0x9000U);
}

Answer CardUnderTest::send(View apdu) {
    const Bytes exact = to_bytes(apdu);
    return split(m_card.transmit(exact));
}

Answer CardUnderTest::command(std::string_view header, View data) {
    Bytes apdu = hex(header);
    if (!data.empty()) {
        append(apdu, Bytes{0, static_cast<Byte>(data.size() >> 8), static_cast<Byte>(data.size())});
        append(apdu, data);
        append(apdu, Bytes{0, 0});
    } else {
        append(apdu, Bytes{0, 0, 0});
    }
    return send(apdu);
}

Answer CardUnderTest::command_in_short_links(std::string_view header, View data) {
    while (data.size() > 255) {
        Bytes link = hex(header);
        link[0] |= 0x10;
        link.push_back(255);
        append(link, data.first(255));
        const Answer answer = send(link);
        if (answer.status != 0x9000) {
            return answer;
        }
        data = data.subspan(255);
    }
    Bytes last = hex(header);
    last.push_back(static_cast<Byte>(data.size()));
    append(last, data);
    last.push_back(0);
    Answer answer = send(last);
    while (answer.status >> 8 == 0x61) {
        const Answer more = send(Bytes{0x00, 0xC0, 0x00, 0x00, static_cast<Byte>(answer.status)});
        append(answer.data, more.data);
        answer.status = more.status;
    }
    return answer;
}

void CardUnderTest::verify() {
    ASSERT_EQ(send("0020008008313233343536FFFF").status, 0x9000U);
}

void CardUnderTest::become_administrator(View key, std::optional<ManagementAlgorithm> algorithm) {
    const Bytes known = key.empty() ? fixed_options().management_key : to_bytes(key);
    const auto aes = known.size() == 16   ? ManagementAlgorithm::aes128
                     : known.size() == 24 ? ManagementAlgorithm::aes192
                                          : ManagementAlgorithm::aes256;
    ASSERT_EQ(try_administrator(known, algorithm.value_or(aes)).status, 0x9000U);
}

Answer CardUnderTest::try_administrator(View key, ManagementAlgorithm algorithm) {
    const crypto::BlockCipher cipher = management_facts(algorithm).cipher;
    const std::string header = "0087" + to_hex(Bytes{static_cast<Byte>(algorithm)}) + "9B";
    const Answer first = command(header, hex("7C028000"));
    const auto witness = find_tlv_path(first.data, {0x7C, 0x80});
    if (first.status != 0x9000 || !witness || witness->size() != crypto::block_length(cipher)) {
        return {{}, first.status == 0x9000 ? 0U : first.status};
    }
    const Bytes challenge(witness->size(), 0x0F);
    const Bytes opened = crypto::crypt_block(cipher, crypto::Direction::decrypt, key, *witness);
    const Answer second = command(
        header,
        TlvWriter().nest(0x7C, [&](TlvWriter& out) { out.put(0x80, opened).put(0x81, challenge); }).take());
    if (const auto response = find_tlv_path(second.data, {0x7C, 0x82})) {
        EXPECT_TRUE(
            equal(*response, crypto::crypt_block(cipher, crypto::Direction::encrypt, key, challenge)));
    }
    return second;
}

void CardUnderTest::block_pins() {
    for (int i = 0; i < 256 && send("0020008008323232323232FFFF").status != 0x6983; ++i) {
    }
    for (int i = 0; i < 256 && send("0024008110 3939393939393939 3131313131313131").status != 0x6983; ++i) {
    }
}

crypto::PublicKey CardUnderTest::generate(Byte reference, Byte algorithm, std::string_view more) {
    Bytes fields{0x80, 0x01, algorithm};
    append(fields, hex(more));
    const Answer answer = command("004700" + to_hex(Bytes{reference}), TlvWriter().put(0xAC, fields).take());
    EXPECT_EQ(answer.status, 0x9000U);
    const auto modulus = find_tlv_path(answer.data, {0x7F49, 0x81});
    const auto exponent = find_tlv_path(answer.data, {0x7F49, 0x82});
    if (modulus && exponent) {
        return crypto::RsaPublicKey{to_bytes(*modulus), to_bytes(*exponent)};
    }
    const auto point = find_tlv_path(answer.data, {0x7F49, 0x86});
    EXPECT_TRUE(point.has_value());
    const Bytes value = point ? to_bytes(*point) : Bytes{};
    if (algorithm >= 0xE0) {
        return crypto::OkpPublicKey{algorithm == 0xE0 ? crypto::OkpCurve::ed25519 : crypto::OkpCurve::x25519,
                                    value};
    }
    return crypto::EcPublicKey{algorithm == 0x11 ? crypto::Curve::p256 : crypto::Curve::p384, value};
}

Answer CardUnderTest::import(Byte reference, Byte algorithm, const crypto::PrivateKey& key,
                             std::string_view more) {
    TlvWriter fields;
    const crypto::PrivateParts parts = key.parts().value();
    if (const auto* rsa = std::get_if<crypto::RsaPrivateParts>(&parts)) {
        const std::size_t half = std::get<crypto::RsaPublicKey>(key.public_key()).modulus_bytes() / 2;
        std::uint32_t tag = 0x01;
        for (const SecretBytes* number : {&rsa->p, &rsa->q, &rsa->dp, &rsa->dq, &rsa->qinv}) {
            fields.put(tag++, left_padded(*number, half).value());
        }
    } else if (const auto* ec = std::get_if<crypto::EcPrivateParts>(&parts)) {
        fields.put(0x06, ec->scalar);
    } else {
        const auto& okp = std::get<crypto::OkpPrivateParts>(parts);
        fields.put(okp.curve == crypto::OkpCurve::ed25519 ? 0x07 : 0x08, okp.seed);
    }
    fields.raw(hex(more));
    return command("00FE" + to_hex(Bytes{algorithm, reference}), fields.take());
}

std::optional<crypto::Certificate> CardUnderTest::attest(Byte reference) {
    const Answer answer = command("00F9" + to_hex(Bytes{reference, 0x00}), {});
    EXPECT_EQ(answer.status, 0x9000U);
    return crypto::parse_certificate(answer.data);
}

Answer CardUnderTest::authenticate(Byte algorithm, Byte reference, std::uint32_t tag, View value) {
    const Bytes data =
        TlvWriter().nest(0x7C, [&](TlvWriter& out) { out.put(0x82, {}).put(tag, value); }).take();
    const Answer answer = command("0087" + to_hex(Bytes{algorithm, reference}), data);
    if (answer.status != 0x9000) {
        return answer;
    }
    const auto result = find_tlv_path(answer.data, {0x7C, 0x82});
    EXPECT_TRUE(result.has_value());
    return {result ? to_bytes(*result) : Bytes{}, answer.status};
}

}  // namespace jeton::softcard
