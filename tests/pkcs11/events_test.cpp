// C_WaitForSlotEvent: readers and cards that come and go, waits that C_Finalize ends.
#include <chrono>
#include <fstream>
#include <thread>

#include "pkcs11/module_under_test.hpp"
#include "softcard/store.hpp"

namespace jeton::test {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds patience{5};

/// EventsTest is an initialised module that has looked at its one card, whose reader a fault plan steers.
class EventsTest : public testing::Test {
  protected:
    EventsTest() : f(jeton().f) {
        cards.write_config(R"({"log": "apdu:)" + cards.apdu_log().string() +
                           R"(", "readers": {"access": "none"}, "softCards": {"faultPlan": ")" +
                           plan_file().string() + R"("}})");
        EXPECT_EQ(f->C_Initialize(nullptr), CKR_OK);
        CK_ULONG count = 1;
        EXPECT_EQ(f->C_GetSlotList(CK_TRUE, &slot, &count), CKR_OK);
        EXPECT_EQ(poll_event(), CKR_NO_EVENT);
    }
    ~EventsTest() override { f->C_Finalize(nullptr); }

    std::filesystem::path plan_file() const { return cards.directory() / "plan"; }

    void plan(const std::string& text) const {
        std::ofstream(cards.directory() / "plan.new") << text;
        std::filesystem::rename(cards.directory() / "plan.new", plan_file());
    }

    CK_RV poll_event(CK_SLOT_ID* told = nullptr) const {
        CK_SLOT_ID id = 0;
        const CK_RV rv = f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, nullptr);
        if (told != nullptr) {
            *told = id;
        }
        return rv;
    }

    bool card_present() const {
        CK_SLOT_INFO info{};
        EXPECT_EQ(f->C_GetSlotInfo(slot, &info), CKR_OK);
        return (info.flags & CKF_TOKEN_PRESENT) != 0;
    }

    SoftCards cards;
    CK_FUNCTION_LIST_3_2* f;
    CK_SLOT_ID slot = 0;
};

TEST_F(EventsTest, arguments) {
    CK_SLOT_ID id = 0;
    int something = 0;
    EXPECT_EQ(f->C_WaitForSlotEvent(CKF_DONT_BLOCK, nullptr, nullptr), CKR_ARGUMENTS_BAD);
    EXPECT_EQ(f->C_WaitForSlotEvent(CKF_DONT_BLOCK, &id, &something), CKR_ARGUMENTS_BAD);
}

TEST_F(EventsTest, card_that_is_pulled_and_put_in_again_is_told_once_each) {
    plan("pull 1");
    CK_SLOT_ID told = slot + 1;
    EXPECT_EQ(poll_event(&told), CKR_OK);
    EXPECT_EQ(told, slot);
    EXPECT_FALSE(card_present());
    EXPECT_EQ(poll_event(), CKR_NO_EVENT);
    std::filesystem::remove(plan_file());
    EXPECT_EQ(poll_event(&told), CKR_OK);
    EXPECT_EQ(told, slot);
    EXPECT_TRUE(card_present());
    EXPECT_EQ(poll_event(), CKR_NO_EVENT);
}

TEST_F(EventsTest, what_others_noticed_is_told_all_the_same) {
    plan("pull 1");
    EXPECT_FALSE(card_present());
    EXPECT_EQ(poll_event(), CKR_OK);
}

TEST_F(EventsTest, what_changed_between_a_look_and_the_first_wait_is_told) {
    ASSERT_EQ(f->C_Finalize(nullptr), CKR_OK);
    ASSERT_EQ(f->C_Initialize(nullptr), CKR_OK);
    EXPECT_TRUE(card_present());
    plan("pull 1");
    EXPECT_EQ(poll_event(), CKR_OK);
    EXPECT_FALSE(card_present());
    EXPECT_EQ(poll_event(), CKR_NO_EVENT);
}

TEST_F(EventsTest, reader_that_leaves_is_told_and_the_slot_stays) {
    plan("unplug 1");
    EXPECT_EQ(poll_event(), CKR_OK);
    EXPECT_FALSE(card_present());
    EXPECT_EQ(poll_event(), CKR_NO_EVENT);
}

TEST_F(EventsTest, new_reader_wakes_whoever_waits) {
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        softcard::create(cards.directory(),
                         {.name = "second", .applets = {"piv"}, .management_key = {}, .pin_iterations = 10});
    });
    CK_SLOT_ID told = slot;
    const auto begin = Clock::now();
    EXPECT_EQ(f->C_WaitForSlotEvent(0, &told, nullptr), CKR_OK);
    EXPECT_LT(Clock::now() - begin, patience);
    later.join();
    EXPECT_NE(told, slot);
    CK_ULONG count = 0;
    EXPECT_EQ(f->C_GetSlotList(CK_TRUE, nullptr, &count), CKR_OK);
    EXPECT_EQ(count, 2U);
    EXPECT_EQ(poll_event(), CKR_NO_EVENT);
}

TEST_F(EventsTest, pulled_card_wakes_whoever_waits) {
    std::thread later([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
        plan("pull 1");
    });
    CK_SLOT_ID told = slot + 1;
    EXPECT_EQ(f->C_WaitForSlotEvent(0, &told, nullptr), CKR_OK);
    later.join();
    EXPECT_EQ(told, slot);
}

TEST_F(EventsTest, a_look_sends_nothing_to_the_card) {
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    ASSERT_EQ(f->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session), CKR_OK);
    EXPECT_GT(cards.apdus(), 0U);
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(poll_event(), CKR_NO_EVENT);
    }
    EXPECT_EQ(cards.apdus(), 0U);
    CK_SESSION_INFO info{};
    EXPECT_EQ(f->C_GetSessionInfo(session, &info), CKR_OK) << "the session lives on";
}

TEST_F(EventsTest, finalize_ends_a_blocked_wait_a_thousand_times) {
    CK_C_INITIALIZE_ARGS args{};
    args.flags = CKF_OS_LOCKING_OK | CKF_LIBRARY_CANT_CREATE_OS_THREADS;  // as NSS says always
    for (int i = 0; i < 1000; ++i) {
        CK_RV waited = CKR_OK;
        std::thread waiter([&] {
            CK_SLOT_ID id = 0;
            waited = f->C_WaitForSlotEvent(0, &id, nullptr);
        });
        if (i % 4 != 0) {
            std::this_thread::sleep_for(std::chrono::microseconds(200));
        }
        const auto begin = Clock::now();
        ASSERT_EQ(f->C_Finalize(nullptr), CKR_OK);
        waiter.join();
        ASSERT_EQ(waited, CKR_CRYPTOKI_NOT_INITIALIZED);
        ASSERT_LT(Clock::now() - begin, patience);
        ASSERT_EQ(f->C_Initialize(&args), CKR_OK);
    }
}

TEST_F(EventsTest, two_who_wait_are_both_ended) {
    std::vector<std::thread> waiters;
    std::array<CK_RV, 2> waited{};
    for (CK_RV& rv : waited) {
        waiters.emplace_back([this, &rv] {
            CK_SLOT_ID id = 0;
            rv = f->C_WaitForSlotEvent(0, &id, nullptr);
        });
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    ASSERT_EQ(f->C_Finalize(nullptr), CKR_OK);
    for (std::thread& waiter : waiters) {
        waiter.join();
    }
    EXPECT_EQ(waited[0], CKR_CRYPTOKI_NOT_INITIALIZED);
    EXPECT_EQ(waited[1], CKR_CRYPTOKI_NOT_INITIALIZED);
    ASSERT_EQ(f->C_Initialize(nullptr), CKR_OK);
}

}  // namespace
}  // namespace jeton::test
