// The vocabulary of detection: "match", and when a variant holds.
#pragma once

#include "card/profile_vocabulary.hpp"

namespace jeton::card::vocabulary {

extern const Shape match_shape;       ///< `match[]`
extern const Shape select_tlv_shape;  ///< `match[].selectTlv`
extern const Shape get_data_shape;    ///< `match[].getData`
extern const Shape when_shape;        ///< `variants[].when`
extern const Shape status_shape;      ///< `status[]`

}  // namespace jeton::card::vocabulary
