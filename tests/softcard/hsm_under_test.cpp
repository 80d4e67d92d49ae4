#include "softcard/hsm_under_test.hpp"

#include <gtest/gtest.h>
#include <numeric>

#include "crypto/ec_group.hpp"
#include "softcard/card_json.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::string_view ecdsa_sha256 = "060A04007F00070202020203";
constexpr std::string_view rsa_sha256 = "060A04007F00070202020102";

Bytes request_of(View key, std::string_view more) {
    return TlvWriter()
        .put(0x5F29, hex("00"))
        .put(0x42, view_of("UTCA00001"))
        .put(0x7F49, key)
        .put(0x5F20, view_of("UTTEST00001"))
        .raw(hex(more))
        .take();
}

std::string header(std::string_view start, Byte p1, Byte p2) {
    return std::string(start) + to_hex(Bytes{p1, p2});
}

}  // namespace

CreateOptions hsm_options(AesModes modes, bool blank) {
    CreateOptions options;
    options.name = "test";
    options.applets = {"sc-hsm"};
    options.pin = hsm_pin;
    options.puk = hsm_officer_pin;
    options.aes = modes;
    options.blank = blank;
    options.pin_iterations = 10;
    return options;
}

Bytes test_dkek() {
    Bytes key(dkek_bytes);
    std::iota(key.begin(), key.end(), Byte{0x20});
    return key;
}

Bytes pair_request(crypto::Curve curve, std::string_view more) {
    const crypto::DomainParameters domain = crypto::domain_parameters(curve);
    return request_of(TlvWriter()
                          .raw(hex(ecdsa_sha256))
                          .put(0x81, domain.prime)
                          .put(0x82, domain.a)
                          .put(0x83, domain.b)
                          .put(0x84, domain.generator)
                          .put(0x85, domain.order)
                          .put(0x87, domain.cofactor)
                          .take(),
                      more);
}

Bytes rsa_request(std::size_t bits, std::string_view more) {
    const Byte length[] = {static_cast<Byte>(bits >> 8), static_cast<Byte>(bits & 0xFF)};
    return request_of(TlvWriter().raw(hex(rsa_sha256)).put(0x82, hex("010001")).put(0x02, length).take(),
                      more);
}

HsmUnderTest::HsmUnderTest(const CreateOptions& options)
    : m_medium(new_medium(options)), m_card(std::make_unique<MemoryStorage>(m_medium)) {
    restart();
}

void HsmUnderTest::restart() {
    m_card.power_off();
    ASSERT_FALSE(m_card.power_on().empty());
    ASSERT_EQ(send("00A404000BE82B0601040181C31F020100").status, 0x9000U);
}

Answer HsmUnderTest::send(View apdu) {
    const Bytes exact = to_bytes(apdu);
    return split(m_card.transmit(exact));
}

Answer HsmUnderTest::command(std::string_view header, View data) {
    Bytes apdu = hex(header);
    apdu.push_back(0);
    if (!data.empty()) {
        append(apdu, Bytes{static_cast<Byte>(data.size() >> 8), static_cast<Byte>(data.size() & 0xFF)});
        append(apdu, data);
    }
    append(apdu, Bytes{0, 0});
    return send(apdu);
}

void HsmUnderTest::verify() {
    ASSERT_EQ(command("00200081", view_of(hsm_pin)).status, 0x9000U);
}

Answer HsmUnderTest::initialize(std::string_view more) {
    return command("80500000", TlvWriter()
                                   .put(0x80, hex("0001"))
                                   .put(0x81, view_of(hsm_pin))
                                   .put(0x82, view_of(hsm_officer_pin))
                                   .put(0x91, hex("03"))
                                   .raw(hex(more))
                                   .take());
}

void HsmUnderTest::with_dkek() {
    ASSERT_EQ(initialize("920101").status, 0x9000U);
    ASSERT_EQ(command("80520000", test_dkek()).status, 0x9000U);
    verify();
}

crypto::PublicKey HsmUnderTest::generate(Byte id, View request) {
    const Answer answer = command(header("0046", id, 0x00), request);
    EXPECT_EQ(answer.status, 0x9000U);
    const auto key = find_tlv_path(answer.data, {0x67, 0x7F21, 0x7F4E, 0x7F49});
    EXPECT_TRUE(key.has_value());
    const View fields = key.value_or(View());
    if (const auto point = find_tlv(fields, 0x86)) {
        for (const crypto::CurveFacts& facts : crypto::all_curves()) {
            const crypto::Curve curve = facts.curve;
            if (equal(crypto::domain_parameters(curve).generator, find_tlv(fields, 0x84).value_or(View()))) {
                return crypto::EcPublicKey{curve, to_bytes(*point)};
            }
        }
    }
    return crypto::RsaPublicKey{to_bytes(find_tlv(fields, 0x81).value_or(View())),
                                to_bytes(find_tlv(fields, 0x82).value_or(View()))};
}

void HsmUnderTest::bring_aes(Byte id, View key, View algorithms) {
    const Bytes blob = wrap_key(test_dkek(), std::make_shared<const SecretBytes>(to_secret(key)), algorithms);
    ASSERT_EQ(command(header("8074", id, 0x93), blob).status, 0x9000U);
}

HsmState HsmUnderTest::state() const {
    const auto card = read_card(*m_medium->bytes);
    return std::get<CardState>(card).hsm.value();
}

std::string HsmUnderTest::text() const {
    return to_text(*m_medium->bytes);
}

}  // namespace jeton::softcard
