#include "reader/secret_mask_apdu.hpp"

#include <gtest/gtest.h>

#include "reader/secret_mask_block.hpp"

namespace jeton::reader {

namespace {

Bytes bytes(std::string_view hex) {
    return from_hex(hex).value();
}

/// masked is |hex| as a whole command after |mask| saw it.
std::string masked(ApduMask& mask, std::string_view hex, bool begins = true, bool ends = true) {
    Bytes command = bytes(hex);
    mask.command(command, begins, ends);
    return to_hex(command);
}

std::string answered(ApduMask& mask, std::string_view hex, bool ends = true) {
    Bytes response = bytes(hex);
    mask.response(response, ends);
    return to_hex(response);
}

struct MaskVector {
    const char* command;
    const char* masked;
    const char* response_masked;  ///< of 0102039000
};

constexpr const char* shown = "0102039000";
constexpr const char* hidden = "FFFFFF9000";

constexpr MaskVector vectors[] = {
    {"00A4040005A000000308", "00A4040005A000000308", shown},
    {"0020008008313233343536FFFF", "0020008008FFFFFFFFFFFFFFFF", shown},
    {"00200080", "00200080", shown},
    {"0020008000", "0020008000", shown},
    {"00240080023132", "0024008002FFFF", shown},
    {"002C0080023132", "002C008002FFFF", shown},
    {"0082000002313200", "0082000002FFFF00", shown},
    {"00DB3FFF044D021234", "00DB3FFF04FFFFFFFF", shown},
    {"00DB3FFF0000044D021234", "00DB3FFF000004FFFFFFFF", shown},
    {"00FE079A00000401021234", "00FE079A000004FFFFFFFF", shown},
    {"00FE079A000004010212340000", "00FE079A000004FFFFFFFF0000", shown},
    {"00FFFFFF03039B01", "00FFFFFF03FFFFFF", shown},
    {"002A8086020001 00", "002A808602FFFF00", hidden},
    {"0087039B047C02800000", "0087039B047C02800000", hidden},
    {"0087039B047C028000", "0087039B047C028000", hidden},
    {"0087039B057C0380010200", "0087039B05FFFFFFFFFF00", hidden},
    {"0087079A047C02820000", "0087079A047C02820000", hidden},
    {"0084000008", "0084000008", hidden},
    {"00CB3FFF055C035FC10500", "00CB3FFF055C035FC10500", shown},
    {"00CB3FFF055C035FC10900", "00CB3FFF055C035FC10900", hidden},
    {"00CA010300", "00CA010300", hidden},
    {"00CA006E00", "00CA006E00", shown},
    {"8055000002AABB00", "8055000002FFFF00", hidden},  // nobody knows what that is
    {"0055000000", "0055000000", hidden},
    // Lengths that lie.
    {"00200080023132333435", "0020008002FFFFFFFFFF", shown},
    {"0020008008313233", "0020008008FFFFFF", shown},
    {"002000800031323334", "0020008000FFFFFFFF", shown},
};

TEST(ApduMask, MasksWhatIsSecretAndNothingElse) {
    for (const MaskVector& vector : vectors) {
        ApduMask mask;
        EXPECT_EQ(masked(mask, vector.command), vector.masked);
        EXPECT_EQ(answered(mask, "0102039000"), vector.response_masked) << vector.command;
        EXPECT_EQ(answered(mask, "6A82"), "6A82") << vector.command;
    }
}

TEST(ApduMask, MasksAllLinksOfAChainAndWhatComesAfter) {
    ApduMask mask;
    EXPECT_EQ(masked(mask, "10DB3FFF024D10"), "10DB3FFF02FFFF");
    EXPECT_EQ(masked(mask, "0087079A021234"), "0087079A02FFFF");  // should have been the next link
    EXPECT_EQ(masked(mask, "0087079A021234"), "0087079A021234");
    EXPECT_EQ(masked(mask, "1087039B047C028000"), "1087039B047C028000");
    EXPECT_EQ(masked(mask, "0087039B047C028112"), "0087039B04FFFFFFFF");
}

TEST(ApduMask, AnObjectNamedInALaterLinkIsSecret) {
    ApduMask mask;
    masked(mask, "10CB3FFF035C035F");
    EXPECT_EQ(masked(mask, "00CB3FFF02C109"), "00CB3FFF02C109");
    EXPECT_EQ(answered(mask, "0102039000"), hidden);
}

TEST(ApduMask, GetResponseBelongsToTheCommandBefore) {
    ApduMask mask;
    masked(mask, "0087079A021234");
    EXPECT_EQ(answered(mask, "0102036105"), "FFFFFF6105");
    masked(mask, "00C0000005");
    EXPECT_EQ(answered(mask, "0102039000"), hidden);
    masked(mask, "00A4040000");
    masked(mask, "00C0000005");
    EXPECT_EQ(answered(mask, "0102039000"), shown);
}

/// The secret must not show wherever the command is cut.
TEST(ApduMask, MasksCommandsInPiecesOfAnySize) {
    const std::string head = "00FE079A000008";
    const Bytes whole = bytes(head + "A1A2A3A4A5A6A7A8");
    for (std::size_t size = 1; size <= whole.size(); ++size) {
        ApduMask mask;
        Bytes out;
        for (std::size_t at = 0; at < whole.size(); at += size) {
            Bytes piece = to_bytes(View(whole).subspan(at, std::min(size, whole.size() - at)));
            mask.command(piece, at == 0, at + size >= whole.size());
            append(out, piece);
        }
        EXPECT_EQ(to_hex(out), head + "FFFFFFFFFFFFFFFF") << size;
    }
}

TEST(ApduMask, PiecesOfAResponseHideUntilTheStatusWord) {
    ApduMask mask;
    masked(mask, "0087079A021234");
    EXPECT_EQ(answered(mask, "01029000", false), "FFFFFFFF");
    EXPECT_EQ(answered(mask, "019000", true), "FF9000");
    EXPECT_EQ(answered(mask, "010203", true), "FFFFFF");  // no status word
    EXPECT_EQ(answered(mask, "", true), "");
}

TEST(ApduMask, APieceWithoutABeginningIsSecret) {
    ApduMask mask;
    EXPECT_EQ(masked(mask, "00A40400", false, true), "FFFFFFFF");
}

TEST(ApduMask, LooksIntoEnvelopes) {
    ApduMask mask;
    EXPECT_EQ(masked(mask, "00C2000009 00FE079A000004 A1A2"), "00C200000900FE079A000004FFFF");
    EXPECT_EQ(answered(mask, "9000"), "9000");
    EXPECT_EQ(masked(mask, "00C2000002 A3A4"), "00C2000002FFFF");
    EXPECT_EQ(answered(mask, "0102039000"), hidden);  // a piece of an unknown whole
    // The next one begins anew.
    EXPECT_EQ(masked(mask, "00C200000A 00A404000000020A0B"), "00C200000A00A404000000020A0B");
    EXPECT_EQ(answered(mask, "0102039000"), shown);
    // A refused piece ends it, and so does another command.
    masked(mask, "00C2000009 00FE079A000004 A1A2");
    answered(mask, "6F00");
    EXPECT_EQ(masked(mask, "00C200000A 00A404000000020A0B"), "00C200000A00A404000000020A0B");
    masked(mask, "00C2000009 00A40400000004 A1A2");
    masked(mask, "00A4040000");
    EXPECT_EQ(masked(mask, "00C200000A 00FE079A000002A1A2"), "00C200000A00FE079A000002FFFF");
}

/// block makes an I-block with an LRC.
Bytes block(Byte pcb, std::string_view information) {
    const Bytes data = bytes(information);
    Bytes out{0, pcb, static_cast<Byte>(data.size())};
    append(out, data);
    Byte sum = 0;
    for (const Byte byte : out) {
        sum ^= byte;
    }
    out.push_back(sum);
    return out;
}

TEST(BlockMask, MasksChainedBlocksAndMakesTheirCheckBytesAnew) {
    ApduMask apdus;
    BlockMask blocks;
    Bytes first = block(0x20, "00200080083132");
    Bytes again = first;
    Bytes second = block(0x40, "33343536FFFF");
    EXPECT_EQ(blocks.command(apdus, first), 2U);
    EXPECT_EQ(first, block(0x20, "0020008008FFFF"));
    Bytes wait{0x00, 0xC3, 0x01, 0x02, 0xC0};
    EXPECT_EQ(blocks.response(apdus, wait), 0U);
    EXPECT_EQ(to_hex(wait), "00C30102C0");
    EXPECT_EQ(blocks.command(apdus, again), 2U);  // the card asked for it once more
    EXPECT_EQ(again, first);
    EXPECT_EQ(blocks.command(apdus, second), 6U);
    EXPECT_EQ(second, block(0x40, "FFFFFFFFFFFF"));

    Bytes third = block(0x00, "0087079A021234");
    blocks.command(apdus, third);
    EXPECT_EQ(third, block(0x00, "0087079A021234"));
    Bytes answer = block(0x20, "01029000");
    blocks.response(apdus, answer);
    EXPECT_EQ(answer, block(0x20, "FFFFFFFF"));
    answer = block(0x40, "039000");
    blocks.response(apdus, answer);
    EXPECT_EQ(answer, block(0x40, "FF9000"));
}

TEST(BlockMask, ACheckByteThatWasWrongStaysWrong) {
    ApduMask apdus;
    BlockMask blocks;
    Bytes spoilt = block(0x00, "0020008002 3132");
    spoilt.back() ^= 0x10;
    blocks.command(apdus, spoilt);
    Bytes expected = block(0x00, "0020008002FFFF");
    expected.back() ^= 0x10;
    EXPECT_EQ(spoilt, expected);
}

/// The check bytes are those of CRC-16/MCRF4XX, computed by another program.
TEST(BlockMask, MakesCrcsAnew) {
    ApduMask apdus;
    BlockMask blocks;
    Bytes right = bytes("00000700200080023132 A0D4");
    EXPECT_EQ(blocks.command(apdus, right), 2U);
    EXPECT_EQ(to_hex(right), "0000070020008002FFFFED87");
}

TEST(BlockMask, AnAbortedOrResynchronisedChainBeginsAnew) {
    for (const char* supervisory : {"00C000C0", "00C200C2"}) {
        ApduMask apdus;
        BlockMask blocks;
        Bytes first = block(0x20, "00A404000201");
        blocks.command(apdus, first);
        Bytes reset = bytes(supervisory);
        blocks.command(apdus, reset);
        Bytes next = block(0x00, "0020008002 3132");
        blocks.command(apdus, next);
        EXPECT_EQ(next, block(0x00, "0020008002FFFF")) << supervisory;
    }
}

TEST(BlockMask, OfWhatIsNoBlockThePrologueStays) {
    ApduMask apdus;
    BlockMask blocks;
    Bytes cut = bytes("0000080020008002");
    blocks.command(apdus, cut);
    EXPECT_EQ(to_hex(cut), "000008FFFFFFFFFF");
    Bytes tiny = bytes("0000");
    EXPECT_EQ(blocks.command(apdus, tiny), 0U);
}

}  // namespace

}  // namespace jeton::reader
