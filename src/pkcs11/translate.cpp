// Exceptions of all layers as CK_RV: by kind, and for a card's status words by what was asked of the card.
#include <array>
#include <new>
#include <utility>

#include "card/error.hpp"
#include "crypto/error.hpp"
#include "pkcs11/error.hpp"
#include "pkcs11/guard.hpp"
#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace {

using card::Verb;

constexpr unsigned bit(Verb verb) {
    return 1U << static_cast<unsigned>(verb);
}

constexpr unsigned any_verb = ~0U;
constexpr unsigned pin_verbs =
    bit(Verb::verify) | bit(Verb::change_pin) | bit(Verb::unblock) | bit(Verb::authenticate);
constexpr unsigned data_verbs = bit(Verb::sign) | bit(Verb::encrypt);
constexpr unsigned opening_verbs = bit(Verb::decipher) | bit(Verb::decrypt_aead);
constexpr unsigned key_verbs = data_verbs | opening_verbs | bit(Verb::derive);
constexpr unsigned new_key_verbs = bit(Verb::generate) | bit(Verb::import_key);
constexpr unsigned change_verbs = new_key_verbs | bit(Verb::write) | bit(Verb::erase) | bit(Verb::initialize);

/// One meaning of a status word; the first row that fits counts, and CKR_DEVICE_ERROR when none does
/// (ISO/IEC 7816-4, 5.6; SP 800-73-4 part 2, 3).
struct StatusRow {
    std::uint16_t value;
    std::uint16_t mask;
    unsigned verbs;
    CK_RV rv;
};

constexpr std::array status_rows{
    StatusRow{0x6982, 0xFFFF, bit(Verb::read), CKR_USER_NOT_LOGGED_IN},
    StatusRow{0x0000, 0x0000, bit(Verb::read), CKR_DEVICE_ERROR},  // whatever else the card says
    StatusRow{0x6200, 0xFFFF, any_verb, CKR_GENERAL_ERROR},
    StatusRow{0x6283, 0xFFFF, key_verbs, CKR_KEY_FUNCTION_NOT_PERMITTED},
    StatusRow{0x6285, 0xFFFF, bit(Verb::select), CKR_TOKEN_NOT_RECOGNIZED},
    StatusRow{0x6286, 0xFFFF, any_verb, CKR_FUNCTION_CANCELED},
    StatusRow{0x63C0, 0xFFFF, pin_verbs, CKR_PIN_LOCKED},
    StatusRow{0x6300, 0xFF00, pin_verbs, CKR_PIN_INCORRECT},
    StatusRow{0x6400, 0xFFFF, bit(Verb::decrypt_aead), CKR_ENCRYPTED_DATA_INVALID},
    StatusRow{0x6401, 0xFFFF, any_verb, CKR_FUNCTION_CANCELED},
    StatusRow{0x6600, 0xFFFF, any_verb, CKR_FUNCTION_CANCELED},
    StatusRow{0x6700, 0xFFFF, pin_verbs, CKR_PIN_LEN_RANGE},
    StatusRow{0x6700, 0xFFFF, data_verbs, CKR_DATA_LEN_RANGE},
    StatusRow{0x6700, 0xFFFF, opening_verbs, CKR_ENCRYPTED_DATA_LEN_RANGE},
    StatusRow{0x6700, 0xFFFF, bit(Verb::derive), CKR_MECHANISM_PARAM_INVALID},
    StatusRow{0x6800, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6881, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6882, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6884, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6900, 0xFFFF, change_verbs, CKR_ACTION_PROHIBITED},
    StatusRow{0x6900, 0xFFFF, any_verb, CKR_FUNCTION_FAILED},
    StatusRow{0x6982, 0xFFFF, bit(Verb::authenticate), CKR_PIN_INCORRECT},
    StatusRow{0x6982, 0xFFFF, bit(Verb::verify) | bit(Verb::change_pin), CKR_FUNCTION_FAILED},
    StatusRow{0x6982, 0xFFFF, any_verb, CKR_USER_NOT_LOGGED_IN},
    StatusRow{0x6983, 0xFFFF, any_verb, CKR_PIN_LOCKED},
    StatusRow{0x6984, 0xFFFF, bit(Verb::authenticate), CKR_PIN_LOCKED},
    StatusRow{0x6984, 0xFFFF, pin_verbs, CKR_USER_PIN_NOT_INITIALIZED},
    StatusRow{0x6984, 0xFFFF, key_verbs, CKR_KEY_FUNCTION_NOT_PERMITTED},
    StatusRow{0x6985, 0xFFFF, bit(Verb::authenticate), CKR_FUNCTION_FAILED},
    StatusRow{0x6985, 0xFFFF, pin_verbs, CKR_USER_PIN_NOT_INITIALIZED},
    StatusRow{0x6985, 0xFFFF, key_verbs, CKR_KEY_FUNCTION_NOT_PERMITTED},
    StatusRow{0x6A80, 0xFFFF, pin_verbs, CKR_PIN_INVALID},
    StatusRow{0x6A80, 0xFFFF, data_verbs, CKR_DATA_INVALID},
    StatusRow{0x6A80, 0xFFFF, opening_verbs, CKR_ENCRYPTED_DATA_INVALID},
    StatusRow{0x6A80, 0xFFFF, bit(Verb::derive), CKR_MECHANISM_PARAM_INVALID},
    StatusRow{0x6A80, 0xFFFF, new_key_verbs, CKR_TEMPLATE_INCONSISTENT},
    StatusRow{0x6A80, 0xFFFF, bit(Verb::write), CKR_ATTRIBUTE_VALUE_INVALID},
    StatusRow{0x6A81, 0xFFFF, key_verbs, CKR_KEY_FUNCTION_NOT_PERMITTED},
    StatusRow{0x6A81, 0xFFFF, bit(Verb::erase), CKR_ACTION_PROHIBITED},
    StatusRow{0x6A81, 0xFFFF, bit(Verb::generate), CKR_MECHANISM_INVALID},
    StatusRow{0x6A81, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6A82, 0xFFFF, key_verbs, CKR_KEY_HANDLE_INVALID},
    StatusRow{0x6A84, 0xFFFF, any_verb, CKR_DEVICE_MEMORY},
    StatusRow{0x6A85, 0xFFFF, data_verbs, CKR_DATA_INVALID},
    StatusRow{0x6A86, 0xFFFF, data_verbs, CKR_DATA_INVALID},
    StatusRow{0x6A87, 0xFFFF, data_verbs, CKR_DATA_INVALID},
    StatusRow{0x6A85, 0xFFFF, opening_verbs, CKR_ENCRYPTED_DATA_INVALID},
    StatusRow{0x6A86, 0xFFFF, opening_verbs, CKR_ENCRYPTED_DATA_INVALID},
    StatusRow{0x6A87, 0xFFFF, opening_verbs, CKR_ENCRYPTED_DATA_INVALID},
    StatusRow{0x6A85, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6A86, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6A87, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6A88, 0xFFFF, pin_verbs, CKR_PIN_INVALID},
    StatusRow{0x6A88, 0xFFFF, key_verbs, CKR_KEY_HANDLE_INVALID},
    StatusRow{0x6A88, 0xFFFF, bit(Verb::write) | bit(Verb::erase), CKR_OBJECT_HANDLE_INVALID},
    StatusRow{0x6A89, 0xFFFF, change_verbs, CKR_ATTRIBUTE_VALUE_INVALID},
    StatusRow{0x6A8A, 0xFFFF, change_verbs, CKR_ATTRIBUTE_VALUE_INVALID},
    StatusRow{0x6B00, 0xFFFF, key_verbs, CKR_KEY_HANDLE_INVALID},
    StatusRow{0x6B00, 0xFFFF, any_verb, CKR_DATA_INVALID},
    StatusRow{0x6D00, 0xFFFF, bit(Verb::erase), CKR_ACTION_PROHIBITED},
    StatusRow{0x6D00, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    StatusRow{0x6E00, 0xFFFF, bit(Verb::erase), CKR_ACTION_PROHIBITED},
    StatusRow{0x6E00, 0xFFFF, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
};

/// What was not even asked of the card; the first row that fits counts.
struct KindRow {
    card::Error::Kind kind;
    unsigned verbs;
    CK_RV rv;
};

constexpr std::array kind_rows{
    KindRow{card::Error::Kind::malformed, any_verb, CKR_DEVICE_ERROR},
    KindRow{card::Error::Kind::swapped, any_verb, CKR_DEVICE_REMOVED},
    KindRow{card::Error::Kind::not_logged_in, any_verb, CKR_USER_NOT_LOGGED_IN},
    KindRow{card::Error::Kind::needs_admin, any_verb, CKR_USER_NOT_LOGGED_IN},
    KindRow{card::Error::Kind::unsupported, key_verbs, CKR_KEY_FUNCTION_NOT_PERMITTED},
    KindRow{card::Error::Kind::unsupported, new_key_verbs, CKR_TEMPLATE_INCONSISTENT},
    KindRow{card::Error::Kind::unsupported, bit(Verb::write) | bit(Verb::erase), CKR_ACTION_PROHIBITED},
    KindRow{card::Error::Kind::unsupported, any_verb, CKR_FUNCTION_NOT_SUPPORTED},
    KindRow{card::Error::Kind::pin_form, any_verb, CKR_PIN_LEN_RANGE},
    KindRow{card::Error::Kind::too_large, data_verbs, CKR_DATA_LEN_RANGE},
    KindRow{card::Error::Kind::too_large, opening_verbs, CKR_ENCRYPTED_DATA_LEN_RANGE},
    KindRow{card::Error::Kind::too_large, bit(Verb::derive), CKR_MECHANISM_PARAM_INVALID},
    KindRow{card::Error::Kind::too_large, any_verb, CKR_DEVICE_MEMORY},
};

CK_RV rv_of(Verb verb, card::StatusWord status) {
    for (const StatusRow& row : status_rows) {
        if ((status.value & row.mask) == row.value && (row.verbs & bit(verb)) != 0) {
            return row.rv;
        }
    }
    return CKR_DEVICE_ERROR;
}

CK_RV rv_of(const card::Error& error) {
    if (error.meaning()) {
        return *error.meaning();
    }
    if (error.kind() == card::Error::Kind::status) {
        return rv_of(error.verb(), error.status());
    }
    for (const KindRow& row : kind_rows) {
        if (row.kind == error.kind() && (row.verbs & bit(error.verb())) != 0) {
            return row.rv;
        }
    }
    return CKR_GENERAL_ERROR;
}

CK_RV rv_of(const reader::Error& error) {
    using Kind = reader::Error::Kind;
    switch (error.kind()) {
        case Kind::gone:
        case Kind::no_card:
            return CKR_DEVICE_REMOVED;
        case Kind::mute:
        case Kind::timeout:
        case Kind::protocol:
        case Kind::busy:
        case Kind::unsupported:
            return CKR_DEVICE_ERROR;
    }
    return CKR_GENERAL_ERROR;
}

CK_RV told(log::Level level, const char* function, CK_RV rv, const char* sentence) {
    log::print(level, "{}: CKR {:#x}: {}", function, rv, sentence);
    return rv;
}

}  // namespace

CK_RV translate_exception(const char* function) noexcept {
    try {
        try {
            throw;
        } catch (const Error& error) {
            return told(log::Level::debug, function, error.rv(), error.what());
        } catch (const card::Error& error) {
            return told(log::Level::info, function, rv_of(error), error.what());
        } catch (const reader::Error& error) {
            return told(log::Level::warn, function, rv_of(error), error.what());
        } catch (const crypto::Error& error) {
            return told(log::Level::error, function, CKR_FUNCTION_FAILED, error.what());
        } catch (const std::bad_alloc& error) {
            return told(log::Level::error, function, CKR_HOST_MEMORY, error.what());
        } catch (const std::exception& error) {
            return told(log::Level::error, function, CKR_GENERAL_ERROR, error.what());
        }
    } catch (...) {
        return CKR_GENERAL_ERROR;
    }
}

}  // namespace jeton::pkcs11
