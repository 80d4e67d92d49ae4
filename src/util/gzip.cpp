#include "util/gzip.hpp"

#include <array>
#include <new>
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

Bytes compress(View data) {
    constexpr int gzip_format = 16 + MAX_WBITS;
    constexpr int most_memory = 9;
    z_stream stream{};
    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, gzip_format, most_memory, Z_DEFAULT_STRATEGY) !=
        Z_OK) {
        throw std::bad_alloc();  // the one reason, as the parameters are fixed
    }
    Bytes out(deflateBound(&stream, static_cast<uLong>(data.size())));
    stream.next_in = const_cast<Byte*>(data.data());
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);  // reaches its end: there is room for the bound
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

}  // namespace jeton
