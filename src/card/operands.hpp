// What private keys take and give, in the lengths that cards expect: shared by the applets.
#pragma once

#include "card/applet.hpp"

namespace jeton::card {

/// suits tells whether |primitive| is one for keys of |type|.
bool suits(Primitive primitive, KeyType type);

/// unit_bytes is the length of one number of the key: modulus, field or coordinate.
std::size_t unit_bytes(const crypto::PublicKey& key);

/// require_point wants the other party's point: uncompressed (1 + 2 |unit| bytes), or the one coordinate of a
/// Montgomery curve (|unit| bytes). Throws Error(too_large).
void require_point(Verb verb, View point, KeyType type, std::size_t unit);

/// whole_number makes |input| as long as |unit|: hashes lose their right end when they are longer than the
/// field (FIPS 186-4, 6.4), numbers gain zeros on the left. Throws Error(too_large) for a longer number.
SecretBytes whole_number(Verb verb, Primitive primitive, View input, std::size_t unit);

/// shared_secret is the X coordinate, as long as |unit|, in what cards answer to a key agreement: X alone, or
/// the whole uncompressed point; nullopt for anything else.
std::optional<SecretBytes> shared_secret(View value, std::size_t unit);

}  // namespace jeton::card
