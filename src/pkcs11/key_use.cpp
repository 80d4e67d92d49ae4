#include "pkcs11/key_use.hpp"

#include <algorithm>

namespace jeton::pkcs11 {

namespace {

bool fits(const MechanismRow& row, const Object& object) {
    if (const auto* card_key = std::get_if<CardKey>(&object.key)) {
        return row.fits(card_key->public_key);
    }
    if (const auto* public_key = std::get_if<crypto::PublicKey>(&object.key)) {
        return row.fits(*public_key);
    }
    return row.scheme == Scheme::aes && object.attributes.number(CKA_KEY_TYPE) == CKK_AES;
}

/// allows tells whether CKA_ALLOWED_MECHANISMS names the mechanism; an empty list is none.
bool allows(const Object& object, const MechanismRow& row) {
    View list = object.attributes.find(CKA_ALLOWED_MECHANISMS).value_or(View{});
    const bool any = list.empty();
    const Bytes wanted = ulong_bytes(row.type);
    for (; list.size() >= wanted.size(); list = list.subspan(wanted.size())) {
        if (equal(list.first(wanted.size()), wanted)) {
            return true;
        }
    }
    return any;
}

bool profile_allows(const Token& token, const MechanismRow& row, const CardKey& key) {
    const auto& rules = token.profile().mechanisms;
    const auto rule = rules.find(row.name);
    if (rule == rules.end() || rule->second.keys.empty()) {
        return true;
    }
    return std::ranges::find(rule->second.keys, token.layout()->keys[key.index]->id) !=
           rule->second.keys.end();
}

}  // namespace

void require_use(const Token& token, const Object& object, const MechanismRow& row, CK_ATTRIBUTE_TYPE usage) {
    require(fits(row, object), CKR_KEY_TYPE_INCONSISTENT, "the mechanism is for another type of key");
    require(object.attributes.is_true(usage), CKR_KEY_FUNCTION_NOT_PERMITTED, "the key is not for this use");
    require(allows(object, row), CKR_MECHANISM_INVALID, "CKA_ALLOWED_MECHANISMS of the key names others");
    const auto* card_key = std::get_if<CardKey>(&object.key);
    require(card_key == nullptr || profile_allows(token, row, *card_key), CKR_KEY_FUNCTION_NOT_PERMITTED,
            "the profile keeps this mechanism for other keys");
}

}  // namespace jeton::pkcs11
