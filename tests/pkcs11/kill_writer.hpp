// A process that writes to a software card and uses its PINs until it is killed, and says what it did.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <sys/types.h>

#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

/// Attempts counts uses of one secret: |begun| before the call, |done| after it returned.
struct Attempts {
    std::atomic<std::uint32_t> begun{0};
    std::atomic<std::uint32_t> done{0};
};

/// Tries is the use of one PIN or PUK, right and wrong.
struct Tries {
    Attempts right;
    Attempts wrong;
};

/// Board is what writers and their judge share.
struct Board {
    static constexpr std::size_t writers = 2;

    struct PerWriter {
        Tries pin;
        Tries puk;
        std::atomic<bool> working{false};  ///< its session is open
    };
    std::array<PerWriter, writers> per_writer;

    /// quiet: nobody enters a right PIN or PUK, so that no counter may go up.
    std::atomic<bool> quiet{false};
};

/// Report is one line from a writer. An object is named by its CKA_ID and what it is.
struct Report {
    enum class What { key, certificate, failure };

    bool done = false;  ///< the call returned with CKR_OK; else it is about to be made
    What what = What::failure;
    unsigned id = 0;
    std::string content = {};  ///< in hex: EC point (when done) or certificate; of a failure the sentence
};

std::string to_line(const Report& report);
Report from_line(const std::string& line);

/// written_certificate is the |number|th certificate that goes to |id|.
Bytes written_certificate(unsigned id, std::uint32_t number);

inline constexpr const char* kill_management_key = "000102030405060708090A0B0C0D0E0F";
inline constexpr const char* wrong_pin = "111111";
inline constexpr const char* wrong_puk = "11111111";

/// ids_of gives the CKA_IDs to which writer |number| writes keys; certificates go to those of retired slots.
std::array<unsigned, 2> ids_of(std::size_t number);
inline constexpr unsigned certificate_id(unsigned key_id) {
    return key_id + 4;
}

/// run_writer works in a forked process until it is killed, and writes its reports to |pipe|. A failure ends
/// it.
[[noreturn]] void run_writer(Board& board, std::size_t number, std::uint32_t seed, int pipe);

}  // namespace jeton::test
