#include "reader/activation.hpp"

#include <gtest/gtest.h>

#include "port_under_test.hpp"

#include "reader/parameters.hpp"

namespace jeton::reader {

namespace {

using ccid::Request;
using support::FakeBus;
using test::FakePort;
using test::kind_of;

constexpr std::uint32_t extended = feature::level_extended_apdu;
constexpr std::uint32_t automatic = extended | feature::auto_voltage | feature::auto_negotiation;

/// Answers IccPowerOn with a failure of |error|, unless bPowerSelect is |good_select|.
void powers_only_with(const std::shared_ptr<FakeBus>& bus, Byte good_select, Byte error) {
    auto* wire = bus.get();
    bus->on_message = [wire, good_select, error](const Bytes& message) {
        if (message[0] == static_cast<Byte>(Request::icc_power_on) && message[7] != good_select) {
            return std::vector<Bytes>{wire->reply(message, {}, 0x40, error)};
        }
        return wire->usual(message);
    };
}

std::vector<int> power_selects(const FakeBus& bus) {
    std::vector<int> result;
    for (const Bytes& message : bus.written) {
        if (message[0] == static_cast<Byte>(Request::icc_power_on)) {
            result.push_back(message[7]);
        }
    }
    return result;
}

TEST(Activation, AutomaticVoltageIsOneTryWithoutSelection) {
    const auto bus = test::make_bus({.features = automatic});
    FakePort port(bus);
    EXPECT_EQ(power_cycle(port, 0, false).atr, bus->atr);
    EXPECT_EQ(power_selects(*bus), std::vector<int>{0});
    EXPECT_EQ(bus->written.size(), 1U) << "neither a power off nor parameters";
}

TEST(Activation, APoweredCardIsSwitchedOffFirst) {
    const auto bus = test::make_bus({.features = automatic});
    bus->icc = 0;
    FakePort port(bus);
    power_cycle(port, 0, true);
    EXPECT_EQ(bus->written.at(0)[0], static_cast<Byte>(Request::icc_power_off));
    EXPECT_EQ(bus->written.at(1)[0], static_cast<Byte>(Request::icc_power_on));
}

struct VoltageVector {
    Byte supported;
    Byte works;
    std::vector<int> tried;
};

TEST(Activation, TriesEachVoltageThatTheReaderHasOnce) {
    const VoltageVector vectors[] = {
        {7, 1, {1}}, {7, 3, {1, 3}}, {7, 2, {1, 3, 2}}, {2, 2, {2}}, {0, 0, {0}}};
    for (const VoltageVector& vector : vectors) {
        const auto bus =
            test::make_bus({.features = extended | feature::auto_negotiation, .voltages = vector.supported});
        powers_only_with(bus, vector.works, 0xFE);
        FakePort port(bus);
        EXPECT_EQ(power_cycle(port, 0, false).atr, bus->atr);
        EXPECT_EQ(power_selects(*bus), vector.tried);
        EXPECT_EQ(bus->count(Request::icc_power_off), vector.tried.size() - 1);
    }
}

struct FailureVector {
    Byte icc;
    Byte error;
    Error::Kind kind;
};

TEST(Activation, FailuresSayWhatIsWrongWithTheCard) {
    const FailureVector vectors[] = {{1, 0xFE, Error::Kind::mute},     {1, 0xFB, Error::Kind::mute},
                                     {2, 0xFE, Error::Kind::no_card},  {2, 0xFB, Error::Kind::no_card},
                                     {1, 0xF7, Error::Kind::protocol}, {1, 0xF5, Error::Kind::unsupported},
                                     {1, 0x07, Error::Kind::protocol}};
    for (const FailureVector& vector : vectors) {
        const auto bus = test::make_bus({.features = automatic});
        bus->icc = vector.icc;
        powers_only_with(bus, 99, vector.error);
        FakePort port(bus);
        EXPECT_EQ(kind_of([&] { power_cycle(port, 0, false); }), vector.kind) << int{vector.error};
    }
}

TEST(Activation, AnAtrOfImpossibleLengthIsAProtocolErrorAMalformedOneIsKept) {
    for (const std::size_t length : {0U, 1U, 34U}) {
        const auto bus = test::make_bus({.features = automatic});
        bus->atr = Bytes(length, 0x3B);
        FakePort port(bus);
        EXPECT_EQ(kind_of([&] { power_cycle(port, 0, false); }), Error::Kind::protocol) << length;
    }
    const auto bus = test::make_bus({.features = automatic});
    bus->atr = {0x3B, 0xFF, 0x00};
    FakePort port(bus);
    EXPECT_EQ(power_cycle(port, 0, false).atr, bus->atr);
}

TEST(Activation, ReadersThatDoNotNegotiateAreToldTheParameters) {
    const auto bus = test::make_bus({.features = extended | feature::auto_voltage | feature::auto_pps});
    bus->atr = from_hex("3BDA18FF81B1FE751F030031C573C001400090000C").value();
    FakePort port(bus);
    power_cycle(port, 0, false);
    ASSERT_EQ(bus->count(Request::set_parameters), 1U);
    EXPECT_EQ(to_hex(bus->written.back()),
              "6107000000000101000018"
              "10FF7500FE00");
}

TEST(Activation, ParametersThatTheReaderRefusesAreHarmlessOtherFailuresAreNot) {
    struct Vector {
        Byte icc;
        Byte error;
        std::optional<Error::Kind> kind;
    };
    const Vector vectors[] = {{0, 10, std::nullopt},
                              {0, 0x7F, std::nullopt},
                              {0, 0, std::nullopt},
                              {2, 10, Error::Kind::no_card},
                              {0, 0xFB, Error::Kind::mute}};
    for (const Vector& vector : vectors) {
        const auto bus = test::make_bus({.features = extended | feature::auto_voltage});
        auto* wire = bus.get();
        bus->on_message = [wire, vector](const Bytes& message) {
            if (message[0] != static_cast<Byte>(Request::set_parameters)) {
                return wire->usual(message);
            }
            wire->icc = vector.icc;
            return std::vector<Bytes>{wire->reply(message, {}, 0x40, vector.error)};
        };
        FakePort port(bus);
        EXPECT_EQ(kind_of([&] { power_cycle(port, 0, false); }), vector.kind) << int{vector.error};
    }
}

TEST(Activation, ChoosesAProtocolThatTheReaderHas) {
    const auto set_protocol = [](std::uint32_t protocols, std::uint32_t features, const char* atr) {
        const auto bus = test::make_bus({.features = extended | features, .protocols = protocols});
        bus->atr = from_hex(atr).value();
        FakePort port(bus);
        power_cycle(port, 0, false);
        return int{bus->written.back()[7]};
    };
    const char* both = "3B8F8001804F0CA000000306030001000000006A";
    EXPECT_EQ(set_protocol(3, feature::auto_pps, both), 0);
    EXPECT_EQ(set_protocol(2, feature::auto_pps, both), 1);
    EXPECT_EQ(set_protocol(2, 0, both), 0) << "nobody would send the PPS";
    EXPECT_EQ(set_protocol(3, 0, "3BF81300008131FE15597562696B657934D4"), 1);
    const auto bus = test::make_bus({.features = extended});
    bus->atr = {0x3B, 0x80, 0x0E, 0x8E};
    FakePort port(bus);
    EXPECT_EQ(kind_of([&] { power_cycle(port, 0, false); }), Error::Kind::unsupported);
}

TEST(Activation, EncodesTheParametersOfBothProtocols) {
    const auto t1 = parse_atr(from_hex("3BF81300008131FE15597562696B657934D4").value());
    EXPECT_EQ(to_hex(card_parameters(*t1, 1, 0x13)), "1310001500FE00");
    const auto t0 = parse_atr(from_hex("3F00").value());
    EXPECT_EQ(to_hex(card_parameters(*t0, 0, 0x11)), "1102000A00");
}

TEST(Activation, AsksForTheCardsSpeedOnlyWhereItCanBeHad) {
    ClassDescriptor reader;
    reader.default_clock = 4000;
    reader.max_data_rate = 344086;
    reader.features = feature::auto_pps;
    Atr atr;
    const auto speed = [&](Byte fi_di) {
        atr.fi_di = fi_di;
        return int{best_speed(atr, reader)};
    };
    EXPECT_EQ(speed(0x13), 0x13);
    EXPECT_EQ(speed(0x96), 0x96) << "250000 bit/s";
    EXPECT_EQ(speed(0x97), 0x96) << "500000 bit/s is too fast";
    EXPECT_EQ(speed(0x18), 0x18) << "129032 bit/s";
    EXPECT_EQ(speed(0x17), 0x11) << "688172 bit/s is too fast, and such speeds are not lowered";
    EXPECT_EQ(speed(0x31), 0x11) << "slower than the default";
    EXPECT_EQ(speed(0x7F), 0x11) << "reserved";
    reader.features = feature::level_extended_apdu;
    EXPECT_EQ(speed(0x13), 0x11) << "nobody would send the PPS";
    reader.features = feature::level_tpdu;
    EXPECT_EQ(speed(0x13), 0x13) << "the host sends it";
    reader.features = feature::level_extended_apdu;
    atr.ta2 = Byte{1};
    EXPECT_EQ(speed(0x13), 0x13) << "specific mode";
}

struct SilenceVector {
    const char* atr;
    std::uint32_t clock;
    int milliseconds;
};

/// 2 s for the reader, and the longer one of WWT and BWT.
constexpr SilenceVector silences[] = {
    {"3B6E000080318066B08412016E0183009000", 4000, 2892},         // T=0, WI 10
    {"3BF81300008131FE15597562696B657934D4", 4000, 2892},         // T=1 with BWI 1, T=0 has WI 10 anyway
    {"3BDA18FF81B1FE751F030031C573C001400090000C", 4000, 13427},  // BWI 7
    {"3B8B8131FE458073C021C0556A65746F6E7D", 4000, 3428},         // BWI 4
    {"3B8B8131FE458073C021C0556A65746F6E7D", 0, 7713},            // a reader that tells no clock
    {"3BFF", 4000, 3428},                                         // no ATR at all
    {"3B8F8001804F0CA000000306030001000000006A", 4000, 3428},     // contactless
};

TEST(Activation, SilenceIsTheWaitingTimeOfTheCardAndSomeForTheReader) {
    for (const SilenceVector& vector : silences) {
        ClassDescriptor reader;
        reader.default_clock = vector.clock;
        EXPECT_EQ(card_silence(from_hex(vector.atr).value(), reader).count(), vector.milliseconds)
            << vector.atr;
    }
}

}  // namespace

}  // namespace jeton::reader
