// Keys of the PIV applet: what is there, computing, and generating.
#include <gtest/gtest.h>

#include "card/support/piv_conversation.hpp"
#include "util/tlv.hpp"

namespace jeton::card {
namespace {

/// A point of P-256 and one that is not on it (the generator, and the generator with another last byte).
const std::string generator_point =
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5";
const std::string no_point =
    "046B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296"
    "4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F6";

crypto::PublicKey ec_key() {
    return crypto::EcPublicKey{crypto::Curve::p256, from_hex(generator_point).value()};
}
crypto::PublicKey rsa_key() {
    return *crypto::parse_certificate(vector_file("rsa-certificate.hex"))->key;
}

std::string repeat(const std::string& text, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) {
        out += text;
    }
    return out;
}

/// metadata_answer of a P-256 key with the PIN policy |policy|.
std::string metadata_answer(const std::string& policy, const std::string& point) {
    return "010111 0202" + policy + "01 030101 0443 8641" + point + "9000";
}

using PivReadKey = PivConversation;

TEST_F(PivReadKey, TakesThePublicKeyOfTheCertificate) {
    const auto certificate = crypto::parse_certificate(vector_file("rsa-certificate.hex"));
    const auto entry = applet().read_key(channel(), key_slot("9c"), &*certificate);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->public_key, rsa_key());
    EXPECT_TRUE(entry->always_authenticate);
    EXPECT_FALSE(entry->generated_on_card);
    EXPECT_EQ(channel().exchanges(), 0U);
}

TEST_F(PivReadKey, AsksTheMetadataWhenThereIsNoCertificate) {
    expect("00F7009A 000000", metadata_answer("02", generator_point));
    const auto entry = applet().read_key(channel(), key_slot("9a"), nullptr);
    ASSERT_TRUE(entry);
    EXPECT_EQ(entry->public_key, ec_key());
    EXPECT_TRUE(entry->generated_on_card);
}

TEST_F(PivReadKey, AsksNoMetadataWhereTheProfileGoesByCertificates) {
    m_profile.keys.front().presence = KeySlot::Presence::certificate;
    EXPECT_FALSE(applet().read_key(channel(), key_slot("9a"), nullptr));
    EXPECT_EQ(channel().exchanges(), 0U);
}

TEST_F(PivReadKey, NeverAsksAgainWhenTheCardHasNoMetadata) {
    expect("00F7009A 000000", "6D00");
    expect("00F7009A 00", "6D00");  // it could have been the extended form that was refused
    EXPECT_FALSE(applet().read_key(channel(), key_slot("9a"), nullptr));
    EXPECT_FALSE(applet().read_key(channel(), key_slot("9d"), nullptr));
}

TEST_F(PivReadKey, TakesABreakdownForNoEmptySlot) {
    expect("00F7009A 000000", "6F00");
    EXPECT_EQ(error_of([&] { applet().read_key(channel(), key_slot("9a"), nullptr); }).verb(), Verb::read);
}

TEST_F(PivReadKey, BelievesTheCardsPinPolicyOnlyWhereTheProfileLeavesItOpen) {
    m_profile.keys[key_index(m_profile, "9c")].always_authenticate = Switch::automatic;
    m_profile.keys[key_index(m_profile, "9d")].always_authenticate = Switch::automatic;
    m_profile.keys[key_index(m_profile, "9a")].always_authenticate = Switch::never;
    const struct {
        const char* slot;
        const char* policy;
        bool always;
    } rows[] = {{"9c", "00", true}, {"9c", "02", false}, {"9c", "03", true}, {"9d", "00", false},
                {"9d", "03", true}, {"9d", "05", true},  {"9a", "03", false}};
    for (const auto& row : rows) {
        expect("00F700" + std::string(row.slot) + "000000", metadata_answer(row.policy, generator_point));
    }
    for (const auto& row : rows) {
        const auto entry = applet().read_key(channel(), key_slot(row.slot), nullptr);
        ASSERT_TRUE(entry);
        EXPECT_EQ(entry->always_authenticate, row.always) << row.slot << " policy " << row.policy;
    }
}

TEST_F(PivReadKey, FindsNoKeyInMetadataThatMakeNoSense) {
    const std::vector<std::string> answers{"6A88",
                                           "9000",
                                           "010111 9000",
                                           metadata_answer("02", no_point),
                                           "0101FF 04438641" + generator_point + "9000",
                                           "010107 0403810103 9000",
                                           "010114 04438641" + generator_point + "9000"};
    for (const std::string& answer : answers) {
        expect("00F7009A 000000", answer);
    }
    for (const std::string& answer : answers) {
        EXPECT_FALSE(applet().read_key(channel(), key_slot("9a"), nullptr)) << answer;
    }
}

using PivCompute = PivConversation;

TEST_F(PivCompute, SignsWithRsaInOneExtendedCommand) {
    expect("0087079A 00010A 7C820106 8200 81820100" + repeat("11", 256) + "0000",
           "7C820104 82820100" + repeat("22", 256) + "9000");
    const Bytes block(256, 0x11);
    EXPECT_EQ(applet().compute(channel(), key_slot("9a"), rsa_key(), Primitive::rsa_raw, Verb::sign, block),
              SecretBytes(256, 0x22));
}

TEST_F(PivCompute, GivesRsaResultsTheLengthOfTheModulus) {
    const std::string command = "0087079A 00010A 7C820106 8200 81820100" + repeat("11", 256) + "0000";
    expect(command, "7C8201038281FF" + repeat("22", 255) + "9000");
    m_transcript.exchanges.back().response[3] = 0x02;
    expect(command, "7C82010582820101" + repeat("22", 257) + "9000");
    const Bytes block(256, 0x11);
    const auto compute = [&] {
        return applet().compute(channel(), key_slot("9a"), rsa_key(), Primitive::rsa_raw, Verb::decipher,
                                block);
    };
    const SecretBytes padded = compute();
    ASSERT_EQ(padded.size(), 256U);
    EXPECT_EQ(padded[0], 0x00);
    EXPECT_EQ(padded[1], 0x22);
    EXPECT_EQ(error_of(compute).kind(), Error::Kind::malformed);
}

TEST_F(PivCompute, CutsAndPadsHashesToTheField) {
    const std::string answer = "7C0A 8208 3006 020101 020102 9000";
    expect("0087119A 26 7C24 8200 8120" + repeat("AB", 32) + "00", answer);
    expect("0087119A 26 7C24 8200 8120" + repeat("00", 12) + repeat("AB", 20) + "00", answer);
    for (const std::size_t length : {64U, 20U}) {
        const Bytes hash(length, 0xAB);
        const SecretBytes signature =
            applet().compute(channel(), key_slot("9a"), ec_key(), Primitive::ecdsa, Verb::sign, hash);
        EXPECT_EQ(to_hex(signature), repeat("00", 31) + "01" + repeat("00", 31) + "02");
    }
}

TEST_F(PivCompute, SendsAPointAndGetsItsXCoordinate) {
    expect("0087119D 47 7C45 8200 8541" + generator_point + "00", "7C22 8220" + repeat("33", 32) + "9000");
    const Bytes point = from_hex(generator_point).value();
    EXPECT_EQ(applet().compute(channel(), key_slot("9d"), ec_key(), Primitive::ecdh, Verb::derive, point),
              SecretBytes(32, 0x33));
}

TEST_F(PivCompute, RefusesWhatTheCardCannotHaveMeant) {
    const std::string command = "0087119A 26 7C24 8200 8120" + repeat("AB", 32) + "00";
    const std::vector<std::string> answers{"9000",
                                           "7C009000",
                                           "7C028200 9000",
                                           "82083006020101020102 9000",
                                           "7C0782053003020101 9000",
                                           "7C2D822B3029 0221" + repeat("01", 33) + "02040102030400 9000"};
    for (const std::string& answer : answers) {
        expect(command, answer);
    }
    const Bytes hash(32, 0xAB);
    for (const std::string& answer : answers) {
        const Error error = error_of([&] {
            applet().compute(channel(), key_slot("9a"), ec_key(), Primitive::ecdsa, Verb::sign, hash);
        });
        EXPECT_EQ(error.kind(), Error::Kind::malformed) << answer;
    }
}

TEST_F(PivCompute, TellsWhatTheCardRefused) {
    expect("0087119A 26 7C24 8200 8120" + repeat("AB", 32) + "00", "6982");
    const Bytes hash(32, 0xAB);
    const Error error = error_of(
        [&] { applet().compute(channel(), key_slot("9a"), ec_key(), Primitive::ecdsa, Verb::sign, hash); });
    EXPECT_EQ(error.verb(), Verb::sign);
    EXPECT_EQ(error.status(), sw::security_status);
}

TEST_F(PivCompute, SendsNothingThatCannotWork) {
    m_profile.algorithms.erase(KeyType::p256);
    const Bytes long_block(257, 0x01);
    const Bytes hash(32, 0x01);
    const auto kind = [&](const crypto::PublicKey& key, Primitive primitive, View input) {
        return error_of(
                   [&] { applet().compute(channel(), key_slot("9a"), key, primitive, Verb::sign, input); })
            .kind();
    };
    EXPECT_EQ(kind(rsa_key(), Primitive::rsa_raw, long_block), Error::Kind::too_large);
    EXPECT_EQ(kind(rsa_key(), Primitive::ecdsa, hash), Error::Kind::unsupported);
    EXPECT_EQ(kind(ec_key(), Primitive::rsa_raw, hash), Error::Kind::unsupported);
    EXPECT_EQ(kind(ec_key(), Primitive::ecdsa, hash), Error::Kind::unsupported);
    EXPECT_FALSE(applet().offers(Primitive::ecdsa, KeyType::p256));
    EXPECT_TRUE(applet().offers(Primitive::ecdsa, KeyType::p384));
    EXPECT_FALSE(applet().offers(Primitive::rsa_raw, KeyType::p384));
    EXPECT_EQ(channel().exchanges(), 0U);
}

using PivGenerate = PivConversation;

TEST_F(PivGenerate, ReadsThePointThatTheCardMade) {
    expect("0047009A 05 AC03800111 00", "7F4943 8641" + generator_point + "9000");
    EXPECT_EQ(applet().generate(channel(), key_slot("9a"), KeyType::p256, {}), ec_key());
    EXPECT_EQ(m_link->waits.front(), Channel::slow_limit);
}

TEST_F(PivGenerate, ReadsAModulusOfTheRightLengthAlone) {
    const Bytes modulus = std::get<crypto::RsaPublicKey>(rsa_key()).modulus;
    const std::string command = "0047009A 000005 AC03800107 0000";
    expect(command, "7F49820109 81820100" + to_hex(modulus) + "8203010001 9000");
    expect(command, "7F4943 8641" + generator_point + "9000");
    expect(command, "7F498188 818180" + repeat("FF", 128) + "8203010001 9000");
    EXPECT_EQ(applet().generate(channel(), key_slot("9a"), KeyType::rsa2048, {}), rsa_key());
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(
            error_of([&] { applet().generate(channel(), key_slot("9a"), KeyType::rsa2048, {}); }).kind(),
            Error::Kind::malformed);
    }
}

TEST_F(PivGenerate, SendsNothingForAKindThatTheSlotDoesNotTake) {
    m_profile.keys.front().types = {KeyType::rsa2048};
    EXPECT_EQ(error_of([&] { applet().generate(channel(), key_slot("9a"), KeyType::p256, {}); }).kind(),
              Error::Kind::unsupported);
    EXPECT_EQ(error_of([&] { applet().generate(channel(), key_slot("9d"), KeyType::p521, {}); }).kind(),
              Error::Kind::unsupported);
    EXPECT_EQ(channel().exchanges(), 0U);
}

}  // namespace
}  // namespace jeton::card
