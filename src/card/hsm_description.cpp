#include "card/hsm_description.hpp"

#include "util/tlv.hpp"

namespace jeton::card::hsm {

namespace {

constexpr std::uint32_t sequence = 0x30;
constexpr std::uint32_t ec_key = 0xA0;
constexpr std::uint32_t secret_key = 0xA8;
constexpr std::uint32_t integer = 0x02;
constexpr std::uint32_t bit_string = 0x03;
constexpr std::uint32_t octet_string = 0x04;
constexpr std::uint32_t object_identifier = 0x06;
constexpr std::uint32_t utf8_string = 0x0C;
constexpr std::uint32_t subclass_attributes = 0xA0;
constexpr std::uint32_t type_attributes = 0xA1;

// KeyUsageFlags (6.3.2), by the number of the bit from the left.
constexpr unsigned usage_encrypt = 0, usage_decrypt = 1, usage_sign = 2, usage_sign_recover = 3,
                   usage_unwrap = 5, usage_verify = 6, usage_derive = 8, usage_non_repudiation = 9;
constexpr unsigned access_local = 4;  // KeyAccessFlags

constexpr Byte user_pin_id = 0x01;
constexpr std::size_t longest_id = 64;

/// Parts are the SEQUENCEs of an object, in their order, and its other attributes.
struct Parts {
    View common, of_class, of_subclass, of_type;
};

std::optional<Parts> parts_of(View content) {
    TlvReader reader(content);
    Parts parts;
    const auto common = reader.next();
    const auto of_class = reader.next();
    if (!common || common->tag != sequence || !of_class || of_class->tag != sequence) {
        return std::nullopt;
    }
    parts.common = common->value;
    parts.of_class = of_class->value;
    parts.of_subclass = find_tlv(content, subclass_attributes).value_or(View{});
    parts.of_type = find_tlv(content, type_attributes).value_or(View{});
    return parts;
}

/// bit reads one bit of a BIT STRING, whose first byte counts the bits that are not used.
bool bit(View value, unsigned number) {
    const std::size_t byte = 1 + number / 8;
    return byte < value.size() && (value[byte] >> (7 - number % 8) & 1) != 0;
}

std::string text_of(View value) {
    return {value.begin(), value.end()};
}

Description common_part(const Parts& parts, Description::Kind kind) {
    Description out;
    out.kind = kind;
    out.label = text_of(find_tlv(parts.common, utf8_string).value_or(View{}));
    out.is_private = find_tlv(parts.common, octet_string).has_value();
    return out;
}

Bytes id_of(View of_class) {
    const View id = find_tlv(of_class, octet_string).value_or(View{});
    return to_bytes(id.first(std::min(id.size(), longest_id)));
}

/// bit_strings gives usage and access flags of a key: the first and the second BIT STRING.
void read_flags(Description& out, View of_class) {
    TlvReader reader(of_class);
    bool is_usage = true;
    while (const auto object = reader.next()) {
        if (object->tag != bit_string) {
            continue;
        }
        const View value = object->value;
        if (!is_usage) {
            out.local = bit(value, access_local);
            return;
        }
        out.sign =
            bit(value, usage_sign) || bit(value, usage_sign_recover) || bit(value, usage_non_repudiation);
        out.decrypt = bit(value, usage_decrypt) || bit(value, usage_unwrap);
        out.derive = bit(value, usage_derive);
        is_usage = false;
    }
}

Bytes flags(std::initializer_list<unsigned> bits) {
    Bytes out{0x00, 0x00, 0x00};
    for (const unsigned number : bits) {
        out[1 + number / 8] = static_cast<Byte>(out[1 + number / 8] | 0x80U >> number % 8);
    }
    unsigned last = 0;
    for (const unsigned number : bits) {
        last = std::max(last, number);
    }
    out.resize(2 + last / 8);
    out[0] = static_cast<Byte>(7 - last % 8);
    return out;
}

Bytes usage_of(const Description& description) {
    if (description.kind == Description::Kind::secret) {
        return flags({usage_encrypt, usage_decrypt, usage_sign, usage_verify});
    }
    if (description.kind == Description::Kind::rsa) {
        return flags({usage_decrypt, usage_sign, usage_sign_recover});
    }
    return description.derive ? flags({usage_sign, usage_derive}) : flags({usage_sign});
}

void put_common(TlvWriter& out, const Description& description) {
    const bool is_key =
        description.kind != Description::Kind::certificate && description.kind != Description::Kind::data;
    out.put(utf8_string, view_of(description.label));
    const Bytes common_flags = description.is_private ? flags({0, 1}) : flags({1});  // private, modifiable
    out.put(bit_string, common_flags);
    if (is_key || description.is_private) {
        out.put(octet_string, View(&user_pin_id, 1));
    }
}

void put_class(TlvWriter& out, const Description& description, Byte reference) {
    switch (description.kind) {
        case Description::Kind::certificate:
            out.put(octet_string, description.id);
            return;
        case Description::Kind::data:
            out.put(utf8_string, view_of(description.application)).raw(description.oid);
            return;
        default:
            break;
    }
    out.put(octet_string, description.id).put(bit_string, usage_of(description));
    if (description.local) {
        out.put(bit_string, flags({0, 2, 3, access_local}));
    }
    // A reference is an INTEGER: of two bytes when its first bit is set.
    const Bytes number = reference < 0x80 ? Bytes{reference} : Bytes{0x00, reference};
    out.put(integer, number);
}

Bytes two_bytes(std::size_t number) {
    return {static_cast<Byte>(number >> 8), static_cast<Byte>(number)};
}

/// put_subclass writes the length of a secret key (6.5.1), in bits.
void put_subclass(TlvWriter& out, const Description& description) {
    out.nest(sequence, [&](TlvWriter& in) { in.put(integer, two_bytes(description.size)); });
}

void put_type(TlvWriter& out, const Description& description) {
    const auto path = [&](TlvWriter& in) { in.put(octet_string, description.path); };
    if (description.kind == Description::Kind::data) {
        out.nest(sequence, path);
        return;
    }
    out.nest(sequence, [&](TlvWriter& in) {
        in.nest(sequence, path);
        const bool has_size =
            description.kind == Description::Kind::rsa || description.kind == Description::Kind::ec;
        if (description.size != 0 && has_size) {
            in.put(integer, two_bytes(description.size));
        }
    });
}

}  // namespace

std::optional<Description> read_key_description(View der) {
    const auto object = TlvReader(der).next();
    const bool is_ec = object && object->tag == ec_key;
    const bool is_secret = object && object->tag == secret_key;
    if (!object || (!is_ec && !is_secret && object->tag != sequence)) {
        return std::nullopt;
    }
    const auto parts = parts_of(object->value);
    if (!parts) {
        return std::nullopt;
    }
    using Kind = Description::Kind;
    Description out = common_part(*parts, is_ec ? Kind::ec : is_secret ? Kind::secret : Kind::rsa);
    out.id = id_of(parts->of_class);
    read_flags(out, parts->of_class);
    auto size = find_tlv_path(is_secret ? parts->of_subclass : parts->of_type, {sequence, integer});
    size = size || !is_secret ? size : find_tlv_path(parts->of_type, {sequence, integer});
    out.size = size && size->size() <= 2 ? static_cast<std::size_t>(load_be(*size)) : 0;
    return out;
}

std::optional<Description> read_certificate_description(View der) {
    const auto content = find_tlv(der, sequence);
    const auto parts = content ? parts_of(*content) : std::nullopt;
    if (!parts) {
        return std::nullopt;
    }
    Description out = common_part(*parts, Description::Kind::certificate);
    out.id = id_of(parts->of_class);
    out.path = to_bytes(find_tlv_path(parts->of_type, {sequence, sequence, octet_string}).value_or(View{}));
    return out;
}

std::optional<Description> read_data_description(View der) {
    const auto content = find_tlv(der, sequence);
    const auto parts = content ? parts_of(*content) : std::nullopt;
    if (!parts) {
        return std::nullopt;
    }
    Description out = common_part(*parts, Description::Kind::data);
    out.application = text_of(find_tlv(parts->of_class, utf8_string).value_or(View{}));
    if (const auto oid = find_tlv(parts->of_class, object_identifier); oid && !oid->empty()) {
        out.oid = TlvWriter().put(object_identifier, *oid).take();
    }
    out.path = to_bytes(find_tlv_path(parts->of_type, {sequence, octet_string}).value_or(View{}));
    return out;
}

Bytes write_description(const Description& description, Byte reference) {
    const bool is_secret = description.kind == Description::Kind::secret;
    const std::uint32_t tag = is_secret                                   ? secret_key
                              : description.kind == Description::Kind::ec ? ec_key
                                                                          : sequence;
    return TlvWriter()
        .nest(tag,
              [&](TlvWriter& out) {
                  out.nest(sequence, [&](TlvWriter& in) { put_common(in, description); })
                      .nest(sequence, [&](TlvWriter& in) { put_class(in, description, reference); });
                  if (is_secret && description.size != 0) {
                      out.nest(subclass_attributes, [&](TlvWriter& in) { put_subclass(in, description); });
                  }
                  out.nest(type_attributes, [&](TlvWriter& in) { put_type(in, description); });
              })
        .take();
}

}  // namespace jeton::card::hsm
