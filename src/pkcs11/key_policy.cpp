#include "pkcs11/key_policy.hpp"

#include <algorithm>
#include <array>

#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

using card::PinPolicy;
using card::TouchPolicy;

template <typename Policy>
struct PolicyRow {
    CK_ULONG value;
    Policy policy;
};

constexpr std::array pin_rows{PolicyRow<PinPolicy>{CK_JETON_PIN_DEFAULT, PinPolicy::standard},
                              PolicyRow<PinPolicy>{CK_JETON_PIN_NEVER, PinPolicy::never},
                              PolicyRow<PinPolicy>{CK_JETON_PIN_ONCE, PinPolicy::once},
                              PolicyRow<PinPolicy>{CK_JETON_PIN_ALWAYS, PinPolicy::always}};

constexpr std::array touch_rows{PolicyRow<TouchPolicy>{CK_JETON_TOUCH_DEFAULT, TouchPolicy::standard},
                                PolicyRow<TouchPolicy>{CK_JETON_TOUCH_NEVER, TouchPolicy::never},
                                PolicyRow<TouchPolicy>{CK_JETON_TOUCH_ALWAYS, TouchPolicy::always},
                                PolicyRow<TouchPolicy>{CK_JETON_TOUCH_CACHED, TouchPolicy::cached}};

template <typename Rows>
auto policy_of(const Template& given, CK_ATTRIBUTE_TYPE type, const Rows& rows) {
    const auto value = given.number(type).value_or(0);
    const auto* const row = std::ranges::find(rows, value, &Rows::value_type::value);
    require(row != rows.end(), CKR_ATTRIBUTE_VALUE_INVALID, "an unknown PIN or touch policy");
    return row->policy;
}

}  // namespace

card::KeyPolicy policy_in(const Template& given, const card::Applet& applet, const card::KeySlot& slot) {
    card::KeyPolicy policy{policy_of(given, CKA_JETON_PIN_POLICY, pin_rows),
                           policy_of(given, CKA_JETON_TOUCH_POLICY, touch_rows)};
    const auto always = given.flag(CKA_ALWAYS_AUTHENTICATE);
    if (!always) {
        return policy;
    }
    require(!*always || given.flag(CKA_PRIVATE).value_or(true), CKR_TEMPLATE_INCONSISTENT,
            "CKA_ALWAYS_AUTHENTICATE is for keys with CKA_PRIVATE");
    if (policy.pin != PinPolicy::standard) {
        require(*always == (policy.pin == PinPolicy::always), CKR_TEMPLATE_INCONSISTENT,
                "CKA_ALWAYS_AUTHENTICATE contradicts CKA_JETON_PIN_POLICY");
    } else if (*always != applet.always_authenticates(slot)) {
        policy.pin = *always ? PinPolicy::always : PinPolicy::once;
    }
    return policy;
}

}  // namespace jeton::pkcs11
