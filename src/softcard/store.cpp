#include "softcard/store.hpp"

#include <algorithm>
#include <fmt/core.h>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

#include "softcard/applications.hpp"
#include "softcard/card_json.hpp"
#include "softcard/card_state.hpp"
#include "softcard/soft_card.hpp"
#include "softcard/storage.hpp"
#include "util/files.hpp"

namespace jeton::softcard {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view card_suffix = ".softcard";
constexpr std::string_view lease_suffix = ".lease";
constexpr std::size_t longest_name = 32;
constexpr std::size_t shortest_admin_pin = 8;
constexpr std::size_t longest_admin_pin = 64;

bool is_name_start(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= longest_name && is_name_start(name[0]) &&
           std::ranges::all_of(name,
                               [](char c) { return is_name_start(c) || c == '.' || c == '_' || c == '-'; });
}

void require_name(const std::string& name) {
    if (!is_name(name)) {
        throw Error(fmt::format(
            "\"{}\" cannot be the name of a software card: use 1 to 32 of a-z, 0-9, '.', '_', '-', "
            "beginning with a letter or digit",
            name));
    }
}

void require_pin(const std::string& pin, const char* what) {
    if (pin.size() < shortest_pin || pin.size() > pin_block_bytes || !is_pin_block(pin_block(view_of(pin)))) {
        throw Error(fmt::format("the {} of a software card has 6 to 8 printable ASCII characters", what));
    }
}

void require_admin_pin(const std::string& pin) {
    const bool printable = std::ranges::all_of(pin, [](char c) { return c >= 0x20 && c <= 0x7E; });
    if (pin.size() < shortest_admin_pin || pin.size() > longest_admin_pin || !printable) {
        throw Error("the admin PIN of a software card has 8 to 64 printable ASCII characters");
    }
}

/// The application sc-hsm takes the PUK for the PIN of the security officer, which has one length. It alone
/// can be left blank.
void require_hsm(const CreateOptions& options) {
    const bool is_hsm = std::ranges::find(options.applets, "sc-hsm") != options.applets.end();
    if (options.blank && !is_hsm) {
        throw Error("only a software card with the application sc-hsm can be left blank");
    }
    if (is_hsm && options.puk.size() != hsm_so_pin_bytes) {
        throw Error(fmt::format("the PUK of a software card with the application sc-hsm has {} characters",
                                hsm_so_pin_bytes));
    }
}

void require_management_key(const CreateOptions& options) {
    const std::size_t length = options.management_key.size();
    const auto fits = [&](const ManagementFacts& row) {
        return options.management_algorithm
                   ? row.algorithm == options.management_algorithm && row.key_bytes == length
                   : row.cipher == crypto::BlockCipher::aes && row.key_bytes == length;
    };
    if (length != 0 && std::ranges::none_of(management_algorithms(), fits)) {
        throw Error(
            "the management key of a software card is an AES key of 16, 24 or 32 bytes, or a 3DES key of 24 "
            "bytes");
    }
}

}  // namespace

void require_applets(const std::vector<std::string>& names) {
    if (names.empty()) {
        throw Error("a software card has at least one application");
    }
    for (auto name = names.begin(); name != names.end(); ++name) {
        const ApplicationKind* const kind = find_application(*name);
        if (kind == nullptr || kind->make == nullptr) {
            throw Error(fmt::format("the application \"{}\" is not available on software cards", *name));
        }
        if (std::find(names.begin(), name, *name) != name) {
            throw Error(fmt::format("the application \"{}\" is named twice", *name));
        }
    }
}

namespace {

void require_valid(const CreateOptions& options) {
    require_name(options.name);
    require_applets(options.applets);
    require_pin(options.pin, "PIN");
    require_pin(options.puk, "PUK");
    require_hsm(options);
    if (!options.global_pin.empty()) {
        require_pin(options.global_pin, "global PIN");
    }
    require_admin_pin(options.admin_pin);
    require_management_key(options);
    if (options.pin_iterations < 1 || options.pin_iterations > most_iterations) {
        throw Error(fmt::format("the PIN of a software card is hashed 1 to {} times", most_iterations));
    }
}

/// The absolute form of |directory|, without a slash at its end.
fs::path plain(const fs::path& directory) {
    const fs::path whole = fs::absolute(directory).lexically_normal();
    return whole.has_filename() ? whole : whole.parent_path();
}

/// Removes what a crash in the middle of writing |card| may have left beside it: the name and six more
/// characters.
void remove_leftovers(const fs::path& card) {
    const std::string prefix = card.filename().string() + ".";
    std::error_code ignored;
    for (fs::directory_iterator entry(card.parent_path(), ignored), end; entry != end;
         entry.increment(ignored)) {
        const std::string name = entry->path().filename().string();
        if (name.starts_with(prefix) && name.size() == prefix.size() + 6) {
            fs::remove(entry->path(), ignored);
        }
        if (ignored) {
            return;
        }
    }
}

}  // namespace

std::optional<ManagementAlgorithm> find_management_algorithm(std::string_view name) {
    const auto rows = management_algorithms();
    const auto found = std::ranges::find(rows, name, &ManagementFacts::name);
    return found == rows.end() ? std::nullopt : std::optional(found->algorithm);
}

fs::path card_file(const fs::path& state_directory, const std::string& name) {
    return state_directory / (name + std::string(card_suffix));
}

fs::path lease_file(const fs::path& state_directory, const std::string& name) {
    return state_directory / (name + std::string(lease_suffix));
}

void create(const fs::path& state_directory, const CreateOptions& options) {
    require_valid(options);
    const fs::path file = card_file(fs::absolute(state_directory), options.name);
    try {
        make_private_directory(plain(state_directory));
        create_file(file, write_card(make_card_state(options)), S_IRUSR | S_IWUSR);
    } catch (const std::system_error& error) {
        if (error.code() == std::errc::file_exists) {
            throw Error(
                fmt::format("there is a software card \"{}\" already: {}", options.name, file.string()));
        }
        throw Error(fmt::format("cannot make the software card \"{}\": {}", options.name, error.what()));
    }
}

std::vector<std::string> list(const fs::path& state_directory) {
    std::vector<std::string> names;
    std::error_code ignored;
    for (fs::directory_iterator entry(state_directory, ignored), end; entry != end;
         entry.increment(ignored)) {
        const std::string file = entry->path().filename().string();
        if (!file.ends_with(card_suffix)) {
            continue;
        }
        std::string name = file.substr(0, file.size() - card_suffix.size());
        if (is_name(name)) {
            names.push_back(std::move(name));
        }
    }
    std::ranges::sort(names);
    return names;
}

void remove(const fs::path& state_directory, const std::string& name) {
    require_name(name);
    const fs::path file = card_file(state_directory, name);
    std::error_code error;
    if (!fs::remove(file, error)) {
        const std::string why =
            error ? error.message() : "there is none of that name in " + state_directory.string();
        throw Error(fmt::format("cannot delete the software card \"{}\": {}", name, why));
    }
    remove_leftovers(file);
    fs::remove(lease_file(state_directory, name), error);
}

std::shared_ptr<reader::SimulatedCard> insert(const fs::path& file, const CardOptions& options) {
    return std::make_shared<SoftCard>(std::make_unique<FileStorage>(file), options);
}

}  // namespace jeton::softcard
