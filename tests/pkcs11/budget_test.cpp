// The count of APDUs, at the card, of what users do: fresh process state, no cache, RSA-2048, a certificate
// object of at most 1,000 bytes.
#include "pkcs11/module_under_test.hpp"

namespace jeton::test {
namespace {

struct Budget {
    const char* exchange;
    std::size_t one_signature_with_token_info, first_signature, further, further_always, listing;
};

void PrintTo(const Budget& budget, std::ostream* out) {
    *out << budget.exchange;
}

class BudgetTest : public testing::TestWithParam<Budget> {
  protected:
    BudgetTest() : m_cards(GetParam().exchange) {
        const Client client;
        EXPECT_EQ(client.login(), CKR_OK);
        for (const Byte id : Bytes{1, 2, 3, 4}) {
            const auto pair = client.generate_rsa(id);
            const Bytes certificate =
                self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Budget", 440);
            EXPECT_LE(certificate.size() + 13, 1000U);
            EXPECT_GE(certificate.size() + 13, 800U);
            TemplateOf object{number(CKA_CLASS, CKO_CERTIFICATE), flag(CKA_TOKEN, true),
                              bytes(CKA_ID, View(&id, 1)), bytes(CKA_VALUE, certificate)};
            CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
            EXPECT_EQ(client->C_CreateObject(client.session(), object.data(), object.size(), &handle),
                      CKR_OK);
        }
    }

    Bytes sign(const Client& client, CK_OBJECT_HANDLE key) {
        Bytes signature;
        EXPECT_EQ(client.sign({CKM_SHA256_RSA_PKCS, nullptr, 0}, key, view_of("message"), signature), CKR_OK);
        EXPECT_EQ(signature.size(), 256U);
        return signature;
    }

    CK_OBJECT_HANDLE find_key(const Client& client, Byte id) {
        return client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), bytes(CKA_ID, View(&id, 1))});
    }

    SoftCards m_cards;
};

TEST_P(BudgetTest, initialise_and_slot_list_send_nothing) {
    m_cards.apdus();
    CK_FUNCTION_LIST_3_2* f = jeton().f;
    ASSERT_EQ(f->C_Initialize(nullptr), CKR_OK);
    CK_ULONG count = 0;
    EXPECT_EQ(f->C_GetSlotList(CK_FALSE, nullptr, &count), CKR_OK);
    EXPECT_EQ(count, 1U);
    EXPECT_EQ(m_cards.apdus(), 0U);
    f->C_Finalize(nullptr);
}

TEST_P(BudgetTest, first_signature_with_token_info) {
    m_cards.apdus();
    const Client client;
    CK_TOKEN_INFO info;
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(client.login(), CKR_OK);
    sign(client, find_key(client, 1));
    const std::size_t apdus = m_cards.apdus();
    RecordProperty("apdus", static_cast<int>(apdus));
    EXPECT_LE(apdus, GetParam().one_signature_with_token_info);
}

TEST_P(BudgetTest, first_and_further_signatures) {
    m_cards.apdus();
    const Client client;
    EXPECT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = find_key(client, 1);
    sign(client, key);
    EXPECT_LE(m_cards.apdus(), GetParam().first_signature);
    for (int i = 0; i < 3; ++i) {
        sign(client, key);
        EXPECT_LE(m_cards.apdus(), GetParam().further);
    }
}

TEST_P(BudgetTest, always_authenticate_key) {
    const Client client;
    EXPECT_EQ(client.login(), CKR_OK);
    const CK_OBJECT_HANDLE key = find_key(client, 2);
    m_cards.apdus();
    for (int i = 0; i < 2; ++i) {
        CK_MECHANISM mechanism{CKM_SHA256_RSA_PKCS, nullptr, 0};
        Bytes data{1, 2, 3};
        Bytes signature(256);
        CK_ULONG length = signature.size();
        EXPECT_EQ(client->C_SignInit(client.session(), &mechanism, key), CKR_OK);
        EXPECT_EQ(client.login(SoftCards::pin, CKU_CONTEXT_SPECIFIC), CKR_OK);
        EXPECT_EQ(client->C_Sign(client.session(), data.data(), data.size(), signature.data(), &length),
                  CKR_OK);
        EXPECT_LE(m_cards.apdus(), GetParam().further_always);
    }
}

TEST_P(BudgetTest, listing_everything_and_again) {
    m_cards.apdus();
    const Client client;
    CK_TOKEN_INFO info;
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_CERTIFICATE)}).size(), 4U);
    EXPECT_EQ(client.find({number(CKA_CLASS, CKO_PUBLIC_KEY)}).size(), 4U);
    EXPECT_GE(client.find({}).size(), 9U);
    EXPECT_LE(m_cards.apdus(), GetParam().listing);

    CK_SESSION_HANDLE second = CK_INVALID_HANDLE;
    EXPECT_EQ(client->C_OpenSession(client.slot(), CKF_SERIAL_SESSION, nullptr, nullptr, &second), CKR_OK);
    EXPECT_EQ(client->C_GetTokenInfo(client.slot(), &info), CKR_OK);
    client.find({});
    client.find({number(CKA_CLASS, CKO_CERTIFICATE)});
    EXPECT_EQ(m_cards.apdus(), 0U);
}

INSTANTIATE_TEST_SUITE_P(
    Readers, BudgetTest,
    testing::Values(Budget{"extended-apdu", 6, 5, 1, 2, 12}, Budget{"short-apdu", 12, 10, 3, 4, 26},
                    Budget{"tpdu-t1", 6, 5, 1, 2, 12}, Budget{"tpdu-t0", 12, 10, 3, 4, 26},
                    Budget{"character-t1", 6, 5, 1, 2, 12}, Budget{"character-t0", 12, 10, 3, 4, 26}));

}  // namespace
}  // namespace jeton::test
