// The jeton command: its verbs and options, and how failures reach the shell.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>
#include <fmt/core.h>

#include "tool/failure.hpp"
#include "tool/list_verb.hpp"
#include "tool/output.hpp"
#include "tool/profile_verb.hpp"
#include "tool/serve_verb.hpp"
#include "tool/softcard_verbs.hpp"

namespace jeton::tool {

namespace {

constexpr const char* exit_codes =
    "Exit status: 0 done; 1 not done, standard error says why; 2 the command line is wrong.";

CLI::App* add_verb(CLI::App& parent, const char* name, const char* help, bool& json) {
    CLI::App* verb = parent.add_subcommand(name, help);
    verb->add_flag("--json", json, "Print JSON");
    return verb;
}

/// endpoint_validator makes a text that is no place on the network a mistake in the command line.
CLI::Validator endpoint_validator() {
    return {[](const std::string& text) {
                return reader::parse_endpoint(text, reader::vpcd_port)
                           ? std::string()
                           : "\"" + printable(text) +
                                 "\" is not HOST:PORT, such as localhost:35963 or [::1]:35963";
            },
            ""};
}

void add_softcard_verbs(CLI::App& app, SoftcardCreate& create, SoftcardDelete& remove, SoftcardServe& serve,
                        bool& list_json) {
    CLI::App* softcard = app.add_subcommand("softcard", "Make, list, delete and serve software cards");
    softcard->require_subcommand(1);

    CLI::App* verb = add_verb(*softcard, "create", "Make a software card", create.json);
    verb->add_option("NAME", create.name, "1 to 32 lower-case letters, digits, '.', '_', '-'")->required();
    verb->add_option("--pin-file", create.pin_file, "Read the PIN from the first line of this file");
    verb->add_option("--puk-file", create.puk_file, "Read the PUK from the first line of this file");
    verb->add_option("--admin-pin-file", create.admin_pin_file,
                     "Read the admin PIN of OpenPGP from the first line of this file");
    verb->add_option("--global-pin-file", create.global_pin_file,
                     "Give the card a global PIN too, read from the first line of this file");
    verb->add_option("--management-key-file", create.management_key_file,
                     "Read the management key, in hexadecimal digits, from the first line of this file");
    verb->add_option("--management-algorithm", create.management_algorithm,
                     "The cipher of the management key, if not AES of its length")
        ->check(CLI::IsMember({"3des", "aes128", "aes192", "aes256"}));
    verb->add_option("--pin-iterations", create.pin_iterations,
                     "How often the PIN is hashed each time: more for whoever guesses, and for you");
    verb->add_option("--applet", create.applets,
                     "The applications on the card, with commas between them: sc-hsm, unless it says "
                     "otherwise")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->check(CLI::IsMember({"piv", "openpgp", "sc-hsm"}));
    verb->add_option("--aes", create.aes,
                     "What the application sc-hsm does with AES keys: all modes, CBC alone, ECB alone")
        ->check(CLI::IsMember({"native", "cbc0", "ecb"}));
    verb->add_flag("--blank", create.blank, "Leave the application sc-hsm for others to initialise");
    verb->callback([&create] { create_softcard(create); });

    verb = add_verb(*softcard, "list", "List the software cards", list_json);
    verb->callback([&list_json] { list_softcards(list_json); });

    verb = add_verb(*softcard, "delete", "Delete a software card and its keys for good", remove.json);
    verb->add_option("NAME", remove.name, "The card")->required();
    verb->add_flag("--yes", remove.yes, "Do not ask");
    verb->callback([&remove] { delete_softcard(remove); });

    verb = softcard->add_subcommand(
        "serve", "Put a software card into a virtual reader (vpcd), until Ctrl-C or the reader ends it");
    verb->add_option("NAME", serve.name, "The card")->required();
    verb->add_option("--vpcd", serve.vpcd,
                     fmt::format("HOST:PORT of vpcd; without it {}:{}", serve.vpcd, reader::vpcd_port))
        ->type_name("HOST:PORT")
        ->check(endpoint_validator());
    verb->callback([&serve] { serve_softcard(serve); });
}

void add_profile_verbs(CLI::App& app, ProfileShow& show, ProfileCheck& check) {
    CLI::App* profile = app.add_subcommand("profile", "Show and check card profiles");
    profile->require_subcommand(1);

    CLI::App* verb = add_verb(*profile, "show", "Show the profiles in force, or all of one", show.json);
    verb->add_option("NAME", show.name, "A profile's id, or the name of a reader for the card in it");
    verb->callback([&show] { show_profiles(show); });

    verb = add_verb(*profile, "check", "Tell what is wrong with profile files", check.json);
    verb->add_option("FILE", check.files, "A profile or a patch")->required();
    verb->callback([&check] { check_profiles(check); });
}

int run(int argc, char** argv) {
    CLI::App app("Look after smart cards and software cards", "jeton");
    app.set_version_flag("--version", "jeton " JETON_VERSION);
    app.footer(exit_codes);
    app.require_subcommand(1);

    bool list_json = false;
    add_verb(app, "list", "List readers, cards and tokens", list_json)->callback([&list_json] {
        list_readers(list_json);
    });
    SoftcardCreate create;
    SoftcardDelete remove;
    bool softcards_json = false;
    SoftcardServe serve;
    add_softcard_verbs(app, create, remove, serve, softcards_json);

    ProfileShow show;
    ProfileCheck check;
    add_profile_verbs(app, show, check);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_done : exit_usage;
    }
    if (std::fflush(stdout) != 0) {
        throw Failure("Standard output cannot be written.");
    }
    return exit_done;
}

}  // namespace

}  // namespace jeton::tool

int main(int argc, char** argv) {
    try {
        return jeton::tool::run(argc, argv);
    } catch (const std::exception& error) {
        jeton::tool::print_note(std::string("jeton: ") + jeton::tool::printable(error.what()));
        return jeton::tool::exit_failed;
    }
}
