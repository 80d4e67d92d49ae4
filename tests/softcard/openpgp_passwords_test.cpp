// PW1, PW3 and the resetting code of the OpenPGP application, and the KDF-DO.
#include <gtest/gtest.h>

#include "softcard/openpgp_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {
namespace {

class OpenPgpPasswords : public testing::Test {
  protected:
    /// tries_are compares the last three bytes of C4: PW1, resetting code, PW3.
    void tries_are(std::string_view digits) { EXPECT_EQ(to_hex(View(card.get(0xC4)).subspan(4)), digits); }

    unsigned verify(Byte reference, std::string_view value) {
        return card.command("002000" + to_hex(Bytes{reference}), view_of(value)).status;
    }
    unsigned change(Byte reference, std::string_view values) {
        return card.command("002400" + to_hex(Bytes{reference}), view_of(values)).status;
    }
    unsigned reset(std::string_view header, std::string_view values) {
        return card.command(header, view_of(values)).status;
    }

    CardUnderTest card;
};

TEST_F(OpenPgpPasswords, TheThreeStatesAreIndependent) {
    EXPECT_EQ(verify(0x81, "123456"), 0x9000U);
    EXPECT_EQ(card.send("00200081").status, 0x9000U);
    EXPECT_EQ(card.send("00200082").status, 0x63C3U);
    EXPECT_EQ(card.send("00200083").status, 0x63C3U);
    EXPECT_EQ(verify(0x82, "123456"), 0x9000U);
    EXPECT_EQ(card.send("0020FF81").status, 0x9000U);
    EXPECT_EQ(card.send("00200081").status, 0x63C3U);
    EXPECT_EQ(card.send("00200082").status, 0x9000U);
    EXPECT_EQ(verify(0x83, "12345678"), 0x9000U);
    EXPECT_EQ(card.send("0020FF83").status, 0x9000U);
    EXPECT_EQ(card.send("00200083").status, 0x63C3U);
}

TEST_F(OpenPgpPasswords, WrongOnesCostTriesAndTheStateThatWas) {
    EXPECT_EQ(verify(0x82, "123456"), 0x9000U);
    EXPECT_EQ(verify(0x82, "123457"), 0x6982U);
    EXPECT_EQ(card.send("00200082").status, 0x63C2U);
    tries_are("020003");
    EXPECT_EQ(verify(0x81, "1"), 0x6982U) << "one counter for both states; a short one is a wrong one";
    tries_are("010003");
    EXPECT_EQ(verify(0x82, "123456"), 0x9000U);
    tries_are("030003");
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(verify(0x83, "87654321"), 0x6982U);
    }
    EXPECT_EQ(verify(0x83, "12345678"), 0x6983U);
    EXPECT_EQ(card.send("00200083").status, 0x63C0U);
    tries_are("030000");
    card.restart();
    tries_are("030000");
}

TEST_F(OpenPgpPasswords, WrongCommandsCostNothing) {
    EXPECT_EQ(verify(0x80, "123456"), 0x6A88U);
    EXPECT_EQ(verify(0x84, "123456"), 0x6A88U);
    EXPECT_EQ(card.send("00200181").status, 0x6A86U);
    EXPECT_EQ(card.send("0020FF8106313233343536").status, 0x6A80U);
    EXPECT_EQ(verify(0x81, std::string(128, '1')), 0x6A80U);
    EXPECT_EQ(change(0x82, "123456654321"), 0x6A88U);
    EXPECT_EQ(card.send("00240181").status, 0x6A86U);
    EXPECT_EQ(change(0x81, "123456"), 0x6A80U);
    EXPECT_EQ(change(0x81, "12345665432"), 0x6A80U) << "a new one of 5 characters";
    EXPECT_EQ(change(0x83, "123456788765432"), 0x6A80U) << "a new one of 7 characters";
    EXPECT_EQ(change(0x81, "123456" + std::string(128, '1')), 0x6A80U);
    EXPECT_EQ(reset("002C0082", "1234567812345678"), 0x6A88U);
    EXPECT_EQ(reset("002C0181", "1234567812345678"), 0x6A86U);
    tries_are("030003");
}

TEST_F(OpenPgpPasswords, AreChanged) {
    EXPECT_EQ(change(0x81, "111111654321"), 0x6982U);
    tries_are("020003");
    EXPECT_EQ(change(0x81, "123456a longer one"), 0x9000U);
    tries_are("030003");
    EXPECT_EQ(card.send("00200081").status, 0x63C3U) << "changing is not giving";
    EXPECT_EQ(verify(0x82, "123456"), 0x6982U);
    EXPECT_EQ(verify(0x82, "a longer one"), 0x9000U);
    EXPECT_EQ(change(0x81, "a longer one123456"), 0x9000U);
    EXPECT_EQ(card.send("00200082").status, 0x9000U) << "what was given stays given";
    EXPECT_EQ(change(0x83, "12345678" + std::string(127, 'x')), 0x9000U);
    EXPECT_EQ(verify(0x83, std::string(127, 'x')), 0x9000U);
}

TEST_F(OpenPgpPasswords, Pw3UnblocksPw1) {
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(verify(0x81, "111111"), 0x6982U);
    }
    EXPECT_EQ(verify(0x81, "123456"), 0x6983U);
    EXPECT_EQ(change(0x81, "123456654321"), 0x6983U);
    EXPECT_EQ(reset("002C0281", "654321"), 0x6982U);
    card.verify(pw3);
    EXPECT_EQ(reset("002C0281", "65432"), 0x6A80U);
    EXPECT_EQ(reset("002C0281", "654321"), 0x9000U);
    EXPECT_EQ(card.send("00200081").status, 0x63C3U);
    EXPECT_EQ(verify(0x81, "654321"), 0x9000U);
}

TEST_F(OpenPgpPasswords, TheResettingCodeUnblocksPw1) {
    EXPECT_EQ(reset("002C0081", "resetcode654321"), 0x6983U) << "there is none";
    card.verify_all();
    EXPECT_EQ(card.put(0xD3, view_of("resetcode")), 0x9000U);
    tries_are("030303");
    EXPECT_EQ(reset("002C0081", "resetc0de654321"), 0x6982U);
    tries_are("030203");
    EXPECT_EQ(reset("002C0081", "resetcode65432"), 0x6A80U);
    EXPECT_EQ(reset("002C0081", "resetcode654321"), 0x9000U);
    tries_are("030303");
    EXPECT_EQ(card.send("00200081").status, 0x63C3U) << "PW1 must be given anew";
    EXPECT_EQ(card.send("00200082").status, 0x63C3U);
    EXPECT_EQ(verify(0x81, "654321"), 0x9000U);
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(reset("002C0081", "resetc0de123456"), 0x6982U);
    }
    EXPECT_EQ(reset("002C0081", "resetcode123456"), 0x6983U);
    EXPECT_EQ(card.put(0xD3, {}), 0x9000U);
    tries_are("030003");
}

TEST_F(OpenPgpPasswords, KeysOpenWithEveryPassword) {
    card.verify(pw3);
    card.use_algorithm(authentication_key, "16 2B06010401DA470F01");
    const auto key = std::get<crypto::OkpPublicKey>(card.generate(authentication_key));
    EXPECT_EQ(card.put(0xD3, view_of("resetcode")), 0x9000U);
    EXPECT_EQ(reset("002C0281", "by PW3"), 0x9000U);
    const auto works = [&](std::string_view password) {
        card.restart();
        EXPECT_EQ(verify(0x82, password), 0x9000U);
        const Answer answer = card.command("00880000", view_of("message"));
        return answer.status == 0x9000 && crypto::verify_eddsa(key, view_of("message"), answer.data);
    };
    EXPECT_TRUE(works("by PW3"));
    EXPECT_EQ(reset("002C0081", "resetcodeby the code"), 0x9000U);
    EXPECT_TRUE(works("by the code"));
    EXPECT_EQ(change(0x81, "by the codeby a change"), 0x9000U);
    EXPECT_TRUE(works("by a change"));
}

/// A KDF-DO: iterated and salted, SHA-256, salts, and what PW1 and PW3 become.
Bytes kdf(View user, View admin) {
    return TlvWriter()
        .put(0x81, Bytes{0x03})
        .put(0x82, Bytes{0x08})
        .put(0x83, hex("03E00000"))
        .put(0x84, Bytes(8, 0x11))
        .put(0x85, Bytes(8, 0x22))
        .put(0x86, Bytes(8, 0x33))
        .put(0x87, user)
        .put(0x88, admin)
        .take();
}

TEST_F(OpenPgpPasswords, TheKdfObjectBringsNewValues) {
    const Bytes user(32, 0xA1);
    const Bytes admin(32, 0xA3);
    EXPECT_EQ(card.put(0xF9, kdf(user, admin)), 0x6982U);
    card.verify(pw3);
    EXPECT_EQ(card.put(0xD3, view_of("resetcode")), 0x9000U);
    EXPECT_EQ(card.put(0xF9, kdf(user, admin)), 0x9000U);
    EXPECT_EQ(card.get(0xF9), kdf(user, admin));
    tries_are("030003");
    EXPECT_EQ(verify(0x81, "123456"), 0x6982U);
    EXPECT_EQ(card.command("00200081", user).status, 0x9000U);
    EXPECT_EQ(card.command("00200083", admin).status, 0x9000U);
    EXPECT_EQ(card.put(0xF9, hex("810100")), 0x9000U);
    EXPECT_EQ(card.get(0xF9), hex("810100"));
    card.restart();
    card.verify_all();
}

TEST_F(OpenPgpPasswords, MalformedKdfObjectsAreRefused) {
    card.verify(pw3);
    const Bytes whole = kdf(Bytes(32), Bytes(32));
    std::vector<Bytes> wrong{
        {}, hex("8100"), hex("810103"), hex("81010000"), hex("810101 820108 830403E00000")};
    for (const std::size_t cut : {1U, 5U, 30U, 34U}) {
        wrong.emplace_back(whole.begin(), whole.end() - cut);
    }
    wrong.push_back(kdf(Bytes(31), Bytes(32)));
    wrong.push_back(kdf(Bytes(64), Bytes(32)));
    wrong.push_back(whole);
    wrong.back()[5] = 0x09;  // another hash
    wrong.push_back(whole);
    append(wrong.back(), hex("890100"));
    wrong.push_back(whole);
    append(wrong.back(), hex("830403E00000"));
    for (const Bytes& content : wrong) {
        const bool only_optional = content.size() == whole.size() - 34;
        EXPECT_EQ(card.put(0xF9, content), only_optional ? 0x9000U : 0x6A80U) << to_hex(content);
    }
}

}  // namespace
}  // namespace jeton::softcard::openpgp
