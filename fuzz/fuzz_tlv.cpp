// The BER-TLV reader on arbitrary bytes: what it hands out lies inside the input and is written back to the
// same objects.
#include <cstdlib>
#include <functional>

#include "util/tlv.hpp"

namespace {

using jeton::Byte;
using jeton::Bytes;
using jeton::Tlv;
using jeton::TlvReader;
using jeton::TlvWriter;
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

/// Reads one level and checks that writing its objects and reading them again gives the same.
void check_level(View data) {
    TlvWriter writer;
    TlvReader reader(data);
    std::size_t count = 0;
    while (const auto object = reader.next()) {
        require(lies_inside(object->value, data));
        require(jeton::find_tlv(data, object->tag).has_value());
        writer.put(object->tag, object->value);
        ++count;
    }
    require(!reader.next().has_value());

    const Bytes written = writer.take();
    require(written.size() <= data.size());
    TlvReader again(written);
    while (again.next()) {
        --count;
    }
    require(count == 0 && !again.failed());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const View input(data, size);
    check_level(input);
    for (const std::uint32_t tag : {0x53U, 0x70U, 0x7F49U, 0x5FC105U}) {
        if (const auto found = jeton::find_tlv_anywhere(input, tag)) {
            require(lies_inside(*found, input));
            check_level(*found);
        }
    }
    (void)jeton::find_tlv_path(input, {0x7C, 0x82});
    return 0;
}
