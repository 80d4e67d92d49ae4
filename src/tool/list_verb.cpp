#include "tool/list_verb.hpp"

#include <fmt/core.h>

#include "card/card.hpp"
#include "card/error.hpp"
#include "pkcs11/config.hpp"
#include "pkcs11/reader_places.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "tool/failure.hpp"
#include "tool/output.hpp"

namespace jeton::tool {

namespace {

/// describe_card adds what the card in |link| says to |row|.
void describe_card(Json& row, reader::CardLink& link, const card::ProfileSet& profiles) {
    if (!link.present()) {
        row["card"] = "none";
        return;
    }
    row["card"] = "present";
    const auto card = card::Card::recognise(link, profiles);
    if (!card) {
        row["card"] = "unknown";
        return;
    }
    row["profile"] = card->profile().id;
    row["serial"] = card->serial();
    row["label"] = card->begin().label();
}

Json describe_reader(const reader::ReaderPlace& place, const card::ProfileSet& profiles) {
    Json row{{"reader", place.name}};
    try {
        reader::Reader reader(place);
        describe_card(row, reader.slot(), profiles);
    } catch (const reader::Error& error) {
        row["card"] = error.kind() == reader::Error::Kind::no_card ? "none" : "error";
        row["error"] = error.what();
    } catch (const card::Error& error) {
        row["card"] = "error";
        row["error"] = error.what();
    }
    return row;
}

}  // namespace

void list_readers(bool json) {
    const pkcs11::Config config = pkcs11::read_config("");
    const auto profiles = card::ProfileSet::load(config.profile_layers);
    for (const card::ProfileProblem& problem : profiles.problems()) {
        print_note("profile left out: " + printable(problem.text()));
    }
    Json rows = Json::array();
    for (const reader::ReaderPlace& place : pkcs11::find_reader_places(config)) {
        rows.push_back(describe_reader(place, profiles));
    }
    if (rows.empty() && !json) {
        print_line("There is no reader and no software card. Make a card: jeton softcard create NAME");
        return;
    }
    print_rows(rows,
               {{"READER", "reader"},
                {"CARD", "card"},
                {"PROFILE", "profile"},
                {"LABEL", "label"},
                {"SERIAL", "serial"}},
               json);
    for (const Json& row : rows) {
        if (row.contains("error") && !json) {
            print_note(printable(
                fmt::format("{}: {}", row["reader"].get<std::string>(), row["error"].get<std::string>())));
        }
    }
}

}  // namespace jeton::tool
