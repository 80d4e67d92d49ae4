// The count of APDUs, at the card, of what an administrator does, and of the operations beyond signatures
// with RSA and ECDSA. Each is counted alone, in a session that is logged in and wrote to the card before.
#include <map>

#include "pkcs11/private_key_template.hpp"
#include "util/tlv.hpp"

namespace jeton::test {
namespace {

const Value on_card = flag(CKA_TOKEN, true);

Value id(Byte value) {
    return bytes(CKA_ID, View(&value, 1));
}

/// The most APDUs of each operation.
struct Budget {
    const char* exchange;
    std::map<std::string, std::size_t> most;
};

void PrintTo(const Budget& budget, std::ostream* out) {
    *out << budget.exchange;
}

class AdminBudgetTest : public testing::TestWithParam<Budget> {
  protected:
    AdminBudgetTest() : cards(GetParam().exchange) {
        EXPECT_EQ(client.login(), CKR_OK);
        pair = client.generate_ec(1, p256_params());
        client.find({});
    }

    /// counted runs |work| and compares what went to the card with the budget of |operation|.
    template <typename Work>
    void counted(const std::string& operation, Work&& work) {
        cards.commands();
        EXPECT_EQ(work(), CKR_OK) << operation;
        const std::vector<std::string> commands = cards.commands();
        std::string log;
        for (const std::string& command : commands) {
            log += "\n" + command.substr(0, 60);
        }
        EXPECT_EQ(commands.size(), GetParam().most.at(operation)) << operation << log;
    }

    CK_RV import(Byte slot, const crypto::PrivateKey& key) {
        return client.create(private_template(key) + std::vector{on_card, id(slot)}, handle);
    }

    CK_RV set_pin(std::string old_pin, std::string new_pin) {
        return client->C_SetPIN(client.session(), reinterpret_cast<CK_UTF8CHAR_PTR>(old_pin.data()),
                                old_pin.size(), reinterpret_cast<CK_UTF8CHAR_PTR>(new_pin.data()),
                                new_pin.size());
    }

    std::string management_key() {
        const CK_OBJECT_HANDLE printed = client.find_one({text(CKA_LABEL, "Printed Information")});
        return to_hex(find_tlv_path(client.attribute(printed, CKA_VALUE), {0x88, 0x89}).value());
    }

    SoftCards cards;
    Client client;
    Client::Pair pair;
    CK_OBJECT_HANDLE handle = CK_INVALID_HANDLE;
};

TEST_P(AdminBudgetTest, keys_come_move_and_go) {
    const auto rsa = crypto::PrivateKey::generate_rsa(2048);
    const auto ec = crypto::PrivateKey::generate_ec(crypto::Curve::p256);
    counted("import RSA-2048", [&] { return import(3, rsa); });
    counted("import P-256", [&] { return import(4, ec); });
    counted("generate P-256", [&] {
        Client::Pair made{};
        return client.generate(CKM_EC_KEY_PAIR_GEN, {bytes(CKA_EC_PARAMS, p256_params())}, {on_card, id(2)},
                               made);
    });
    counted("move key", [&] { return client.set(handle, {id(5)}); });
    counted("delete key", [&] { return client.destroy(handle); });
}

TEST_P(AdminBudgetTest, certificates_and_data) {
    const Bytes certificate =
        self_signed(client.attribute(pair.public_key, CKA_PUBLIC_KEY_INFO), "Budget", 440);
    counted("write certificate", [&] {
        return client.create(
            {number(CKA_CLASS, CKO_CERTIFICATE), on_card, id(1), bytes(CKA_VALUE, certificate)}, handle);
    });
    counted("delete certificate", [&] { return client.destroy(handle); });
    const CK_OBJECT_HANDLE data = client.find_one({text(CKA_LABEL, "Card Capability Container")});
    counted("write data", [&] { return client.set(data, {bytes(CKA_VALUE, Bytes(100, 1))}); });
}

TEST_P(AdminBudgetTest, operations_of_the_user) {
    const auto agreeing = client.generate_ec(3, p256_params());
    const auto signing = client.generate_ec(5, ed25519_params(), CKM_EC_EDWARDS_KEY_PAIR_GEN);
    const auto montgomery = client.generate_ec(6, x25519_params(), CKM_EC_MONTGOMERY_KEY_PAIR_GEN);
    Bytes signature;
    counted("sign with Ed25519", [&] {
        return client.sign({CKM_EDDSA, nullptr, 0}, signing.private_key, Bytes(100, 1), signature);
    });
    const auto derive = [&](CK_OBJECT_HANDLE key, Bytes point) {
        CK_ECDH1_DERIVE_PARAMS params{CKD_NULL, 0, nullptr, point.size(), point.data()};
        return client.derive({CKM_ECDH1_DERIVE, &params, sizeof params}, key,
                             {number(CKA_KEY_TYPE, CKK_GENERIC_SECRET)}, handle);
    };
    const auto peer = crypto::PrivateKey::generate_ec(crypto::Curve::p256).public_key();
    counted("derive with P-256",
            [&] { return derive(agreeing.private_key, std::get<crypto::EcPublicKey>(peer).point); });
    counted("derive with X25519", [&] { return derive(montgomery.private_key, Bytes(32, 9)); });
    counted("change PIN", [&] { return set_pin(SoftCards::pin, "87654321"); });
}

TEST_P(AdminBudgetTest, what_the_officer_does) {
    const std::string key = management_key();
    EXPECT_EQ(client->C_Logout(client.session()), CKR_OK);
    counted("log in with the management key", [&] { return client.login(key, CKU_SO); });
    counted("change management key", [&] { return set_pin(key, std::string(64, 'A')); });
    EXPECT_EQ(client->C_Logout(client.session()), CKR_OK);
    counted("log in with the PUK", [&] { return client.login(SoftCards::puk, CKU_SO); });
    counted("change PUK", [&] { return set_pin(SoftCards::puk, "13572468"); });
    std::string pin = "246802";
    counted("unblock", [&] {
        return client->C_InitPIN(client.session(), reinterpret_cast<CK_UTF8CHAR_PTR>(pin.data()), pin.size());
    });
}

TEST_P(AdminBudgetTest, initialise) {
    std::string key = management_key();
    EXPECT_EQ(client->C_CloseAllSessions(client.slot()), CKR_OK);
    CK_UTF8CHAR label[32] = {};
    counted("initialise", [&] {
        return client->C_InitToken(client.slot(), reinterpret_cast<CK_UTF8CHAR_PTR>(key.data()), key.size(),
                                   label);
    });
}

const Budget budgets[] = {
    {"extended-apdu",
     {{"import RSA-2048", 2},
      {"import P-256", 1},
      {"generate P-256", 1},
      {"move key", 5},
      {"delete key", 1},
      {"write certificate", 1},
      {"delete certificate", 1},
      {"write data", 2},
      {"sign with Ed25519", 1},
      {"derive with P-256", 1},
      {"derive with X25519", 1},
      {"change PIN", 1},
      {"log in with the management key", 5},
      {"change management key", 4},
      {"log in with the PUK", 2},
      {"change PUK", 1},
      {"unblock", 1},
      {"initialise", 23}}},
    {"short-apdu",
     {{"import RSA-2048", 5},
      {"import P-256", 1},
      {"generate P-256", 1},
      {"move key", 5},
      {"delete key", 1},
      {"write certificate", 3},
      {"delete certificate", 1},
      {"write data", 2},
      {"sign with Ed25519", 1},
      {"derive with P-256", 1},
      {"derive with X25519", 1},
      {"change PIN", 1},
      {"log in with the management key", 5},
      {"change management key", 4},
      {"log in with the PUK", 2},
      {"change PUK", 1},
      {"unblock", 1},
      {"initialise", 23}}},
};

INSTANTIATE_TEST_SUITE_P(Readers, AdminBudgetTest, testing::ValuesIn(budgets));

}  // namespace
}  // namespace jeton::test
