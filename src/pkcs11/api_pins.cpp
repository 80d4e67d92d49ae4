// PINs, and a card made as new (PKCS#11 3.2, 5.6.7 to 5.6.9).
#include "pkcs11/api.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/output.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace {

/// blank_padded is the text in a label of 32 bytes.
std::string blank_padded(const CK_UTF8CHAR* label) {
    constexpr std::size_t label_bytes = sizeof(CK_TOKEN_INFO::label);
    std::string text(reinterpret_cast<const char*>(label), label_bytes);
    text.erase(text.find_last_not_of(' ') + 1);
    return text;
}

}  // namespace

void Api::C_InitToken(CK_SLOT_ID slotID, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen, CK_UTF8CHAR_PTR pLabel) {
    const auto slot = module().slot(slotID);
    const View pin = pin_input(pPin, ulPinLen);
    require(pLabel != nullptr, CKR_ARGUMENTS_BAD, "the label is null");
    const auto token = slot->token();
    require(token->profile().allow_write, CKR_TOKEN_WRITE_PROTECTED, "the profile does not allow this");
    require(module().sessions().of_slot(slotID).empty(), CKR_SESSION_EXISTS,
            "a session with this token is open");
    token->card().begin().initialize(pin);
    log::info("{}: initialised; the card has no place for the label \"{}\"", slot->name(),
              blank_padded(pLabel));
}

void Api::C_InitPIN(CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pPin, CK_ULONG ulPinLen) {
    const auto session = module().session(hSession);
    require(session->state() == CKS_RW_SO_FUNCTIONS, CKR_USER_NOT_LOGGED_IN, "C_InitPIN is for the SO");
    session->token().card().begin().unblock_user(pin_input(pPin, ulPinLen));
}

void Api::C_SetPIN(CK_SESSION_HANDLE hSession, CK_UTF8CHAR_PTR pOldPin, CK_ULONG ulOldLen,
                   CK_UTF8CHAR_PTR pNewPin, CK_ULONG ulNewLen) {
    const auto session = module().session(hSession);
    require(session->is_read_write(), CKR_SESSION_READ_ONLY, "a PIN is changed in a read-write session");
    const bool is_so = session->state() == CKS_RW_SO_FUNCTIONS;
    card::Card& card = session->token().card();
    const bool has_pad =
        !is_so && pOldPin == nullptr && pNewPin == nullptr && card.has_pad(reader::PadUse::modify);
    const auto old_pin = pin_or_pad(pOldPin, ulOldLen, has_pad);
    const auto new_pin = pin_or_pad(pNewPin, ulNewLen, has_pad);
    card::Burst burst = card.begin();
    if (old_pin && new_pin) {
        burst.change_pin(is_so ? card::PinRole::so : card::PinRole::user, *old_pin, *new_pin);
    } else {
        burst.change_pin_on_pad();
    }
}

}  // namespace jeton::pkcs11
