// Two processes on one card, each with a token of its own: neither believes what the other's application
// left.
#include <sys/wait.h>
#include <unistd.h>

#include "pkcs11/two_tokens_bench.hpp"

namespace jeton::test {
namespace {

/// in_another_process runs |work| in a child that initialises the module anew; 0 is good.
template <typename Work>
int in_another_process(Work&& work) {
    const pid_t child = fork();
    if (child == 0) {
        alarm(60);
        _exit(work());
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Handover {
    const char* name;
    const char* config;
    bool repeats;  ///< the PIN may be verified again
    CK_RV after;   ///< what a signature after the other process gives
};

void PrintTo(const Handover& row, std::ostream* out) {
    *out << row.name;
}

class ProcessesTest : public testing::TestWithParam<Handover> {
  protected:
    void SetUp() override {
        bench.with_policy(GetParam().repeats ? R"({"policy": "session"})" : R"({"policy": "none"})",
                          GetParam().config);
        bench.initialize();
        ids = bench.slots();
        ASSERT_EQ(ids.size(), 2U);
    }

    /// other_signs signs with the other token in another process.
    int other_signs() {
        return in_another_process([&] {
            bench.initialize();
            const auto found = bench.slots();
            if (found.size() != 2) {
                return 2;
            }
            const Side side = bench.enter(found[1], TwoTokens::openpgp_key);
            return bench.sign(side) == CKR_OK ? 0 : 3;
        });
    }

    TwoTokens bench;
    std::vector<CK_SLOT_ID> ids;
};

TEST_P(ProcessesTest, AnotherProcessWithTheOtherTokenCostsNoTry) {
    const Side piv = bench.enter(ids[0], TwoTokens::piv_key);
    const auto tries = bench.tries();
    EXPECT_EQ(bench.sign(piv), CKR_OK);
    EXPECT_EQ(other_signs(), 0);
    bench.cards.commands();
    EXPECT_EQ(bench.sign(piv), GetParam().after);
    EXPECT_EQ(TwoTokens::verifies(bench.cards.commands()), GetParam().repeats ? 1U : 0U);
    EXPECT_EQ(bench.tries(), tries);
}

TEST_P(ProcessesTest, ALoginElsewhereIsNoLoginHere) {
    const Side piv = bench.open(ids[0], TwoTokens::piv_key);
    EXPECT_EQ(in_another_process([&] {
                  bench.initialize();
                  const Side side = bench.enter(bench.slots().at(0), TwoTokens::piv_key);
                  return bench.sign(side) == CKR_OK ? 0 : 3;
              }),
              0);
    EXPECT_EQ(bench.state(piv), CKS_RW_PUBLIC_SESSION);
    EXPECT_EQ(bench.find(piv, CKO_PRIVATE_KEY), CK_INVALID_HANDLE);
}

INSTANTIATE_TEST_SUITE_P(Policies, ProcessesTest,
                         testing::Values(Handover{"reset", "", true, CKR_OK},
                                         Handover{"reset_without_repeating", "", false,
                                                  CKR_USER_NOT_LOGGED_IN}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace jeton::test
