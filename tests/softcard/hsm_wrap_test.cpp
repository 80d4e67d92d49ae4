// Keys that leave the application sc-hsm encrypted, and the keys that encrypt them.
#include "softcard/hsm_wrap.hpp"

#include <gtest/gtest.h>

#include "crypto/ec_group.hpp"
#include "crypto/vectors.hpp"
#include "softcard/hsm_under_test.hpp"

namespace jeton::softcard {
namespace {

using Aes = std::shared_ptr<const SecretBytes>;
using Private = std::shared_ptr<const crypto::PrivateKey>;

void check_secret(const test::Record& record, const HsmSecret& secret) {
    if (record.has("aes")) {
        EXPECT_EQ(to_bytes(*std::get<Aes>(secret)), record.bytes("aes"));
        return;
    }
    const crypto::PublicKey key = std::get<Private>(secret)->public_key();
    if (record.has("modulus")) {
        EXPECT_EQ(std::get<crypto::RsaPublicKey>(key).modulus, record.bytes("modulus"));
        return;
    }
    const auto& ec = std::get<crypto::EcPublicKey>(key);
    EXPECT_EQ(crypto::curve_facts(ec.curve).name, record.text("curve"));
    EXPECT_EQ(ec.point, record.bytes("point"));
}

TEST(HsmWrap, OpensWhatAnotherImplementationWrapped) {
    for (const test::Record& record : test::read_vectors("wrapped.txt")) {
        SCOPED_TRACE(record.text("name"));
        const auto key = unwrap_key(test_dkek(), record.bytes("blob"));
        ASSERT_TRUE(key.has_value());
        EXPECT_EQ(key->algorithms, record.bytes("algorithms"));
        check_secret(record, key->secret);
        const Bytes again = wrap_key(test_dkek(), key->secret, key->algorithms);
        EXPECT_NE(again, record.bytes("blob")) << "8 bytes are random";
        const auto back = unwrap_key(test_dkek(), again);
        ASSERT_TRUE(back.has_value());
        EXPECT_EQ(back->algorithms, key->algorithms);
        check_secret(record, back->secret);
    }
}

TEST(HsmWrap, RefusesWhatHoldsNoSoundKey) {
    for (const test::Record& record : test::read_vectors("refused.txt")) {
        EXPECT_FALSE(unwrap_key(test_dkek(), record.bytes("blob")).has_value()) << record.text("name");
    }
}

TEST(HsmWrap, RefusesWhatWasChangedOrCut) {
    const Bytes blob =
        wrap_key(test_dkek(), std::make_shared<const SecretBytes>(to_secret(Bytes(16, 1))), hex("1011"));
    ASSERT_TRUE(unwrap_key(test_dkek(), blob).has_value());
    for (std::size_t i = 0; i < blob.size(); ++i) {
        Bytes changed = blob;
        changed[i] ^= 0x04;
        EXPECT_FALSE(unwrap_key(test_dkek(), changed).has_value()) << i;
        EXPECT_FALSE(
            unwrap_key(test_dkek(), Bytes(blob.begin(), blob.begin() + static_cast<std::ptrdiff_t>(i)))
                .has_value())
            << i;
    }
    Bytes other = test_dkek();
    other[0] ^= 1;
    EXPECT_FALSE(unwrap_key(other, blob).has_value());
}

TEST(HsmWrap, AKeyGoesFromOneCardToAnotherInData) {
    HsmUnderTest first;
    first.with_dkek();
    const auto key =
        std::get<crypto::EcPublicKey>(first.generate(1, pair_request(crypto::Curve::p384, "9103707392")));
    const Answer blob = first.send("80720192000000");
    ASSERT_EQ(blob.status, 0x9000U);

    HsmUnderTest second;
    second.with_dkek();
    EXPECT_EQ(second.command("80740593", blob.data), (Answer{{}, 0x9000}));
    const Bytes digest(48, 0xA5);
    const Answer signature = second.command("80680570", digest);
    ASSERT_EQ(signature.status, 0x9000U);
    EXPECT_TRUE(crypto::verify_ecdsa(key, digest, crypto::ecdsa_raw_from_der(signature.data, 48).value()));
    EXPECT_EQ(second.command("80680571", digest).status, 0x6985U) << "its algorithms came with it";
    EXPECT_EQ(second.command("80740593", blob.data).status, 0x6A89U);
    EXPECT_EQ(second.command("80740093", blob.data).status, 0x6A86U);
    EXPECT_EQ(second.command("80740692", blob.data).status, 0x6A86U);
    EXPECT_EQ(second.command("80740693", View(blob.data).first(24)).status, 0x6A80U);
    Bytes changed = blob.data;
    changed.back() ^= 1;
    EXPECT_EQ(second.command("80740693", changed).status, 0x6A80U);
    second.restart();
    EXPECT_EQ(second.command("80740693", blob.data).status, 0x6982U);
    EXPECT_EQ(second.send("80720592000000").status, 0x6982U);
}

TEST(HsmWrap, ABlobMayComeInAFileThatIsForgotten) {
    HsmUnderTest card;
    card.with_dkek();
    const Bytes blob =
        wrap_key(test_dkek(), std::make_shared<const SecretBytes>(to_secret(Bytes(16, 1))), {});
    EXPECT_EQ(card.send("80740193").status, 0x6A80U) << "no blob";
    const auto write = [&](std::size_t offset, View part) {
        Bytes data = hex("5402");
        append(data, Bytes{0, static_cast<Byte>(offset), 0x53, static_cast<Byte>(part.size())});
        append(data, part);
        return card.command("00D72F10", data).status;
    };
    EXPECT_EQ(write(0, View(blob).first(40)), 0x9000U);
    EXPECT_EQ(write(40, View(blob).subspan(40)), 0x9000U);
    EXPECT_EQ(card.command("00B12F10", hex("54020000")).data, blob);
    EXPECT_EQ(card.text().find(to_hex(View(blob).first(20))), std::string::npos) << "is not kept";
    EXPECT_EQ(card.send("80740193").status, 0x9000U);
    EXPECT_EQ(card.send("80740293").status, 0x6A80U) << "used up";
    EXPECT_EQ(write(0, blob), 0x9000U);
    EXPECT_EQ(card.send("00E40200022F10").status, 0x9000U);
    EXPECT_EQ(card.send("80740293").status, 0x6A80U);
    EXPECT_EQ(write(0, blob), 0x9000U);
    card.restart();
    card.verify();
    EXPECT_EQ(card.send("80740293").status, 0x6A80U);
}

TEST(HsmWrap, EveryKindOfKeyComesBack) {
    HsmUnderTest card;
    card.with_dkek();
    const auto rsa = std::get<crypto::RsaPublicKey>(card.generate(1, rsa_request(1024)));
    ASSERT_EQ(card.send("804802B1").status, 0x9000U);
    const Bytes code = card.command("80780218", hex("0011")).data;
    const Bytes block(128, 1);
    const Bytes signature = card.command("80680120", block).data;
    for (const char* id : {"01", "02"}) {
        const Answer blob = card.send(std::string("8072") + id + "92000000");
        ASSERT_EQ(blob.status, 0x9000U);
        ASSERT_EQ(card.send(std::string("00E4020002CC") + id).status, 0x9000U);
        ASSERT_EQ(card.command(std::string("8074") + id + "93", blob.data).status, 0x9000U);
    }
    EXPECT_EQ(card.command("80780218", hex("0011")).data, code);
    EXPECT_EQ(card.command("80680120", block).data, signature);
}

TEST(HsmWrap, ADkekIsTheSumOfItsShares) {
    HsmUnderTest card;
    ASSERT_EQ(card.initialize("920103").status, 0x9000U);
    EXPECT_EQ(card.send("80520000"), (Answer{hex("0303 0000000000000000"), 0x9000}));
    Bytes last = test_dkek();
    for (std::size_t i = 0; i < last.size(); ++i) {
        last[i] ^= 0x0F ^ 0xF3;
    }
    EXPECT_EQ(card.command("80520000", Bytes(32, 0x0F)), (Answer{hex("0302 0000000000000000"), 0x9000}));
    card.restart();
    EXPECT_EQ(card.command("80520000", Bytes(31, 0xF3)).status, 0x6700U);
    EXPECT_EQ(card.command("80520000", Bytes(33, 0xF3)).status, 0x6700U);
    card.verify();
    ASSERT_EQ(card.send("804801B0").status, 0x9000U);
    EXPECT_EQ(card.send("80720192000000").status, 0x6A88U) << "shares are missing";
    EXPECT_EQ(card.command("80520000", Bytes(32, 0xF3)), (Answer{hex("0301 0000000000000000"), 0x9000}));
    Bytes whole = hex("0300");
    append(whole, dkek_check_value(test_dkek()));
    EXPECT_EQ(card.command("80520000", last), (Answer{whole, 0x9000}));
    EXPECT_EQ(card.command("80520000", last).status, 0x6985U) << "none is missing";
    EXPECT_EQ(card.send("80520000"), (Answer{whole, 0x9000}));
    EXPECT_TRUE(unwrap_key(test_dkek(), card.send("80720192000000").data).has_value());
}

TEST(HsmWrap, ACardMakesADkekOfItsOwnOrHasNone) {
    HsmUnderTest card;
    EXPECT_EQ(card.send("80520000").status, 0x6D00U);
    card.verify();
    ASSERT_EQ(card.send("804801B0").status, 0x9000U);
    EXPECT_EQ(card.send("80720192000000").status, 0x6A88U);
    ASSERT_EQ(card.initialize("920100").status, 0x9000U);
    const Answer status = card.send("80520000");
    EXPECT_EQ(to_hex(View(status.data).first(2)), "0000");
    EXPECT_NE(View(status.data).subspan(2)[0] | load_be(View(status.data).subspan(2)), 0U);
    card.verify();
    ASSERT_EQ(card.send("804801B0").status, 0x9000U);
    const Answer blob = card.send("80720192000000");
    ASSERT_EQ(blob.status, 0x9000U);
    EXPECT_EQ(card.command("80740293", blob.data).status, 0x9000U);
    Bytes foreign = blob.data;
    foreign[0] ^= 1;
    EXPECT_EQ(card.command("80740393", foreign).status, 0x6A88U) << "under another DKEK";
}

TEST(HsmWrap, EachKeyDomainHasItsOwnDkek) {
    HsmUnderTest card;
    ASSERT_EQ(card.initialize("970102").status, 0x9000U);
    EXPECT_EQ(card.send("80520000").status, 0x6A88U) << "not made yet";
    EXPECT_EQ(card.command("80520101", hex("01")).status, 0x6982U);
    card.verify();
    EXPECT_EQ(card.command("80520002", hex("01")).status, 0x6A86U) << "there are two";
    EXPECT_EQ(card.command("80520200", hex("01")).status, 0x6A86U);
    EXPECT_EQ(card.command("80520101", hex("00")).status, 0x6A80U);
    EXPECT_EQ(card.command("80520101").status, 0x6A80U);
    EXPECT_EQ(card.command("80520001", test_dkek()).status, 0x6A88U);
    EXPECT_EQ(card.command("80520101", hex("01")).data, hex("0101 0000000000000000"));
    EXPECT_EQ(card.command("80520101", hex("01")).status, 0x6A89U);
    ASSERT_EQ(card.command("80520001", test_dkek()).status, 0x9000U);
    EXPECT_EQ(card.command("804801B0", hex("920101")).status, 0x9000U);
    EXPECT_EQ(card.command("804802B0", hex("920100")).status, 0x9000U);
    const Answer blob = card.send("80720192000000");
    EXPECT_EQ(blob.status, 0x9000U);
    EXPECT_EQ(card.send("80720292000000").status, 0x6A88U) << "domain 0 has no DKEK";
    ASSERT_EQ(card.command("80740393", blob.data).status, 0x9000U);
    EXPECT_EQ(card.state().keys.at(3).domain, 1);
}

}  // namespace
}  // namespace jeton::softcard
