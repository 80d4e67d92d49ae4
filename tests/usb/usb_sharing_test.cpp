// Processes that share one reader on USB: the kernel's claim goes to one at a time, and the card's state with
// it.
#include <csignal>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "usb/usb_bench.hpp"

namespace jeton::test {

namespace {

constexpr CK_MECHANISM sha256_ecdsa{CKM_ECDSA_SHA256, nullptr, 0};
const Bytes message(100, 0x5A);

/// sign_with gives the first thing that failed, with the card's only private key.
CK_RV sign_with(const Client& client, CK_OBJECT_HANDLE key) {
    Bytes signature;
    return client.sign(sha256_ecdsa, key, message, signature);
}

/// Children are processes that do the same work; the work gives 0 when all was well.
class Children {
  public:
    template <typename Work>
    void start(Work&& work) {
        const pid_t child = fork();
        if (child == 0) {
            alarm(120);
            _exit(work());
        }
        m_pids.push_back(child);
    }

    /// wait gives how many ended with 0.
    int wait() {
        int well = 0;
        for (const pid_t pid : m_pids) {
            int status = -1;
            waitpid(pid, &status, 0);
            well += WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 1 : 0;
        }
        m_pids.clear();
        return well;
    }

    const std::vector<pid_t>& pids() const { return m_pids; }

  private:
    std::vector<pid_t> m_pids;
};

class UsbSharing : public testing::Test {
  protected:
    UsbSharing() : m_node(m_bench.plug()) {
        // A process of its own makes the key: the module is fresh in each of those that follow.
        Children maker;
        maker.start([] {
            const Client client;
            const bool made = client.login() == CKR_OK &&
                              client.generate_ec(1, p256_params()).private_key != CK_INVALID_HANDLE;
            return made ? 0 : 1;
        });
        EXPECT_EQ(maker.wait(), 1);
    }

    /// user logs in and signs |count| times.
    static int user(int count) {
        const Client client;
        if (client.login() != CKR_OK) {
            return 1;
        }
        const auto keys = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
        if (keys.size() != 1) {
            return 2;
        }
        for (int i = 0; i < count; ++i) {
            if (sign_with(client, keys[0]) != CKR_OK) {
                return 3;
            }
        }
        return 0;
    }

    UsbBench m_bench;
    MockNode& m_node;
};

TEST_F(UsbSharing, ProcessesTakeTurns) {
    constexpr int processes = 3;
    Children children;
    for (int i = 0; i < processes; ++i) {
        children.start([] { return user(10); });
    }
    EXPECT_EQ(children.wait(), processes);
    EXPECT_EQ(m_node.counts().refused_claims, 0U) << "the lease orders them before the claim";
}

TEST_F(UsbSharing, WhoNeverLoggedInCannotSign) {
    Children children;
    children.start([] { return user(5); });
    children.start([] {
        const Client client;
        const auto keys = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
        return !keys.empty() && sign_with(client, keys[0]) == CKR_OK ? 1 : 0;
    });
    EXPECT_EQ(children.wait(), 2);
}

// Holders that are killed: tests/qemu/sharing.sh, on a real kernel. umockdev crashes when a client dies in
// mid-ioctl.

TEST_F(UsbSharing, AForkedChildStartsAnew) {
    const Client client;
    ASSERT_EQ(client.login(), CKR_OK);
    const auto keys = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    ASSERT_EQ(keys.size(), 1U);
    EXPECT_EQ(sign_with(client, keys[0]), CKR_OK);
    Children children;
    children.start([] { return user(3); });
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(sign_with(client, keys[0]), CKR_OK) << i;
    }
    EXPECT_EQ(children.wait(), 1);
    EXPECT_EQ(sign_with(client, keys[0]), CKR_OK);
}

}  // namespace

}  // namespace jeton::test
