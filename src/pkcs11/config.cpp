#include "pkcs11/config.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <variant>

#include "pkcs11/error.hpp"
#include "reader/emulated_pad.hpp"
#include "util/environment.hpp"
#include "util/files.hpp"
#include "util/json.hpp"
#include "util/log.hpp"

namespace jeton::pkcs11 {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t config_limit = 1 << 20;
constexpr std::string_view default_log = "warn";
constexpr unsigned longest_time = 600'000;  ///< milliseconds that an emulated card may take

/// One key of jeton.json. |apply| returns what was expected when the value is not of the right kind.
struct ConfigRow {
    std::string_view pointer;
    std::string_view expected;
    std::function<bool(Config&, const Json&)> apply;
};

bool set_bool(bool& target, const Json& value) {
    if (!value.is_boolean()) {
        return false;
    }
    target = value.get<bool>();
    return true;
}

bool set_time(Milliseconds& target, const Json& value) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > longest_time) {
        return false;
    }
    target = Milliseconds(value.get<unsigned>());
    return true;
}

/// set_path takes an absolute path.
bool set_path(std::optional<fs::path>& target, const Json& value) {
    if (!value.is_string()) {
        return false;
    }
    target = value.get<std::string>();
    return target->is_absolute();
}

bool set_exchange(Config& config, const Json& value) {
    return value.is_string() && reader::set_exchange(config.soft_reader, value.get<std::string>());
}

bool set_handover(Config& config, const Json& value) {
    config.handover = value == "keep" ? reader::HandoverPolicy::keep : reader::HandoverPolicy::reset;
    return value == "reset" || value == "keep";
}

/// set_pad takes what is typed on the PIN pad: an array of words, or the path of a file with one a line.
bool set_pad(Config& config, const Json& value) {
    if (value.is_array()) {
        std::vector<std::string> words;
        for (const Json& word : value) {
            if (!word.is_string()) {
                return false;
            }
            words.push_back(word.get<std::string>());
        }
        config.soft_reader.pad = std::make_shared<reader::PadKeys>(std::move(words));
        return true;
    }
    std::optional<fs::path> file;
    if (!set_path(file, value)) {
        return false;
    }
    config.soft_reader.pad = std::make_shared<reader::PadKeys>(std::move(*file));
    return true;
}

bool set_touch(Config& config, const Json& value) {
    config.soft_card.touch = value == "refused" ? softcard::Touch::refused : softcard::Touch::given;
    return value == "given" || value == "refused";
}

bool add_replays(Config& config, const Json& value) {
    if (!value.is_array()) {
        return false;
    }
    for (const Json& path : value) {
        std::optional<fs::path> replay;
        if (!set_path(replay, path)) {
            return false;
        }
        config.replays.push_back(std::move(*replay));
    }
    return true;
}

constexpr std::array token_rules{std::pair{"auto", card::TokenChoice::Rule::automatic},
                                 std::pair{"first", card::TokenChoice::Rule::first},
                                 std::pair{"all", card::TokenChoice::Rule::all}};

/// set_tokens takes a word, or ids of profiles.
bool set_tokens(Config& config, const Json& value) {
    if (!value.is_array()) {
        const auto* const row =
            std::ranges::find_if(token_rules, [&](const auto& it) { return value == it.first; });
        if (row == token_rules.end()) {
            return false;
        }
        config.tokens = {.rule = row->second};
        return true;
    }
    config.tokens = {.rule = card::TokenChoice::Rule::listed};
    for (const Json& id : value) {
        if (!id.is_string()) {
            return false;
        }
        config.tokens.profiles.push_back(id.get<std::string>());
    }
    return !config.tokens.profiles.empty();
}

constexpr std::array accesses{std::pair{"auto", Access::automatic}, std::pair{"usb", Access::usb},
                              std::pair{"pcsc", Access::pcsc}, std::pair{"none", Access::none}};

bool set_access(Config& config, const Json& value) {
    const auto* const row = std::ranges::find_if(accesses, [&](const auto& it) { return value == it.first; });
    if (row != accesses.end()) {
        config.access = row->second;
    }
    return row != accesses.end();
}

bool set_vpcd(Config& config, const Json& value) {
    if (!value.is_array()) {
        return false;
    }
    config.vpcd.clear();
    for (const Json& text : value) {
        const auto place =
            text.is_string() ? reader::parse_vpcd_place(text.get<std::string>()) : std::nullopt;
        if (!place) {
            return false;
        }
        config.vpcd.push_back(*place);
    }
    return true;
}

bool add_profiles(Config& config, const Json& value) {
    if (!value.is_array()) {
        return false;
    }
    for (const Json& path : value) {
        if (!path.is_string()) {
            return false;
        }
        config.profile_layers.push_back({path.get<std::string>()});
    }
    return true;
}

const std::vector<ConfigRow>& config_rows() {
    static const auto* rows = new std::vector<ConfigRow>{
        {"/log", "a text such as \"debug\" or \"info:/var/log/jeton.log\"",
         [](Config& config, const Json& value) {
             if (value.is_string()) {
                 config.log = value.get<std::string>();
             }
             return value.is_string();
         }},
        {"/profiles", "an array of paths", add_profiles},
        {"/readers/replay", "an array of absolute paths", add_replays},
        {"/trace", "an absolute path",
         [](Config& config, const Json& value) { return set_path(config.trace_file, value); }},
        {"/overwrite", "true or false",
         [](Config& config, const Json& value) { return set_bool(config.overwrite, value); }},
        {"/tokens", R"("auto", "first", "all" or an array of names of profiles)", set_tokens},
        {"/handover", "\"reset\" or \"keep\"", set_handover},
        {"/readers/access", R"("auto", "usb", "pcsc" or "none")", set_access},
        {"/readers/vpcd", R"(an array of texts such as "listen 127.0.0.1:35963" or "connect [::1]:35964")",
         set_vpcd},
        {"/readers/pinpad", "true or false",
         [](Config& config, const Json& value) { return set_bool(config.pinpad, value); }},
        {"/softCards/enabled", "true or false",
         [](Config& config, const Json& value) { return set_bool(config.soft_cards, value); }},
        {"/softCards/directory", "a path",
         [](Config& config, const Json& value) {
             if (value.is_string()) {
                 config.state_directory = value.get<std::string>();
             }
             return value.is_string();
         }},
        {"/softCards/touch", "\"given\" or \"refused\"", set_touch},
        {"/softCards/exchange",
         "\"extended-apdu\", \"short-apdu\", \"tpdu-t1\", \"tpdu-t0\", \"character-t1\" or \"character-t0\"",
         set_exchange},
        {"/softCards/pinpad", "an array of texts or an absolute path", set_pad},
        {"/softCards/powerOnMilliseconds", "a number, 0 to 600000",
         [](Config& config, const Json& value) { return set_time(config.soft_reader.power_on_time, value); }},
        {"/softCards/commandMilliseconds", "a number, 0 to 600000",
         [](Config& config, const Json& value) { return set_time(config.soft_reader.command_time, value); }},
        {"/softCards/faultPlan", "an absolute path",
         [](Config& config, const Json& value) { return set_path(config.fault_plan, value); }},
    };
    return *rows;
}

void complain(const fs::path& file, std::string_view pointer, std::string_view expected,
              std::string_view found) {
    log::warn("configuration left out: {}: at \"{}\": expected {}, found {}", file.string(), pointer,
              expected, found);
}

const ConfigRow* find_row(std::string_view pointer) {
    for (const ConfigRow& row : config_rows()) {
        if (row.pointer == pointer) {
            return &row;
        }
    }
    return nullptr;
}

/// is_section tells whether there are keys below |pointer|.
bool is_section(const std::string& pointer) {
    return std::ranges::any_of(config_rows(),
                               [&](const ConfigRow& row) { return row.pointer.starts_with(pointer + "/"); });
}

/// apply_members walks one object; false after a complaint.
bool apply_members(Config& config, const fs::path& file, const Json& object, const std::string& prefix) {
    for (const auto& [name, value] : object.items()) {
        const std::string pointer = prefix + "/" + name;
        if (is_section(pointer) && value.is_object()) {
            if (!apply_members(config, file, value, pointer)) {
                return false;
            }
            continue;
        }
        const ConfigRow* row = find_row(pointer);
        if (row == nullptr) {
            complain(file, pointer, "a key that jeton knows", "\"" + name + "\"");
            return false;
        }
        if (!row->apply(config, value)) {
            complain(file, pointer, row->expected, value.dump());
            return false;
        }
    }
    return true;
}

/// apply_file changes |config| by the whole file or, when anything in it is wrong, not at all.
void apply_file(Config& config, const fs::path& file) {
    const auto text = read_file(file, config_limit);
    if (!text) {
        return;
    }
    const auto parsed = parse_json(*text);
    if (const auto* error = std::get_if<JsonError>(&parsed)) {
        complain(file, error->pointer, error->expected, error->found);
        return;
    }
    const Json& document = std::get<Json>(parsed);
    if (!document.is_object()) {
        complain(file, "", "an object", document.type_name());
        return;
    }
    Config changed = config;
    if (apply_members(changed, file, document, "")) {
        config = std::move(changed);
    }
}

struct Words {
    std::optional<std::string> config;
    std::optional<std::string> log;
};

Words read_words(std::string_view reserved) {
    Words words;
    while (!reserved.empty()) {
        const std::size_t end = std::min(reserved.find(' '), reserved.size());
        const std::string_view word = reserved.substr(0, end);
        reserved.remove_prefix(std::min(end + 1, reserved.size()));
        if (word.empty()) {
            continue;
        }
        if (word.starts_with("config=")) {
            words.config = word.substr(7);
        } else if (word.starts_with("log=")) {
            words.log = word.substr(4);
        } else {
            throw Error(CKR_ARGUMENTS_BAD,
                        "pReserved holds a word other than config=FILE and log=LEVEL[:FILE]");
        }
    }
    return words;
}

void configure_log(const std::string& text) {
    if (!log::configure(text)) {
        log::warn(
            "log setting \"{}\" is not error, warn, info, debug or apdu, with :FILE behind it if a file can "
            "be "
            "written there",
            text);
    }
}

/// begin_trace makes the trace that the environment or a file asks for.
void begin_trace(Config& config) {
    if (const auto asked = environment("JETON_TRACE")) {
        config.trace_file = *asked;
    }
    if (!config.trace_file) {
        return;
    }
    if (!config.trace_file->is_absolute()) {
        log::warn("trace: \"{}\" is not an absolute path", config.trace_file->string());
        return;
    }
    config.trace = std::make_shared<reader::Trace>(*config.trace_file);
}

}  // namespace

Config read_config(std::string_view reserved) {
    const Words words = read_words(reserved);
    const auto asked = words.log ? words.log : environment("JETON_LOG");
    configure_log(asked.value_or(std::string(default_log)));
    Config config;
    config.state_directory = state_directory();
    config.profile_layers = card::ProfileSet::standard_layers();
    if (words.config) {
        apply_file(config, *words.config);
    } else if (const auto only = environment("JETON_CONFIG")) {
        apply_file(config, *only);
    } else {
        apply_file(config, "/etc/jeton/jeton.json");
        if (const auto user = config_directory(); user && !is_privileged()) {
            apply_file(config, *user / "jeton.json");
        }
    }
    if (!asked && config.log) {
        configure_log(*config.log);
    }
    begin_trace(config);
    return config;
}

}  // namespace jeton::pkcs11
