#include "reader/pcsc_features.hpp"

#include <algorithm>

namespace jeton::reader::pcsc {

namespace {

constexpr std::size_t feature_size = 6;
constexpr Byte code_size = 4;
constexpr Byte max_apdu_property = 0x0A;

}  // namespace

std::vector<Feature> parse_features(View bytes) {
    std::vector<Feature> features;
    if (bytes.size() % feature_size != 0) {
        return features;
    }
    for (; !bytes.empty(); bytes = bytes.subspan(feature_size)) {
        if (bytes[1] != code_size) {
            return {};
        }
        features.push_back({bytes[0], static_cast<std::uint32_t>(load_be(bytes.subspan(2, code_size)))});
    }
    return features;
}

std::optional<std::uint32_t> code_of(const std::vector<Feature>& features, FeatureTag tag) {
    const auto found = std::ranges::find(features, static_cast<Byte>(tag), &Feature::tag);
    return found == features.end() ? std::nullopt : std::optional(found->code);
}

std::optional<std::uint32_t> largest_apdu(View properties) {
    while (properties.size() >= 2) {
        const Byte tag = properties[0];
        const std::size_t size = properties[1];
        properties = properties.subspan(2);
        if (properties.size() < size) {
            return std::nullopt;
        }
        if (tag == max_apdu_property && size == code_size) {
            return static_cast<std::uint32_t>(load_le(properties.first(size)));
        }
        properties = properties.subspan(size);
    }
    return std::nullopt;
}

}  // namespace jeton::reader::pcsc
