// What can go wrong on USB, with the whole module over libusb: each ends in a clear error within its
// deadline, and the next use works.
#include <atomic>
#include <gtest/gtest.h>

#include "usb/usb_bench.hpp"

#include "reader/ccid.hpp"

namespace jeton::test {

namespace {

using reader::ccid::Request;

constexpr CK_MECHANISM sha256_ecdsa{CKM_ECDSA_SHA256, nullptr, 0};
const Bytes message(100, 0x5A);

/// Signer is a client with a key that signs.
class Signer {
  public:
    explicit Signer(UsbBench& bench) : m_bench(bench), m_session(m_client.session()) {
        EXPECT_EQ(m_client.login(), CKR_OK);
        const auto keys = m_client.generate_ec(1, p256_params());
        m_private = keys.private_key;
        m_public = keys.public_key;
    }

    CK_RV sign() {
        CK_MECHANISM mechanism = sha256_ecdsa;
        Bytes data = message;
        Bytes signature(64);
        CK_ULONG length = signature.size();
        CK_RV result = m_client->C_SignInit(m_session, &mechanism, m_private);
        if (result == CKR_OK) {
            result = m_client->C_Sign(m_session, data.data(), data.size(), signature.data(), &length);
        }
        if (result == CKR_OK) {
            EXPECT_EQ(m_client->C_VerifyInit(m_session, &mechanism, m_public), CKR_OK);
            EXPECT_EQ(m_client->C_Verify(m_session, data.data(), data.size(), signature.data(), length),
                      CKR_OK);
        }
        return result;
    }

    /// sign_anew signs in a new session after a new login, which is what an application does after an error.
    CK_RV sign_anew() {
        m_client->C_CloseAllSessions(m_client.slot());
        std::string pin = SoftCards::pin;
        CK_RV result =
            m_client->C_OpenSession(m_client.slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &m_session);
        if (result == CKR_OK) {
            result = m_client->C_Login(m_session, CKU_USER, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()),
                                       pin.size());
        }
        for (const auto& [object_class, handle] :
             {std::pair(CKO_PRIVATE_KEY, &m_private), std::pair(CKO_PUBLIC_KEY, &m_public)}) {
            TemplateOf wanted{number(CKA_CLASS, object_class)};
            CK_ULONG found = 0;
            if (result == CKR_OK &&
                (result = m_client->C_FindObjectsInit(m_session, wanted.data(), wanted.size())) == CKR_OK) {
                result = m_client->C_FindObjects(m_session, handle, 1, &found);
                m_client->C_FindObjectsFinal(m_session);
            }
            if (result == CKR_OK && found == 0) {
                return CKR_TOKEN_NOT_PRESENT;  // nothing could be read
            }
        }
        return result == CKR_OK ? sign() : result;
    }

    MockFunction& function() { return m_bench.bus().node("1-1").function(0); }
    MockCounts counts() { return m_bench.bus().node("1-1").counts(); }

  private:
    UsbBench& m_bench;
    Client m_client;
    CK_SESSION_HANDLE m_session;
    CK_OBJECT_HANDLE m_private = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE m_public = CK_INVALID_HANDLE;
};

class UsbFaults : public testing::Test {
  protected:
    UsbFaults() {
        m_bench.plug();
        m_signer = std::make_unique<Signer>(m_bench);
    }

    /// once does |change| to the next answer to an XfrBlock.
    void once(std::function<void(MockAnswer&)> change) {
        const auto left = std::make_shared<std::atomic<int>>(1);
        hooks.on_answer = [left, change = std::move(change)](MockAnswer& answer) {
            if (answer.request.at(0) == static_cast<Byte>(Request::xfr_block) && left->fetch_sub(1) == 1) {
                change(answer);
            }
        };
        m_signer->function().set_hooks(hooks);
    }

    UsbBench m_bench;
    std::unique_ptr<Signer> m_signer;
    MockHooks hooks;
};

/// The fault is over: all is well, at the latest after a new login.
void expect_recovery(Signer& signer) {
    EXPECT_EQ(signer.sign_anew(), CKR_OK);
}

TEST_F(UsbFaults, EmptyPacketsBeforeAndAfterTheAnswerAreNothing) {
    once([](MockAnswer& answer) {
        answer.packets.insert(answer.packets.begin(), MockPacket{});
        answer.packets.push_back(MockPacket{});
    });
    EXPECT_EQ(m_signer->sign(), CKR_OK);
    EXPECT_EQ(m_signer->sign(), CKR_OK);
}

TEST_F(UsbFaults, MessagesThatFillTheirLastPacketEndByTheirLength) {
    const auto start = Deadline::Clock::now();
    for (const std::size_t length : {64U, 128U, 192U}) {
        once([length](MockAnswer& answer) {
            Bytes bytes = answer.message();
            bytes.resize(length);
            store_le(std::span<Byte>(bytes).subspan(1, 4), length - 10);
            bytes[length - 2] = 0x6F;  // SW1 SW2: an error that nobody tries again
            bytes[length - 1] = 0x00;
            answer.set_message(bytes, 64);
        });
        EXPECT_NE(m_signer->sign(), CKR_OK);
        expect_recovery(*m_signer);
    }
    EXPECT_LT(Deadline::Clock::now() - start, Milliseconds(10000)) << "no wait for a packet that never comes";
}

TEST_F(UsbFaults, AnAnswerInSingleTransfersIsPutTogether) {
    once([](MockAnswer& answer) { answer.set_message(answer.message(), 16); });
    EXPECT_EQ(m_signer->sign(), CKR_OK);
}

TEST_F(UsbFaults, ShortAnswersEndInAnError) {
    for (const std::size_t length : {1U, 9U, 11U, 70U}) {
        once([length](MockAnswer& answer) {
            Bytes bytes = answer.message();
            bytes.resize(std::min(bytes.size(), length));
            answer.set_message(bytes, 64);
        });
        EXPECT_EQ(m_signer->sign(), CKR_DEVICE_ERROR) << length;
        expect_recovery(*m_signer);
    }
}

TEST_F(UsbFaults, OversizedAnswersAndPacketsEndInAnError) {
    once([](MockAnswer& answer) { answer.packets.back().data.resize(500); });
    EXPECT_EQ(m_signer->sign(), CKR_DEVICE_ERROR) << "a packet that is too large";
    expect_recovery(*m_signer);
    once([](MockAnswer& answer) {
        Bytes bytes = answer.message();
        bytes.resize(bytes.size() + 1000);
        answer.set_message(bytes, 64);
    });
    m_signer->sign();  // what is too much is no part of the answer, which may pass
    expect_recovery(*m_signer);
    once([](MockAnswer& answer) {
        store_le(std::span<Byte>(answer.packets.at(0).data).subspan(1, 4), 0xFFFFFFFF);
    });
    EXPECT_EQ(m_signer->sign(), CKR_DEVICE_ERROR) << "it says that it is endless";
    expect_recovery(*m_signer);
}

TEST_F(UsbFaults, StallsAreClearedAndRecoveredFrom) {
    once([](MockAnswer& answer) { answer.packets = {MockPacket{{}, true}}; });
    EXPECT_EQ(m_signer->sign(), CKR_DEVICE_ERROR);
    EXPECT_EQ(m_signer->counts().halts_cleared, 1U);
    expect_recovery(*m_signer);
    const auto left = std::make_shared<std::atomic<int>>(1);
    hooks = {};
    hooks.on_message = [left](const Bytes& sent) {
        const bool now = sent.at(0) == static_cast<Byte>(Request::xfr_block) && left->fetch_sub(1) == 1;
        return now ? MockVerdict::stall : MockVerdict::take;
    };
    m_signer->function().set_hooks(hooks);
    EXPECT_EQ(m_signer->sign(), CKR_DEVICE_ERROR);
    EXPECT_EQ(m_signer->counts().halts_cleared, 2U);
    expect_recovery(*m_signer);
}

TEST_F(UsbFaults, AnAnswerWithAnotherNumberIsNotTaken) {
    once([](MockAnswer& answer) {
        std::vector<MockPacket> right = answer.packets;
        answer.packets.at(0).data.at(6) ^= 0x55;  // bSeq: a stale answer, then the right one
        answer.packets.insert(answer.packets.end(), right.begin(), right.end());
    });
    EXPECT_EQ(m_signer->sign(), CKR_OK);
}

TEST_F(UsbFaults, TimeExtensionsAreWaitedFor) {
    once([](MockAnswer& answer) {
        Bytes asks = answer.message();
        asks.resize(10);
        store_le(std::span<Byte>(asks).subspan(1, 4), 0);
        asks[7] = 0x80;
        asks[8] = 60;  // times the waiting time
        std::vector<MockPacket> right = std::exchange(answer.packets, {});
        for (int i = 0; i < 20; ++i) {
            answer.packets.push_back({asks});
        }
        answer.packets.insert(answer.packets.end(), right.begin(), right.end());
    });
    EXPECT_EQ(m_signer->sign(), CKR_OK);
}

/// Message after message meets the end of the device, until a new login and a signature are through before.
TEST_F(UsbFaults, EveryMessageMayMeetTheEndOfTheDevice) {
    constexpr int most_messages = 60;
    bool unplugged = true;
    int at = 0;
    for (; unplugged && at < most_messages; ++at) {
        const auto left = std::make_shared<std::atomic<int>>(at);
        hooks.on_message = [left](const Bytes&) {
            return left->fetch_sub(1) == 0 ? MockVerdict::unplug : MockVerdict::take;
        };
        m_signer->function().set_hooks(hooks);
        const auto start = Deadline::Clock::now();
        const CK_RV result = m_signer->sign_anew();
        unplugged = *left < 0;
        const bool told = result == CKR_DEVICE_REMOVED || result == CKR_TOKEN_NOT_PRESENT ||
                          result == CKR_DEVICE_ERROR || result == CKR_SESSION_HANDLE_INVALID ||
                          result == CKR_TOKEN_NOT_RECOGNIZED;
        EXPECT_TRUE(unplugged ? told : result == CKR_OK) << "message " << at << ": " << std::hex << result;
        EXPECT_LT(Deadline::Clock::now() - start, Milliseconds(3000)) << "message " << at;
        m_bench.bus().unplug("1-1");
        m_bench.plug();
        EXPECT_EQ(m_signer->sign_anew(), CKR_OK) << "plugged in again, after message " << at;
    }
    EXPECT_GT(at, 5);
    EXPECT_LT(at, most_messages);
}

TEST_F(UsbFaults, UnpluggedBetweenTwoUsesItIsGoneAtOnce) {
    m_bench.bus().unplug("1-1");
    const auto start = Deadline::Clock::now();
    EXPECT_NE(m_signer->sign(), CKR_OK);
    EXPECT_LT(Deadline::Clock::now() - start, Milliseconds(1000));
    EXPECT_NE(m_signer->sign_anew(), CKR_OK);
    m_bench.plug();
    EXPECT_EQ(m_signer->sign_anew(), CKR_OK);
}

}  // namespace

}  // namespace jeton::test
