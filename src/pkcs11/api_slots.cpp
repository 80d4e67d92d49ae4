// Slots, tokens and their mechanisms (PKCS#11 3.2, 5.6).
#include <algorithm>

#include "pkcs11/api.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/mechanisms.hpp"
#include "pkcs11/module.hpp"
#include "pkcs11/output.hpp"

namespace jeton::pkcs11 {

namespace {

/// The longest PIN of a role; the management key as hex text is the longest SO PIN (AES-256: 64 digits).
constexpr CK_ULONG longest_so_pin = 64;

/// The flags of one PIN in CK_TOKEN_INFO.
struct PinFlags {
    card::PinRole role;
    CK_FLAGS count_low, final_try, locked;
};

constexpr PinFlags user_flags{card::PinRole::user, CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY,
                              CKF_USER_PIN_LOCKED};
constexpr PinFlags so_flags{card::PinRole::puk, CKF_SO_PIN_COUNT_LOW, CKF_SO_PIN_FINAL_TRY,
                            CKF_SO_PIN_LOCKED};

CK_FLAGS pin_flags(const PinFlags& flags, const card::PinStatus& status, const card::Profile& profile) {
    const card::PinRule* rule = profile.pin(flags.role);
    if (!status.known || rule == nullptr) {
        return 0;
    }
    if (status.tries_left == 0) {
        return flags.locked;
    }
    return (status.tries_left == 1 ? flags.final_try : 0) |
           (status.tries_left < std::max(rule->tries_max, status.most_tries) ? flags.count_low : 0);
}

/// What the card must be asked for, once; afterwards it is remembered.
struct TokenFacts {
    std::string label;
    card::PinStatus pin;
};

/// read_facts does not leave an application in which somebody is logged in for them: then what was known last
/// is good enough.
TokenFacts read_facts(card::Card& card) {
    const auto label = card.known_label();
    const auto pin = card.known_pin_status(card::PinRole::user);
    if ((label && pin) || card.others_logged_in()) {
        return {label.value_or(card.last_label()), pin.value_or(card::PinStatus{})};
    }
    card::Burst burst = card.begin();
    return {burst.label(), burst.pin_status(card::PinRole::user)};
}

CK_FLAGS token_flags(const card::Card& card, const card::PinStatus& pin) {
    CK_FLAGS flags = CKF_RNG | CKF_LOGIN_REQUIRED | CKF_TOKEN_INITIALIZED;
    if (pin.initialized) {
        flags |= CKF_USER_PIN_INITIALIZED;
    }
    if (card.has_pad(reader::PadUse::verify)) {
        flags |= CKF_PROTECTED_AUTHENTICATION_PATH;
    }
    const card::Profile& profile = card.profile();
    if (!profile.allow_write && !profile.allow_keygen && !profile.allow_import) {
        flags |= CKF_WRITE_PROTECTED;
    }
    // The PUK's counter is known after it was used; nobody asks the card for it.
    const auto puk = card.known_pin_status(card::PinRole::puk).value_or(card::PinStatus{});
    return flags | pin_flags(user_flags, pin, profile) | pin_flags(so_flags, puk, profile);
}

}  // namespace

void Api::C_GetSlotList(CK_BBOOL tokenPresent, CK_SLOT_ID_PTR pSlotList, CK_ULONG_PTR pulCount) {
    require(pulCount != nullptr, CKR_ARGUMENTS_BAD, "pulCount is null");
    if (pSlotList == nullptr || module().slots().empty()) {
        module().refresh_slots();
        if (tokenPresent != CK_FALSE) {
            module().meet_cards();
        }
    }
    std::vector<CK_SLOT_ID> ids;
    for (const auto& slot : module().slots()) {
        if (tokenPresent == CK_FALSE || slot->present()) {
            ids.push_back(slot->id());
        }
    }
    fill_list(ids, pSlotList, pulCount);
}

void Api::C_GetSlotInfo(CK_SLOT_ID slotID, CK_SLOT_INFO_PTR pInfo) {
    require(pInfo != nullptr, CKR_ARGUMENTS_BAD, "pInfo is null");
    const auto slot = module().slot(slotID);
    *pInfo = {};
    put_text(pInfo->slotDescription, slot->name());
    put_text(pInfo->manufacturerID, "jeton");
    const bool present = slot->present();
    if (present) {
        slot->opening().meet();
    }
    pInfo->flags = CKF_REMOVABLE_DEVICE | CKF_HW_SLOT | (present ? CKF_TOKEN_PRESENT : 0);
}

void Api::C_GetTokenInfo(CK_SLOT_ID slotID, CK_TOKEN_INFO_PTR pInfo) {
    require(pInfo != nullptr, CKR_ARGUMENTS_BAD, "pInfo is null");
    const auto token = module().slot(slotID)->token();
    card::Card& card = token->card();
    const TokenFacts facts = read_facts(card);
    const card::Profile& profile = card.profile();
    *pInfo = {};
    put_text(pInfo->label, facts.label);
    put_text(pInfo->manufacturerID, profile.token.manufacturer);
    put_text(pInfo->model, profile.token.model.empty() ? profile.name : profile.token.model);
    put_text(pInfo->serialNumber, card.serial());
    put_text(pInfo->utcTime, "");
    pInfo->flags = token_flags(card, facts.pin);
    const card::PinRule* user = profile.pin(card::PinRole::user);
    pInfo->ulMinPinLen = user != nullptr ? user->min_length : 0;
    pInfo->ulMaxPinLen = std::max<CK_ULONG>(longest_so_pin, user != nullptr ? user->max_length : 0);
    pInfo->ulMaxSessionCount = CK_EFFECTIVELY_INFINITE;
    pInfo->ulMaxRwSessionCount = CK_EFFECTIVELY_INFINITE;
    for (const auto& session : module().sessions().of_slot(slotID)) {
        ++pInfo->ulSessionCount;
        pInfo->ulRwSessionCount += session->is_read_write() ? 1 : 0;
    }
    pInfo->ulTotalPublicMemory = CK_UNAVAILABLE_INFORMATION;
    pInfo->ulFreePublicMemory = CK_UNAVAILABLE_INFORMATION;
    pInfo->ulTotalPrivateMemory = CK_UNAVAILABLE_INFORMATION;
    pInfo->ulFreePrivateMemory = CK_UNAVAILABLE_INFORMATION;
}

void Api::C_WaitForSlotEvent(CK_FLAGS flags, CK_SLOT_ID_PTR pSlot, CK_VOID_PTR pRserved) {
    require(pSlot != nullptr && pRserved == nullptr, CKR_ARGUMENTS_BAD,
            "pSlot is null or the reserved argument is not");
    *pSlot = module().wait_for_event((flags & CKF_DONT_BLOCK) == 0);
}

void Api::C_GetMechanismList(CK_SLOT_ID slotID, CK_MECHANISM_TYPE_PTR pMechanismList, CK_ULONG_PTR pulCount) {
    const auto token = module().slot(slotID)->known_token();
    std::vector<CK_MECHANISM_TYPE> types;
    for (const MechanismRow* row : offered_mechanisms(*token)) {
        types.push_back(row->type);
    }
    fill_list(types, pMechanismList, pulCount);
}

void Api::C_GetMechanismInfo(CK_SLOT_ID slotID, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO_PTR pInfo) {
    require(pInfo != nullptr, CKR_ARGUMENTS_BAD, "pInfo is null");
    const auto token = module().slot(slotID)->known_token();
    *pInfo = mechanism_info(*token, find_mechanism(*token, type, 0));
}

}  // namespace jeton::pkcs11
