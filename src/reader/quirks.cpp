#include "reader/quirks.hpp"

namespace jeton::reader {

namespace {

constexpr Quirks none;

}  // namespace

const Quirks& quirks_of(std::uint16_t, std::uint16_t, std::uint16_t) {
    return none;
}

ClassDescriptor corrected(ClassDescriptor descriptor, const Quirks& quirks) {
    descriptor.features = (descriptor.features | quirks.features_set) & ~quirks.features_cleared;
    descriptor.max_ifsd = quirks.max_ifsd.value_or(descriptor.max_ifsd);
    descriptor.max_data_rate = quirks.max_data_rate.value_or(descriptor.max_data_rate);
    if (quirks.no_pinpad) {
        descriptor.pin_support = 0;
    }
    return descriptor;
}

}  // namespace jeton::reader
