// AES keys of the application sc-hsm.
#include <gtest/gtest.h>

#include "crypto/aes.hpp"
#include "crypto/cmac.hpp"
#include "crypto/vectors.hpp"
#include "softcard/hsm_under_test.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {
namespace {

constexpr std::string_view aes_arc = "6086480165030401";

/// extended is the data of a command with an object identifier: that of the AES arc and |number|.
Bytes extended(std::string_view number, View input, View iv = {}, View additional = {}) {
    TlvWriter out;
    out.put(0x06, hex(std::string(aes_arc) + std::string(number))).put(0x81, input);
    if (!iv.empty()) {
        out.put(0x82, iv);
    }
    if (!additional.empty()) {
        out.put(0x83, additional);
    }
    return out.take();
}

Bytes counting(std::size_t length) {
    Bytes out(length);
    for (std::size_t i = 0; i < length; ++i) {
        out[i] = static_cast<Byte>(i);
    }
    return out;
}

/// expected computes the same as the card should.
Bytes expected(crypto::Direction direction, crypto::AesMode mode, View key, View iv, View input) {
    crypto::AesParameters parameters;
    parameters.mode = mode;
    parameters.iv = to_bytes(iv);
    crypto::AesCipher cipher(direction, key, parameters);
    SecretBytes out;
    cipher.update(input, out);
    EXPECT_EQ(cipher.finish(out), crypto::AesCipher::Result::done);
    return to_bytes(out);
}

class HsmSymmetric : public testing::Test {
  protected:
    /// new_card has AES keys of 128, 192 and 256 bits as 01, 02, 03, bytes that count up.
    static std::unique_ptr<HsmUnderTest> new_card(AesModes modes) {
        auto card = std::make_unique<HsmUnderTest>(hsm_options(modes));
        card->with_dkek();
        card->bring_aes(1, counting(16));
        card->bring_aes(2, counting(24));
        card->bring_aes(3, counting(32));
        return card;
    }
};

TEST_F(HsmSymmetric, GcmGivesThePublishedValues) {
    const auto card = new_card(AesModes::native);
    card->bring_aes(4, Bytes(16));
    for (const test::Record& record : test::read_vectors("gcm.txt")) {
        SCOPED_TRACE(record.text("iv"));
        const Bytes key = record.bytes("key");
        const std::string id = key == Bytes(16) ? "04" : "03";
        const std::string number = key.size() == 16 ? "06" : "2E";
        const Bytes iv = record.bytes("iv");
        const Bytes additional = record.bytes("additional");
        Bytes cipher = record.bytes("cipher");
        EXPECT_EQ(card->command("8078" + id + "51", extended(number, record.bytes("plain"), iv, additional)),
                  (Answer{cipher, 0x9000}));
        EXPECT_EQ(card->command("8078" + id + "52", extended(number, cipher, iv, additional)),
                  (Answer{record.bytes("plain"), 0x9000}));
        cipher.back() ^= 1;
        EXPECT_EQ(card->command("8078" + id + "52", extended(number, cipher, iv, additional)).status,
                  0x6400U);
    }
}

TEST_F(HsmSymmetric, EveryModeWorksWithEveryKey) {
    const auto card = new_card(AesModes::native);
    struct Row {
        const char* id;
        std::size_t key_bytes;
        const char *ecb, *cbc, *ctr;
    };
    const Bytes zeros(16);
    const Bytes iv = hex("F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF");
    for (const Row& row : {Row{"01", 16, "01", "02", "09"}, Row{"02", 24, "15", "16", "1D"},
                           Row{"03", 32, "29", "2A", "31"}}) {
        SCOPED_TRACE(row.id);
        const std::string encrypt = std::string("8078") + row.id + "51";
        const std::string decrypt = std::string("8078") + row.id + "52";
        const Bytes key = counting(row.key_bytes);
        const Bytes block = counting(16);
        const Bytes blocks = counting(64);
        const Bytes odd = counting(37);
        using enum crypto::AesMode;
        const Bytes one = expected(crypto::Direction::encrypt, ecb, key, {}, block);
        EXPECT_EQ(card->command(encrypt, extended(row.ecb, block)).data, one);
        EXPECT_EQ(card->command(decrypt, extended(row.ecb, one)).data, block);
        for (const View vector : {View(iv), View()}) {
            const View real = vector.empty() ? View(zeros) : vector;
            const Bytes chained = expected(crypto::Direction::encrypt, cbc, key, real, blocks);
            EXPECT_EQ(card->command(encrypt, extended(row.cbc, blocks, vector)).data, chained);
            EXPECT_EQ(card->command(decrypt, extended(row.cbc, chained, vector)).data, blocks);
            const Bytes stream = expected(crypto::Direction::encrypt, ctr, key, real, odd);
            EXPECT_EQ(card->command(encrypt, extended(row.ctr, odd, vector)).data, stream);
            EXPECT_EQ(card->command(decrypt, extended(row.ctr, stream, vector)).data, odd);
        }
        const Bytes chained = expected(crypto::Direction::encrypt, cbc, key, zeros, blocks);
        EXPECT_EQ(card->command(std::string("8078") + row.id + "10", blocks).data, chained);
        EXPECT_EQ(card->command(std::string("8078") + row.id + "11", chained).data, blocks);
        EXPECT_EQ(card->command(std::string("8078") + row.id + "18", odd).data, crypto::aes_cmac(key, odd));
    }
}

TEST_F(HsmSymmetric, ACardHasTheModesThatItWasMadeWith) {
    struct Row {
        AesModes modes;
        unsigned cbc0, cmac, one_block, two_blocks, ctr;
    };
    for (const Row& row : {Row{AesModes::native, 0x9000, 0x9000, 0x9000, 0x6700, 0x9000},
                           Row{AesModes::cbc0, 0x9000, 0x9000, 0x6A86, 0x6A86, 0x6A86},
                           Row{AesModes::ecb, 0x6A86, 0x6A86, 0x9000, 0x9000, 0x6700}}) {
        SCOPED_TRACE(std::string(aes_modes_name(row.modes)));
        const auto card = new_card(row.modes);
        EXPECT_EQ(card->command("80780110", Bytes(32)).status, row.cbc0);
        EXPECT_EQ(card->command("80780111", Bytes(32)).status, row.cbc0);
        EXPECT_EQ(card->command("80780118", Bytes(32)).status, row.cmac);
        EXPECT_EQ(card->command("80780151", extended("01", Bytes(16))).status, row.one_block);
        const Answer two = card->command("80780151", extended("01", Bytes(32)));
        EXPECT_EQ(two.status, row.two_blocks);
        if (row.two_blocks == 0x9000) {
            EXPECT_EQ(two.data, expected(crypto::Direction::encrypt, crypto::AesMode::ecb, counting(16), {},
                                         Bytes(32)));
        }
        EXPECT_EQ(card->command("80780152", extended("01", Bytes(32))).status, row.two_blocks);
        EXPECT_EQ(card->command("80780151", extended("09", Bytes(5))).status, row.ctr);
        const Answer selected = card->send("00A404000BE82B0601040181C31F020100");
        const auto proprietary = find_tlv_path(selected.data, {0x62, 0x85});
        ASSERT_TRUE(proprietary.has_value());
        EXPECT_EQ(to_hex(*proprietary), row.modes == AesModes::native ? "0001FF0606" : "0001000400");
    }
}

TEST_F(HsmSymmetric, UnsuitableDataAreRefused) {
    const auto card = new_card(AesModes::native);
    const Bytes block(16);
    EXPECT_EQ(card->command("80780110", Bytes(15)).status, 0x6700U);
    EXPECT_EQ(card->command("80780110").status, 0x6700U);
    EXPECT_EQ(card->command("80780111", Bytes(17)).status, 0x6700U);
    EXPECT_EQ(card->command("80780118").status, 0x9000U) << "the code of nothing";
    for (const Bytes& data : {
             extended("29", block),                   // the number of another length of key
             extended("FF", block),                   // of no mode
             extended("01", {}),                      // no block
             extended("01", block, block),            // ECB has no IV
             extended("02", Bytes(17)),               // no whole number of blocks
             extended("02", block, Bytes(15)),        // a short IV
             extended("02", block, {}, block),        // CBC has no additional data
             extended("06", block),                   // GCM has an IV
             extended("06", Bytes(2028), Bytes(12)),  // longer than a command may be
             hex("0608608648016503040181 10"),        // cut short
             hex("0609608648016503040101"),           // no input
             TlvWriter().put(0x81, block).take(),     // no mode
             TlvWriter().raw(extended("01", block)).put(0x84, block).take(),
         }) {
        EXPECT_EQ(card->command("80780151", data).status, 0x6700U) << to_hex(data).substr(0, 80);
    }
    EXPECT_EQ(card->command("80780152", extended("06", Bytes(15), Bytes(12))).status, 0x6700U)
        << "no whole tag";
    EXPECT_EQ(card->command("80780153", extended("01", block)).status, 0x6A86U);
    EXPECT_EQ(card->command("80780951", extended("01", block)).status, 0x6A82U);
}

TEST_F(HsmSymmetric, KeysAreForTheirAlgorithmsAndPins) {
    const auto card = new_card(AesModes::native);
    card->bring_aes(4, counting(16), hex("1018"));
    EXPECT_EQ(card->command("80780410", Bytes(16)).status, 0x9000U);
    EXPECT_EQ(card->command("80780411", Bytes(16)).status, 0x6985U);
    EXPECT_EQ(card->command("80780451", extended("01", Bytes(16))).status, 0x6985U);
    EXPECT_EQ(card->command("80680470", Bytes(32)).status, 0x6985U) << "no private key";
    card->generate(5, pair_request(crypto::Curve::p256));
    EXPECT_EQ(card->command("80780510", Bytes(16)).status, 0x6985U) << "no AES key";
    card->restart();
    EXPECT_EQ(card->command("80780410", Bytes(16)).status, 0x6982U);
}

TEST_F(HsmSymmetric, KeysAreGeneratedInEachLengthAndHaveANumberOfUses) {
    HsmUnderTest card;
    card.verify();
    const char* const lengths[] = {"804801B0", "804802B1", "004803B2"};
    for (const char* command : lengths) {
        EXPECT_EQ(card.send(command), (Answer{{}, 0x9000})) << command;
    }
    EXPECT_EQ(card.command("80780151", extended("01", Bytes(16))).data.size(), 16U);
    EXPECT_EQ(card.command("80780251", extended("15", Bytes(16))).data.size(), 16U);
    EXPECT_EQ(card.command("80780351", extended("29", Bytes(16))).data.size(), 16U);
    EXPECT_EQ(card.command("804804B0", hex("900101 910110 920100 9300")).status, 0x9000U);
    EXPECT_EQ(card.command("80780410", Bytes(15)).status, 0x6700U) << "costs no use";
    EXPECT_EQ(card.command("80780410", Bytes(16)).status, 0x9000U);
    EXPECT_EQ(card.command("80780410", Bytes(16)).status, 0x6984U);
    EXPECT_EQ(card.command("804805B0", hex("5F2000")).status, 0x6A80U);
    EXPECT_EQ(card.command("804805B0", hex("9001")).status, 0x6A80U);
}

}  // namespace
}  // namespace jeton::softcard
