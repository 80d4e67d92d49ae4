#include "reader/secret_mask_rules.hpp"

#include <algorithm>
#include <array>

#include "util/tlv.hpp"

namespace jeton::reader {

namespace {

constexpr Byte chaining_bit = 0x10;
constexpr Byte select = 0xA4;
constexpr Byte get_response = 0xC0;
constexpr Byte management_key = 0x9B;
constexpr std::uint32_t dynamic_authentication = 0x7C;
constexpr std::size_t short_header = 5;

bool always(View, bool) {
    return true;
}

bool never(View, bool) {
    return false;
}

/// asks_for_values: a template whose objects are all empty asks for a witness or a challenge, and holds none.
bool asks_for_values(View data) {
    const auto inner = find_tlv(data, dynamic_authentication);
    if (!inner || inner->empty() || data.size() != inner->size() + 2) {
        return false;
    }
    TlvReader reader(*inner);
    while (const auto object = reader.next()) {
        if (!object->value.empty()) {
            return false;
        }
    }
    return !reader.failed();
}

/// proves_management_key: witness, challenge and response of a secret key, each of which with its other half
/// lets a key be tried (NIST SP 800-73-4 part 2, 3.2.4).
bool proves_management_key(View apdu, bool whole) {
    if (apdu[3] != management_key) {
        return false;
    }
    const bool has_data = apdu.size() > short_header && apdu.size() - short_header >= apdu[4];
    return !whole || !has_data || !asks_for_values(apdu.subspan(short_header, apdu[4]));
}

/// reads_key: the object that holds the management key of some PIV cards (SP 800-73-4: printed information,
/// 5FC109); private data objects and the initial passwords' hashes of OpenPGP cards (0103, 0104, F9).
bool reads_key(View apdu, bool whole) {
    static constexpr std::array<Byte, 3> tag{0x5F, 0xC1, 0x09};
    static constexpr std::array<std::uint16_t, 3> objects{0x0103, 0x0104, 0x00F9};
    const auto object = static_cast<std::uint16_t>(load_be(apdu.subspan(2, 2)));
    return !whole || (apdu[0] & chaining_bit) != 0 || std::ranges::find(objects, object) != objects.end() ||
           std::search(apdu.begin() + 4, apdu.end(), tag.begin(), tag.end()) != apdu.end();
}

struct SecretRow {
    Byte ins;
    bool (*command)(View apdu, bool whole);
    bool (*response)(View apdu, bool whole);
};

/// Instructions (ISO/IEC 7816-4, -8, and those that cards with a PIV applet have beside). What is in no row
/// is secret in both directions.
constexpr std::array rows{
    SecretRow{0x20, always, never},                  // VERIFY
    SecretRow{0x21, always, never},                  //
    SecretRow{0x22, never, never},                   // MANAGE SECURITY ENVIRONMENT
    SecretRow{0x24, always, never},                  // CHANGE REFERENCE DATA
    SecretRow{0x25, always, never},                  //
    SecretRow{0x2C, always, never},                  // RESET RETRY COUNTER
    SecretRow{0x2D, always, never},                  //
    SecretRow{0x44, never, never},                   // ACTIVATE FILE
    SecretRow{0x47, never, never},                   // GENERATE ASYMMETRIC KEY PAIR: the public key
    SecretRow{0x70, never, never},                   // MANAGE CHANNEL
    SecretRow{0x82, always, never},                  // EXTERNAL AUTHENTICATE
    SecretRow{0x84, never, always},                  // GET CHALLENGE: may become a key
    SecretRow{0x87, proves_management_key, always},  // GENERAL AUTHENTICATE: what a key deciphered or agreed
    SecretRow{0x88, never, never},                   // INTERNAL AUTHENTICATE: a signature
    SecretRow{select, never, never},                 // SELECT
    SecretRow{0xB0, never, never},                   // READ BINARY
    SecretRow{0xB1, never, never},                   //
    SecretRow{0xB2, never, never},                   // READ RECORD
    SecretRow{get_response, never, never},           // GET RESPONSE
    SecretRow{0xCA, never, reads_key},               // GET DATA
    SecretRow{0xCB, never, reads_key},               //
    SecretRow{0xCC, never, reads_key},               // GET NEXT DATA
    SecretRow{0xDA, always, never},                  // PUT DATA: may be a private key
    SecretRow{0xDB, always, never},                  //
    SecretRow{0xE6, never, never},                   // TERMINATE
    SecretRow{0xF1, never, never},                   // version of an OpenPGP application
    SecretRow{0xF6, never, never},                   // moves a key
    SecretRow{0xF7, never, never},                   // metadata of a key
    SecretRow{0xF8, never, never},                   // serial number
    SecretRow{0xF9, never, never},                   // attestation
    SecretRow{0xFA, never, never},                   // numbers of tries
    SecretRow{0xFB, never, never},                   // reset of the application
    SecretRow{0xFD, never, never},                   // version
    SecretRow{0xFE, always, never},                  // import of a private key
    SecretRow{0xFF, always, never},                  // change of the management key
};

Secrets judge(View apdu, bool whole) {
    const auto* const row = std::ranges::find(rows, apdu[1], &SecretRow::ins);
    if (row == rows.end()) {
        return {true, true};
    }
    return {row->command(apdu, whole), row->response(apdu, whole)};
}

}  // namespace

Secrets SecretTracker::command(View apdu, bool whole) {
    Secrets found = judge(apdu, whole);
    const Byte ins = apdu[1];
    if (ins == get_response) {
        found.response = m_response;
    } else if (m_secret_chain && ins != select) {
        found.command = true;
    }
    found.response = found.response || (m_chain && m_response && ins != select);
    m_chain = (apdu[0] & chaining_bit) != 0;
    m_secret_chain = found.command && m_chain;
    m_response = found.response;
    return found;
}

}  // namespace jeton::reader
