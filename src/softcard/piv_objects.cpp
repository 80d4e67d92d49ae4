// GET DATA and PUT DATA (SP 800-73-4 part 2, 3.1.2 and 3.3.1).
#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::uint32_t tag_list = 0x5C;
constexpr std::uint32_t contents = 0x53;

void require_current_application(const Command& command) {
    require(command.p1 == 0x3F && command.p2 == 0xFF, status::wrong_parameters);
}

std::uint32_t requested_tag(View list) {
    require(!list.empty() && list.size() <= 3, status::wrong_data);
    return static_cast<std::uint32_t>(load_be(list));
}

struct Update {
    std::uint32_t tag;
    View content;
};

/// Reads "5C tag, 53 content", or an object that goes under its own tag.
Update read_update(View data) {
    TlvReader reader(data);
    const std::optional<Tlv> first = reader.next();
    require(first.has_value(), status::wrong_data);
    Update update{first->tag, first->value};
    const bool listed = first->tag == tag_list;
    if (listed) {
        const std::optional<Tlv> second = reader.next();
        require(second && second->tag == contents, status::wrong_data);
        update = {requested_tag(first->value), second->value};
    }
    require(!reader.next() && !reader.failed(), status::wrong_data);
    const ObjectRule* const rule = find_object_rule(update.tag);
    require(rule != nullptr && rule->own_tag != listed, status::wrong_data);
    return update;
}

}  // namespace

Response PivCard::get_data(const Command& command) {
    require_current_application(command);
    TlvReader reader(command.data);
    const std::optional<Tlv> list = reader.next();
    require(list && list->tag == tag_list && !reader.next() && !reader.failed(), status::wrong_data);
    const std::uint32_t tag = requested_tag(list->value);
    const ObjectRule* const rule = find_object_rule(tag);
    require(rule != nullptr, status::not_found);
    require(!rule->read_needs_pin || pin_verified(), status::security_not_satisfied);
    const auto found = piv().objects.find(tag);
    require(found != piv().objects.end(), status::not_found);
    return {BasicTlvWriter<SecretBytes>().put(rule->own_tag ? tag : contents, found->second).take()};
}

Response PivCard::put_data(const Command& command) {
    require_current_application(command);
    require(m_volatile.administrator, status::security_not_satisfied);
    const Update update = read_update(command.data);
    require(update.content.size() <= most_object_bytes, status::no_room);
    change([&](PivState& state) {
        if (update.content.empty()) {
            state.objects.erase(update.tag);
        } else {
            state.objects[update.tag] = to_secret(update.content);
        }
    });
    return {};
}

}  // namespace jeton::softcard
