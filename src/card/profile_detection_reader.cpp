// How a card is recognised, and what its status words mean.
#include <algorithm>

#include "card/profile_reader.hpp"
#include "card/profile_reading.hpp"
#include "card/profile_vocabulary.hpp"
#include "card/return_values.hpp"

namespace jeton::card {

using namespace reading;

namespace {

MaskedBytes read_masked(const Json& json) {
    MaskedBytes out;
    read(json, "hex", out.value);
    read(json, "mask", out.mask);
    return out;
}

}  // namespace

StatusRule read_status(const Json& json) {
    StatusRule rule;
    const std::string pattern = json.at("sw");
    rule.mask = 0;
    for (const char digit : pattern) {
        const bool counts = digit != 'x';
        const unsigned nibble =
            counts ? static_cast<unsigned>(std::stoul(std::string(1, digit), nullptr, 16)) : 0;
        rule.value = static_cast<std::uint16_t>(rule.value << 4 | nibble);
        rule.mask = static_cast<std::uint16_t>(rule.mask << 4 | (counts ? 0xFU : 0U));
    }
    const auto& verbs = vocabulary::status_verbs;
    const auto* const verb = std::find(verbs.begin(), verbs.end(), json.value("on", "any"));
    if (verb != verbs.begin() && verb != verbs.end()) {
        rule.on = static_cast<Verb>(verb - verbs.begin() - 1);
    }
    if (const auto name = json.find("rv"); name != json.end()) {
        rule.return_value = return_value(name->get_ref<const std::string&>());
    }
    read_enum(json, "action", vocabulary::status_actions, rule.action);
    return rule;
}

MatchRule read_match(const Json& json) {
    MatchRule rule;
    read(json, "atr", rule.atr.value);
    read(json, "atrMask", rule.atr.mask);
    read(json, "reader", rule.reader);
    if (const auto tlv = json.find("selectTlv"); tlv != json.end()) {
        rule.select_tlv = MatchRule::SelectTlv{static_cast<std::uint32_t>(load_be(bytes_of(tlv->at("tag")))),
                                               read_masked(*tlv)};
    }
    if (const auto data = json.find("getData"); data != json.end()) {
        const Bytes p1p2 = bytes_of(data->at("p1p2"));
        rule.get_data = MatchRule::GetData{p1p2.front(), p1p2.back(), read_masked(*data)};
    }
    if (const auto version = json.find("version"); version != json.end()) {
        rule.version = VersionRange::parse(version->get_ref<const std::string&>()).value_or(VersionRange{});
    }
    read(json, "historicalText", rule.historical_text);
    read(json, "historicalHex", rule.historical_hex);
    read(json, "aid", rule.aid);
    return rule;
}

}  // namespace jeton::card
