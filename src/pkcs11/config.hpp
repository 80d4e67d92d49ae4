// Config: jeton.json, the environment and the words in C_Initialize's pReserved, as one value.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "card/profile_set.hpp"
#include "card/token_choice.hpp"
#include "reader/emulated_reader.hpp"
#include "reader/reader.hpp"
#include "reader/trace.hpp"
#include "reader/vpcd_endpoint.hpp"
#include "softcard/store.hpp"

namespace jeton::pkcs11 {

/// Access is how readers are reached that are no software cards.
enum class Access {
    automatic,  ///< through pcscd where it answers, else over USB
    usb,
    pcsc,
    none,
};

struct Config {
    std::optional<std::string> log;  ///< of the files; JETON_LOG and pReserved go before it
    std::optional<std::filesystem::path> state_directory;  ///< of the software cards
    Access access = Access::automatic;
    std::vector<reader::VpcdPlace> vpcd;  ///< virtual readers whose cards come over the network
    bool pinpad = true;                   ///< PIN pads of readers are used
    bool soft_cards = true;
    reader::EmulationOptions soft_reader;             ///< what kind of reader software cards sit in
    softcard::CardOptions soft_card;                  ///< how software cards behave
    std::optional<std::filesystem::path> fault_plan;  ///< for tests: what goes wrong with it (fault_plan.hpp)
    reader::HandoverPolicy handover = reader::HandoverPolicy::reset;
    std::optional<std::filesystem::path> trace_file;  ///< JETON_TRACE goes before it
    std::shared_ptr<reader::Trace> trace;             ///< of all readers, if there is to be one
    std::vector<std::filesystem::path> replays;       ///< recordings that are readers (replay_card.hpp)
    card::TokenChoice tokens;                         ///< which applications of a card are tokens
    bool overwrite = false;  ///< key generation and certificate import may replace what is there
    std::vector<card::ProfileSet::Layer> profile_layers;
};

/// read_config reads the files and the environment, then |reserved| (blank-separated `key=value` words:
/// config, log; empty when the application gave none). A broken file is left out and told in the log. Throws
/// Error(CKR_ARGUMENTS_BAD) for unknown words.
Config read_config(std::string_view reserved);

}  // namespace jeton::pkcs11
