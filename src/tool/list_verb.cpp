#include "tool/list_verb.hpp"

#include <fmt/core.h>
#include <utility>
#include <vector>

#include "card/error.hpp"
#include "card/tokens.hpp"
#include "pkcs11/config.hpp"
#include "pkcs11/reader_places.hpp"
#include "reader/error.hpp"
#include "reader/reader.hpp"
#include "tool/failure.hpp"
#include "tool/output.hpp"

namespace jeton::tool {

namespace {

/// describe_token is |row| with what one token of the card says.
Json describe_token(Json row, card::Card& card) {
    row["card"] = "present";
    row["profile"] = card.profile().id;
    row["serial"] = card.serial();
    const auto label = card.known_label();
    row["label"] = label ? *label : card.begin().label();
    return row;
}

/// describe_card gives a row for each token of the card in |link|, or one that says what else is there.
std::vector<Json> describe_card(Json row, reader::CardLink& link, const card::ProfileSet& profiles,
                                const card::TokenChoice& choice) {
    if (!link.present()) {
        row["card"] = "none";
        return {row};
    }
    row["card"] = "unknown";
    std::vector<Json> rows;
    for (const auto& card : card::recognise_tokens(link, profiles, choice)) {
        rows.push_back(describe_token(row, *card));
    }
    return rows.empty() ? std::vector{row} : rows;
}

std::vector<Json> describe_reader(const reader::ReaderPlace& place, const card::ProfileSet& profiles,
                                  const card::TokenChoice& choice) {
    Json row{{"reader", place.name}};
    try {
        reader::Reader reader(place);
        return describe_card(row, reader.slot(), profiles, choice);
    } catch (const reader::Error& error) {
        row["card"] = error.kind() == reader::Error::Kind::no_card ? "none" : "error";
        row["error"] = error.what();
    } catch (const card::Error& error) {
        row["card"] = "error";
        row["error"] = error.what();
    }
    return {row};
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
        for (Json& row : describe_reader(place, profiles, config.tokens)) {
            rows.push_back(std::move(row));
        }
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
