// How vector files call the hashes.
#pragma once

#include <map>
#include <string>

#include "crypto/digest.hpp"

namespace jeton::test {

inline const std::map<std::string, crypto::Hash>& hashes() {
    using crypto::Hash;
    static const std::map<std::string, Hash> names{
        {"sha1", Hash::sha1},         {"sha224", Hash::sha224},     {"sha256", Hash::sha256},
        {"sha384", Hash::sha384},     {"sha512", Hash::sha512},     {"sha3_224", Hash::sha3_224},
        {"sha3_256", Hash::sha3_256}, {"sha3_384", Hash::sha3_384}, {"sha3_512", Hash::sha3_512},
    };
    return names;
}

}  // namespace jeton::test
