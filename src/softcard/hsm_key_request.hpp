// What the data of the commands that make keys say.
#pragma once

#include <cstdint>
#include <optional>

#include "softcard/cvc.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard {

/// HsmKeyTerms are the conditions that a new key gets: 90 number of uses, 91 algorithms, 92 key domain.
struct HsmKeyTerms {
    std::optional<std::uint32_t> uses = std::nullopt;
    Bytes algorithms{};  ///< empty: all
    Byte domain = 0;
};

/// HsmPairRequest is the data of GENERATE ASYMMETRIC KEY PAIR: the template of a certificate (TR-03110 part
/// 3, C.2) and the terms.
struct HsmPairRequest {
    Bytes authority;  ///< 42
    Bytes holder;     ///< 5F20
    CvcKeyTemplate key;
    HsmKeyTerms terms{};
};

/// read_hsm_pair_request and read_hsm_terms refuse with 6A80 what is malformed or asks for what this card has
/// not.
HsmPairRequest read_hsm_pair_request(View data);
HsmKeyTerms read_hsm_terms(View data);

}  // namespace jeton::softcard
