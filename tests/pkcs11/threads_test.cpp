// Eight threads in one module: searches, signatures, digests, ciphers, sessions that come and go.
#include <atomic>
#include <functional>
#include <thread>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

class ThreadsTest : public testing::Test {
  protected:
    ThreadsTest() {
        EXPECT_EQ(m_client.login(), CKR_OK);
        m_key = m_client.generate_ec(1, p256_params()).private_key;
    }

    CK_SESSION_HANDLE open() const {
        CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
        EXPECT_EQ(m_client->C_OpenSession(m_client.slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &session),
                  CKR_OK);
        return session;
    }

    void sign() const {
        const CK_SESSION_HANDLE session = open();
        CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
        Bytes digest(32, 1);
        Bytes signature(64);
        CK_ULONG length = signature.size();
        EXPECT_EQ(m_client->C_SignInit(session, &mechanism, m_key), CKR_OK);
        EXPECT_EQ(m_client->C_Sign(session, digest.data(), digest.size(), signature.data(), &length), CKR_OK);
        EXPECT_EQ(m_client->C_CloseSession(session), CKR_OK);
    }

    void search() const {
        const CK_SESSION_HANDLE session = open();
        std::vector<CK_OBJECT_HANDLE> found(50);
        CK_ULONG count = 0;
        EXPECT_EQ(m_client->C_FindObjectsInit(session, nullptr, 0), CKR_OK);
        EXPECT_EQ(m_client->C_FindObjects(session, found.data(), found.size(), &count), CKR_OK);
        EXPECT_EQ(m_client->C_FindObjectsFinal(session), CKR_OK);
        EXPECT_GE(count, 3U);
        EXPECT_EQ(m_client->C_CloseSession(session), CKR_OK);
    }

    void digest() const {
        const CK_SESSION_HANDLE session = open();
        CK_MECHANISM mechanism{CKM_SHA256, nullptr, 0};
        Bytes data(10000, 5);
        Bytes out(32);
        CK_ULONG length = out.size();
        EXPECT_EQ(m_client->C_DigestInit(session, &mechanism), CKR_OK);
        EXPECT_EQ(m_client->C_Digest(session, data.data(), data.size(), out.data(), &length), CKR_OK);
        EXPECT_EQ(m_client->C_CloseSession(session), CKR_OK);
    }

    void encrypt() const {
        const CK_SESSION_HANDLE session = open();
        CK_MECHANISM generate{CKM_AES_KEY_GEN, nullptr, 0};
        TemplateOf key{number(CKA_VALUE_LEN, 32)};
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        EXPECT_EQ(m_client->C_GenerateKey(session, &generate, key.data(), key.size(), &handle), CKR_OK);
        Bytes iv(12, 1);
        CK_GCM_PARAMS parameters{iv.data(), iv.size(), 0, nullptr, 0, 128};
        CK_MECHANISM mechanism{CKM_AES_GCM, &parameters, sizeof parameters};
        Bytes data(100, 2);
        Bytes out(116);
        CK_ULONG length = out.size();
        EXPECT_EQ(m_client->C_EncryptInit(session, &mechanism, handle), CKR_OK);
        EXPECT_EQ(m_client->C_Encrypt(session, data.data(), data.size(), out.data(), &length), CKR_OK);
        EXPECT_EQ(m_client->C_CloseSession(session), CKR_OK);
    }

    SoftCards m_cards;
    Client m_client;
    CK_OBJECT_HANDLE m_key = CK_INVALID_HANDLE;
};

TEST_F(ThreadsTest, eight_threads_do_everything_at_once) {
    constexpr int rounds = 25;
    const std::function<void()> works[] = {[&] { sign(); }, [&] { search(); }, [&] { digest(); },
                                           [&] { encrypt(); }};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            for (int round = 0; round < rounds; ++round) {
                works[(i + static_cast<std::size_t>(round)) % std::size(works)]();
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
}

TEST_F(ThreadsTest, second_call_on_a_busy_operation_is_refused_or_waits_its_turn) {
    CK_MECHANISM mechanism{CKM_SHA256, nullptr, 0};
    ASSERT_EQ(m_client->C_DigestInit(m_client.session(), &mechanism), CKR_OK);
    std::atomic<int> unexpected = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            Bytes data(100, 1);
            for (int round = 0; round < 200; ++round) {
                const CK_RV rv = m_client->C_DigestUpdate(m_client.session(), data.data(), data.size());
                unexpected += rv != CKR_OK && rv != CKR_OPERATION_ACTIVE ? 1 : 0;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    EXPECT_EQ(unexpected, 0);
    EXPECT_EQ(m_client->C_SessionCancel(m_client.session(), CKF_DIGEST), CKR_OK);
    EXPECT_EQ(m_client->C_DigestInit(m_client.session(), &mechanism), CKR_OK);
}

}  // namespace
}  // namespace jeton::test
