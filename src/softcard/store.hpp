// Software cards on disk: one file each in the state directory, and the SimulatedCard that runs one.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
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

/// ManagementAlgorithm is the cipher of a management key, by its PIV algorithm identifier.
enum class ManagementAlgorithm : Byte { tdes = 0x03, aes128 = 0x08, aes192 = 0x0A, aes256 = 0x0C };

/// find_management_algorithm finds one by its name: "3des", "aes128", "aes192", "aes256".
std::optional<ManagementAlgorithm> find_management_algorithm(std::string_view name);

/// AesModes is what a card of the application sc-hsm computes with AES keys: |cbc0| has CBC with an IV of
/// zeros and CMAC, |ecb| many blocks in ECB mode and nothing else, |native| what the first has, and ECB, CBC,
/// CTR and GCM.
enum class AesModes { native, cbc0, ecb };

/// find_aes_modes finds one by its name: "native", "cbc0", "ecb".
std::optional<AesModes> find_aes_modes(std::string_view name);

struct CreateOptions {
    std::string name;                            ///< [a-z0-9][a-z0-9._-]{0,31}
    std::vector<std::string> applets{"sc-hsm"};  ///< rows of application_kinds() that this version has
    std::string pin = "123456";                  ///< 6 to 8 characters
    std::string puk = "12345678";                ///< 6 to 8 characters
    std::string admin_pin = "12345678";          ///< PW3 of OpenPGP: 8 to 64 characters
    std::string global_pin = {};                 ///< 6 to 8 characters; empty: the card has none
    Bytes management_key;                        ///< empty: a random one, stored PIN-protected on the card
    /// Of the management key; by default AES of the key's length, AES-192 for a random key.
    std::optional<ManagementAlgorithm> management_algorithm = std::nullopt;
    AesModes aes = AesModes::native;   ///< sc-hsm
    bool blank = false;                ///< sc-hsm: not initialised, so that it has no PIN yet
    unsigned pin_iterations = 10'000;  ///< how often PBKDF2 hashes: what one try costs who copied the file
};

/// require_applets throws Error unless |names| can be CreateOptions::applets.
void require_applets(const std::vector<std::string>& names);

/// create makes a new card; throws Error when |name| exists, even if another process makes
/// it just now, or is not a name, and when an applet is none of this version.
void create(const std::filesystem::path& state_directory, const CreateOptions& options);

/// list names the cards in the directory, sorted; empty when there is no directory. Reads no file.
std::vector<std::string> list(const std::filesystem::path& state_directory);

/// remove deletes a card for good; throws Error when there is none of that name.
void remove(const std::filesystem::path& state_directory, const std::string& name);

/// card_file and lease_file of the card |name|.
std::filesystem::path card_file(const std::filesystem::path& state_directory, const std::string& name);
std::filesystem::path lease_file(const std::filesystem::path& state_directory, const std::string& name);

/// Touch is what happens when a key wants to be touched: somebody is there at once, or nobody is and the
/// card's wait is over at once.
enum class Touch { given, refused };

struct CardOptions {
    Touch touch = Touch::given;
};

/// insert gives the card that lives in |file|. It is present while the file is there and readable; each power
/// on reads the file, each command notices when another process replaced it.
std::shared_ptr<reader::SimulatedCard> insert(const std::filesystem::path& file,
                                              const CardOptions& options = {});

}  // namespace jeton::softcard
