// The PIV applet's commands beyond the standard, word for word: import, move, delete, attest; Edwards and
// Montgomery curves; the global PIN.
#include <gtest/gtest.h>

#include "card/support/piv_conversation.hpp"

namespace jeton::card {
namespace {

std::string repeat(const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += text;
    }
    return out;
}

SecretBytes secret(std::size_t length, Byte value) {
    return SecretBytes(length, value);
}

using PivImport = PivConversation;

TEST_F(PivImport, WritesEachPartOfAnRsaKeyInHalfTheLengthOfTheModulus) {
    const crypto::RsaPrivateParts parts{secret(128, 0xC1), secret(128, 0xC2), secret(127, 0x03),
                                        secret(128, 0x04), secret(1, 0x05),   {0x01, 0x00, 0x01}};
    expect(
        "00FE079A 00028F"
        "018180" +
            repeat("C1", 128) + "028180" + repeat("C2", 128) + "03818000" + repeat("03", 127) + "048180" +
            repeat("04", 128) + "058180" + repeat("00", 127) + "05",
        "9000");
    applet().import_key(channel(), key_slot("9a"), KeyType::rsa2048, parts, {});
}

TEST_F(PivImport, WritesTheOneNumberOfACurveAndThePolicies) {
    const struct {
        KeyType type;
        crypto::PrivateParts parts;
        KeyPolicy policy;
        std::string command;
    } rows[] = {
        {KeyType::p256,
         crypto::EcPrivateParts{crypto::Curve::p256, secret(31, 0x0A)},
         {PinPolicy::always, TouchPolicy::cached},
         "00FE119C 28 062000" + repeat("0A", 31) + "AA0103 AB0103"},
        {KeyType::p384,
         crypto::EcPrivateParts{crypto::Curve::p384, secret(48, 0x0B)},
         {PinPolicy::never, {}},
         "00FE149C 35 0630" + repeat("0B", 48) + "AA0101"},
        {KeyType::ed25519,
         crypto::OkpPrivateParts{crypto::OkpCurve::ed25519, secret(32, 0x0C)},
         {{}, TouchPolicy::always},
         "00FEE09C 25 0720" + repeat("0C", 32) + "AB0102"},
        {KeyType::x25519,
         crypto::OkpPrivateParts{crypto::OkpCurve::x25519, secret(32, 0x0D)},
         {},
         "00FEE19C 22 0820" + repeat("0D", 32)},
    };
    for (const auto& row : rows) {
        expect(row.command, "9000");
    }
    for (const auto& row : rows) {
        applet().import_key(channel(), key_slot("9c"), row.type, row.parts, row.policy);
    }
}

TEST_F(PivImport, SendsNothingWhenPartsTypeOrProfileDoNotFit) {
    m_profile.keys[key_index(m_profile, "9d")].types = {KeyType::p384};
    const crypto::PrivateParts ec = crypto::EcPrivateParts{crypto::Curve::p256, secret(32, 0x01)};
    const crypto::PrivateParts uneven = crypto::RsaPrivateParts{
        secret(100, 0xC1), secret(156, 0xC2), secret(100, 1), secret(156, 1), secret(100, 1), {0x03}};
    const auto refused = [&](const char* slot, KeyType type, const crypto::PrivateParts& parts) {
        return error_of([&] { applet().import_key(channel(), key_slot(slot), type, parts, {}); });
    };
    EXPECT_EQ(refused("9a", KeyType::p384, ec).kind(), Error::Kind::unsupported);
    EXPECT_EQ(refused("9d", KeyType::p256, ec).kind(), Error::Kind::unsupported);
    EXPECT_EQ(refused("9a", KeyType::rsa2048, uneven).kind(), Error::Kind::unsupported);
    EXPECT_EQ(refused("9a", KeyType::rsa1024, uneven).verb(), Verb::import_key);
    EXPECT_EQ(error_of([&] { applet().generate(channel(), key_slot("9a"), KeyType::rsa1024, {}); }).kind(),
              Error::Kind::unsupported);
    EXPECT_EQ(channel().exchanges(), 0U);
}

TEST_F(PivImport, IsOffWhereThePolicySaysSo) {
    m_profile.allow_import = false;
    const crypto::PrivateParts ec = crypto::EcPrivateParts{crypto::Curve::p256, secret(32, 0x01)};
    EXPECT_EQ(error_of([&] { applet().import_key(channel(), key_slot("9a"), KeyType::p256, ec, {}); }).kind(),
              Error::Kind::unsupported);
    EXPECT_EQ(channel().exchanges(), 0U);
}

using PivMove = PivConversation;

TEST_F(PivMove, NamesTargetAndSource) {
    expect("00F6829A", "9000");
    expect("00F6FF9D", "9000");
    expect("00F6FF9D", "6A88");
    applet().move_key(channel(), key_slot("9a"), key_slot("82"));
    applet().erase_key(channel(), key_slot("9d"));
    const Error error = error_of([&] { applet().erase_key(channel(), key_slot("9d")); });
    EXPECT_EQ(error.verb(), Verb::erase);
    EXPECT_EQ(error.status(), sw::reference_not_found);
}

using PivPolicy = PivConversation;

TEST_F(PivPolicy, GoesWithTheGeneration) {
    const std::string point = "8620" + repeat("09", 32);
    expect("0047009A 0B AC09 8001E1 AA0102 AB0102 00", "7F4922" + point + "9000");
    const auto key =
        applet().generate(channel(), key_slot("9a"), KeyType::x25519, {PinPolicy::once, TouchPolicy::always});
    EXPECT_EQ(key, crypto::PublicKey(crypto::OkpPublicKey{crypto::OkpCurve::x25519, Bytes(32, 0x09)}));
}

using PivOkp = PivConversation;

crypto::PublicKey okp(crypto::OkpCurve curve) {
    return crypto::OkpPublicKey{curve, Bytes(32, 0x09)};
}

TEST_F(PivOkp, SignsTheMessageItself) {
    expect("0087E09A 0B 7C09 8200 8105" + to_hex(view_of("hello")) + "00",
           "7C42 8240" + repeat("AB", 64) + "9000");
    EXPECT_EQ(applet().compute(channel(), key_slot("9a"), okp(crypto::OkpCurve::ed25519), Primitive::eddsa,
                               Verb::sign, view_of("hello")),
              secret(64, 0xAB));
}

TEST_F(PivOkp, AgreesWithTheCoordinateAlone) {
    const std::string command = "0087E19D 26 7C24 8200 8520" + repeat("0F", 32) + "00";
    expect(command, "7C22 8220" + repeat("CD", 32) + "9000");
    expect(command, "7C21 821F" + repeat("CD", 31) + "9000");
    const auto agree = [&](const Bytes& peer) {
        return applet().compute(channel(), key_slot("9d"), okp(crypto::OkpCurve::x25519), Primitive::ecdh,
                                Verb::derive, peer);
    };
    EXPECT_EQ(agree(Bytes(32, 0x0F)), secret(32, 0xCD));
    EXPECT_EQ(error_of([&] { agree(Bytes(32, 0x0F)); }).kind(), Error::Kind::malformed);
    EXPECT_EQ(error_of([&] { agree(Bytes(31, 0x0F)); }).kind(), Error::Kind::too_large);
}

TEST_F(PivOkp, ComputesOnlyWhatItsCurveIsFor) {
    const Bytes input(32, 0x01);
    const struct {
        crypto::OkpCurve curve;
        Primitive primitive;
    } rows[] = {{crypto::OkpCurve::x25519, Primitive::eddsa},
                {crypto::OkpCurve::x25519, Primitive::ecdsa},
                {crypto::OkpCurve::ed25519, Primitive::ecdh},
                {crypto::OkpCurve::ed25519, Primitive::ecdsa},
                {crypto::OkpCurve::ed25519, Primitive::rsa_raw}};
    for (const auto& row : rows) {
        EXPECT_EQ(error_of([&] {
                      applet().compute(channel(), key_slot("9a"), okp(row.curve), row.primitive, Verb::sign,
                                       input);
                  }).kind(),
                  Error::Kind::unsupported);
    }
    EXPECT_EQ(channel().exchanges(), 0U);
}

using PivAttestation = PivConversation;

TEST_F(PivAttestation, IsACertificateThatTheCardIssues) {
    const Bytes der = vector_file("ec-certificate.hex");
    expect("00F99A00 000000", to_hex(der) + "9000");
    expect("00F99D00 000000", "6A80");
    const auto entry = applet().read_object(channel(), object_slot("attestation-9a"));
    ASSERT_TRUE(entry && entry->certificate);
    EXPECT_EQ(entry->value, der);
    EXPECT_FALSE(applet().read_object(channel(), object_slot("attestation-9d")));
}

TEST_F(PivAttestation, IsNotAskedForAgainWhenTheCardDoesNotKnowIt) {
    expect("00F99A00 000000", "6D00");
    expect("00F99A00 00", "6D00");
    EXPECT_FALSE(applet().read_object(channel(), object_slot("attestation-9a")));
    EXPECT_FALSE(applet().read_object(channel(), object_slot("attestation-9d")));
}

using PivGlobalPin = PivConversation;

TEST_F(PivGlobalPin, TakesThePlaceOfTheUserPinWhereTheDiscoveryObjectSaysSo) {
    m_profile.quirks.discovery_pin = true;
    expect_object("7E", "7E12 4F0BA000000308000010000100 5F2F026020 9000");
    expect("00200000", "63C3");
    expect("0020000008 313233343536FFFF", "9000");
    EXPECT_EQ(applet().pin_status(channel(), user()).tries_left, 3U);
    EXPECT_NO_THROW(applet().verify(channel(), user(), view_of("123456")));
    EXPECT_EQ(
        error_of([&] { applet().unblock(channel(), user(), view_of("12345678"), view_of("123456")); }).kind(),
        Error::Kind::unsupported);
}

TEST_F(PivGlobalPin, IsLeftAloneWhereTheObjectPrefersThePivPinOrIsNotThere) {
    const std::vector<std::string> answers{"7E12 4F0BA000000308000010000100 5F2F026010 9000",
                                           "7E12 4F0BA000000308000010000100 5F2F024020 9000",
                                           "7E059F0102AABB9000", "6A82"};
    m_profile.quirks.discovery_pin = true;
    for (const std::string& answer : answers) {
        expect_object("7E", answer);
        expect("00200080", "63C3");
    }
    for (const std::string& answer : answers) {
        const auto fresh = make_applet(std::make_shared<const Profile>(m_profile));
        EXPECT_EQ(fresh->pin_status(channel(), user()).tries_left, 3U) << answer;
    }
}

TEST_F(PivGlobalPin, CostsNothingWhereTheProfileDoesNotAskForIt) {
    expect("00200080", "63C3");
    EXPECT_EQ(applet().pin_status(channel(), user()).tries_left, 3U);
}

}  // namespace
}  // namespace jeton::card
