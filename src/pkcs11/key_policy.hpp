// When the card is to ask for its PIN or for a touch: what the template of a new private key says.
#pragma once

#include "card/applet.hpp"
#include "pkcs11/attributes.hpp"

namespace jeton::pkcs11 {

/// policy_in reads CKA_ALWAYS_AUTHENTICATE, CKA_JETON_PIN_POLICY and CKA_JETON_TOUCH_POLICY for a key that
/// goes to |slot|: ATTRIBUTE_VALUE_INVALID for an unknown policy, TEMPLATE_INCONSISTENT when they contradict
/// each other, or CKA_PRIVATE.
card::KeyPolicy policy_in(const Template& given, const card::Applet& applet, const card::KeySlot& slot);

}  // namespace jeton::pkcs11
