// Software cards on disk: one file each in the state directory, and the SimulatedCard that runs one.
#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "reader/simulated_card.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard {

/// Error says why a software card cannot be made, found or read, in a sentence for people.
class Error final : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

struct CreateOptions {
    std::string name;              ///< [a-z0-9][a-z0-9._-]{0,31}
    std::string pin = "123456";    ///< 6 to 8 characters
    std::string puk = "12345678";  ///< 6 to 8 characters
    Bytes management_key;  ///< 16, 24 or 32 bytes of AES; empty: a random AES-192 key, stored PIN-protected
                           ///< on the card
};

/// create makes a new card with a PIV applet; throws Error when |name| exists or is not a name.
void create(const std::filesystem::path& state_directory, const CreateOptions& options);

/// list names the cards in the directory, sorted; empty when there is no directory. Reads no file.
std::vector<std::string> list(const std::filesystem::path& state_directory);

/// remove deletes a card for good; throws Error when there is none of that name.
void remove(const std::filesystem::path& state_directory, const std::string& name);

/// card_file and lease_file of the card |name|.
std::filesystem::path card_file(const std::filesystem::path& state_directory, const std::string& name);
std::filesystem::path lease_file(const std::filesystem::path& state_directory, const std::string& name);

/// insert gives the card that lives in |file|. It is present while the file is there and readable; each power
/// on reads the file, each command notices when another process replaced it.
std::shared_ptr<reader::SimulatedCard> insert(const std::filesystem::path& file);

}  // namespace jeton::softcard
