// The rules of PKCS#11 as rows: a call in a state, and the codes that the standard allows. Each row runs
// against jeton and, to test the tests, against SoftHSMv2, whose known deviations stand in the row.
#pragma once

#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

/// A module with an initialised token, and sessions on it.
class Bench {
  public:
    explicit Bench(CK_FUNCTION_LIST_3_2* functions) : f(functions) {}
    virtual ~Bench() = default;

    CK_SESSION_HANDLE open(CK_FLAGS flags) const {
        CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
        EXPECT_EQ(f->C_OpenSession(slot, CKF_SERIAL_SESSION | flags, nullptr, nullptr, &session), CKR_OK);
        return session;
    }
    CK_RV login(CK_SESSION_HANDLE session, std::string pin = "123456", CK_USER_TYPE user = CKU_USER) const {
        return f->C_Login(session, user, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size());
    }
    CK_RV digest_init(CK_SESSION_HANDLE session, CK_MECHANISM_TYPE type = CKM_SHA256) const {
        CK_MECHANISM mechanism{type, nullptr, 0};
        return f->C_DigestInit(session, &mechanism);
    }

    CK_FUNCTION_LIST_3_2* f;
    CK_SLOT_ID slot = 0;
};

class JetonBench final : public Bench {
  public:
    JetonBench() : Bench(jeton().f) {
        EXPECT_EQ(f->C_Initialize(nullptr), CKR_OK);
        CK_ULONG count = 1;
        EXPECT_EQ(f->C_GetSlotList(CK_TRUE, &slot, &count), CKR_OK);
    }
    ~JetonBench() override { f->C_Finalize(nullptr); }

  private:
    SoftCards m_cards;
};

class SoftHsmBench final : public Bench {
  public:
    SoftHsmBench() : Bench(module().f) {
        std::filesystem::create_directory(m_scratch / "tokens");
        const auto config = m_scratch / "softhsm2.conf";
        std::ofstream(config) << "directories.tokendir = " << (m_scratch / "tokens").string()
                              << "\nobjectstore.backend = file\nlog.level = ERROR\n";
        setenv("SOFTHSM2_CONF", config.c_str(), 1);
        EXPECT_EQ(f->C_Initialize(nullptr), CKR_OK);
        CK_UTF8CHAR label[32];
        std::fill_n(label, 32, ' ');
        std::string so = "12345678";
        std::string user = "123456";
        CK_ULONG count = 1;
        CK_SLOT_ID free_slot = 0;
        EXPECT_EQ(f->C_GetSlotList(CK_TRUE, &free_slot, &count), CKR_OK);
        EXPECT_EQ(f->C_InitToken(free_slot, reinterpret_cast<CK_UTF8CHAR_PTR>(so.data()), so.size(), label),
                  CKR_OK);
        std::vector<CK_SLOT_ID> slots(8);
        count = slots.size();
        EXPECT_EQ(f->C_GetSlotList(CK_TRUE, slots.data(), &count), CKR_OK);
        for (CK_ULONG i = 0; i < count; ++i) {
            CK_TOKEN_INFO info;
            if (f->C_GetTokenInfo(slots[i], &info) == CKR_OK && (info.flags & CKF_TOKEN_INITIALIZED) != 0) {
                slot = slots[i];
            }
        }
        const CK_SESSION_HANDLE session = open(CKF_RW_SESSION);
        EXPECT_EQ(login(session, so, CKU_SO), CKR_OK);
        EXPECT_EQ(f->C_InitPIN(session, reinterpret_cast<CK_UTF8CHAR_PTR>(user.data()), user.size()), CKR_OK);
        EXPECT_EQ(f->C_CloseSession(session), CKR_OK);
    }
    ~SoftHsmBench() override { f->C_Finalize(nullptr); }

    static LoadedModule& module() {
        static auto* loaded = new LoadedModule(LoadedModule::load(SOFTHSM_MODULE));
        return *loaded;
    }

  private:
    ScratchDirectory m_scratch;
};

struct Rule {
    const char* name;
    std::function<CK_RV(const Bench&)> call;
    std::set<CK_RV> allowed;
    std::set<CK_RV> softhsm_deviation = {};
};

inline void PrintTo(const Rule& rule, std::ostream* out) {
    *out << rule.name;
}

/// check_jeton and check_softhsm run one row.
inline void check_jeton(const Rule& rule) {
    const JetonBench bench;
    const CK_RV rv = rule.call(bench);
    EXPECT_TRUE(rule.allowed.contains(rv)) << std::hex << "0x" << rv;
}

inline void check_softhsm(const Rule& rule) {
    const SoftHsmBench bench;
    const CK_RV rv = rule.call(bench);
    const auto& expected = rule.softhsm_deviation.empty() ? rule.allowed : rule.softhsm_deviation;
    EXPECT_TRUE(expected.contains(rv)) << std::hex << "0x" << rv;
}

}  // namespace jeton::test
