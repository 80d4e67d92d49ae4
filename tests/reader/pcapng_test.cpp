#include "reader/pcapng.hpp"

#include <gtest/gtest.h>

#include "reader/pcapng_usb.hpp"

namespace jeton::reader::pcapng {

namespace {

Bytes good_file() {
    Bytes file = section_block("test");
    append(file, interface_block("bus"));
    append(file, packet_block(0x123456789A, Bytes{1, 2, 3, 4, 5}, "a remark"));
    append(file, packet_block(0x123456789B, Bytes{6}, ""));
    return file;
}

TEST(Pcapng, ReadsWhatItWrites) {
    const Bytes file = good_file();
    Reader reader(file);
    const auto first = reader.next();
    ASSERT_TRUE(first);
    EXPECT_EQ(to_hex(first->data), "0102030405");
    EXPECT_EQ(first->comment, "a remark");
    EXPECT_EQ(first->link, link_usb);
    EXPECT_FALSE(first->cut);
    const auto second = reader.next();
    ASSERT_TRUE(second);
    EXPECT_EQ(to_hex(second->data), "06");
    EXPECT_EQ(second->comment, "");
    EXPECT_FALSE(reader.next());
    EXPECT_EQ(reader.error(), "");
}

/// The bytes as the draft has them.
TEST(Pcapng, WritesBlocksAsPublished) {
    EXPECT_EQ(to_hex(section_block("ab")),
              "0A0D0D0A"
              "28000000"
              "4D3C2B1A"
              "0100"
              "0000"
              "FFFFFFFFFFFFFFFF"
              "0400"
              "0200"
              "61620000"
              "00000000"
              "28000000");
    EXPECT_EQ(to_hex(packet_block(0x500000001, Bytes{0xAA}, "")),
              "06000000"
              "24000000"
              "00000000"
              "05000000"
              "01000000"
              "01000000"
              "01000000"
              "AA000000"
              "24000000");
}

TEST(Pcapng, EveryCutIsTold) {
    const Bytes file = good_file();
    const std::size_t boundaries[] = {0, section_block("test").size(),
                                      section_block("test").size() + interface_block("bus").size()};
    for (std::size_t size = 1; size < file.size(); ++size) {
        Reader reader(View(file).first(size));
        std::size_t packets = 0;
        while (reader.next()) {
            ++packets;
        }
        const bool whole_blocks = std::ranges::find(boundaries, size) != std::end(boundaries) ||
                                  size == file.size() - packet_block(0, Bytes{6}, "").size();
        EXPECT_EQ(reader.error().empty(), whole_blocks) << size;
        EXPECT_LE(packets, 1U);
    }
}

struct BrokenFile {
    std::size_t at;
    Byte value;
    const char* told;
};

TEST(Pcapng, MistakesAreTold) {
    const std::size_t interface = section_block("test").size();
    const std::size_t packet = interface + interface_block("bus").size();
    const BrokenFile broken[] = {
        {0, 0x0B, "is no pcapng file"},
        {8, 0x1A, "has a section that is not little-endian"},
        {12, 2, "has a section of an unknown version"},
        {4, 3, "is no pcapng file"},
        {interface + 4, 3, "has a block of an impossible length"},
        {interface + 6, 3, "ends within a block"},
        {packet - 4, 1, "has a block whose lengths contradict each other"},
        {packet + 8, 1, "has a packet of an interface that it does not describe"},
        {packet + 20, 200, "has a packet that is longer than its block"},
    };
    for (const BrokenFile& row : broken) {
        Bytes file = good_file();
        file[row.at] = row.value;
        Reader reader(file);
        while (reader.next()) {
        }
        EXPECT_EQ(reader.error(), row.told) << row.at;
    }
}

TEST(Pcapng, SkipsBlocksThatItDoesNotKnow) {
    Bytes file = section_block("test");
    append(file, from_hex("0500000010000000 00000000 10000000").value());
    append(file, interface_block("bus"));
    append(file, packet_block(1, Bytes{1}, ""));
    Reader reader(file);
    EXPECT_TRUE(reader.next());
    EXPECT_EQ(reader.error(), "");
}

TEST(PcapngUsb, WritesHalvesOfTransfersAsLinuxDoes) {
    const Bytes message{0x65, 0, 0, 0, 0, 0, 1, 0, 0, 0};
    UsbPacket out{
        .id = 7, .type = TransferType::bulk, .endpoint = 0x01, .bus = 3, .address = 9, .time = 5'000'002};
    out.length = 10;
    out.data = message;
    EXPECT_EQ(to_hex(encode_usb(out)),
              "0700000000000000"
              "53"
              "03"
              "01"
              "09"
              "0300"
              "2D"
              "00"
              "0500000000000000"
              "02000000"
              "8DFFFFFF"
              "0A000000"
              "0A000000"
              "0000000000000000"
              "00000000"
              "00000000"
              "00000000"
              "00000000"
              "65000000000001000000");
    out.completes = true;
    out.data = {};
    const Bytes done = encode_usb(out);
    EXPECT_EQ(done[8], 'C');
    EXPECT_EQ(done[15], '>');
    EXPECT_EQ(to_hex(View(done).subspan(28, 12)), "000000000A00000000000000");
    out.endpoint = 0x82;
    out.completes = false;
    EXPECT_EQ(encode_usb(out)[15], '<');
}

TEST(PcapngUsb, ReadsWhatItWrites) {
    UsbPacket setup{
        .id = 1, .type = TransferType::control, .endpoint = 0x80, .bus = 1, .address = 2, .time = 77};
    setup.setup = {0x80, 6, 0, 1, 0, 0, 18, 0};
    const Bytes bytes = encode_usb(setup);
    const auto read = parse_usb(link_usb, bytes);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->setup, setup.setup);
    EXPECT_EQ(read->time, 77U);
    EXPECT_FALSE(read->completes);

    Bytes answer = encode_usb({.id = 1,
                               .completes = true,
                               .type = TransferType::bulk,
                               .endpoint = 0x82,
                               .status = -32,
                               .data = {}});
    const auto failed = parse_usb(link_usb, answer);
    ASSERT_TRUE(failed);
    EXPECT_EQ(failed->status, -32);
    answer[8] = 'E';
    EXPECT_FALSE(parse_usb(link_usb, answer));
    answer[8] = 'C';
    EXPECT_FALSE(parse_usb(1, answer));
    EXPECT_FALSE(parse_usb(link_usb, View(answer).first(63)));
    EXPECT_TRUE(parse_usb(link_usb_short, View(answer).first(48)));
    answer[9] = 4;
    EXPECT_FALSE(parse_usb(link_usb, answer));
}

}  // namespace

}  // namespace jeton::reader::pcapng
