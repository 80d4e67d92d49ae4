// The ATR parser on arbitrary bytes: what it gives lies inside the input and keeps its promises.
#include <cstdlib>
#include <functional>

#include "reader/atr.hpp"
#include "reader/parameters.hpp"

namespace {

using jeton::Byte;
using jeton::View;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

bool lies_inside(View part, View whole) {
    const std::less_equal<const Byte*> ordered;
    return part.empty() || (ordered(whole.data(), part.data()) &&
                            ordered(part.data() + part.size(), whole.data() + whole.size()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const View input(data, size);
    const auto atr = jeton::reader::parse_atr(input);
    if (!atr) {
        return 0;
    }
    require(size >= 2 && size <= 33);
    require(lies_inside(atr->historical, input) && atr->historical.size() == (data[1] & 0x0FU));
    require(atr->ifsc >= 1 && atr->ifsc <= 254 && atr->bwi < 16 && atr->cwi < 16);
    require(atr->protocols != 0 && atr->default_protocol < 15);
    require(!atr->specific_protocol() || *atr->specific_protocol() < 16);

    jeton::reader::ClassDescriptor reader;
    reader.default_clock = 4000;
    reader.max_data_rate = 344086;
    reader.features = jeton::reader::feature::auto_pps;
    const Byte speed = jeton::reader::best_speed(*atr, reader);
    require(speed == 0x11 || (speed <= atr->fi_di && speed >> 4 == atr->fi_di >> 4));
    require(jeton::reader::card_parameters(*atr, 0, speed).size() == 5);
    require(jeton::reader::card_parameters(*atr, 1, speed).size() == 7);
    return 0;
}
