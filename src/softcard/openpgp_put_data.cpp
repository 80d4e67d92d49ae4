// PUT DATA of everything but keys (7.2.8).
#include <algorithm>

#include "softcard/openpgp_card.hpp"

namespace jeton::softcard::openpgp {

namespace {

constexpr Byte touch_for_good = 2;

bool belongs_to(std::uint32_t tag, std::uint32_t of_first_key) {
    return tag >= of_first_key && tag < of_first_key + key_count;
}

}  // namespace

Response Card::put_data(const Command& command) {
    const auto tag = static_cast<std::uint32_t>(command.p1 << 8 | command.p2);
    const View content = command.data;
    if (const ObjectRule* const rule = find_object_rule(tag)) {
        require_access(rule->write);
        const bool fits =
            content.size() >= rule->least && content.size() <= rule->most && fits_object(tag, content);
        require(fits, status::wrong_data);
        put_object(tag, content);
        return {};
    }
    const bool known = tag == tag::certificate || tag == tag::password_status || tag == tag::resetting_code ||
                       tag == tag::aes_key;
    require(known, status::reference_not_found);
    require_access(Access::admin);
    if (tag == tag::certificate) {
        require(content.size() <= most_certificate_bytes, status::wrong_data);
        change([&](State& changed) { changed.certificates[m_volatile.certificate] = to_secret(content); });
    } else if (tag == tag::password_status) {
        require(content.size() == 1 && content[0] <= 1, status::wrong_data);
        change([&](State& changed) { changed.several_signatures = content[0] == 1; });
    } else if (tag == tag::resetting_code) {
        set_resetting_code(content);
    } else {
        const bool fits = content.empty() || std::ranges::count(aes_key_bytes, content.size()) == 1;
        require(fits, status::wrong_data);
        const Bytes box = content.empty() ? Bytes{} : seal_aes_key(state().sealing_key, content);
        change([&](State& changed) { changed.aes_key = box; });
    }
    return {};
}

/// Writes an object that is kept as it comes, if its place allows it now.
void Card::put_object(std::uint32_t tag, View content) {
    if (belongs_to(tag, tag::attributes)) {
        put_attributes(tag - tag::attributes, content);
    } else if (tag == tag::kdf) {
        set_kdf(content);
    } else {
        const bool is_fixed = belongs_to(tag, tag::touch) && state().object(tag)[0] == touch_for_good;
        require(!is_fixed || equal(state().object(tag), content), status::conditions_not_satisfied);
        change([&](State& changed) { changed.objects.insert_or_assign(tag, to_secret(content)); });
    }
}

/// Other attributes take away the key that had the old ones, with its fingerprint and date (4.4.3.9).
void Card::put_attributes(std::size_t place, View content) {
    const auto attributes = static_cast<std::uint32_t>(tag::attributes + place);
    const auto& key = state().keys[place];
    const bool stays = key && read_attributes(place, content)->describes(key->public_key);
    change([&](State& changed) {
        changed.objects.insert_or_assign(attributes, to_secret(content));
        if (!stays) {
            changed.keys[place].reset();
            changed.objects.erase(static_cast<std::uint32_t>(tag::fingerprint + place));
            changed.objects.erase(static_cast<std::uint32_t>(tag::date + place));
        }
    });
}

}  // namespace jeton::softcard::openpgp
