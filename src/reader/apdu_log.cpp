#include "reader/apdu_log.hpp"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace jeton::reader {

namespace {

constexpr std::size_t header_size = 4;
constexpr Byte get_response = 0xC0;

enum class Secret { nothing, command, response, both };

struct SecretRow {
    Byte ins;
    Secret secret;
};

/// Instructions that carry secrets (ISO/IEC 7816-4, -8; the FE and FF that cards with a PIV applet use to
/// import keys).
constexpr std::array secrets{
    SecretRow{0x20, Secret::command},   // VERIFY
    SecretRow{0x21, Secret::command},   //
    SecretRow{0x24, Secret::command},   // CHANGE REFERENCE DATA
    SecretRow{0x25, Secret::command},   //
    SecretRow{0x2A, Secret::both},      // PERFORM SECURITY OPERATION: plaintext in either direction
    SecretRow{0x2C, Secret::command},   // RESET RETRY COUNTER
    SecretRow{0x2D, Secret::command},   //
    SecretRow{0x84, Secret::response},  // GET CHALLENGE: may become a key
    SecretRow{0x87, Secret::response},  // GENERAL AUTHENTICATE: what a key deciphered or agreed
    SecretRow{0xCA, Secret::response},  // GET DATA: may be a stored management key
    SecretRow{0xCB, Secret::response},  //
    SecretRow{0xDA, Secret::command},   // PUT DATA: may be a private key
    SecretRow{0xDB, Secret::command},   //
    SecretRow{0xFE, Secret::command},   // import of a private key
    SecretRow{0xFF, Secret::command},   // change of the management key
};

Secret secret_of(Byte ins) {
    const auto* row =
        std::find_if(secrets.begin(), secrets.end(), [&](const SecretRow& it) { return it.ins == ins; });
    return row == secrets.end() ? Secret::nothing : row->secret;
}

/// printed_information holds the management key of some PIV cards (SP 800-73-4: tag 5FC109).
bool asks_printed_information(View apdu) {
    static constexpr std::array<Byte, 3> tag{0x5F, 0xC1, 0x09};
    return std::search(apdu.begin(), apdu.end(), tag.begin(), tag.end()) != apdu.end();
}

}  // namespace

std::string ApduLog::command(View apdu) {
    if (apdu.size() < header_size) {
        return fmt::format("> [{} bytes]", apdu.size());
    }
    const Byte ins = apdu[1];
    const Secret secret = secret_of(ins);
    const bool is_get_data = ins == 0xCA || ins == 0xCB;
    if (ins != get_response) {  // what GET RESPONSE fetches belongs to the command before it
        m_hide_response = (secret == Secret::response && (!is_get_data || asks_printed_information(apdu))) ||
                          secret == Secret::both;
    }
    if (secret == Secret::command || secret == Secret::both) {
        return fmt::format("> {} [{} bytes]", to_hex(apdu.first(header_size)), apdu.size() - header_size);
    }
    return "> " + to_hex(apdu);
}

std::string ApduLog::response(View apdu) const {
    if (apdu.size() < 2 || !m_hide_response || apdu.size() == 2) {
        return "< " + to_hex(apdu);
    }
    return fmt::format("< [{} bytes] {}", apdu.size() - 2, to_hex(apdu.last(2)));
}

}  // namespace jeton::reader
