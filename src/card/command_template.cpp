#include "card/command_template.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "card/profile_vocabulary.hpp"

namespace jeton::card {

namespace {

constexpr std::size_t longest_data = 65535;

/// The bytes of a length field as short as it can be (ISO/IEC 7816-4, 5.2.2.2); 4 and more do not occur.
std::size_t length_bytes_for(std::size_t length) {
    return length < 0x80 ? 1 : length <= 0xFF ? 2 : 3;
}

/// longest_in is the longest length that a field of |bytes| names.
std::size_t longest_in(std::size_t bytes) {
    return bytes == 1 ? 0x7F : bytes == 2 ? 0xFF : 0xFFFF;
}

void put_length(SecretBytes& out, std::size_t length, std::size_t bytes) {
    if (bytes > 1) {
        out.push_back(static_cast<Byte>(0x80 | (bytes - 1)));
    }
    if (bytes > 2) {
        out.push_back(static_cast<Byte>(length >> 8));
    }
    out.push_back(static_cast<Byte>(length));
}

/// view_for is what fills in |source|; nothing for what is one byte, or stands in the profile.
View view_for(CommandTemplate::Source source, const TemplateValues& values) {
    using Source = CommandTemplate::Source;
    switch (source) {
        case Source::data:
            return values.data;
        case Source::iv:
            return values.iv;
        case Source::aad:
            return values.aad;
        case Source::counter:
            return values.counter;
        default:
            return {};
    }
}

Byte byte_for(CommandTemplate::Source source, const TemplateValues& values) {
    using Source = CommandTemplate::Source;
    return source == Source::key_ref     ? values.key_ref
           : source == Source::algorithm ? values.algorithm
                                         : static_cast<Byte>(values.tag_bits);
}

bool is_byte(CommandTemplate::Source source) {
    using Source = CommandTemplate::Source;
    return source == Source::key_ref || source == Source::algorithm || source == Source::tag_bits;
}

Bytes bytes_in(const Json& json) {
    return from_hex(json.get_ref<const std::string&>()).value_or(Bytes{});
}

/// literal_in gives the bytes of |operand| for the length of the key; nullptr when there are none for it.
template <typename Operand>
const Bytes* literal_in(const Operand& operand, const TemplateValues& values) {
    if (operand.by_bits.empty()) {
        return &operand.literal;
    }
    const auto found = operand.by_bits.find(values.key_bits);
    return found == operand.by_bits.end() ? nullptr : &found->second;
}

/// bytes_of fills |operand| in. Throws Error(unsupported) for a key length that a constant does not have.
template <typename Operand>
SecretBytes bytes_of(const Operand& operand, const TemplateValues& values, Verb verb) {
    if (is_byte(operand.source)) {
        return SecretBytes(1, byte_for(operand.source, values));
    }
    if (operand.source != CommandTemplate::Source::literal) {
        return to_secret(view_for(operand.source, values));
    }
    const Bytes* const literal = literal_in(operand, values);
    if (literal == nullptr) {
        throw Error(Error::Kind::unsupported, verb,
                    fmt::format("the command is not for keys of {} bits", values.key_bits));
    }
    return to_secret(*literal);
}

/// P1 and P2 are one byte: the checks of the profile saw to that.
template <typename Operand>
Byte byte_of(const Operand& operand, const TemplateValues& values, Verb verb) {
    const SecretBytes bytes = bytes_of(operand, values, verb);
    return bytes.empty() ? Byte{0} : bytes.front();
}

}  // namespace

// From JSON.

CommandTemplate::Operand CommandTemplate::read_operand(const std::string& text, const Json& constants) {
    const auto& known = vocabulary::placeholders;
    const auto* const place = std::find(known.begin(), known.end(), text);
    if (place != known.end()) {
        return {.source = static_cast<Source>(1 + (place - known.begin()))};
    }
    const std::string_view name = vocabulary::constant_in(text);
    if (name.empty()) {
        return {.literal = from_hex(text).value_or(Bytes{})};
    }
    const Json& constant = constants.at(std::string(name));
    if (constant.is_string()) {
        return {.literal = bytes_in(constant)};
    }
    Operand operand;
    for (const std::size_t bits : {128, 192, 256}) {
        if (const auto found = constant.find(std::to_string(bits)); found != constant.end()) {
            operand.by_bits[bits] = bytes_in(*found);
        }
    }
    return operand;
}

CommandTemplate::Piece CommandTemplate::read_piece(const Json& piece, const Json& constants) {
    Piece out;
    out.operand = read_operand(piece.at(piece.contains("hex") ? "hex" : "value"), constants);
    if (const auto tag = piece.find("tlv"); tag != piece.end()) {
        out.tag = bytes_in(*tag);
    }
    out.length_bytes = piece.value("lenBytes", std::size_t{0});
    out.omit_if_empty = piece.value("omitIfEmpty", false);
    return out;
}

CommandTemplate::Step CommandTemplate::read_step(const Json& step, const Json& constants) {
    Step out;
    out.cla = bytes_in(step.at("cla")).front();
    out.ins = bytes_in(step.at("ins")).front();
    out.p1 = read_operand(step.at("p1"), constants);
    out.p2 = read_operand(step.at("p2"), constants);
    for (const Json& piece : step.value("data", Json::array())) {
        out.pieces.push_back(read_piece(piece, constants));
    }
    for (const Json& field : step.value("answer", Json::array())) {
        const Json& length = field.at("length");
        const auto kind = length.is_number()  ? Field::Length::fixed
                          : length == "input" ? Field::Length::input
                                              : Field::Length::rest;
        out.fields.push_back(
            {field.at("field"), kind, length.is_number() ? length.get<std::size_t>() : std::size_t{0}});
    }
    const std::string le = step.value("le", out.fields.empty() ? "none" : "max");
    out.le = le == "none" ? Le::none : le == "short" ? Le::up_to_256 : Le::all;
    if (const auto ok = step.find("ok"); ok != step.end()) {
        out.success.clear();
        for (const Json& status : *ok) {
            out.success.push_back({static_cast<std::uint16_t>(load_be(bytes_in(status)))});
        }
    }
    out.max_data = step.value("maxData", out.max_data);
    return out;
}

std::shared_ptr<const CommandTemplate> CommandTemplate::read(const Json& command, const Json& constants) {
    auto out = std::make_shared<CommandTemplate>();
    if (const auto steps = command.find("steps"); steps != command.end()) {
        for (const Json& step : *steps) {
            out->m_steps.push_back(read_step(step, constants));
        }
    } else {
        out->m_steps.push_back(read_step(command, constants));
    }
    return out;
}

// Sizes.

/// size_of is the length of |piece| in the command, with |data| bytes of data.
std::size_t CommandTemplate::size_of(const Piece& piece, const TemplateValues& values, std::size_t data) {
    std::size_t size = 0;
    if (is_byte(piece.operand.source)) {
        size = 1;
    } else if (piece.operand.source == Source::literal) {
        const Bytes* const literal = literal_in(piece.operand, values);
        size = literal == nullptr ? longest_data + 1 : literal->size();
    } else {
        size = piece.operand.source == Source::data ? data : view_for(piece.operand.source, values).size();
    }
    if (piece.tag.empty() || (size == 0 && piece.omit_if_empty)) {
        return size;
    }
    const std::size_t bytes = piece.length_bytes != 0 ? piece.length_bytes : length_bytes_for(size);
    return size > longest_in(bytes) ? longest_data + 1 : piece.tag.size() + bytes + size;
}

bool CommandTemplate::Step::takes_data() const {
    return std::any_of(pieces.begin(), pieces.end(),
                       [](const Piece& piece) { return piece.operand.source == Source::data; });
}

/// has_room tells whether the step fits through |rule| with |data| bytes of data, and its answer too.
bool CommandTemplate::Step::has_room(const TransportRule& rule, const TemplateValues& values,
                                     std::size_t data) const {
    const bool one_short = rule.extended == Switch::never && rule.chaining == Switch::never;
    const std::size_t command =
        one_short ? std::min(rule.max_command_data, longest_short_data) : rule.max_command_data;
    const bool is_short = rule.extended == Switch::never || le == Le::up_to_256;
    const std::size_t one_answer =
        is_short ? std::min<std::size_t>(rule.max_response_data, most_short_le) : rule.max_response_data;
    const std::size_t answer = rule.get_response ? std::size_t{any_length} : one_answer;
    std::size_t sent = 0;
    for (const Piece& piece : pieces) {
        sent += size_of(piece, values, data);
    }
    std::size_t received = 0;
    for (const Field& field : fields) {
        received += field.length == Field::Length::fixed ? field.bytes : data;
    }
    return sent <= command && received <= answer && (!takes_data() || data <= max_data);
}

std::size_t CommandTemplate::most_data(const TransportRule& rule, const TemplateValues& values) const {
    const auto fits = [&](std::size_t data) {
        return std::all_of(m_steps.begin(), m_steps.end(),
                           [&](const Step& step) { return step.has_room(rule, values, data); });
    };
    if (std::none_of(m_steps.begin(), m_steps.end(), [](const Step& step) { return step.takes_data(); })) {
        return 0;
    }
    std::size_t most = 0;  // fits, or nothing does
    for (std::size_t too_many = longest_data + 1; most + 1 < too_many;) {
        const std::size_t middle = most + (too_many - most) / 2;
        (fits(middle) ? most : too_many) = middle;
    }
    return most;
}

// Commands.

void CommandTemplate::put(SecretBytes& out, const Piece& piece, const TemplateValues& values, Verb verb) {
    const SecretBytes bytes = bytes_of(piece.operand, values, verb);
    if (bytes.empty() && piece.omit_if_empty) {
        return;
    }
    if (!piece.tag.empty()) {
        const std::size_t length =
            piece.length_bytes != 0 ? piece.length_bytes : length_bytes_for(bytes.size());
        if (bytes.size() > longest_in(length)) {
            throw Error(Error::Kind::too_large, verb,
                        fmt::format("{} bytes in a command of the profile", bytes.size()));
        }
        append(out, piece.tag);
        put_length(out, bytes.size(), length);
    }
    append(out, bytes);
}

/// expected is Le: the short one where the answer is known to fit, so that no extended APDU is used for it.
std::uint32_t CommandTemplate::Step::expected(std::size_t data) const {
    if (le == Le::none) {
        return 0;
    }
    std::size_t size = 0;
    for (const Field& field : fields) {
        size += field.length == Field::Length::rest    ? most_short_le + 1
                : field.length == Field::Length::input ? data
                                                       : field.bytes;
    }
    return le == Le::up_to_256 || size <= most_short_le ? most_short_le : any_length;
}

/// take_fields divides |answer| among the fields of |step|, which must use up all of it.
void CommandTemplate::take_fields(Fields& out, const Step& step, View answer, std::size_t data, Verb verb) {
    for (const Field& field : step.fields) {
        const std::size_t length = field.length == Field::Length::rest    ? answer.size()
                                   : field.length == Field::Length::input ? data
                                                                          : field.bytes;
        if (length > answer.size()) {
            throw Error(Error::Kind::malformed, verb,
                        fmt::format("the answer ends {} bytes before the end of its field {}",
                                    length - answer.size(), field.name));
        }
        out[field.name] = to_secret(answer.first(length));
        answer = answer.subspan(length);
    }
    if (!step.fields.empty() && !answer.empty()) {
        throw Error(Error::Kind::malformed, verb,
                    fmt::format("{} bytes more in the answer than in its fields", answer.size()));
    }
}

CommandTemplate::Fields CommandTemplate::run(Channel& channel, const TemplateValues& values,
                                             Verb verb) const {
    std::vector<std::pair<Apdu, SecretBytes>> commands;
    for (const Step& step : m_steps) {
        auto& [apdu, body] = commands.emplace_back();
        for (const Piece& piece : step.pieces) {
            put(body, piece, values, verb);
        }
        apdu = {.cla = step.cla,
                .ins = step.ins,
                .p1 = byte_of(step.p1, values, verb),
                .p2 = byte_of(step.p2, values, verb),
                .le = step.expected(values.data.size())};
    }
    Fields fields;
    for (std::size_t i = 0; i < m_steps.size(); ++i) {
        auto& [apdu, body] = commands[i];
        apdu.data = body;
        const Response answer = channel.transmit(apdu);
        const auto& success = m_steps[i].success;
        if (std::find(success.begin(), success.end(), answer.status) == success.end()) {
            throw Error(verb, answer.status,
                        fmt::format("{:02X} {:02X}: {:04X}", apdu.cla, apdu.ins, answer.status.value));
        }
        take_fields(fields, m_steps[i], answer.data, values.data.size(), verb);
    }
    return fields;
}

}  // namespace jeton::card
