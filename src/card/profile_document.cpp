#include "card/profile_document.hpp"

#include "crypto/digest.hpp"

namespace jeton::card {

std::string ProfileDocument::sha256() const {
    return to_hex(crypto::digest(crypto::Hash::sha256, view_of(whole->dump())));
}

}  // namespace jeton::card
