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
    options.management_key = hex("010203040506070801020304050607080102030405060708");
    return options;
}

std::shared_ptr<Medium> new_medium(const CreateOptions& options) {
    auto medium = std::make_shared<Medium>();
    MemoryStorage(medium).write(write_card(make_card_state(options)));
    return medium;
}

CardUnderTest::CardUnderTest(std::shared_ptr<Medium> medium)
    : m_medium(medium), m_card(std::make_unique<GuardedStorage>(std::move(medium), m_guard)) {
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

void CardUnderTest::become_administrator(View key) {
    const Bytes known = key.empty() ? fixed_options().management_key : to_bytes(key);
    const Byte algorithm = management_algorithm(known.size());
    const std::string header = "0087" + to_hex(Bytes{algorithm}) + "9B";
    const Answer first = command(header, hex("7C028000"));
    ASSERT_EQ(first.status, 0x9000U);
    const auto witness = find_tlv_path(first.data, {0x7C, 0x80});
    ASSERT_TRUE(witness && witness->size() == 16);
    const Bytes challenge = hex("000102030405060708090A0B0C0D0E0F");
    const Answer second = command(
        header, TlvWriter()
                    .nest(0x7C,
                          [&](TlvWriter& out) {
                              out.put(0x80, crypto::crypt_block(crypto::BlockCipher::aes,
                                                                crypto::Direction::decrypt, known, *witness));
                              out.put(0x81, challenge);
                          })
                    .take());
    ASSERT_EQ(second.status, 0x9000U);
    const auto response = find_tlv_path(second.data, {0x7C, 0x82});
    ASSERT_TRUE(response.has_value());
    EXPECT_TRUE(equal(*response, crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::encrypt,
                                                     known, challenge)));
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
    return crypto::EcPublicKey{algorithm == 0x11 ? crypto::Curve::p256 : crypto::Curve::p384,
                               point ? to_bytes(*point) : Bytes{}};
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
