// The application related data (6E) of an OpenPGP card: what it is, what it can, which keys it has.
#pragma once

#include <array>
#include <optional>
#include <string>

#include "card/openpgp_constants.hpp"
#include "card/profile.hpp"
#include "util/bytes.hpp"

namespace jeton::card::openpgp {

/// ApplicationData holds copies; a part that the card left out is empty.
struct ApplicationData {
    Bytes aid;                        ///< 16 bytes
    Bytes capabilities;               ///< C0, 10 bytes
    std::array<Bytes, 3> attributes;  ///< C1, C2, C3, in the order of key_rows
    Bytes pin_status;                 ///< C4
    Bytes fingerprints;               ///< C5, 60 bytes
    Bytes key_information;            ///< DE: pairs of key number and origin

    /// parse reads the answer to GET DATA 6E, with or without its own tag; nullopt without a whole AID.
    static std::optional<ApplicationData> parse(View answer);

    /// serial is manufacturer and serial number, 12 hex digits.
    std::string serial() const;

    /// version is that of the specification: 0x0304.
    unsigned version() const;

    bool has_aes() const { return capability(0x02); }
    bool has_kdf() const { return capability(0x01); }
    bool has_changeable_attributes() const { return capability(0x04); }

    /// longest_certificate in bytes; 0 when the card does not tell.
    std::size_t longest_certificate() const;

    /// one_signature tells that PW1 serves one signature, then it is asked for again (4.3.3).
    bool one_signature() const { return pin_status.size() == pin_status_bytes && pin_status.front() == 0; }

    /// has_fingerprint tells whether the key has one: without, it counts as absent.
    bool has_fingerprint(std::size_t key) const;

    /// origin of a key by its number: 0 none, 1 made on the card, 2 imported; nullopt when the card does not
    /// tell.
    std::optional<Byte> origin(Byte number) const;

  private:
    bool capability(Byte bit) const { return !capabilities.empty() && (capabilities.front() & bit) != 0; }
};

/// key_index finds the row of key_rows by the tag of the control reference template; 0 for any other.
std::size_t key_index(Byte ref);

}  // namespace jeton::card::openpgp
