// A Reader over a fake device or a card in software, with a lease file of its own.
#pragma once

#include <memory>

#include "support/fake_device.hpp"

#include "reader/descriptor.hpp"
#include "reader/reader.hpp"
#include "util/scratch_directory.hpp"

namespace jeton::reader::test {

/// apdu_level_features are those of the emulated reader, but for the level.
inline constexpr std::uint32_t apdu_level_features = 0x47A;

struct DescriptorChoice {
    std::uint32_t features = apdu_level_features | feature::level_extended_apdu;
    std::uint32_t max_message = 65556;
    Byte voltages = 7;
    Byte max_slot_index = 0;
    std::uint32_t protocols = 3;
};

inline Bytes make_descriptor(const DescriptorChoice& choice = {}) {
    Bytes bytes(54);
    const std::span<Byte> out(bytes);
    bytes[0] = 54;
    bytes[1] = 0x21;
    bytes[4] = choice.max_slot_index;
    bytes[5] = choice.voltages;
    store_le(out.subspan(6, 4), choice.protocols);
    store_le(out.subspan(10, 4), 4000);
    store_le(out.subspan(23, 4), 344086);
    store_le(out.subspan(40, 4), choice.features);
    store_le(out.subspan(44, 4), choice.max_message);
    return bytes;
}

inline std::shared_ptr<support::FakeBus> make_bus(const DescriptorChoice& choice = {}) {
    auto bus = std::make_shared<support::FakeBus>();
    bus->descriptor = make_descriptor(choice);
    return bus;
}

inline ReaderPlace fake_place(const std::shared_ptr<support::FakeBus>& bus,
                              const std::filesystem::path& lease_file) {
    return {.name = "fake reader", .key = "fake:1", .lease_file = lease_file, .open = [bus] {
                return std::make_unique<support::FakeDevice>(bus);
            }};
}

/// soon is a deadline for what should not wait at all.
inline Deadline soon() {
    return Deadline::after(Milliseconds(2000));
}

inline constexpr Milliseconds apdu_limit{20000};

/// kind_of gives the kind of the Error that |action| throws; nullopt if it throws none.
template <typename Action>
std::optional<Error::Kind> kind_of(Action&& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    return std::nullopt;
}

}  // namespace jeton::reader::test
