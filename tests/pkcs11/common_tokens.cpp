#include "pkcs11/common_tokens.hpp"

#include <algorithm>

namespace jeton::test {

namespace {

constexpr const char* known_management_key = "000102030405060708090A0B0C0D0E0F";
constexpr const char* hsm_officer = "3132333435363738";  // the bytes of SoftCards::puk

// To add a kind of token: a row here.
const TokenKind kinds[] = {
    {.name = "piv",
     .applet = "piv",
     .unblocker = SoftCards::puk,
     .unblocker_is_verified = false,
     .other_unblocker = "13572468",
     .signer = 1,
     .opener = 3,
     .places = {1, 3},
     .rsa_signatures = 21,
     .rsa_decryptions = 4,
     .data_label = "Security Object",
     .data_writer = CKU_USER,
     .first_signature = 10,
     .first_signature_short = 10},
    {.name = "piv_with_an_officer",
     .applet = "piv",
     .management_key = known_management_key,
     .maker = CKU_SO,
     .maker_secret = known_management_key,
     .pair_goes_with = 0,
     .unblocker = SoftCards::puk,
     .unblocker_is_verified = false,
     .other_unblocker = "13572468",
     .initialiser = known_management_key,
     .signer = 1,
     .opener = 3,
     .places = {1, 3},
     .rsa_signatures = 21,
     .rsa_decryptions = 4,
     .data_label = "Security Object",
     .data_writer = CKU_SO,
     .first_signature = 10,
     .first_signature_short = 10},
    {.name = "openpgp",
     .applet = "openpgp",
     .maker = CKU_SO,
     .maker_secret = SoftCards::puk,
     .pair_goes_with = CKO_PUBLIC_KEY,
     .unblocker = SoftCards::puk,
     .unblocker_is_verified = true,
     .other_unblocker = "87654321",
     .initialiser = SoftCards::puk,
     .signer = 3,
     .opener = 2,
     .places = {1, 2, 3},
     .rsa_signatures = 10,
     .rsa_decryptions = 1,
     .data_label = "PrivDO1",
     .data_writer = CKU_USER,
     .first_signature = 9,
     .first_signature_short = 10},
    {.name = "sc_hsm",
     .applet = "sc-hsm",
     .unblocker = hsm_officer,
     .unblocker_is_verified = true,
     .other_unblocker = "3837363534333231",
     .initialiser = hsm_officer,
     .new_pin_is_usual = false,
     .signer = 1,
     .opener = 2,
     .places = {1, 2, 3, 4},
     .rsa_signatures = 21,
     .rsa_decryptions = 4,
     .takes_keys = false,
     .data_label = "A note",
     .data_writer = CKU_USER,
     .first_signature = 12,
     .first_signature_short = 13},
};

CK_UTF8CHAR_PTR characters(std::string& text) {
    return reinterpret_cast<CK_UTF8CHAR_PTR>(text.data());
}

std::vector<TokenKind> kinds_with(bool (*wanted)(const TokenKind&)) {
    std::vector<TokenKind> out;
    std::ranges::copy_if(kinds, std::back_inserter(out), wanted);
    return out;
}

std::unique_ptr<SoftCards> cards_of(const TokenKind& kind) {
    if (*kind.management_key != '\0') {
        const Bytes key = from_hex(kind.management_key).value();
        return std::make_unique<SoftCards>(View(key));
    }
    return std::make_unique<SoftCards>(std::vector<std::string>{kind.applet});
}

}  // namespace

void PrintTo(const TokenKind& kind, std::ostream* out) {
    *out << kind.name;
}

std::span<const TokenKind> token_kinds() {
    return kinds;
}

std::vector<TokenKind> initialisable_kinds() {
    return kinds_with([](const TokenKind& kind) { return !kind.initialiser.empty(); });
}

std::vector<TokenKind> key_taking_kinds() {
    return kinds_with([](const TokenKind& kind) { return kind.takes_keys; });
}

std::vector<TokenKind> key_destroying_kinds() {
    return kinds_with([](const TokenKind& kind) { return kind.pair_goes_with != 0; });
}

std::string token_name(const testing::TestParamInfo<TokenKind>& kind) {
    return kind.param.name;
}

TokenTest::TokenTest() : m_cards(cards_of(GetParam())) {}

void TokenTest::make_ec(Byte id, View params) {
    as_maker([&](const Client& client) { client.generate_ec(id, params); });
}

void TokenTest::make_rsa(Byte id) {
    as_maker([&](const Client& client) { client.generate_rsa(id); });
}

void TokenTest::insert_new_card() {
    m_cards.reset();
    m_cards = cards_of(kind());
}

Client::Pair TokenTest::find_pair(const Client& client, Byte id) {
    return {client.find_one({number(CKA_CLASS, CKO_PUBLIC_KEY), id_of(id)}),
            client.find_one({number(CKA_CLASS, CKO_PRIVATE_KEY), id_of(id)})};
}

std::vector<CK_MECHANISM_TYPE> TokenTest::listed(const Client& client, CK_FLAGS flag) {
    CK_ULONG count = 0;
    EXPECT_EQ(client->C_GetMechanismList(client.slot(), nullptr, &count), CKR_OK);
    std::vector<CK_MECHANISM_TYPE> all(count);
    EXPECT_EQ(client->C_GetMechanismList(client.slot(), all.data(), &count), CKR_OK);
    std::erase_if(all, [&](CK_MECHANISM_TYPE type) {
        CK_MECHANISM_INFO info{};
        EXPECT_EQ(client->C_GetMechanismInfo(client.slot(), type, &info), CKR_OK);
        return (info.flags & flag) == 0;
    });
    return all;
}

std::vector<CK_MECHANISM_TYPE> TokenTest::allowed(const Client& client, CK_OBJECT_HANDLE key) {
    const Bytes raw = client.attribute(key, CKA_ALLOWED_MECHANISMS);
    std::vector<CK_MECHANISM_TYPE> out(raw.size() / sizeof(CK_MECHANISM_TYPE));
    std::copy(raw.begin(), raw.end(), reinterpret_cast<Byte*>(out.data()));
    return out;
}

Value id_of(Byte value) {
    return bytes(CKA_ID, View(&value, 1));
}

CK_RV set_pin(const Client& client, std::string old_pin, std::string new_pin) {
    return client->C_SetPIN(client.session(), characters(old_pin), old_pin.size(), characters(new_pin),
                            new_pin.size());
}

CK_RV init_pin(const Client& client, std::string pin) {
    return client->C_InitPIN(client.session(), characters(pin), pin.size());
}

CK_RV init_token(const Client& client, std::string_view secret) {
    std::string copy(secret);
    CK_UTF8CHAR label[32];
    std::fill_n(label, sizeof label, ' ');
    return client->C_InitToken(client.slot(), characters(copy), copy.size(), label);
}

}  // namespace jeton::test
