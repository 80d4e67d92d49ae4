// What a card with the application sc-hsm keeps about a key, certificate or data object beside it: objects of
// PKCS#15 (PKCS #15 1.1, 6.3 to 6.8).
#pragma once

#include <optional>

#include "card/layout.hpp"

namespace jeton::card::hsm {

/// Description is one such object; what it does not tell is empty or false.
struct Description {
    enum class Kind { rsa, ec, secret, certificate, data } kind = Kind::data;
    std::string label;
    Bytes id;
    bool is_private = false;  ///< it names a PIN
    bool sign = false, decrypt = false, derive = false;
    bool local = false;       ///< the key was made on the card
    std::size_t size = 0;     ///< modulus or secret key, in bits
    std::string application;  ///< of a data object
    Bytes oid;                ///< DER OBJECT IDENTIFIER of a data object
    Bytes path;               ///< the file that is described
};

/// read_key_description, read_certificate_description and read_data_description give nullopt for what is no
/// such object.
std::optional<Description> read_key_description(View der);
std::optional<Description> read_certificate_description(View der);
std::optional<Description> read_data_description(View der);

/// write_description makes the object. |reference| is that of a key.
Bytes write_description(const Description& description, Byte reference);

}  // namespace jeton::card::hsm
