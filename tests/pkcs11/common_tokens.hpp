// What the tests that hold for every kind of token have to know of each: a table, and a fixture that goes
// through it.
#pragma once

#include <memory>
#include <span>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

struct TokenKind {
    const char* name;  ///< of the tests
    std::string applet;
    const char* management_key = "";  ///< of PIV, in hex; "": one that the card keeps for its user

    /// Who makes, brings and destroys keys and certificates, and with what secret.
    CK_USER_TYPE maker = CKU_USER;
    std::string_view maker_secret = SoftCards::pin;

    /// What the maker destroys to destroy a pair: the private key, or the public one where the maker does not
    /// see private objects; 0: the officer cannot.
    CK_OBJECT_CLASS pair_goes_with = CKO_PRIVATE_KEY;

    std::string_view unblocker;        ///< logs in as security officer for C_InitPIN
    bool unblocker_is_verified;        ///< by the login itself
    std::string_view other_unblocker;  ///< what it can be changed to

    /// C_InitToken takes it; empty: only what the card itself made up.
    std::string_view initialiser{};
    bool new_pin_is_usual = true;  ///< after that; else the officer sets one

    /// CKA_ID of places for keys that sign, and that decrypt and derive; all of them, for lists.
    Byte signer, opener;
    std::vector<Byte> places;

    std::size_t rsa_signatures;   ///< how many mechanisms sign with an RSA key
    std::size_t rsa_decryptions;  ///< and decrypt, OAEP with two hashes
    bool takes_keys = true;       ///< that were made elsewhere

    const char* data_label;  ///< of a data object that everybody reads
    CK_USER_TYPE data_writer;

    /// APDUs of the first signature, with C_GetTokenInfo, the login and the search, and keys in all places:
    /// where extended APDUs are carried, and elsewhere.
    std::size_t first_signature, first_signature_short;
};

void PrintTo(const TokenKind& kind, std::ostream* out);

/// token_kinds is the table; initialisable_kinds are those with an |initialiser|, key_taking_kinds those that
/// take keys, key_destroying_kinds those whose maker destroys keys.
std::span<const TokenKind> token_kinds();
std::vector<TokenKind> initialisable_kinds();
std::vector<TokenKind> key_taking_kinds();
std::vector<TokenKind> key_destroying_kinds();

std::string token_name(const testing::TestParamInfo<TokenKind>& kind);

/// TokenTest has one card of the kind in a reader, a new one for each test and after insert_new_card.
class TokenTest : public testing::TestWithParam<TokenKind> {
  protected:
    TokenTest();

    static const TokenKind& kind() { return GetParam(); }

    /// as_maker runs |work| in an initialised module of its own, with the maker logged in.
    template <typename Work>
    static void as_maker(Work&& work) {
        const Client client;
        ASSERT_EQ(client.login(kind().maker_secret, kind().maker), CKR_OK);
        work(client);
    }

    /// make_ec and make_rsa have the maker make a key.
    static void make_ec(Byte id, View params);
    static void make_rsa(Byte id);

    void insert_new_card();

    static Client::Pair find_pair(const Client& client, Byte id);

    /// listed gives the mechanisms of the token that have |flag|; allowed those that |key| is used with.
    static std::vector<CK_MECHANISM_TYPE> listed(const Client& client, CK_FLAGS flag);
    static std::vector<CK_MECHANISM_TYPE> allowed(const Client& client, CK_OBJECT_HANDLE key);

    SoftCards& cards() { return *m_cards; }

  private:
    std::unique_ptr<SoftCards> m_cards;
};

Value id_of(Byte value);
CK_RV set_pin(const Client& client, std::string old_pin, std::string new_pin);
CK_RV init_pin(const Client& client, std::string pin);
CK_RV init_token(const Client& client, std::string_view secret);

}  // namespace jeton::test
