// Files and what is in them: SELECT, READ BINARY and UPDATE BINARY with odd instruction bytes (ISO/IEC
// 7816-4, 11.3.3 and 11.3.5), DELETE FILE, and the list of all.
#include <algorithm>
#include <numeric>

#include "softcard/hsm_card.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::uint32_t offset_tag = 0x54;
constexpr std::uint32_t data_tag = 0x53;

Byte prefix_of(HsmFile file) {
    return static_cast<Byte>(file >> 8);
}

Byte id_of(HsmFile file) {
    return static_cast<Byte>(file & 0xFF);
}

bool is_sealed(HsmFile file) {
    return prefix_of(file) == hsm_file::protected_prefix;
}

/// The offset in the data object 54.
std::size_t offset_in(View value) {
    require(!value.empty() && value.size() <= 3, status::wrong_data);
    return static_cast<std::size_t>(load_be(value));
}

/// FileUpdate is the data of UPDATE BINARY: 54 offset, 53 content.
struct FileUpdate {
    std::size_t offset;
    View content;
};

FileUpdate read_file_update(View data) {
    TlvReader reader(data);
    const std::optional<Tlv> offset = reader.next();
    require(offset && offset->tag == offset_tag, status::wrong_data);
    const std::optional<Tlv> content = reader.next();
    require(content && content->tag == data_tag && !reader.next() && !reader.failed(), status::wrong_data);
    return {offset_in(offset->value), content->value};
}

/// Puts |update| into |content|, without a gap.
void apply(const FileUpdate& update, SecretBytes& content) {
    require(update.offset <= content.size(), hsm_status::wrong_offset);
    const std::size_t end = update.offset + update.content.size();
    require(end <= hsm_most_file_bytes, status::no_room);
    content.resize(std::max(content.size(), end));
    std::ranges::copy(update.content, content.begin() + static_cast<std::ptrdiff_t>(update.offset));
}

/// File control parameters (ISO/IEC 7816-4, 7.4): a transparent file of |size| bytes.
SecretBytes control_parameters(HsmFile file, std::size_t size) {
    const Byte size_bytes[] = {static_cast<Byte>(size >> 8), static_cast<Byte>(size & 0xFF)};
    const Byte identifier[] = {prefix_of(file), id_of(file)};
    constexpr Byte transparent[] = {0x01};
    constexpr Byte operational[] = {0x05};
    return BasicTlvWriter<SecretBytes>()
        .nest(0x62,
              [&](auto& out) {
                  out.put(0x81, size_bytes).put(0x82, transparent).put(0x83, identifier);
                  out.put(0x8A, operational);
              })
        .take();
}

}  // namespace

bool HsmCard::has_file(HsmFile file) const {
    if (prefix_of(file) == hsm_file::key_prefix) {
        return id_of(file) == hsm_device_key || state().keys.contains(id_of(file));
    }
    if (file == hsm_file::unwrap_buffer) {
        return m_volatile.blob.has_value();
    }
    return state().files.contains(file);
}

/// Gives what is in |file|, which exists. A file behind the PIN opens only with it.
SecretBytes HsmCard::content(HsmFile file) const {
    if (file == hsm_file::unwrap_buffer) {
        return m_volatile.blob.value();
    }
    const SecretBytes& stored = state().files.at(file);
    if (!is_sealed(file)) {
        return stored;
    }
    auto opened = m_volatile.unlocked.value().sealing_key.open(stored, hsm_file_context(file));
    if (!opened) {
        log::error("software card: file {:04x} does not open: the card's file was changed by hand", file);
        throw Refusal(status::memory_failure);
    }
    return std::move(*opened);
}

void HsmCard::store(HsmFile file, const SecretBytes& content) {
    if (file == hsm_file::unwrap_buffer) {
        m_volatile.blob = content;
        return;
    }
    const auto& files = state().files;
    const std::size_t all =
        std::accumulate(files.begin(), files.end(), content.size(), [&](std::size_t sum, const auto& other) {
            return other.first == file ? sum : sum + other.second.size();
        });
    require(all <= hsm_most_bytes, status::no_room);
    const SecretBytes stored =
        is_sealed(file) ? to_secret(seal(state().sealing_key, content, hsm_file_context(file))) : content;
    change([&](HsmState& changed) { changed.files[file] = stored; });
}

/// SELECT of a file by its identifier, or by a path from the root that is just that (ISO/IEC 7816-4, 11.2.2).
Response HsmCard::select_by_identifier(const Command& command) {
    constexpr Byte by_identifier = 0x00;
    constexpr Byte by_path = 0x08;
    const bool known = (command.p1 == by_identifier || command.p1 == by_path) &&
                       (command.p2 == 0x00 || command.p2 == hsm_no_answer);
    require(known, status::wrong_parameters);
    require(command.data.size() % 2 == 0, status::wrong_length);
    require(command.data.size() == 2, status::not_found);
    return select_file(static_cast<HsmFile>(load_be(command.data)), command.p2 != hsm_no_answer);
}

Response HsmCard::select_file(HsmFile file, bool wants_control_parameters) {
    if (file == hsm_file::root) {
        m_volatile.file.reset();
        return {};
    }
    require(has_file(file), status::not_found);
    m_volatile.file = file;
    if (!wants_control_parameters) {
        return {};
    }
    // A key tells no size, and a file behind the PIN that of its box without what sealing adds.
    const auto stored = state().files.find(file);
    const std::size_t length = stored == state().files.end() ? 0 : stored->second.size();
    return {control_parameters(file, is_sealed(file) ? length - least_box_bytes : length)};
}

/// The file that P1 and P2 name, which becomes the current one if it exists; 0000 names the current one.
HsmFile HsmCard::addressed_file(const Command& command) const {
    const auto named = static_cast<HsmFile>(command.p1 << 8 | command.p2);
    require(named != 0 || m_volatile.file, hsm_status::no_current_file);
    return named != 0 ? named : *m_volatile.file;
}

/// READ BINARY gives at most what the host expects, and 6282 when that is more than there is.
Response HsmCard::read_binary(const Command& command) {
    TlvReader reader(command.data);
    const std::optional<Tlv> offset = reader.next();
    require(offset && offset->tag == offset_tag && !reader.next() && !reader.failed(), status::wrong_data);
    const std::size_t first = offset_in(offset->value);
    const HsmFile file = addressed_file(command);
    const HsmFileRule* const rule = find_hsm_file_rule(file);
    require(rule != nullptr || !has_file(file), status::security_not_satisfied);
    require(rule != nullptr && has_file(file), status::not_found);
    if (rule->read_needs_pin) {
        require_pin();
    }
    m_volatile.file = file;
    const SecretBytes whole = content(file);
    require(first <= whole.size(), hsm_status::wrong_offset);
    const View rest = View(whole).subspan(first);
    const std::size_t length = std::min(rest.size(), command.expected);
    return {to_secret(rest.first(length)), length < command.expected ? hsm_status::end_of_file : status::ok};
}

/// UPDATE BINARY makes a file that is named and does not exist.
Response HsmCard::update_binary(const Command& command) {
    const HsmFile file = addressed_file(command);
    const HsmFileRule* const rule = find_hsm_file_rule(file);
    require(rule != nullptr ? rule->may_write : !has_file(file), status::security_not_satisfied);
    require(rule != nullptr, status::not_found);
    require_pin();
    const FileUpdate update = read_file_update(command.data);
    SecretBytes whole = has_file(file) ? content(file) : SecretBytes{};
    apply(update, whole);
    store(file, whole);
    m_volatile.file = file;
    return {};
}

/// DELETE FILE (ISO/IEC 7816-9, 9.3.5): the file named in the data, or a key.
Response HsmCard::delete_file(const Command& command) {
    constexpr Byte by_identifier = 0x02;
    require(command.p1 == by_identifier && command.p2 == 0x00, status::wrong_parameters);
    require(command.data.size() == 2, status::wrong_length);
    const auto file = static_cast<HsmFile>(load_be(command.data));
    require_pin();
    require(has_file(file), status::not_found);
    const HsmFileRule* const rule = find_hsm_file_rule(file);
    const bool may = rule != nullptr ? rule->may_write : id_of(file) != hsm_device_key;
    require(may, status::security_not_satisfied);
    if (file == hsm_file::unwrap_buffer) {
        m_volatile.blob.reset();
    } else if (rule == nullptr) {
        change([&](HsmState& changed) { changed.keys.erase(id_of(file)); });
        m_volatile.unlocked->opened.erase(id_of(file));
    } else {
        change([&](HsmState& changed) { changed.files.erase(file); });
    }
    if (m_volatile.file == file) {
        m_volatile.file.reset();
    }
    return {};
}

/// ENUMERATE OBJECTS: two bytes for each key and for each file that belongs to one or to the host.
Response HsmCard::enumerate(const Command& command) {
    require(command.p1 == 0x00 && command.p2 == 0x00, status::wrong_parameters);
    Response response;
    const auto add = [&](Byte prefix, Byte id) {
        response.data.push_back(prefix);
        response.data.push_back(id);
    };
    add(hsm_file::key_prefix, hsm_device_key);
    for (const auto& [id, key] : state().keys) {
        add(hsm_file::key_prefix, id);
    }
    for (const auto& [file, stored] : state().files) {
        if (prefix_of(file) != hsm_file::directory >> 8) {
            add(prefix_of(file), id_of(file));
        }
    }
    return response;
}

}  // namespace jeton::softcard
