// What the application is told of each status word, by the command that met it: the tables of the status
// matrix. The meanings are those of ISO/IEC 7816-4, 5.6, SP 800-73-4 part 2, 3 and OpenPGP 3.4.1, 7.1, put
// into the terms of PKCS#11.
#pragma once

#include "pkcs11/fault_cards.hpp"

namespace jeton::test::words {

inline constexpr CK_RV OK = CKR_OK;
inline constexpr CK_RV DE = CKR_DEVICE_ERROR;
inline constexpr CK_RV DM = CKR_DEVICE_MEMORY;
inline constexpr CK_RV DR = CKR_DEVICE_REMOVED;
inline constexpr CK_RV TU = CKR_TOKEN_NOT_RECOGNIZED;
inline constexpr CK_RV PI = CKR_PIN_INCORRECT;
inline constexpr CK_RV PL = CKR_PIN_LOCKED;
inline constexpr CK_RV PR = CKR_PIN_LEN_RANGE;
inline constexpr CK_RV PV = CKR_PIN_INVALID;
inline constexpr CK_RV PN = CKR_USER_PIN_NOT_INITIALIZED;
inline constexpr CK_RV NL = CKR_USER_NOT_LOGGED_IN;
inline constexpr CK_RV GE = CKR_GENERAL_ERROR;
inline constexpr CK_RV OH = CKR_OBJECT_HANDLE_INVALID;
inline constexpr CK_RV FF = CKR_FUNCTION_FAILED;
inline constexpr CK_RV FC = CKR_FUNCTION_CANCELED;
inline constexpr CK_RV FS = CKR_FUNCTION_NOT_SUPPORTED;
inline constexpr CK_RV KP = CKR_KEY_FUNCTION_NOT_PERMITTED;
inline constexpr CK_RV KH = CKR_KEY_HANDLE_INVALID;
inline constexpr CK_RV DL = CKR_DATA_LEN_RANGE;
inline constexpr CK_RV DI = CKR_DATA_INVALID;
inline constexpr CK_RV EL = CKR_ENCRYPTED_DATA_LEN_RANGE;
inline constexpr CK_RV EI = CKR_ENCRYPTED_DATA_INVALID;
inline constexpr CK_RV TI = CKR_TEMPLATE_INCONSISTENT;
inline constexpr CK_RV MI = CKR_MECHANISM_INVALID;
inline constexpr CK_RV AP = CKR_ACTION_PROHIBITED;
inline constexpr CK_RV AV = CKR_ATTRIBUTE_VALUE_INVALID;

/// The commands that operations are about: a row of |told| has a code for each.
enum Asked {
    verify,
    change_pin,
    unblock,
    authenticate,
    sign,
    decipher,
    generate,
    write,
    erase,
    read,
    asked_count
};

struct ToldRow {
    std::uint16_t status;
    CK_RV told[asked_count];
};

// Where the answer is OK: the command is repeated with the right length (6Cxx), after a new SELECT (6986,
// 6D00, 6E00) or a new VERIFY (6982), or the word says that it was done, or that there is no such object.
inline constexpr ToldRow told_rows[] = {
    //       verify chPIN unblk auth  sign  dec   gen   write erase read
    {0x6110, {OK, OK, OK, DE, DE, DE, DE, OK, OK, DE}}, {0x6200, {GE, GE, GE, GE, GE, GE, GE, GE, GE, DE}},
    {0x6281, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x6282, {DE, DE, DE, DE, DE, DE, DE, DE, DE, OK}},
    {0x6283, {DE, DE, DE, DE, KP, KP, DE, DE, DE, DE}}, {0x6285, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6286, {FC, FC, FC, FC, FC, FC, FC, FC, FC, DE}}, {0x6300, {PI, PI, PI, PI, DE, DE, DE, DE, DE, DE}},
    {0x6381, {PI, PI, PI, PI, DE, DE, DE, OK, OK, DE}}, {0x63C2, {PI, PI, PI, PI, DE, DE, DE, DE, DE, DE}},
    {0x63C0, {PL, PL, PL, PL, DE, DE, DE, DE, DE, DE}}, {0x6400, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6401, {FC, FC, FC, FC, FC, FC, FC, FC, FC, DE}}, {0x6581, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6600, {FC, FC, FC, FC, FC, FC, FC, FC, FC, DE}}, {0x6700, {PR, PR, PR, PR, DL, EL, DE, DE, DE, DE}},
    {0x6800, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}}, {0x6881, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}},
    {0x6882, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}}, {0x6883, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6884, {FS, FS, FS, FS, FS, FS, FS, FS, FS, DE}}, {0x6900, {FF, FF, FF, FF, FF, FF, AP, AP, AP, DE}},
    {0x6981, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x6982, {FF, FF, NL, PI, OK, OK, NL, NL, NL, OK}},
    {0x6983, {PL, PL, PL, PL, PL, PL, PL, PL, PL, DE}}, {0x6984, {PN, PN, PN, PL, KP, KP, DE, DE, DE, DE}},
    {0x6985, {PN, PN, PN, FF, KP, KP, DE, DE, DE, DE}}, {0x6986, {OK, OK, OK, OK, OK, OK, OK, OK, OK, OK}},
    {0x6987, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x6988, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6A80, {PV, PV, PV, PV, DI, EI, TI, AV, DE, DE}}, {0x6A81, {FS, FS, FS, FS, KP, KP, MI, FS, AP, DE}},
    {0x6A82, {DE, DE, DE, DE, KH, KH, DE, DE, DE, OK}}, {0x6A83, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x6A84, {DM, DM, DM, DM, DM, DM, DM, DM, DM, DE}}, {0x6A85, {FS, FS, FS, FS, DI, EI, FS, FS, FS, DE}},
    {0x6A86, {FS, FS, FS, FS, DI, EI, FS, FS, FS, DE}}, {0x6A87, {FS, FS, FS, FS, DI, EI, FS, FS, FS, DE}},
    {0x6A88, {PV, PV, PV, PV, KH, KH, DE, OH, OH, OK}}, {0x6A89, {DE, DE, DE, DE, DE, DE, AV, AV, AV, DE}},
    {0x6A8A, {DE, DE, DE, DE, DE, DE, AV, AV, AV, DE}}, {0x6B00, {DI, DI, DI, DI, KH, KH, DI, DI, DI, DE}},
    {0x6C10, {DE, DE, DE, OK, OK, OK, OK, OK, OK, OK}}, {0x6D00, {OK, OK, OK, OK, OK, OK, OK, OK, OK, OK}},
    {0x6E00, {OK, OK, OK, OK, OK, OK, OK, OK, OK, OK}}, {0x6F00, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
    {0x9E01, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}}, {0x9F10, {DE, DE, DE, DE, DE, DE, DE, DE, DE, DE}},
};

/// What an operation sends beside the command that it is about, with a few status words each.
inline constexpr std::uint16_t few[] = {0x6110, 0x6300, 0x6982, 0x6A82, 0x6C10, 0x6D00, 0x6F00};

struct BesideRow {
    const char* command;
    const char* operation;  ///< nullptr: any
    CK_RV told[std::size(few)];
    unsigned kinds = piv_faults;
    int time = 0;  ///< counts this command in the operation, from 1; 0: any
};

inline constexpr unsigned two_kinds = openpgp_faults | hsm_faults;

// The first row that fits counts.
inline constexpr BesideRow beside_rows[] = {
    //                                6110 6300 6982 6A82 6C10 6D00 6F00
    // Refused, the application is selected by another of its names.
    {"select", "recognise", {TU, OK, OK, OK, OK, OK, TU}},
    {"select", nullptr, {DE, OK, OK, OK, OK, OK, DE}},
    // The object with the card's number; a card without it is another one.
    {"read", "recognise", {TU, TU, TU, OK, OK, OK, TU}},
    {"read", "sign after hand-over", {DE, DE, NL, DR, OK, DE, DE}},
    {"pin status", nullptr, {OK, OK, OK, OK, OK, OK, OK}, all_faults},
    {"metadata", nullptr, {DE, OK, OK, OK, OK, OK, DE}},
    {"stored key", nullptr, {DE, DE, OK, NL, OK, OK, DE}},
    {"read", nullptr, {DE, DE, NL, OK, OK, OK, DE}},
    {"authenticate", nullptr, {DE, NL, NL, DE, OK, OK, DE}},
    {"write", nullptr, {OK, DE, NL, OK, OK, OK, DE}},  // 6A82: the card keeps no key history
    {"generate", nullptr, {DE, DE, NL, DE, OK, OK, DE}},
    // The PIN that was right at the login is not tried again when the card does not take it.
    {"verify", "sign after hand-over", {NL, NL, NL, NL, NL, OK, NL}, all_faults},
    {"sign", "sign after hand-over", {DE, DE, NL, KH, OK, OK, DE}, all_faults},
    // Other kinds of cards come first; a card without the application is none of ours, or another one.
    {"select", "recognise", {TU, TU, TU, TU, OK, TU, TU}, openpgp_faults, 3},
    {"select", "recognise", {OK, OK, OK, OK, OK, OK, OK}, openpgp_faults},
    // Two profiles speak of an SC-HSM: the second asks what the first got no answer to.
    {"select", "recognise", {OK, TU, TU, TU, OK, TU, OK}, hsm_faults},
    {"select", "sign after hand-over", {DE, DR, DR, DR, OK, DR, DE}, two_kinds},
    // OpenPGP. The card's number and the key derivation function; after a write the number once more.
    {"counters", nullptr, {DE, DE, NL, OK, OK, OK, DE}, openpgp_faults},
    {"read", "recognise", {TU, TU, TU, TU, OK, OK, TU}, openpgp_faults},
    {"read", "sign after hand-over", {DE, DE, NL, DE, OK, DE, DE}, openpgp_faults, 1},
    {"read", "sign after hand-over", {DE, NL, NL, OK, OK, OK, NL}, openpgp_faults, 2},
    {"read", "generate", {DE, DE, NL, DE, OK, DE, DE}, openpgp_faults},
    {"read", "write data", {DE, DE, NL, DE, OK, DE, DE}, openpgp_faults, 2},
    {"read", nullptr, {DE, DE, NL, OK, OK, OK, DE}, openpgp_faults},
    {"read key", nullptr, {DE, OK, OK, OK, OK, OK, DE}, openpgp_faults},
    {"select data", "list", {OK, OK, OK, OK, OK, OK, DE}, openpgp_faults},
    {"select data", nullptr, {OK, AP, AP, AP, OK, AP, DE}, openpgp_faults},
    {"write", "generate", {DE, DE, OK, DE, OK, OK, DE}, openpgp_faults, 1},  // the kind of key
    // SC-HSM. What was read to a wrong end is no certificate, and no number of this card.
    {"enumerate", nullptr, {DE, DE, NL, DE, OK, OK, DE}, hsm_faults},
    {"read", "recognise", {OK, OK, OK, OK, OK, OK, OK}, hsm_faults},
    {"read", "sign after hand-over", {DE, DE, NL, DR, DR, DE, DE}, hsm_faults},
    {"read", "delete certificate", {DE, DE, OK, OH, OH, OK, DE}, hsm_faults},
    {"read", "list", {DE, OK, OK, OK, OK, OK, DE}, hsm_faults, 1},  // descriptions
    {"read", "list", {DE, OK, OK, OK, OK, OK, DE}, hsm_faults, 2},
    {"read", "list", {DE, DE, OK, OK, OK, OK, DE}, hsm_faults},
    // When the key is made and the card wants PIN or SELECT once more, all is repeated, but not the key.
    {"write", "generate", {OK, DE, OK, DE, OK, OK, DE}, hsm_faults, 1},
    {"write", "generate", {OK, DE, AV, DE, OK, AV, DE}, hsm_faults},
    {"erase", nullptr, {OK, DE, OK, OK, OK, OK, DE}, hsm_faults},
    {"write", nullptr, {OK, DE, OK, DE, OK, OK, DE}, two_kinds},
};

/// OtherwiseRow is where a kind of card means something else by a status word, or where the PIN is what
/// writes, so that it is verified once more (6982).
struct OtherwiseRow {
    unsigned kinds;
    Asked asked;
    std::uint16_t status;
    CK_RV told;
};

inline constexpr OtherwiseRow otherwise_rows[] = {
    {openpgp_faults, verify, 0x6982, PI}, {openpgp_faults, change_pin, 0x6982, PI},
    {two_kinds, unblock, 0x6982, OK},     {two_kinds, generate, 0x6982, OK},
    {two_kinds, write, 0x6982, OK},       {two_kinds, erase, 0x6982, OK},
    {two_kinds, write, 0x6381, DE},       {two_kinds, erase, 0x6381, DE},
    {openpgp_faults, read, 0x6282, DE},   {openpgp_faults, read, 0x6A86, OK},
    {hsm_faults, sign, 0x6A84, KP},       {hsm_faults, decipher, 0x6A84, KP},  // used up
};

struct AboutRow {
    const char* operation;
    const char* command;
    Asked asked;
    unsigned kinds = all_faults;
};

inline constexpr AboutRow about_rows[] = {
    {"login", "verify", verify},
    {"change PIN", "change PIN", change_pin},
    {"unblock", "unblock", unblock},
    {"login as SO", "authenticate", authenticate, piv_faults},
    {"login as SO", "verify", verify, openpgp_faults | hsm_faults},
    {"sign", "sign", sign},
    {"decrypt", "sign", decipher},
    {"generate", "generate", generate},
    {"write certificate", "write", write},
    {"delete certificate", "write", erase},
    {"list", "read", read, piv_faults | openpgp_faults},
};

struct NameRow {
    Byte ins;
    const char* name;
    unsigned kinds = all_faults;
    std::string_view logged = {};  ///< part of the command in the log; empty: any
};

// The first row that fits counts.
inline constexpr NameRow name_rows[] = {
    {0x24, "change PIN"},
    {0x2C, "unblock"},
    {0xA4, "select"},
    {0x47, "generate", openpgp_faults, "004780"},
    {0x47, "read key", openpgp_faults},
    {0x47, "generate", piv_faults},
    {0x87, "authenticate", piv_faults, "0087039B"},
    {0x87, "authenticate", piv_faults, "0087089B"},
    {0x87, "authenticate", piv_faults, "00870A9B"},
    {0x87, "authenticate", piv_faults, "00870C9B"},
    {0x87, "sign", piv_faults},
    {0xCB, "stored key", piv_faults, "5FC109"},
    {0xCB, "read", piv_faults},
    {0xDB, "write", piv_faults},
    {0xF7, "metadata", piv_faults},
    {0x2A, "sign", openpgp_faults},
    {0x88, "sign", openpgp_faults},
    {0xA5, "select data", openpgp_faults},
    {0xCA, "counters", openpgp_faults, "00CA00C4"},
    {0xCA, "read", openpgp_faults},
    {0xDA, "write", openpgp_faults},
    {0x46, "generate", hsm_faults},
    {0x58, "enumerate", hsm_faults},
    {0x62, "sign", hsm_faults},
    {0x68, "sign", hsm_faults},
    {0xB1, "read", hsm_faults},
    {0xD7, "write", hsm_faults},
    {0xE4, "erase", hsm_faults},
};

}  // namespace jeton::test::words
