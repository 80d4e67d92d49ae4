#include "softcard/card_json.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "softcard/hsm_json.hpp"
#include "softcard/json_node.hpp"
#include "softcard/openpgp_json.hpp"
#include "softcard/piv_json.hpp"

namespace jeton::softcard {

namespace {

constexpr std::string_view format_name = "jeton software card";
constexpr unsigned format_version = 3;
constexpr unsigned piv_alone_version = 2;

/// Overwrites every text in |value|: a document holds keys.
void wipe_texts(Json& value) {
    if (value.is_string()) {
        auto& text = value.get_ref<std::string&>();
        wipe({reinterpret_cast<Byte*>(text.data()), text.size()});
        return;
    }
    if (value.is_structured()) {
        for (Json& element : value) {
            wipe_texts(element);
        }
    }
}

/// WipedJson is a document that leaves no secrets behind.
struct WipedJson {
    Json value;

    explicit WipedJson(Json document) : value(std::move(document)) {}
    WipedJson(const WipedJson&) = delete;  // one copy is enough to wipe
    WipedJson& operator=(const WipedJson&) = delete;
    ~WipedJson() { wipe_texts(value); }
};

/// Part is one application in the file.
struct Part {
    const char* name;
    /// Writes it under "applications", if the card has it.
    void (*write)(const CardState& state, const char* name, Json& applications);
    /// Reads it; |known| is what was read before, or null.
    void (*read)(const Node& node, const CardState* known, CardState& out);
};

template <auto Member, auto Write>
void write_part(const CardState& state, const char* name, Json& applications) {
    if (state.*Member) {
        applications[name] = Write(*(state.*Member));
    }
}

template <auto Member, auto Read>
void read_part(const Node& node, const CardState* known, CardState& out) {
    const bool is_known = known != nullptr && (known->*Member).has_value();
    out.*Member = Read(node, is_known ? &*(known->*Member) : nullptr);
}

constexpr Part parts[] = {
    {"piv", write_part<&CardState::piv, piv_json>, read_part<&CardState::piv, read_piv>},
    {"openpgp", write_part<&CardState::openpgp, openpgp::write_state>,
     read_part<&CardState::openpgp, openpgp::read_state>},
    {"sc-hsm", write_part<&CardState::hsm, hsm_json>, read_part<&CardState::hsm, read_hsm>},
};

void read_applications(const Node& node, const CardState* known, CardState& out) {
    node.each_member([&](const std::string& name, const Node& value) {
        const auto* const part = std::ranges::find(parts, std::string_view(name), &Part::name);
        if (part == std::end(parts)) {
            value.refuse("an application that this version has", in_quotes(name));
        }
        part->read(value, known, out);
    });
}

/// Gives |document|, whose format and version are right, the shape of the present version: in version 2 the
/// members of PIV stood beside the serial number.
void upgrade(Json& document) {
    Json piv = Json::object();
    for (auto member = document.begin(); member != document.end();) {
        const bool of_card =
            member.key() == "format" || member.key() == "version" || member.key() == "serial";
        if (!of_card) {
            piv[member.key()] = std::move(member.value());
        }
        member = of_card ? std::next(member) : document.erase(member);
    }
    document["applications"] = {{"piv", std::move(piv)}};
}

/// Reads the version, which files of this program have; those of version 1 deserve a word of advice.
unsigned read_version(const Node& root) {
    if (root.member("format").text() != format_name) {
        root.member("format").refuse(in_quotes(format_name), "another text");
    }
    const unsigned version = root.member("version").number(1, format_version);
    if (version == 1) {
        root.member("version").refuse(
            "version 2 or 3, which encrypts private keys",
            "version 1, which did not: such a card is not read any more. Delete it and make a new "
            "one (jeton softcard delete, jeton softcard create); what was encrypted or certified "
            "for its keys needs new keys too");
    }
    return version;
}

CardState read_members(Json& document, const CardState* known) {
    const Node root(document);
    if (read_version(root) == piv_alone_version) {
        upgrade(document);
    }
    root.only({"format", "version", "serial", "applications"});
    CardState state;
    const SecretBytes serial = root.member("serial").hex(state.serial.size(), state.serial.size());
    std::copy(serial.begin(), serial.end(), state.serial.begin());
    read_applications(root.member("applications"), known, state);
    return state;
}

}  // namespace

SecretBytes write_card(const CardState& state) {
    WipedJson document({{"format", format_name},
                        {"version", format_version},
                        {"serial", to_hex(state.serial)},
                        {"applications", Json::object()}});
    for (const Part& part : parts) {
        part.write(state, part.name, document.value["applications"]);
    }
    std::string text = document.value.dump(2);
    SecretBytes out = to_secret(view_of(text));
    wipe({reinterpret_cast<Byte*>(text.data()), text.size()});
    return out;
}

std::variant<CardState, JsonError> read_card(View text, const CardState* known) {
    auto parsed = parse_json(text, JsonLimits::large);
    if (auto* const error = std::get_if<JsonError>(&parsed)) {
        return std::move(*error);
    }
    WipedJson document(std::move(std::get<Json>(parsed)));
    try {
        return read_members(document.value, known);
    } catch (const Broken& broken) {
        return broken.error;
    }
}

}  // namespace jeton::softcard
