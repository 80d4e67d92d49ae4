#include "reader/quirks.hpp"

#include <algorithm>
#include <array>
#include <tuple>

namespace jeton::reader {

namespace {

constexpr Quirks none;

// Facts about readers in the field, as the behaviour of libccid 1.8.2 tells them; the interface classes were
// counted over the descriptors that it lists. None was tried with the reader itself.
constexpr QuirkRow rows[] = {
    // HP CCID keyboard
    {0x03F0, 0x0036, 0, 0xFFFF, {.no_pinpad = true, .first_good = 0x0124}},
    // HP smart card keyboard
    {0x03F0, 0x1024, 0, 0xFFFF, {.no_pinpad = true}},
    // Cherry SmartBoard XX44
    {0x046A, 0x0010, 0, 0xFFFF, {.pinpad = {.modify_messages = 3}}},
    // Cherry SmartTerminal ST-2xxx
    {0x046A,
     0x003E,
     0,
     0xFFFF,
     {.pre_standard = true, .pinpad = {.modify_all_indexes = true, .most_digits = 25}}},
    // Cherry KC 1000 SC
    {0x046A, 0x00A1, 0x0000, 0x00FF, {.pinpad = {.messages = 0xFF, .least_digits = 0, .most_digits = 32}}},
    // Cherry KC 1000 SC
    {0x046A,
     0x00A1,
     0x0100,
     0x0100,
     {.features_set = feature::level_extended_apdu,
      .pinpad = {.messages = 0xFF, .least_digits = 0, .most_digits = 32}}},
    // Cherry KC 1000 SC
    {0x046A, 0x00A1, 0x0101, 0xFFFF, {.pinpad = {.messages = 0xFF, .least_digits = 0, .most_digits = 32}}},
    // Cherry SmartTerminal XX44
    {0x046A, 0x00A7, 0, 0xFFFF, {.no_pinpad = true}},
    // SCM SCR331-DI
    {0x04E6, 0x5111, 0, 0xFFFF, {.pre_standard = true, .first_good = 0x0620}},
    // SCM SCR3310-NTTCom
    {0x04E6, 0x511A, 0, 0xFFFF, {.pre_standard = true}},
    // SCM SCR331-DI
    {0x04E6, 0x5120, 0, 0xFFFF, {.pre_standard = true}},
    // SCM SDI010
    {0x04E6, 0x5121, 0, 0xFFFF, {.pre_standard = true}},
    // SCM SDI011
    {0x04E6, 0x512B, 0, 0xFFFF, {.pre_standard = true}},
    // SCM SDI011
    {0x04E6, 0x512C, 0, 0xFFFF, {.pre_standard = true}},
    // SCM SCL010
    {0x04E6, 0x5291, 0, 0xFFFF, {.pre_standard = true, .first_good = 0x0112}},
    // SCM SCL01x
    {0x04E6, 0x5292, 0, 0xFFFF, {.pre_standard = true}},
    // SCM SCL01x
    {0x04E6, 0x5293, 0, 0xFFFF, {.patience = 4}},
    // Identiv uTrust 4701 F
    {0x04E6, 0x5724, 0, 0xFFFF, {.patience = 4}},
    // Identiv uTrust 3700 F
    {0x04E6, 0x5790, 0, 0xFFFF, {.patience = 4}},
    // Identiv uTrust 3701 F
    {0x04E6, 0x5791, 0, 0xFFFF, {.patience = 4}},
    // SCM SCR331
    {0x04E6, 0xE001, 0, 0xFFFF, {.first_good = 0x0516}},
    // SCM SPR532
    {0x04E6,
     0xE003,
     0,
     0xFFFF,
     {.pre_standard = true,
      .first_good = 0x0510,
      .pinpad = {.modify_all_indexes = true, .case1_escape = true}}},
    // Chicony keyboard; sends the digits to the host
    {0x04F2, 0x1469, 0, 0xFFFF, {.no_pinpad = true}},
    // SafeNet eToken 5100
    {0x0529, 0x0620, 0x0012, 0x0013, {.no_ifsd_exchange = true}},
    // Alcor Micro AU9520
    {0x058F, 0x9520, 0, 0xFFFF, {.first_good = 0x0102}},
    // Alcor Micro AU9540
    {0x058F, 0x9540, 0, 0xFFFF, {.max_data_rate = 200'000}},
    // THRC
    {0x062D, 0x0001, 0, 0xFFFF, {.first_good = 0x0102}},
    // ACS ACR122U
    {0x072F, 0x2200, 0, 0xFFFF, {.patience = 10, .first_good = 0x0206}},
    // OMNIKEY 3x21
    {0x076B, 0x3031, 0, 0xFFFF, {.no_pinpad = true}},
    // OMNIKEY CardMan 3821
    {0x076B, 0x3821, 0, 0xFFFF, {.pinpad = {.least_digits = 1, .most_digits = 31}}},
    // OMNIKEY 3x21 (generic)
    {0x076B, 0x3A21, 0, 0xFFFF, {.no_pinpad = true}},
    // OMNIKEY 5321 CLi
    {0x076B, 0x532A, 0, 0xFFFF, {.pre_standard = true}},
    // OMNIKEY 5021 CL
    {0x076B, 0x5340, 0, 0xFFFF, {.pre_standard = true}},
    // OMNIKEY 6121
    {0x076B, 0x6632, 0, 0xFFFF, {.no_pinpad = true}},
    // C3PO LTC31 v2
    {0x0783, 0x0006, 0, 0xFFFF, {.no_pinpad = true}},
    // Precise Biometrics
    {0x08C3, 0x0401, 0, 0xFFFF, {.first_good = 0x5000}},
    // Precise Biometrics
    {0x08C3, 0x0402, 0, 0xFFFF, {.first_good = 0x5000}},
    // Verisign Secure Storage Token
    {0x08E6, 0x1359, 0, 0xFFFF, {.pre_standard = true}},
    // Gem e-Seal Pro
    {0x08E6, 0x2202, 0, 0xFFFF, {.pre_standard = true}},
    // Gemalto GemPCPinpad
    {0x08E6,
     0x3478,
     0,
     0xFFFF,
     {.pinpad =
          {.messages = 1, .validation = 2, .wants_strings = true, .least_digits = 4, .most_digits = 8}}},
    // Verisign Secure Token
    {0x08E6, 0xACE0, 0, 0xFFFF, {.pre_standard = true}},
    // SchlumbergerSema Cyberflex Access
    {0x0973, 0x0003, 0, 0xFFFF, {.pre_standard = true}},
    // COVADIS VEGA-ALPHA
    {0x0982, 0x0008, 0, 0xFFFF, {.pinpad = {.messages = 1, .validation = 2, .wants_strings = true}}},
    // MySMART PAD V2.0
    {0x09BE, 0x0002, 0, 0xFFFF, {.max_ifsd = 254, .pre_standard = true}},
    // ActivCard
    {0x09C3, 0x0008, 0, 0xFFFF, {.first_good = 0x0203}},
    // Elatec TWN4
    {0x09D8, 0x0427, 0, 0xFFFF, {.patience = 10}},
    // Elatec TWN4
    {0x09D8, 0x0428, 0, 0xFFFF, {.patience = 10}},
    // Todos
    {0x0B0C, 0x0050, 0, 0xFFFF, {.first_good = 0x0101}},
    // id3 CL1356T
    {0x0B81, 0x0200, 0, 0xFFFF, {.patience = 30, .settle = 1000}},
    // O2 Micro Oz776
    {0x0B97, 0x7762, 0, 0xFFFF, {.max_data_rate = 9600, .no_pps = true}},
    // O2 Micro Oz776
    {0x0B97, 0x7772, 0, 0xFFFF, {.max_data_rate = 9600, .no_pps = true}},
    // Fujitsu SmartCase KB SCR eSIG
    {0x0BF8, 0x1017, 0, 0xFFFF, {.no_pinpad = true}},
    // Fujitsu D323
    {0x0BF8, 0x1024, 0, 0xFFFF, {.features_set = feature::level_extended_apdu, .no_pinpad = true}},
    // Reiner SCT cyberJack pinpad(a)
    {0x0C4B, 0x0300, 0, 0xFFFF, {.pre_standard = true}},
    // Reiner SCT cyberJack
    {0x0C4B, 0x0500, 0, 0xFFFF, {.pre_standard = true}},
    // KOBIL KAAN Base
    {0x0D46, 0x3001, 0, 0xFFFF, {.first_good = 0x0037}},
    // KOBIL KAAN Advanced
    {0x0D46, 0x3002, 0, 0xFFFF, {.first_good = 0x0037}},
    // KOBIL SecOVID Reader III
    {0x0D46,
     0x3010,
     0,
     0xFFFF,
     {.features_set = feature::level_short_apdu, .features_cleared = feature::level_extended_apdu}},
    // KOBIL IDToken
    {0x0D46, 0x301D, 0, 0xFFFF, {.power_off_first = true}},
    // Athena
    {0x0DC3, 0x0900, 0, 0xFFFF, {.first_good = 0x0200}},
    // Athena
    {0x0DC3, 0x1004, 0, 0xFFFF, {.first_good = 0x0502}},
    // Athena
    {0x0DC3, 0x1102, 0, 0xFFFF, {.first_good = 0x0607}},
    // OCS ID-One Cosmo
    {0x1A74, 0x6354, 0, 0xFFFF, {.pre_standard = true}},
    // OCS ID-One Cosmo
    {0x1A74, 0x6356, 0, 0xFFFF, {.pre_standard = true}},
    // DUALi DE-ABCM6
    {0x1DB2, 0x0600, 0, 0xFFFF, {.pre_standard = true}},
    // DUALi DE-620
    {0x1DB2, 0x0604, 0, 0xFFFF, {.pre_standard = true}},
    // bit4id miniLector-EVO
    {0x25DD, 0x3111, 0, 0xFFFF, {.no_pinpad = true}},
    // Diebold Nixdorf PN7362au
    {0x2F7C, 0x6007, 0, 0xFFFF, {.features_set = feature::level_extended_apdu}},
    // Dell keyboard SK-3106
    {0x413C,
     0x2100,
     0,
     0xFFFF,
     {.pre_standard = true, .pinpad = {.messages = 0, .swapped_digits = true, .pause = 250}}},
    // Dell smart card keyboard
    {0x413C, 0x2101, 0, 0xFFFF, {.pinpad = {.messages = 0, .pause = 250}}},
};

}  // namespace

std::span<const QuirkRow> quirk_rows() {
    return rows;
}

const Quirks& quirks_of(std::uint16_t vendor, std::uint16_t product, std::uint16_t release) {
    const auto before = [](const QuirkRow& row, const auto& wanted) {
        return std::tie(row.vendor, row.product, row.last_release) < wanted;
    };
    const auto* row =
        std::lower_bound(std::begin(rows), std::end(rows), std::tie(vendor, product, release), before);
    const bool found = row != std::end(rows) && row->vendor == vendor && row->product == product &&
                       row->first_release <= release;
    return found ? row->quirks : none;
}

ClassDescriptor corrected(ClassDescriptor descriptor, const Quirks& quirks) {
    descriptor.features = (descriptor.features | quirks.features_set) & ~quirks.features_cleared;
    descriptor.max_ifsd = quirks.max_ifsd.value_or(descriptor.max_ifsd);
    descriptor.max_data_rate = quirks.max_data_rate.value_or(descriptor.max_data_rate);
    if (quirks.no_pinpad) {
        descriptor.pin_support = 0;
    }
    return descriptor;
}

}  // namespace jeton::reader
