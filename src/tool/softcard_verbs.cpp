#include "tool/softcard_verbs.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "pkcs11/config.hpp"
#include "softcard/store.hpp"
#include "tool/failure.hpp"
#include "tool/output.hpp"
#include "tool/terminal.hpp"
#include "util/files.hpp"

namespace jeton::tool {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t secret_file_limit = 4096;
/// Secret is a PIN or PUK of a new card: how it is called, where it comes from, what it is when nobody says,
/// how many characters it has.
struct Secret {
    const char* name;
    const char* option;
    const std::string& file;
    const std::string& standard;
    std::size_t least = 6;
    std::size_t most = 8;
};

fs::path cards_directory() {
    const auto directory = pkcs11::read_config("").state_directory;
    if (!directory) {
        throw Failure(
            "There is no home directory to keep software cards in: set JETON_STATE_DIR to a directory.");
    }
    return *directory;
}

/// read_first_line gives the first line of |file|, which holds what is called |name|, without its end.
std::string read_first_line(const char* name, const std::string& file) {
    const auto content = read_file(file, secret_file_limit);
    if (!content) {
        throw Failure(
            fmt::format("The {} file {} cannot be read: it must be a regular file of at most {} bytes.", name,
                        file, secret_file_limit));
    }
    std::string line = to_text(*content);
    line.resize(std::min(line.size(), line.find_first_of("\r\n")));
    return line;
}

void check_form(const Secret& secret, const std::string& value) {
    const bool printable_ascii =
        std::ranges::all_of(value, [](char character) { return character > 0x20 && character < 0x7F; });
    if (value.size() < secret.least || value.size() > secret.most || !printable_ascii) {
        const std::string length = secret.least == secret.most
                                       ? std::to_string(secret.least)
                                       : fmt::format("{} to {}", secret.least, secret.most);
        throw Failure(fmt::format("The {} must have {} digits, letters or signs, without blanks.",
                                  secret.name, length));
    }
}

std::string obtain(const Secret& secret) {
    std::string value = secret.standard;
    if (!secret.file.empty()) {
        value = read_first_line(secret.name, secret.file);
    } else if (has_terminal()) {
        value = ask_new_secret(secret.name);
    } else {
        print_note(fmt::format("Note: the {} is {}, because {} was not given and nobody is there to ask.",
                               secret.name, secret.standard, secret.option));
    }
    check_form(secret, value);
    return value;
}

/// obtain_global_pin gives the global PIN; empty when the card shall have none.
std::string obtain_global_pin(const std::string& file) {
    const std::string none;
    return file.empty() ? none : obtain({"global PIN", "--global-pin-file", file, none});
}

/// set_management_key reads the management key, or leaves it to the card to make one.
void set_management_key(const SoftcardCreate& request, softcard::CreateOptions& options) {
    options.management_algorithm = softcard::find_management_algorithm(request.management_algorithm);
    if (request.management_key_file.empty()) {
        return;
    }
    const auto key = from_hex(read_first_line("management key", request.management_key_file));
    if (!key || key->empty()) {
        throw Failure("The management key must be written in hexadecimal digits, two for each byte.");
    }
    options.management_key = *key;
}

bool has_applet(const softcard::CreateOptions& options, const char* name) {
    return std::ranges::find(options.applets, name) != options.applets.end();
}

/// set_secrets obtains what the applications of the card need, and nothing for one that is left blank. The
/// PUK is the PIN of the security officer of the application sc-hsm, which has 8 characters.
void set_secrets(const SoftcardCreate& request, softcard::CreateOptions& options) {
    const softcard::CreateOptions standard;
    const bool has_hsm = has_applet(options, "sc-hsm") && !options.blank;
    const bool has_piv = has_applet(options, "piv");
    const bool has_openpgp = has_applet(options, "openpgp");
    if (has_hsm || has_piv || has_openpgp) {
        options.pin = obtain({"PIN", "--pin-file", request.pin_file, standard.pin});
    }
    if (has_hsm || has_piv) {
        const std::size_t least = has_hsm ? 8 : 6;
        options.puk = obtain({"PUK", "--puk-file", request.puk_file, standard.puk, least});
    }
    if (has_piv) {
        options.global_pin = obtain_global_pin(request.global_pin_file);
        set_management_key(request, options);
    }
    if (has_openpgp) {
        options.admin_pin =
            obtain({"admin PIN", "--admin-pin-file", request.admin_pin_file, standard.admin_pin, 8, 64});
    }
}

/// require_no_other_secrets refuses files for applications that the card does not have.
void require_no_other_secrets(const SoftcardCreate& request, const softcard::CreateOptions& options) {
    struct Row {
        const char* applet;
        const char* option;
        bool given;
    };
    const Row rows[] = {{"piv", "--management-key-file", !request.management_key_file.empty()},
                        {"piv", "--management-algorithm", !request.management_algorithm.empty()},
                        {"piv", "--global-pin-file", !request.global_pin_file.empty()},
                        {"openpgp", "--admin-pin-file", !request.admin_pin_file.empty()}};
    for (const Row& row : rows) {
        if (row.given && !has_applet(options, row.applet)) {
            throw Failure(
                fmt::format("{} is for the application {}, which the card does not have: see --applet",
                            row.option, row.applet));
        }
    }
}

bool exists(const fs::path& directory, const std::string& name) {
    const auto names = softcard::list(directory);
    return std::ranges::find(names, name) != names.end();
}

Json describe(const fs::path& directory, const std::string& name) {
    return {{"name", name},
            {"reader", "jeton soft card " + name},
            {"file", softcard::card_file(directory, name).string()}};
}

}  // namespace

fs::path require_softcard(const std::string& name) {
    fs::path directory = cards_directory();
    if (!exists(directory, name)) {
        throw Failure(fmt::format(
            "There is no software card \"{}\" in {}: \"jeton softcard list\" shows those that are.",
            printable(name), directory.string()));
    }
    return directory;
}

void create_softcard(const SoftcardCreate& request) {
    const fs::path directory = cards_directory();
    if (exists(directory, request.name)) {
        throw Failure(
            fmt::format("There is a software card \"{}\" already: choose another name, or delete it with "
                        "\"jeton softcard delete {}\".",
                        request.name, request.name));
    }
    softcard::require_applets(request.applets);
    softcard::CreateOptions options;
    options.name = request.name;
    options.applets = request.applets;
    options.aes = softcard::find_aes_modes(request.aes).value_or(options.aes);
    options.blank = request.blank;
    require_no_other_secrets(request, options);
    set_secrets(request, options);
    options.pin_iterations = request.pin_iterations.value_or(options.pin_iterations);
    softcard::create(directory, options);
    Json card = describe(directory, request.name);
    card["applets"] = request.applets;
    if (request.json) {
        print_json(card);
        return;
    }
    print_line(fmt::format("The software card \"{}\" is in the reader \"{}\".", request.name,
                           card["reader"].get<std::string>()));
    print_line(fmt::format("Its file is {}", card["file"].get<std::string>()));
}

void list_softcards(bool json) {
    const fs::path directory = cards_directory();
    Json rows = Json::array();
    for (const std::string& name : softcard::list(directory)) {
        rows.push_back(describe(directory, name));
    }
    if (rows.empty() && !json) {
        print_line("There is no software card. Make one: jeton softcard create NAME");
        return;
    }
    print_rows(rows, {{"NAME", "name"}, {"READER", "reader"}, {"FILE", "file"}}, json);
}

void delete_softcard(const SoftcardDelete& request) {
    const fs::path directory = require_softcard(request.name);
    if (!request.yes) {
        if (!has_terminal()) {
            throw Failure("Nothing was deleted, because nobody is there to ask: add --yes.");
        }
        if (!ask_yes(fmt::format("Delete the software card \"{}\" and its keys for good?", request.name))) {
            throw Failure("Nothing was deleted.");
        }
    }
    softcard::remove(directory, request.name);
    if (request.json) {
        print_json({{"deleted", request.name}});
    } else {
        print_line(fmt::format("The software card \"{}\" is gone.", request.name));
    }
}

}  // namespace jeton::tool
