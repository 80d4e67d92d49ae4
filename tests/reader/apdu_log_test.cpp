#include "reader/apdu_log.hpp"

#include <gtest/gtest.h>

namespace jeton::reader {

namespace {

struct LogVector {
    const char* command;
    const char* logged;
    const char* response_logged;  ///< of 010203049000
};

constexpr LogVector vectors[] = {
    {"00A4040000", "> 00A4040000", "< 010203049000"},
    {"0020008008313233343536FFFF", "> 00200080 [9 bytes]", "< 010203049000"},
    {"002400801031323334353637383132333435363738", "> 00240080 [17 bytes]", "< 010203049000"},
    {"002C00801031323334353637383132333435363738", "> 002C0080 [17 bytes]", "< 010203049000"},
    {"102C00800131", "> 102C0080 [2 bytes]", "< 010203049000"},
    {"00DB3FFF024D00", "> 00DB3FFF [3 bytes]", "< 010203049000"},
    {"00FF FFFF 02 0000", "> 00FFFFFF [3 bytes]", "< 010203049000"},
    {"002A80860100", "> 002A8086 [2 bytes]", "< [4 bytes] 9000"},
    {"0087039B047C028000", "> 0087039B047C028000", "< [4 bytes] 9000"},
    {"00CB3FFF055C035FC10500", "> 00CB3FFF055C035FC10500", "< 010203049000"},
    {"00CB3FFF055C035FC10900", "> 00CB3FFF055C035FC10900", "< [4 bytes] 9000"},
    {"00A4", "> [2 bytes]", "< 010203049000"},
};

TEST(ApduLog, HidesPinsKeysAndWhatKeysGive) {
    for (const LogVector& vector : vectors) {
        ApduLog log;
        EXPECT_EQ(log.command(from_hex(vector.command).value()), vector.logged);
        EXPECT_EQ(log.response(from_hex("010203049000").value()), vector.response_logged) << vector.command;
        EXPECT_EQ(log.response(from_hex("9000").value()), "< 9000");
    }
}

TEST(ApduLog, HidesTheRestThatGetResponseFetches) {
    ApduLog log;
    log.command(from_hex("0087079A0100").value());
    EXPECT_EQ(log.command(from_hex("00C0000000").value()), "> 00C0000000");
    EXPECT_EQ(log.response(from_hex("010203049000").value()), "< [4 bytes] 9000");
    log.command(from_hex("00A4040000").value());
    log.command(from_hex("00C0000000").value());
    EXPECT_EQ(log.response(from_hex("010203049000").value()), "< 010203049000");
}

}  // namespace

}  // namespace jeton::reader
