#include "util/gzip.hpp"

#include <array>
#include <zlib.h>

namespace jeton {

bool is_compressed(View data) {
    return data.size() > 2 && ((data[0] == 0x1F && data[1] == 0x8B) || data[0] == 0x78);
}

std::optional<Bytes> decompress(View data, std::size_t limit) {
    constexpr int either_format = 32 + MAX_WBITS;
    z_stream stream{};
    if (data.size() > limit || inflateInit2(&stream, either_format) != Z_OK) {
        return std::nullopt;
    }
    stream.next_in = const_cast<Byte*>(data.data());
    stream.avail_in = static_cast<uInt>(data.size());
    Bytes out;
    std::array<Byte, 4096> piece{};
    int result = Z_OK;
    while (result == Z_OK && out.size() <= limit) {
        stream.next_out = piece.data();
        stream.avail_out = static_cast<uInt>(piece.size());
        result = inflate(&stream, Z_NO_FLUSH);
        append(out, View(piece).first(piece.size() - stream.avail_out));
    }
    inflateEnd(&stream);
    if (result != Z_STREAM_END || out.size() > limit) {
        return std::nullopt;
    }
    return out;
}

}  // namespace jeton
