// The whole module over libusb, with the emulated reader behind usbfs as umockdev emulates it.
#include <atomic>
#include <gtest/gtest.h>

#include "usb/usb_bench.hpp"

namespace jeton::test {

namespace {

constexpr CK_MECHANISM sha256_rsa{CKM_SHA256_RSA_PKCS, nullptr, 0};
const Bytes message(100, 0x5A);

/// sign_over_usb generates a key on the card, signs and verifies.
void sign_over_usb(const reader::EmulationOptions& options) {
    UsbBench bench(options);
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

class UsbLevels : public testing::TestWithParam<const char*> {};

TEST_P(UsbLevels, GenerateSignVerify) {
    reader::EmulationOptions options;
    ASSERT_TRUE(reader::set_exchange(options, GetParam()));
    sign_over_usb(options);
}

INSTANTIATE_TEST_SUITE_P(All, UsbLevels,
                         testing::Values("extended-apdu", "short-apdu", "tpdu-t1", "tpdu-t0", "character-t1",
                                         "character-t0"),
                         [](const auto& it) {
                             std::string name = it.param;
                             std::erase(name, '-');
                             return name;
                         });

TEST(UsbMessages, AreChainedWhereTheReaderTakesShortOnes) {
    sign_over_usb({.max_message = 271});
}

/// Slots is what an application sees of the slots.
class UsbSlots : public testing::Test {
  protected:
    UsbSlots() { EXPECT_EQ(f->C_Initialize(nullptr), CKR_OK); }
    ~UsbSlots() override { f->C_Finalize(nullptr); }

    std::vector<CK_SLOT_ID> slots(CK_BBOOL with_token) const {
        CK_ULONG count = 0;
        EXPECT_EQ(f->C_GetSlotList(with_token, nullptr, &count), CKR_OK);  // looks for new readers
        std::vector<CK_SLOT_ID> ids(count);
        EXPECT_EQ(f->C_GetSlotList(with_token, ids.data(), &count), CKR_OK);
        ids.resize(count);
        return ids;
    }

    UsbBench m_bench;
    CK_FUNCTION_LIST_3_2* f = jeton().f;
};

TEST_F(UsbSlots, ReadersComeAndGo) {
    EXPECT_TRUE(slots(CK_FALSE).empty());
    m_bench.plug();
    const auto first = slots(CK_TRUE);
    ASSERT_EQ(first.size(), 1U);
    CK_SLOT_INFO info{};
    ASSERT_EQ(f->C_GetSlotInfo(first[0], &info), CKR_OK);
    const std::string name(info.slotDescription, info.slotDescription + sizeof info.slotDescription);
    EXPECT_TRUE(name.starts_with("Emulated reader (0001) ")) << name;
    EXPECT_NE(info.flags & CKF_TOKEN_PRESENT, 0U);
    m_bench.bus().unplug("1-1");
    EXPECT_TRUE(slots(CK_TRUE).empty());
    m_bench.plug();
    EXPECT_EQ(slots(CK_TRUE), first) << "the same place is the same slot";
    m_bench.plug("1-2");
    EXPECT_EQ(slots(CK_TRUE).size(), 2U);
}

TEST_F(UsbSlots, AReaderThatIsBusyWithItsCardDelaysNoOther) {
    m_bench.plug("1-1");
    m_bench.plug("1-2");
    const auto both = slots(CK_TRUE);
    ASSERT_EQ(both.size(), 2U);
    MockHooks slow;
    slow.on_answer = [](MockAnswer& answer) { answer.delay = Milliseconds(700); };
    m_bench.bus().node("1-1").function(0).set_hooks(slow);
    CK_SLOT_ID quick = both[0];
    CK_SLOT_INFO info{};
    std::vector<CK_SESSION_HANDLE> sessions(2);
    for (std::size_t i = 0; i < both.size(); ++i) {
        ASSERT_EQ(f->C_OpenSession(both[i], CKF_SERIAL_SESSION, nullptr, nullptr, &sessions[i]), CKR_OK);
        ASSERT_EQ(f->C_GetSlotInfo(both[i], &info), CKR_OK);
        const std::string name(info.slotDescription, info.slotDescription + sizeof info.slotDescription);
        quick = name.find("usb:1-2:0") != std::string::npos ? both[i] : quick;
    }
    const CK_SESSION_HANDLE quick_session = sessions[quick == both[0] ? 0 : 1];
    const CK_SESSION_HANDLE slow_session = sessions[quick == both[0] ? 1 : 0];
    const auto login = [&](CK_SESSION_HANDLE session) {
        std::string pin = SoftCards::pin;
        return f->C_Login(session, CKU_USER, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size());
    };
    std::atomic<bool> slow_done{false};
    std::thread waiting([&] {
        EXPECT_EQ(login(slow_session), CKR_OK);
        slow_done = true;
    });
    std::this_thread::sleep_for(Milliseconds(100));
    EXPECT_EQ(login(quick_session), CKR_OK);
    EXPECT_FALSE(slow_done) << "it waited for the other reader";
    waiting.join();
}

}  // namespace

}  // namespace jeton::test
