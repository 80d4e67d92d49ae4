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
    const bool is_aes = row.scheme == Scheme::aes || row.scheme == Scheme::aes_cmac;
    return is_aes && object.attributes.number(CKA_KEY_TYPE) == CKK_AES;
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

/// slot_name is what the profile calls the place of a key on the card; empty for other keys.
std::string slot_name(const Token& token, const Object& object) {
    if (const auto* key = std::get_if<CardKey>(&object.key)) {
        return token.layout()->keys[key->index]->id;
    }
    const auto* secret = std::get_if<CardSecretKey>(&object.key);
    return secret != nullptr ? token.layout()->secret_keys[secret->index]->id : std::string();
}

bool profile_allows(const Token& token, const MechanismRow& row, const std::string& slot) {
    const auto& rules = token.profile().mechanisms;
    const auto rule = rules.find(row.name);
    if (rule == rules.end() || rule->second.keys.empty()) {
        return true;
    }
    return std::ranges::find(rule->second.keys, slot) != rule->second.keys.end();
}

}  // namespace

void require_use(const Token& token, const Object& object, const MechanismRow& row, CK_ATTRIBUTE_TYPE usage) {
    require(fits(row, object), CKR_KEY_TYPE_INCONSISTENT, "the mechanism is for another type of key");
    require(object.attributes.is_true(usage), CKR_KEY_FUNCTION_NOT_PERMITTED, "the key is not for this use");
    require(allows(object, row), CKR_MECHANISM_INVALID, "CKA_ALLOWED_MECHANISMS of the key names others");
    const std::string slot = slot_name(token, object);
    require(slot.empty() || profile_allows(token, row, slot), CKR_KEY_FUNCTION_NOT_PERMITTED,
            "the profile keeps this mechanism for other keys");
}

std::shared_ptr<const Object> secret_key_for(Token& token, CK_OBJECT_HANDLE handle, const MechanismRow& row,
                                             CK_ATTRIBUTE_TYPE usage, crypto::Direction direction) {
    auto object = token.object(handle, CKR_KEY_HANDLE_INVALID);
    const auto* on_card = std::get_if<CardSecretKey>(&object->key);
    require(on_card != nullptr || std::holds_alternative<SecretKey>(object->key), CKR_KEY_TYPE_INCONSISTENT,
            "the key is of another kind");
    require_use(token, *object, row, usage);
    require(on_card == nullptr || computes(token.card(), row, on_card->index, direction),
            CKR_KEY_FUNCTION_NOT_PERMITTED, "the card does not compute this with its AES keys");
    return object;
}

}  // namespace jeton::pkcs11
