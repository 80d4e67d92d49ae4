#include "softcard/openpgp_under_test.hpp"

#include <algorithm>
#include <array>
#include <gtest/gtest.h>

#include "softcard/card_json.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {

namespace {

constexpr std::array<Byte, key_count> references{0xB6, 0xB8, 0xA4};

/// The attributes of |place| tell which curve a point is on.
KeyAlgorithm algorithm_of(CardUnderTest& card, std::size_t place) {
    return read_attributes(place, card.get(static_cast<std::uint32_t>(tag::attributes + place))).value();
}

}  // namespace

std::shared_ptr<Medium> new_medium() {
    CreateOptions options = fixed_options();
    options.applets = {"piv", "openpgp"};
    return softcard::new_medium(options);
}

CardUnderTest::CardUnderTest(std::shared_ptr<Medium> medium, const CardOptions& options)
    : m_medium(medium), m_card(std::make_unique<MemoryStorage>(std::move(medium)), options) {
    restart();
}

void CardUnderTest::restart() {
    m_card.power_off();
    ASSERT_FALSE(m_card.power_on().empty());
    ASSERT_EQ(send("00A4040006D27600012401").status, 0x9000U);
}

Answer CardUnderTest::send(View apdu) {
    const Bytes exact = to_bytes(apdu);
    return split(m_card.transmit(exact));
}

Answer CardUnderTest::command(std::string_view header, View data) {
    Bytes apdu = hex(header);
    apdu.push_back(0);
    if (!data.empty()) {
        append(apdu, Bytes{static_cast<Byte>(data.size() >> 8), static_cast<Byte>(data.size())});
        append(apdu, data);
    }
    append(apdu, Bytes{0, 0});
    return send(apdu);
}

void CardUnderTest::verify(Byte reference) {
    const std::string_view value = reference == pw3 ? "12345678" : "123456";
    ASSERT_EQ(command("002000" + to_hex(Bytes{reference}), view_of(value)).status, 0x9000U);
}

void CardUnderTest::verify_all() {
    for (const Byte reference : {pw1_signature, pw1, pw3}) {
        verify(reference);
    }
}

Bytes CardUnderTest::get(std::uint32_t tag) {
    const Answer answer =
        command("00CA" + to_hex(Bytes{static_cast<Byte>(tag >> 8), static_cast<Byte>(tag)}), {});
    EXPECT_EQ(answer.status, 0x9000U) << std::hex << tag;
    return answer.data;
}

unsigned CardUnderTest::put(std::uint32_t tag, View content) {
    return command("00DA" + to_hex(Bytes{static_cast<Byte>(tag >> 8), static_cast<Byte>(tag)}), content)
        .status;
}

void CardUnderTest::use_algorithm(std::size_t place, std::string_view attributes) {
    ASSERT_EQ(put(static_cast<std::uint32_t>(tag::attributes + place), hex(attributes)), 0x9000U)
        << attributes;
}

crypto::PublicKey CardUnderTest::public_key(std::size_t place, const Answer& answer) {
    EXPECT_EQ(answer.status, 0x9000U);
    const auto modulus = find_tlv_path(answer.data, {0x7F49, 0x81});
    const auto exponent = find_tlv_path(answer.data, {0x7F49, 0x82});
    if (modulus && exponent) {
        return crypto::RsaPublicKey{to_bytes(*modulus), to_bytes(*exponent)};
    }
    const auto point = find_tlv_path(answer.data, {0x7F49, 0x86});
    EXPECT_TRUE(point.has_value());
    const Bytes value = point ? to_bytes(*point) : Bytes{};
    const KeyAlgorithm algorithm = algorithm_of(*this, place);
    if (const auto* const curve = std::get_if<crypto::OkpCurve>(&algorithm.kind)) {
        return crypto::OkpPublicKey{*curve, value};
    }
    return crypto::EcPublicKey{std::get<crypto::Curve>(algorithm.kind), value};
}

crypto::PublicKey CardUnderTest::generate(std::size_t place) {
    return public_key(place, command("00478000", Bytes{references[place], 0x00}));
}

crypto::PublicKey CardUnderTest::read_key(std::size_t place) {
    return public_key(place, command("00478100", Bytes{references[place], 0x00}));
}

Bytes header_list(std::size_t place, const crypto::PrivateKey& key, Byte form) {
    TlvWriter list;
    Bytes values;
    const auto add = [&](std::uint32_t tag, View value) {
        const Bytes header = TlvWriter().put(tag, value).take();
        list.raw(View(header).first(header.size() - value.size()));
        append(values, value);
    };
    const crypto::PrivateParts parts = key.parts().value();
    if (const auto* const rsa = std::get_if<crypto::RsaPrivateParts>(&parts)) {
        add(0x91, left_padded(rsa->exponent, 4).value());
        add(0x92, rsa->p);
        add(0x93, rsa->q);
        if (form >= 2) {
            add(0x94, rsa->qinv);
            add(0x95, rsa->dp);
            add(0x96, rsa->dq);
        }
        if (form % 2 == 1) {
            add(0x97, std::get<crypto::RsaPublicKey>(key.public_key()).modulus);
        }
    } else if (const auto* const ec = std::get_if<crypto::EcPrivateParts>(&parts)) {
        add(0x92, ec->scalar);
        if (form != 0) {
            add(0x99, std::get<crypto::EcPublicKey>(key.public_key()).point);
        }
    } else {
        SecretBytes seed = std::get<crypto::OkpPrivateParts>(parts).seed;
        const auto public_key = std::get<crypto::OkpPublicKey>(key.public_key());
        if (public_key.curve == crypto::OkpCurve::x25519) {
            std::ranges::reverse(seed);
        }
        add(0x92, seed);
        if (form != 0) {
            add(0x99, public_key.value);
        }
    }
    const Bytes lengths = list.take();
    return TlvWriter()
        .nest(
            0x4D,
            [&](TlvWriter& out) { out.put(references[place], {}).put(0x7F48, lengths).put(0x5F48, values); })
        .take();
}

Answer CardUnderTest::import(std::size_t place, const crypto::PrivateKey& key, Byte form) {
    return command("00DB3FFF", header_list(place, key, form));
}

}  // namespace jeton::softcard::openpgp
