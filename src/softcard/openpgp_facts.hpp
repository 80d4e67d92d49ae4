// The constants of the OpenPGP card application (Functional Specification of the OpenPGP application on ISO
// smart card operating systems, 3.4.1), as tables. Sections that comments name are that document's.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "softcard/key_algorithm.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard::openpgp {

/// The AID is D2 76 00 01 24 01, version, manufacturer, serial number and two bytes 00 (4.2.1). Manufacturers
/// FF00 to FFFE stand for random serial numbers.
inline constexpr std::size_t least_name_bytes = 5;
Bytes application_id(View serial);

/// References of passwords in commands: PW1 for signatures, PW1 for everything else, PW3 (4.3). PW1 is one
/// password with two states.
inline constexpr Byte pw1_signature = 0x81;
inline constexpr Byte pw1 = 0x82;
inline constexpr Byte pw3 = 0x83;

/// What a card keeps them under: PW1 as 81, PW3 as 83, the resetting code under the tag that it is written
/// with.
inline constexpr Byte resetting_code = 0xD3;
inline constexpr std::size_t shortest_pw1 = 6;
inline constexpr std::size_t shortest_pw3 = 8;  ///< and resetting code
inline constexpr std::size_t longest_password = 127;

/// shortest_password is the least length of what the card keeps under |reference|, in bytes.
std::size_t shortest_password(Byte reference);

/// Keys 1 to 3 by their place: signature, decryption, authentication.
inline constexpr std::size_t signature_key = 0;
inline constexpr std::size_t decryption_key = 1;
inline constexpr std::size_t authentication_key = 2;
inline constexpr std::size_t key_count = 3;

/// key_of_reference finds a key by the tag of its control reference template: B6, B8, A4 (7.2.14).
std::optional<std::size_t> key_of_reference(std::uint32_t tag);

/// Certificates by their occurrence: authentication, decryption, signature (7.2.5).
inline constexpr std::size_t certificate_count = 3;
inline constexpr std::size_t most_certificate_bytes = 4096;

/// The AES key of PSO: ENCIPHER and DECIPHER (7.2.11, 7.2.12).
inline constexpr std::array<std::size_t, 2> aes_key_bytes{16, 32};

inline constexpr std::size_t most_special_bytes = 1024;    ///< of login data, URL, private objects
inline constexpr std::size_t most_challenge_bytes = 1024;  ///< of GET CHALLENGE
inline constexpr unsigned most_signatures = 0xFFFFFF;      ///< the counter has three bytes

/// read_attributes reads the algorithm attributes of |key| (4.4.3.9); nullopt for what this card does not
/// have.
std::optional<KeyAlgorithm> read_attributes(std::size_t key, View attributes);

/// algorithm_information lists all attributes that a key may be given: the content of FA (4.4.3.11).
Bytes algorithm_information();

/// Tags of data objects (4.4.1). Those of keys stand for key 1; those of 2 and 3 follow.
namespace tag {
inline constexpr std::uint32_t private_1 = 0x0101;
inline constexpr std::uint32_t private_4 = 0x0104;
inline constexpr std::uint32_t application_id = 0x4F;
inline constexpr std::uint32_t name = 0x5B;
inline constexpr std::uint32_t login_data = 0x5E;
inline constexpr std::uint32_t language = 0x5F2D;
inline constexpr std::uint32_t sex = 0x5F35;
inline constexpr std::uint32_t address = 0x5F50;
inline constexpr std::uint32_t historical_bytes = 0x5F52;
inline constexpr std::uint32_t signature_counter = 0x93;
inline constexpr std::uint32_t certificate = 0x7F21;
inline constexpr std::uint32_t lengths = 0x7F66;
inline constexpr std::uint32_t features = 0x7F74;
inline constexpr std::uint32_t capabilities = 0xC0;
inline constexpr std::uint32_t attributes = 0xC1;
inline constexpr std::uint32_t password_status = 0xC4;
inline constexpr std::uint32_t fingerprint = 0xC7;
inline constexpr std::uint32_t authority_fingerprint = 0xCA;
inline constexpr std::uint32_t date = 0xCE;
inline constexpr std::uint32_t resetting_code = 0xD3;
inline constexpr std::uint32_t aes_key = 0xD5;
inline constexpr std::uint32_t touch = 0xD6;
inline constexpr std::uint32_t key_information = 0xDE;
inline constexpr std::uint32_t kdf = 0xF9;
inline constexpr std::uint32_t algorithms = 0xFA;
}  // namespace tag

/// Access says which password must have been given: none, PW1 (82), PW3.
enum class Access { always, user, admin, never };

/// ObjectRule is a data object that is kept as it was written.
struct ObjectRule {
    std::uint32_t first;  ///< a range of tags, both ends included
    std::uint32_t last;
    Access read;  ///< alone; as a part of another object it is always read
    Access write;
    std::size_t least;  ///< bytes
    std::size_t most;
    View initial;  ///< what it holds when nobody wrote it
};

/// find_object_rule gives the row of |tag|; nullptr for an object that is not kept so.
const ObjectRule* find_object_rule(std::uint32_t tag);

/// Composite is a data object that others make up.
struct Composite {
    std::uint32_t tag;
    bool is_template;  ///< holds them with tags and lengths, and is told with its own; else their values in a
                       ///< row
    std::span<const std::uint32_t> parts;
};

/// find_composite gives the row of |tag|; nullptr for any other.
const Composite* find_composite(std::uint32_t tag);

/// fits_object tells whether |content| may be written as |tag|, beyond its length.
bool fits_object(std::uint32_t tag, View content);

}  // namespace jeton::softcard::openpgp
