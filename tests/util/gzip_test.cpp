#include "util/gzip.hpp"

#include <gtest/gtest.h>
#include <random>
#include <zlib.h>

namespace jeton {
namespace {

constexpr int gzip_format = 16 + MAX_WBITS;
constexpr int zlib_format = MAX_WBITS;

Bytes compressed_as(int format, View data) {
    z_stream stream{};
    EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY), Z_OK);
    Bytes out(deflateBound(&stream, data.size()));
    stream.next_in = const_cast<Byte*>(data.data());
    stream.avail_in = static_cast<uInt>(data.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

Bytes certificate_like() {
    std::mt19937 random(1);
    Bytes data(1500);
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = i % 3 == 0 ? static_cast<Byte>(random()) : Byte{0x30};
    }
    return data;
}

TEST(Decompress, UndoesBothFormats) {
    const Bytes plain = certificate_like();
    for (const int format : {gzip_format, zlib_format}) {
        const Bytes packed = compressed_as(format, plain);
        EXPECT_TRUE(is_compressed(packed));
        EXPECT_EQ(decompress(packed, plain.size()), plain);
        EXPECT_EQ(decompress(packed, plain.size() - 1), std::nullopt);
    }
    EXPECT_EQ(decompress(compressed_as(gzip_format, {}), 100), Bytes{});
}

TEST(Decompress, StopsABombAtTheLimit) {
    const Bytes bomb = compressed_as(gzip_format, Bytes(50'000'000, 0x00));
    ASSERT_LT(bomb.size(), 100'000U);
    EXPECT_EQ(decompress(bomb, 100'000), std::nullopt);
}

TEST(Decompress, RefusesEveryCutAndEveryDamage) {
    const Bytes packed = compressed_as(gzip_format, certificate_like());
    for (std::size_t length = 0; length < packed.size(); ++length) {
        const Bytes cut(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(length));
        ASSERT_EQ(decompress(cut, 10000), std::nullopt) << length;
    }
    // The check sum notices any change of a bit in the compressed data; the header's time and system do not
    // matter.
    constexpr std::size_t header = 10;
    for (std::size_t i = header; i < packed.size(); ++i) {
        Bytes damaged = packed;
        damaged[i] ^= 0x10;
        ASSERT_EQ(decompress(damaged, 10000), std::nullopt) << i;
    }
}

struct StartRow {
    Bytes data;
    bool compressed;
};

TEST(IsCompressed, LooksAtTheFirstBytes) {
    const StartRow rows[] = {
        {{0x1F, 0x8B, 0x08}, true}, {{0x78, 0xDA, 0x00}, true},  {{0x30, 0x82, 0x01}, false},
        {{0x1F, 0x8B}, false},      {{0x1F, 0x8C, 0x08}, false}, {{}, false},
    };
    for (const StartRow& row : rows) {
        EXPECT_EQ(is_compressed(row.data), row.compressed) << to_hex(row.data);
    }
}

TEST(Compress, IsUndoneByDecompress) {
    const Bytes plain = certificate_like();
    for (const View data : {View(plain), View(plain).first(1), View()}) {
        const Bytes packed = compress(data);
        EXPECT_TRUE(is_compressed(packed));
        EXPECT_EQ(decompress(packed, plain.size()), to_bytes(data));
    }
    EXPECT_LT(compress(plain).size(), plain.size());
}

}  // namespace
}  // namespace jeton
