// Processes that share one reader on USB: the kernel's claim goes to one at a time, and the card's state with
// it.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "usb/parts.hpp"
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

/// user logs in and signs |count| times; 0 when all was well.
int user(int count) {
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

/// maker makes the key.
int maker() {
    const Client client;
    const bool made =
        client.login() == CKR_OK && client.generate_ec(1, p256_params()).private_key != CK_INVALID_HANDLE;
    return made ? 0 : 1;
}

/// stranger never logs in; 0 when it cannot sign.
int stranger() {
    const Client client;
    const auto keys = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    return !keys.empty() && sign_with(client, keys[0]) == CKR_OK ? 1 : 0;
}

/// parent signs beside a fork of itself, which starts anew.
int parent() {
    const Client client;
    if (client.login() != CKR_OK) {
        return 1;
    }
    const auto keys = client.find({number(CKA_CLASS, CKO_PRIVATE_KEY)});
    if (keys.size() != 1 || sign_with(client, keys[0]) != CKR_OK) {
        return 2;
    }
    const pid_t child = fork();
    if (child == 0) {
        _exit(user(3));
    }
    for (int i = 0; i < 10; ++i) {
        if (sign_with(client, keys[0]) != CKR_OK) {
            return 3;
        }
    }
    int status = -1;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        return 4;
    }
    return sign_with(client, keys[0]) == CKR_OK ? 0 : 5;
}

const Part maker_part("maker", maker);
const Part user_part("user", [] { return user(10); });
const Part stranger_part("stranger", stranger);
const Part parent_part("parent", parent);

class UsbSharing : public testing::Test {
  protected:
    UsbSharing() : m_node(m_bench.plug()) { EXPECT_EQ(play({"maker"}), std::vector<int>{0}); }

    UsbBench m_bench;
    MockNode& m_node;
};

TEST_F(UsbSharing, ProcessesTakeTurns) {
    EXPECT_EQ(play({"user", "user", "user"}), (std::vector<int>{0, 0, 0}));
    EXPECT_EQ(m_node.counts().refused_claims, 0U) << "the lease orders them before the claim";
}

TEST_F(UsbSharing, WhoNeverLoggedInCannotSign) {
    EXPECT_EQ(play({"user", "stranger"}), (std::vector<int>{0, 0}));
}

// Holders that are killed: tests/qemu/sharing.sh, on a real kernel. umockdev crashes when a client dies in
// mid-ioctl.

TEST_F(UsbSharing, AForkedChildStartsAnew) {
    EXPECT_EQ(play({"parent"}), std::vector<int>{0});
}

}  // namespace

}  // namespace jeton::test
