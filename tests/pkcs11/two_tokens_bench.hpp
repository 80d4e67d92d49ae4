// A software card with PIV and OpenPGP, each with a key, and the module on it: what the tests of two tokens
// share.
#pragma once

#include <fstream>
#include <map>

#include "pkcs11/module_under_test.hpp"
#include "softcard/card_json.hpp"
#include "softcard/store.hpp"
#include "util/files.hpp"

namespace jeton::test {

/// Side is one token of the card: a session and its key.
struct Side {
    CK_SLOT_ID slot = ~0UL;
    CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE key = CK_INVALID_HANDLE;
    CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
    Byte id = 0;  ///< CKA_ID of the key
};

class TwoTokens {
  public:
    static constexpr Byte piv_key = 1;      // 9A
    static constexpr Byte openpgp_key = 3;  // authentication

    /// The card gets a P-256 key in each of its applications whose name is in |filled|.
    explicit TwoTokens(const std::string& filled = "piv,openpgp",
                       const std::vector<std::string>& applets = {"piv", "openpgp"})
        : cards(applets), f(jeton().f) {
        configure(R"("tokens": "all")");
        initialize();
        const auto ids = slots();
        EXPECT_EQ(ids.size(), applets.size());
        if (filled.find("piv") != std::string::npos) {
            make_key(ids.at(0), piv_key, SoftCards::pin, CKU_USER);
        }
        if (filled.find("openpgp") != std::string::npos) {
            make_key(ids.at(1), openpgp_key, SoftCards::puk, CKU_SO);
        }
        finalize();
        configure("");
        cards.commands();
    }
    ~TwoTokens() { f->C_Finalize(nullptr); }
    TwoTokens(const TwoTokens&) = delete;  // it ends the module
    TwoTokens& operator=(const TwoTokens&) = delete;

    /// configure writes jeton.json with |more| members, for the next initialize().
    void configure(const std::string& more) const {
        cards.write_config(R"({"readers": {"access": "none"})" + (more.empty() ? "" : ", " + more) + "}");
    }

    /// with_policy gives the user PINs of both applications another cache policy.
    void with_policy(const std::string& policy, const std::string& more = "") const {
        const auto file = cards.directory() / "policy.json";
        std::ofstream(file)
            << R"({"schemaVersion": "1.0", "patch": ["piv", "openpgp"], "pins": {"user": {"cache": )"
            << policy << "}}}";
        std::filesystem::permissions(file, std::filesystem::perms(0600));
        configure(R"("profiles": [")" + file.string() + "\"]" + (more.empty() ? "" : ", " + more));
    }

    /// forget removes what processes told each other about the card.
    void forget() const { std::filesystem::remove(softcard::lease_file(cards.directory(), "test")); }

    void initialize() const { ASSERT_EQ(f->C_Initialize(nullptr), CKR_OK); }
    void finalize() const { ASSERT_EQ(f->C_Finalize(nullptr), CKR_OK); }

    std::vector<CK_SLOT_ID> slots(bool with_token = true) const {
        CK_ULONG count = 0;
        EXPECT_EQ(f->C_GetSlotList(with_token, nullptr, &count), CKR_OK);
        std::vector<CK_SLOT_ID> ids(count);
        EXPECT_EQ(f->C_GetSlotList(with_token, ids.data(), &count), CKR_OK);
        ids.resize(count);
        return ids;
    }

    bool has_token(CK_SLOT_ID slot) const {
        CK_SLOT_INFO info{};
        EXPECT_EQ(f->C_GetSlotInfo(slot, &info), CKR_OK);
        return (info.flags & CKF_TOKEN_PRESENT) != 0;
    }

    std::string label(CK_SLOT_ID slot) const {
        CK_TOKEN_INFO info{};
        EXPECT_EQ(f->C_GetTokenInfo(slot, &info), CKR_OK);
        const std::string text(reinterpret_cast<const char*>(info.label), sizeof info.label);
        return text.substr(0, text.find_last_not_of(' ') + 1);
    }

    CK_RV poll_event(CK_SLOT_ID* told) const { return f->C_WaitForSlotEvent(CKF_DONT_BLOCK, told, nullptr); }

    Side open(CK_SLOT_ID slot, Byte id) const {
        Side side{.slot = slot, .id = id};
        EXPECT_EQ(
            f->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, nullptr, nullptr, &side.session),
            CKR_OK);
        return side;
    }

    CK_RV login(const Side& side, std::string pin = SoftCards::pin, CK_USER_TYPE user = CKU_USER) const {
        return f->C_Login(side.session, user, reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size());
    }

    /// enter opens, logs in and finds the key.
    Side enter(CK_SLOT_ID slot, Byte id) const {
        Side side = open(slot, id);
        EXPECT_EQ(login(side), CKR_OK);
        side.key = find(side, CKO_PRIVATE_KEY);
        side.public_key = find(side, CKO_PUBLIC_KEY);
        return side;
    }

    CK_OBJECT_HANDLE find(const Side& side, CK_OBJECT_CLASS object_class) const {
        TemplateOf wanted{number(CKA_CLASS, object_class), bytes(CKA_ID, View(&side.id, 1))};
        CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
        CK_ULONG count = 0;
        EXPECT_EQ(f->C_FindObjectsInit(side.session, wanted.data(), wanted.size()), CKR_OK);
        EXPECT_EQ(f->C_FindObjects(side.session, &handle, 1, &count), CKR_OK);
        EXPECT_EQ(f->C_FindObjectsFinal(side.session), CKR_OK);
        return count == 1 ? handle : CK_INVALID_HANDLE;
    }

    /// sign signs, and has the signature verified where the public key is known.
    CK_RV sign(const Side& side) const {
        CK_MECHANISM mechanism{CKM_ECDSA, nullptr, 0};
        Bytes digest(32, 0x5A);
        Bytes signature(64);
        CK_ULONG length = signature.size();
        CK_RV rv = f->C_SignInit(side.session, &mechanism, side.key);
        if (rv == CKR_OK) {
            rv = f->C_Sign(side.session, digest.data(), digest.size(), signature.data(), &length);
        }
        if (rv == CKR_OK && side.public_key != CK_INVALID_HANDLE) {
            EXPECT_EQ(f->C_VerifyInit(side.session, &mechanism, side.public_key), CKR_OK);
            EXPECT_EQ(f->C_Verify(side.session, digest.data(), digest.size(), signature.data(), length),
                      CKR_OK);
        }
        return rv;
    }

    /// tries are the counters of the PINs in the card's file: PIV's, OpenPGP's.
    std::pair<unsigned, unsigned> tries() const {
        const auto text = read_file(cards.card_file(), 1 << 20).value();
        const auto card = std::get<softcard::CardState>(softcard::read_card(text));
        return {card.piv.value().pins.at(0x80).tries, card.openpgp.value().passwords.at(0x81).pin.tries};
    }

    /// state of a session, CKS_...
    CK_STATE state(const Side& side) const {
        CK_SESSION_INFO info{};
        EXPECT_EQ(f->C_GetSessionInfo(side.session, &info), CKR_OK);
        return info.state;
    }

    /// verifies counts the commands in |commands| that carry a PIN.
    static std::size_t verifies(const std::vector<std::string>& commands) {
        std::size_t count = 0;
        for (const std::string& command : commands) {
            const bool carries = command.find('[') != std::string::npos && !command.ends_with("[0 bytes]");
            count += command.starts_with("002000") && carries ? 1U : 0U;
        }
        return count;
    }

    SoftCards cards;
    CK_FUNCTION_LIST_3_2* f;

  private:
    void make_key(CK_SLOT_ID slot, Byte id, const char* pin, CK_USER_TYPE user) const {
        const Side side = open(slot, id);
        ASSERT_EQ(login(side, pin, user), CKR_OK);
        TemplateOf public_template{flag(CKA_TOKEN, true), bytes(CKA_EC_PARAMS, p256_params())};
        TemplateOf private_template{flag(CKA_TOKEN, true), flag(CKA_PRIVATE, true),
                                    bytes(CKA_ID, View(&id, 1))};
        CK_MECHANISM mechanism{CKM_EC_KEY_PAIR_GEN, nullptr, 0};
        CK_OBJECT_HANDLE public_key = CK_INVALID_HANDLE;
        CK_OBJECT_HANDLE private_key = CK_INVALID_HANDLE;
        ASSERT_EQ(
            f->C_GenerateKeyPair(side.session, &mechanism, public_template.data(), public_template.size(),
                                 private_template.data(), private_template.size(), &public_key, &private_key),
            CKR_OK);
    }
};

}  // namespace jeton::test
