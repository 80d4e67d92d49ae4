// What a reader's driver says of itself through SCardControl (PC/SC part 10, 2.2 and 2.3): which features it
// has and by which control codes they are reached, and its properties. The bytes come from a driver: they are
// not trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "util/bytes.hpp"

namespace jeton::reader::pcsc {

/// get_features asks for the list of features.
inline constexpr std::uint32_t get_features = 0x4200'0000 + 3400;

/// FeatureTag is the number of a feature.
enum class FeatureTag : Byte {
    verify_pin_direct = 0x06,
    modify_pin_direct = 0x07,
    properties = 0x12,  ///< FEATURE_GET_TLV_PROPERTIES
};

struct Feature {
    Byte tag = 0;
    std::uint32_t code = 0;  ///< for SCardControl

    bool operator==(const Feature&) const = default;
};

/// parse_features reads the list: for each a tag, the length 4 and a code, big-endian. Nothing for anything
/// else.
std::vector<Feature> parse_features(View bytes);

/// code_of finds a feature.
std::optional<std::uint32_t> code_of(const std::vector<Feature>& features, FeatureTag tag);

/// largest_apdu is the property dwMaxAPDUDataSize in what FEATURE_GET_TLV_PROPERTIES gives: tag, length and a
/// number, little-endian. Up to 256 the reader takes short APDUs alone. nullopt where it is not told.
std::optional<std::uint32_t> largest_apdu(View properties);

}  // namespace jeton::reader::pcsc
