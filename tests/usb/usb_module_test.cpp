// The whole module over libusb, with the emulated reader behind usbfs as umockdev emulates it.
#include <gtest/gtest.h>

#include "usb/usb_bench.hpp"

namespace jeton::test {

namespace {

constexpr CK_MECHANISM sha256_rsa{CKM_SHA256_RSA_PKCS, nullptr, 0};
const Bytes message(100, 0x5A);

struct Level {
    const char* name;
    reader::EmulationOptions options;
};

class UsbLevels : public testing::TestWithParam<Level> {};

TEST_P(UsbLevels, GenerateSignVerify) {
    UsbBench bench(GetParam().options);
    MockNode& node = bench.plug();
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto keys = client.generate_rsa(1);
    for (int i = 0; i < 5; ++i) {
        Bytes signature;
        ASSERT_EQ(client.sign(sha256_rsa, keys.private_key, message, signature), CKR_OK);
        EXPECT_EQ(client.verify(sha256_rsa, keys.public_key, message, signature), CKR_OK);
    }
    EXPECT_EQ(node.function(0).waiting_packets(), 0U);
    const MockCounts counts = node.counts();
    EXPECT_EQ(counts.opens, 1U);
    EXPECT_EQ(counts.refused_claims, 0U);
    EXPECT_EQ(counts.configurations_set, 0U) << "it is configured: nothing may be set";
}

INSTANTIATE_TEST_SUITE_P(
    All, UsbLevels,
    testing::Values(Level{"ShortApdu", {.level = reader::ExchangeLevel::short_apdu, .max_message = 271}},
                    Level{"ExtendedApdu", {}}, Level{"ExtendedApduInParts", {.max_message = 271}}),
    [](const auto& it) { return std::string(it.param.name); });

}  // namespace

}  // namespace jeton::test
