// What our applet asks of the card in tests/transcripts, and its recorded hosts did not.
#pragma once

#include <string_view>
#include <vector>

namespace jeton::card {

/// Unrecorded is a command of ours that a record does not have, with its answer.
struct Unrecorded {
    std::vector<std::string_view> files;
    std::string_view command;
    std::string_view
        recorded;  ///< the command of the same file that is answered instead; empty: |answer| counts
    std::string_view answer;
    const char* why;
};

/// The records of a host that looks around first, and reads everything in its own form of GET DATA.
inline const std::vector<std::string_view> looking_around{
    "canokey-discovery",   "canokey-discovery-again",   "canokey-pin-ok",     "canokey-pin-wrong",
    "canokey-pin-blocked", "canokey-pin-after-unblock", "canokey-change-pin", "canokey-change-pin-back",
    "canokey-sign-rsa",    "canokey-sign-ec",           "canokey-decipher"};
inline const std::vector<std::string_view> without_select(looking_around.begin() + 1, looking_around.end());
inline const std::vector<std::string_view> listed{"canokey-discovery", "canokey-discovery-again"};

/// The records of a host that administrates.
inline const std::vector<std::string_view> administration{"canokey-unblock", "canokey-import-ec",
                                                          "canokey-import-rsa", "canokey-personalize"};
inline const std::vector<std::string_view> without_chuid(administration.begin(), administration.end() - 1);
inline const std::vector<std::string_view> writing(administration.begin() + 1, administration.end());
inline const std::vector<std::string_view> importing(administration.begin() + 1, administration.end() - 1);
inline const std::vector<std::string_view> personalize{"canokey-personalize"};

inline const std::vector<std::string_view> counting{"canokey-unblock", "canokey-personalize"};

inline constexpr std::string_view chuid =
    "533B3019D4E739DA739CED39CE739D836858210842108421C84210C3EB"
    "341055749320DCA3636CF5D28F0841FE38A9350832303330303130313E00FE009000";

inline const std::vector<Unrecorded> unrecorded{
    {without_select, "00A4040009A0000003080000100000", "", "61114F0600001000010079074F05A0000003089000",
     "the record goes on where another ended: the application is selected. The answer is from "
     "canokey-discovery"},
    {looking_around, "00CB3FFF055C035FC10200", "00CB3FFF055C035FC1023D", "",
     "we ask for up to 256 bytes, the record for as many as there are"},
    {listed, "00CB3FFF055C035FC10700", "00CB3FFF055C035FC10735", "", "the same"},
    {listed, "00CB3FFF055C035FC10C00", "00CB3FFF055C035FC10C08", "",
     "the same, of an object that is not there"},
    {listed, "00CB3FFF055C035FC10600", "", "6A82",
     "the record does not ask for the security object; this is what the card answers for objects that it "
     "does not have"},
    {administration, "00A4040009A0000003080000100000", "00A4040005A000000308", "",
     "we select with nine bytes of the name, the record with five"},
    {without_chuid, "00CB3FFF055C035FC10200", "", chuid,
     "the record takes the serial number from another command. The answer is from canokey-discovery"},
    {counting, "00200080", "0020008000", "", "we ask for the counter without Le"},
    {writing, "00F7009B00", "", "6D00",
     "we ask of what kind the management key is; the record does not, and as if it could not tell, it is "
     "tried out"},
    {importing, "00CB3FFF055C035FC10C00", "", "6A82",
     "we look whether the key history has to be changed; the answer is from canokey-discovery"},
    {{"canokey-import-ec"},
     "00DB3FFF0F5C035FC10C5308C10101C20100FE00",
     "",
     "9000",
     "we write a key history, the record's host none; it was allowed to write"},
    {{"canokey-import-rsa"}, "00DB3FFF0F5C035FC10C5308C10102C20100FE00", "", "9000", "the same"},
    {personalize, "0047009A05AC0380010700", "0047009A05AC03800107", "", "we add Le, here and below"},
    {personalize, "0047009C05AC0380011100", "0047009C05AC03800111", "", "the same"},
    {personalize, "0047009D05AC0380010700", "0047009D05AC03800107", "", "the same"},
    {personalize, "0047009E05AC0380011100", "0047009E05AC03800111", "", "the same"},
    {personalize, "00CB3FFF055C035FC10200", "00CB3FFF055C035FC102", "", "the same"},
    {personalize, "00CB3FFF055C035FC10700", "00CB3FFF055C035FC107", "", "the same"},
    {personalize, "00CB3FFF055C035FC10500", "00CB3FFF055C035FC105", "", "the same"},
    {personalize, "00CB3FFF055C035FC10A00", "00CB3FFF055C035FC10A", "", "the same"},
    {personalize, "00CB3FFF055C035FC10B00", "00CB3FFF055C035FC10B", "", "the same"},
    {personalize, "00CB3FFF055C035FC10100", "00CB3FFF055C035FC101", "", "the same"},
    {personalize, "00C000000F", "00C0000000", "",
     "we ask for as many bytes as there are, the record for up to 256"},
    {personalize, "00C00000FF", "00C0000000", "", "the same; 255 and more are one byte more"},
    {personalize, "00C00000AB", "00C0000000", "", "the same"},
    {personalize, "00C00000DE", "00C0000000", "", "the same"},
    {personalize, "00C00000DF", "00C0000000", "", "the same"},
    {personalize, "00CB3FFF055C035FC10C00", "", "6A82",
     "the answer is from canokey-discovery, where it is asked for"},
    {personalize, "00CB3FFF035C017E00", "", "7E124F0BA0000003080000100001005F2F0240109000", "the same"},
    {personalize, "00CB3FFF055C035FC10600", "", "6A82", "as with the records above"},
};

}  // namespace jeton::card
