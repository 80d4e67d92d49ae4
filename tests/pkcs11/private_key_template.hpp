// Templates of private keys, made from keys of src/crypto.
#pragma once

#include "crypto/keys.hpp"
#include "pkcs11/module_under_test.hpp"

namespace jeton::test {

/// private_template gives class, type and numbers of |key|; of an RSA key all of them.
std::vector<Value> private_template(const crypto::PrivateKey& key);

/// without gives |values| but for those types.
std::vector<Value> without(std::vector<Value> values, std::initializer_list<CK_ATTRIBUTE_TYPE> types);

/// with puts |value| in the place of the one of its type, or at the end.
std::vector<Value> with(std::vector<Value> values, const Value& value);

/// public_template gives class, type and numbers of the public key.
std::vector<Value> public_template(const crypto::PublicKey& key);

}  // namespace jeton::test
