#include "card/profile_command_rules.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <map>
#include <set>

#include "card/applet.hpp"

namespace jeton::card {

namespace {

/// MechanismCommand is a template that the software asks for: what it must take, and what its answer must
/// have.
struct MechanismCommand {
    std::string_view applet;  ///< empty: any
    std::string_view mechanism;
    std::string_view purpose;
    std::array<std::string_view, 3> operands;
    std::array<std::string_view, 2> fields;
};

constexpr std::array mechanism_commands{
    MechanismCommand{"", "CKM_AES_GCM", "encrypt", {"{data}", "{iv}", "{aad}"}, {"ciphertext", "tag"}},
    MechanismCommand{"", "CKM_AES_GCM", "decrypt", {"{data}", "{iv}", "{aad}"}, {"plaintext"}},
    MechanismCommand{"", "CKM_AES_GCM", "block", {"{data}"}, {"ciphertext"}},
    MechanismCommand{"", "CKM_AES_ECB", "encrypt", {"{data}"}, {"ciphertext"}},
    MechanismCommand{"", "CKM_AES_ECB", "decrypt", {"{data}"}, {"plaintext"}},
    MechanismCommand{"", "CKM_AES_CBC", "encrypt", {"{data}"}, {"ciphertext"}},
    MechanismCommand{"", "CKM_AES_CBC", "decrypt", {"{data}"}, {"plaintext"}},
    MechanismCommand{"", "CKM_AES_CTR", "encrypt", {"{data}", "{counter}"}, {"ciphertext"}},
    MechanismCommand{"iso7816", "CKM_RSA_X_509", "sign", {"{data}"}, {"signature"}},
    MechanismCommand{"iso7816", "CKM_RSA_X_509", "decipher", {"{data}"}, {"plaintext"}},
    MechanismCommand{"iso7816", "CKM_RSA_PKCS", "sign", {"{data}"}, {"signature"}},
    MechanismCommand{"iso7816", "CKM_RSA_PKCS", "decipher", {"{data}"}, {"plaintext"}},
    MechanismCommand{"iso7816", "CKM_ECDSA", "sign", {"{data}"}, {"signature"}},
    MechanismCommand{"iso7816", "CKM_EDDSA", "sign", {"{data}"}, {"signature"}},
    MechanismCommand{"iso7816", "CKM_ECDH1_DERIVE", "derive", {"{data}"}, {"secret"}},
};

const std::string& text(const Json& value) {
    return value.get_ref<const std::string&>();
}

Bytes bytes(const Json& value) {
    return from_hex(text(value)).value_or(Bytes{});
}

/// Commands looks at the templates of one profile and remembers what each takes and gives.
class Commands {
  public:
    Commands(const Json& profile, ProblemList& problems)
        : m_applet(text(profile["applet"])), m_allowed(template_commands(m_applet)), m_problems(problems) {
        m_constants = profile.contains("constants") ? &profile["constants"] : &m_nothing;
        const Json transport = profile.value("transport", Json::object());
        m_most_data = transport.value("maxCommandData", std::size_t{65535});
    }

    void command(const std::string& name, const Json& command, const Path& path) {
        Use& use = m_uses[name];
        const auto steps = command.find("steps");
        if (steps == command.end()) {
            return step(command, path, use);
        }
        for (const auto& [key, value] : command.items()) {
            if (key != "steps" && !vocabulary::is_site_key(key)) {
                add(path / key, "nothing beside \"steps\"", in_quotes(key));
            }
        }
        const Path list = path / "steps";
        for (std::size_t i = 0; i < steps->size(); ++i) {
            step((*steps)[i], list / i, use);
        }
    }

    void mechanism(const std::string& name, const Json& command, const Path& path) {
        if (command.is_object()) {
            for (const auto& [purpose, target] : command.items()) {
                if (!vocabulary::is_site_key(purpose)) {
                    named(name, purpose, text(target), path / purpose);
                }
            }
            return;
        }
        // One name is for whatever the mechanism does, which must be one thing.
        std::vector<std::string_view> purposes;
        for (const MechanismCommand& row : mechanism_commands) {
            if (serves(row) && row.mechanism == name) {
                purposes.push_back(row.purpose);
            }
        }
        if (purposes.size() > 1) {
            return add(path, fmt::format("an object with templates for {}", fmt::join(purposes, ", ")),
                       "text");
        }
        named(name, purposes.empty() ? "" : purposes.front(), text(command), path);
    }

  private:
    /// Use is what the steps of one template take and give.
    struct Use {
        std::set<std::string> operands;
        std::set<std::string> fields;
    };

    bool serves(const MechanismCommand& command) const {
        return command.applet.empty() || command.applet == m_applet;
    }

    void add(const Path& path, std::string expected, std::string found) {
        m_problems.add(path.pointer(), std::move(expected), std::move(found));
    }

    void step(const Json& step, const Path& path, Use& use) {
        bool complete = true;
        for (const char* key : {"cla", "ins", "p1", "p2"}) {
            if (!step.contains(key)) {
                add(path / key, "a byte of the command", "nothing");
                complete = false;
            }
        }
        if (complete) {
            code(step, path);
            one_byte(step["p1"], path / "p1");
            one_byte(step["p2"], path / "p2");
        }
        pieces(step.value("data", Json::array()), path / "data", use);
        answer(step, path, use);
    }

    void code(const Json& step, const Path& path) {
        const Byte cla = bytes(step["cla"]).front();
        const Byte ins = bytes(step["ins"]).front();
        const auto same = [&](const CommandCode& code) { return code.cla == cla && code.ins == ins; };
        if (std::any_of(m_allowed.begin(), m_allowed.end(), same)) {
            return;
        }
        std::vector<std::string> allowed;
        for (const CommandCode& code : m_allowed) {
            allowed.push_back(fmt::format("{:02X} {:02X}", code.cla, code.ins));
        }
        add(path / "ins",
            fmt::format("CLA and INS that a template may send to {}: {}", m_applet, fmt::join(allowed, ", ")),
            fmt::format("{:02X} {:02X}", cla, ins));
    }

    /// constant is the constant that |value| names; nullptr for other values, and for a name that is none.
    const Json* constant(const Json& value, const Path& path) {
        const std::string name(vocabulary::constant_in(text(value)));
        const auto found = m_constants->find(name);
        if (!name.empty() && found == m_constants->end()) {
            add(path, "the name of a constant in \"constants\"", in_quotes(name));
        }
        return name.empty() || found == m_constants->end() ? nullptr : &*found;
    }

    void one_byte(const Json& value, const Path& path) {
        if (const Json* bytes_of = constant(value, path); bytes_of != nullptr && longest(*bytes_of) != 1) {
            add(path, "a constant of 1 byte", fmt::format("one of {}", longest(*bytes_of)));
        }
    }

    static std::size_t longest(const Json& constant) {
        if (constant.is_string()) {
            return bytes(constant).size();
        }
        std::size_t most = 0;
        for (const auto& [bits, value] : constant.items()) {
            most = vocabulary::is_site_key(bits) ? most : std::max(most, bytes(value).size());
        }
        return most;
    }

    void pieces(const Json& list, const Path& path, Use& use) {
        std::size_t fixed = 0;
        for (std::size_t i = 0; i < list.size(); ++i) {
            fixed += piece(list[i], path / i, use);
        }
        if (fixed > m_most_data) {
            add(path, fmt::format("at most \"maxCommandData\" of fixed bytes: {}", m_most_data),
                fmt::to_string(fixed));
        }
    }

    /// piece gives how many bytes it has whatever is filled in.
    std::size_t piece(const Json& piece, const Path& path, Use& use) {
        const bool hex = piece.contains("hex");
        if (hex == piece.contains("value")) {
            add(path, "either \"hex\" or \"value\"", hex ? "both" : "neither");
            return 0;
        }
        if (piece.contains("lenBytes") && !piece.contains("tlv")) {
            add(path / "lenBytes", "\"tlv\" beside it, whose length it is", "nothing");
        }
        const char* const key = hex ? "hex" : "value";
        const std::string& operand = text(piece[key]);
        const Json* const named = constant(piece[key], path / key);
        const std::size_t size =
            named != nullptr ? longest(*named) : from_hex(operand).value_or(Bytes{}).size();
        if (size == 0) {
            use.operands.insert(operand);
        }
        return size + (piece.contains("tlv") ? bytes(piece["tlv"]).size() + 1 : 0);
    }

    void answer(const Json& step, const Path& path, Use& use) {
        const Json fields = step.value("answer", Json::array());
        const Path list = path / "answer";
        for (std::size_t i = 0; i < fields.size(); ++i) {
            const Path field = list / i;
            const std::string& name = text(fields[i]["field"]);
            if (!use.fields.insert(name).second) {
                add(field / "field", "a name that no other field of the answers has", in_quotes(name));
            }
            if (fields[i]["length"] == "rest" && i + 1 != fields.size()) {
                add(field / "length", "\"rest\" in the last field alone", "another field behind it");
            }
        }
        const bool asks = step.value("le", "max") != "none";
        if (!fields.empty() && !asks) {
            add(path / "le", "\"short\" or \"max\", as there is an answer", "\"none\"");
        }
    }

    /// named checks that |target| is a template that can do |purpose| of the mechanism.
    void named(const std::string& mechanism, std::string_view purpose, const std::string& target,
               const Path& path) {
        const auto row = std::find_if(
            mechanism_commands.begin(), mechanism_commands.end(), [&](const MechanismCommand& command) {
                return serves(command) && command.mechanism == mechanism && command.purpose == purpose;
            });
        if (row == mechanism_commands.end()) {
            return add(path, "no template, as this mechanism has no use for one", in_quotes(target));
        }
        const auto found = m_uses.find(target);
        if (found == m_uses.end()) {
            return add(path, "the name of a template in \"commands\"", in_quotes(target));
        }
        for (const std::string_view operand : row->operands) {
            if (!operand.empty() && !found->second.operands.contains(std::string(operand))) {
                add(path, fmt::format("a template with {} in it", operand), in_quotes(target));
            }
        }
        for (const std::string_view field : row->fields) {
            if (!field.empty() && !found->second.fields.contains(std::string(field))) {
                add(path, fmt::format("a template whose answer has the field \"{}\"", field),
                    in_quotes(target));
            }
        }
    }

    const Json m_nothing = Json::object();
    std::string m_applet;
    std::span<const CommandCode> m_allowed;
    ProblemList& m_problems;
    const Json* m_constants = nullptr;
    std::size_t m_most_data = 0;
    std::map<std::string, Use> m_uses;
};

}  // namespace

void check_commands(const Json& profile, ProblemList& problems) {
    Commands commands(profile, problems);
    const Path root;
    if (const auto list = profile.find("commands"); list != profile.end()) {
        const Path path = root / "commands";
        for (const auto& [name, command] : list->items()) {
            commands.command(name, command, path / name);
        }
    }
    if (const auto list = profile.find("mechanisms"); list != profile.end()) {
        const Path path = root / "mechanisms";
        for (const auto& [name, rule] : list->items()) {
            const Path one = path / name;
            if (rule.is_object() && rule.contains("command")) {
                commands.mechanism(name, rule["command"], one / "command");
            }
        }
    }
}

}  // namespace jeton::card
