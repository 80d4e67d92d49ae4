// The forms of ISO/IEC 7816-4, 5.2: cases 1 to 4, short and extended.
#include "card/apdu.hpp"

#include <gtest/gtest.h>
#include <ostream>

#include "card/error.hpp"

namespace jeton::card {
namespace {

struct Form {
    const char* name;
    std::size_t data;  ///< bytes of AA
    std::uint32_t le;
    const char* short_start;     ///< hex up to the data; nullptr: does not fit
    const char* short_end;       ///< hex after the data
    const char* extended_start;  ///< as above
    const char* extended_end;
};

void PrintTo(const Form& form, std::ostream* out) {
    *out << form.name;
}

class ApduForm : public testing::TestWithParam<Form> {
  protected:
    Bytes m_data = Bytes(GetParam().data, 0xAA);
    Apdu m_apdu{.cla = 0x00, .ins = 0xCB, .p1 = 0x3F, .p2 = 0xFF, .data = m_data, .le = GetParam().le};

    Bytes expected(const char* start, const char* end) const {
        Bytes out = from_hex(start).value();
        append(out, m_data);
        append(out, from_hex(end).value());
        return out;
    }
};

TEST_P(ApduForm, ShortEncodingFollowsTheStandard) {
    if (GetParam().short_start == nullptr) {
        EXPECT_THROW(encode_short(m_apdu), Error);
        return;
    }
    EXPECT_EQ(to_hex(encode_short(m_apdu)), to_hex(expected(GetParam().short_start, GetParam().short_end)));
}

TEST_P(ApduForm, ExtendedEncodingFollowsTheStandard) {
    if (GetParam().extended_start == nullptr) {
        EXPECT_THROW(encode_extended(m_apdu), Error);
        return;
    }
    EXPECT_EQ(to_hex(encode_extended(m_apdu)),
              to_hex(expected(GetParam().extended_start, GetParam().extended_end)));
}

INSTANTIATE_TEST_SUITE_P(
    Cases, ApduForm,
    testing::Values(Form{"case 1", 0, 0, "00CB3FFF", "", "00CB3FFF", ""},
                    Form{"case 2, one byte", 0, 1, "00CB3FFF01", "", "00CB3FFF000001", ""},
                    Form{"case 2, 256 bytes", 0, 256, "00CB3FFF00", "", "00CB3FFF000100", ""},
                    Form{"case 2, 257 bytes", 0, 257, nullptr, "", "00CB3FFF000101", ""},
                    Form{"case 2, any length", 0, any_length, nullptr, "", "00CB3FFF000000", ""},
                    Form{"case 2, too much", 0, any_length + 1, nullptr, "", nullptr, ""},
                    Form{"case 3, one byte", 1, 0, "00CB3FFF01", "", "00CB3FFF000001", ""},
                    Form{"case 3, 255 bytes", 255, 0, "00CB3FFFFF", "", "00CB3FFF0000FF", ""},
                    Form{"case 3, 256 bytes", 256, 0, nullptr, "", "00CB3FFF000100", ""},
                    Form{"case 3, 65535 bytes", 65535, 0, nullptr, "", "00CB3FFF00FFFF", ""},
                    Form{"case 3, too much", 65536, 0, nullptr, "", nullptr, ""},
                    Form{"case 4, short", 5, 256, "00CB3FFF05", "00", "00CB3FFF000005", "0100"},
                    Form{"case 4, any length", 5, any_length, nullptr, "", "00CB3FFF000005", "0000"}));

TEST(StatusWord, TellsTheTriesThatAreLeft) {
    EXPECT_EQ(tries_left({0x63C3}), 3U);
    EXPECT_EQ(tries_left({0x63C0}), 0U);
    EXPECT_EQ(tries_left({0x6983}), 0U);
    EXPECT_EQ(tries_left({0x6300}), std::nullopt);
    EXPECT_EQ(tries_left({0x9000}), std::nullopt);
}

}  // namespace
}  // namespace jeton::card
