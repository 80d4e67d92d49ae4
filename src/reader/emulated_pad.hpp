// The PIN pad of the emulated reader: what is typed, and the command that it makes of it.
#pragma once

#include <deque>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "util/bytes.hpp"
#include "util/secret.hpp"

namespace jeton::reader {

/// PadKeys is what persons type, one word for each time that the pad asks: digits, "cancel" or "timeout".
/// When there is none left, nobody types. Any thread may use it.
class PadKeys {
  public:
    explicit PadKeys(std::vector<std::string> words);

    /// The words are the lines of |file|, which may grow.
    explicit PadKeys(std::filesystem::path file);

    std::string next();

  private:
    std::mutex m_mutex;
    std::deque<std::string> m_words;
    std::filesystem::path m_file;
    std::size_t m_read = 0;  ///< lines of |m_file| that were typed already
};

namespace emulated {

/// Typed is what an entry came to: a command APDU, or a status word or an error of the reader instead.
struct Typed {
    SecretBytes apdu;
    Bytes status;               ///< of the reader itself; empty: none
    std::optional<Byte> error;  ///< bError
    Bytes prologue;             ///< bTeoPrologue
};

/// enter lets |keys| fill in the PINs of |structure|, the data of PC_to_RDR_Secure. What is malformed gives
/// the offset of the field as error.
Typed enter(View structure, PadKeys& keys);

}  // namespace emulated

}  // namespace jeton::reader
