#include "reader/reader.hpp"

#include <array>
#include <utility>

#include "reader/error.hpp"
#include "reader/slot.hpp"

namespace jeton::reader {

namespace {

using Slots = std::array<std::unique_ptr<CardLink>, most_slots>;

Slots make_slots(InterfaceOwner& owner) {
    const auto& link = owner.place().link;
    Slots slots;
    for (std::size_t i = 0; i < slots.size(); ++i) {
        slots[i] = link ? link(i) : std::make_unique<Slot>(owner, i);
    }
    return slots;
}

}  // namespace

struct Reader::State {
    explicit State(ReaderPlace place) : owner(std::move(place)), slots(make_slots(owner)) {}

    InterfaceOwner owner;
    Slots slots;
};

Reader::Reader(ReaderPlace place) : m_state(std::make_unique<State>(std::move(place))) {}

Reader::~Reader() = default;

const ReaderPlace& Reader::place() const {
    return m_state->owner.place();
}

CardLink& Reader::slot(std::size_t index) {
    if (index >= most_slots) {
        throw Error(Error::Kind::unsupported, place().name + ": no reader has so many card openings");
    }
    return *m_state->slots[index];
}

}  // namespace jeton::reader
