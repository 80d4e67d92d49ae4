// jeton softcard create, list, delete.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "softcard/store.hpp"

namespace jeton::tool {

struct SoftcardCreate {
    std::string name;
    std::string pin_file;  ///< empty: ask, or take the default where nobody can answer
    std::string puk_file;
    std::string admin_pin_file;       ///< of OpenPGP
    std::string global_pin_file;      ///< empty: the card has no global PIN
    std::string management_key_file;  ///< empty: a random key
    std::string management_algorithm;
    std::optional<unsigned> pin_iterations;  ///< of PBKDF2
    std::vector<std::string> applets = softcard::CreateOptions{}.applets;
    std::string aes = "native";  ///< modes of the application sc-hsm
    bool blank = false;          ///< not initialised, the application sc-hsm alone
    bool json = false;
};

struct SoftcardDelete {
    std::string name;
    bool yes = false;
    bool json = false;
};

/// require_softcard gives the directory of the card |name|; throws Failure when there is none of that name.
std::filesystem::path require_softcard(const std::string& name);

/// Each throws Failure with a sentence for people.
void create_softcard(const SoftcardCreate& request);
void list_softcards(bool json);
void delete_softcard(const SoftcardDelete& request);

}  // namespace jeton::tool
