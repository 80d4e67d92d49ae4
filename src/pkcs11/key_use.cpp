#include "pkcs11/key_use.hpp"

#include <algorithm>

namespace jeton::pkcs11 {

void require_row(const MechanismRow& row, const crypto::PublicKey& key) {
    require(row.serves(key, true, true), CKR_KEY_TYPE_INCONSISTENT,
            "the mechanism is for another type of key");
}

void require_allowed(const Token& token, const MechanismRow& row, const CardKey& key) {
    const auto& rules = token.profile().mechanisms;
    const auto rule = rules.find(row.name);
    if (rule == rules.end() || rule->second.keys.empty()) {
        return;
    }
    const std::string& id = token.profile().keys[key.index].id;
    require(std::ranges::find(rule->second.keys, id) != rule->second.keys.end(),
            CKR_KEY_FUNCTION_NOT_PERMITTED, "the profile keeps this mechanism for other keys");
}

}  // namespace jeton::pkcs11
