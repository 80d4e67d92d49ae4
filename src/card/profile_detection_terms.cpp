#include "card/profile_detection_terms.hpp"

#include "card/profile_terms.hpp"

namespace jeton::card::vocabulary {

namespace {

using namespace rows;
using namespace text_forms;

constexpr Term atr_term = hex("atr", 2, 33, "The answer to reset, of this length, compared under `atrMask`.");
constexpr Term atr_mask_term =
    hex("atrMask", 2, 33, "As long as `atr`: bits that are 0 are not compared (default: all are).");
constexpr Term version_term =
    text("version", 64,
         "The application's version, such as `>=5.7 <6`: comparisons that must all hold. An application that "
         "tells no version does not fit.",
         version_range);
constexpr Term mask_term = hex("mask", 1, 255, "As long as `hex`: bits that are 0 are not compared.");

constexpr Term select_tlv_terms[] = {
    required(hex("tag", 1, 3, "The tag of a data object anywhere in the answer to SELECT.")),
    required(hex("hex", 1, 255, "Its value, of this length.")),
    mask_term,
};

constexpr Term get_data_terms[] = {
    required(hex("p1p2", 2, 2, "P1 and P2 of GET DATA (00 CA), sent to the selected application.")),
    required(hex("hex", 1, 255, "The answer, of this length.")),
    mask_term,
};

constexpr Term match_terms[] = {
    atr_term,
    atr_mask_term,
    text("historicalText", 15, "Part of the historical bytes of the ATR, without regard to case."),
    hex("historicalHex", 1, 15, "Part of the historical bytes of the ATR, exactly."),
    text("reader", 128, "The name of the reader; `*` stands for any characters, `?` for one."),
    hex("aid", 5, 16, "An application that the card must be able to select (ISO/IEC 7816-4, 12.2.3)."),
    object("selectTlv", select_tlv_shape, "What the application says when it is selected."),
    object("getData", get_data_shape, "What the application answers to GET DATA."),
    version_term,
};

constexpr Term when_terms[] = {version_term, atr_term, atr_mask_term};

constexpr Term status_terms[] = {
    required(text("sw", 4, "The status words: hex digits, `x` for any.", status_pattern)),
    choice("on", status_verbs, "What was asked of the card (default `any`)."),
    text("rv", 64,
         "What the application is told: the name of a return value of PKCS#11 (default: what the "
         "status word usually means).",
         return_name),
    choice("action", status_actions,
           "What is done first, once: `relogin` verifies the PIN again, `reselect` selects the application "
           "again, and both repeat the command, as `retry-once` does alone (default `none`). Nothing is "
           "repeated that is about a PIN."),
};

}  // namespace

constexpr Shape select_tlv_shape{"selectTlv", "`match[].selectTlv`", select_tlv_terms};
constexpr Shape get_data_shape{"getData", "`match[].getData`", get_data_terms};
constexpr Shape match_shape{"match", "`match[]`", match_terms};
constexpr Shape when_shape{"when", "`variants[].when`", when_terms};
constexpr Shape status_shape{"status", "`status[]`", status_terms, true};

}  // namespace jeton::card::vocabulary
