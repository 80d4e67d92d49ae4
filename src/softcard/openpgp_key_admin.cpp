// GENERATE ASYMMETRIC KEY PAIR, and keys that PUT DATA brings (7.2.8, 7.2.14).
#include <algorithm>
#include <array>

#include "softcard/openpgp_card.hpp"
#include "softcard/public_key.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard::openpgp {

namespace {

/// Tags of the numbers of a key in 7F48 (4.4.3.12): RSA 91 to 97, curves 92 and 99.
constexpr Byte exponent = 0x91;
constexpr Byte prime_p = 0x92;
constexpr Byte prime_q = 0x93;
constexpr Byte qinv = 0x94;
constexpr Byte dp = 0x95;
constexpr Byte dq = 0x96;
constexpr Byte modulus = 0x97;
constexpr Byte scalar = 0x92;
constexpr Byte public_point = 0x99;

constexpr std::size_t most_exponent_bytes = 4;

/// Finds the key of a control reference template, whose content is empty or 84 01 and the key's number.
std::size_t key_of_template(const Tlv& field) {
    const auto place = key_of_reference(field.tag);
    require(place.has_value(), status::wrong_data);
    const Byte number[] = {0x84, 0x01, static_cast<Byte>(*place + 1)};
    require(field.value.empty() || equal(field.value, number), status::wrong_data);
    return *place;
}

/// Takes a length off the front of |list| (ISO/IEC 7816-4, 5.2.2.2), at most two bytes behind the first.
std::size_t take_length(View& list) {
    require(!list.empty(), status::wrong_data);
    const Byte first = list[0];
    const std::size_t more = first < 0x80 ? 0 : first & 0x7F;
    require(more <= 2 && list.size() > more, status::wrong_data);
    const std::size_t length = more == 0 ? first : static_cast<std::size_t>(load_be(list.subspan(1, more)));
    list = list.subspan(1 + more);
    return length;
}

/// ImportedKey is an extended header list 4D (4.4.3.12): which key, and its numbers.
struct ImportedKey {
    std::size_t place = 0;
    std::array<View, 16> parts{};  ///< by the low half of their tags; empty: not given

    View part(Byte tag) const { return parts[tag & 0x0F]; }

    std::optional<crypto::PrivateParts> operator()(const RsaModulus& size) const {
        const View e = without_leading_zeros(part(exponent));
        const bool sound =
            !e.empty() && e.size() <= most_exponent_bytes && !part(prime_p).empty() &&
            !part(prime_q).empty() &&
            std::ranges::all_of(parts, [&](View number) { return number.size() <= size.bytes() + 1; });
        require(sound, status::wrong_data);
        const auto number = [&](Byte tag) { return without_leading_zeros(part(tag)); };
        auto complete = crypto::complete_rsa(number(modulus), e, {}, number(prime_p), number(prime_q),
                                             number(dp), number(dq), number(qinv));
        return complete ? std::optional<crypto::PrivateParts>(std::move(*complete)) : std::nullopt;
    }
    std::optional<crypto::PrivateParts> operator()(crypto::Curve curve) const {
        const auto padded =
            left_padded(without_leading_zeros(part(scalar)), crypto::curve_facts(curve).field_bytes);
        require(padded && !part(scalar).empty(), status::wrong_data);
        return crypto::EcPrivateParts{curve, to_secret(*padded)};
    }
    /// A number of X25519 comes as OpenPGP writes it, the last byte first.
    std::optional<crypto::PrivateParts> operator()(crypto::OkpCurve curve) const {
        const auto padded = left_padded(part(scalar), crypto::okp_facts(curve).public_bytes);
        require(padded && !part(scalar).empty(), status::wrong_data);
        SecretBytes seed = to_secret(*padded);
        if (curve == crypto::OkpCurve::x25519) {
            std::ranges::reverse(seed);
        }
        return crypto::OkpPrivateParts{curve, std::move(seed)};
    }
};

/// Cuts |values| into the numbers whose tags and lengths |list| holds.
void read_parts(View list, View values, ImportedKey& out) {
    while (!list.empty()) {
        const Byte tag = list[0];
        list = list.subspan(1);
        const std::size_t length = take_length(list);
        const bool known = (tag >= exponent && tag <= modulus) || tag == public_point;
        require(known && out.part(tag).empty() && length <= values.size(), status::wrong_data);
        out.parts[tag & 0x0F] = values.first(length);
        values = values.subspan(length);
    }
    require(values.empty(), status::wrong_data);
}

ImportedKey read_header_list(View data) {
    TlvReader outer(data);
    const auto whole = outer.next();
    require(whole && whole->tag == 0x4D && !outer.next() && !outer.failed(), status::wrong_data);
    TlvReader fields(whole->value);
    const auto reference = fields.next();
    const auto list = fields.next();
    const auto values = fields.next();
    const bool sound = reference && list && values && list->tag == 0x7F48 && values->tag == 0x5F48 &&
                       !fields.next() && !fields.failed();
    require(sound, status::wrong_data);
    ImportedKey out;
    out.place = key_of_template(*reference);
    read_parts(list->value, values->value, out);
    return out;
}

/// Tells whether |given|, the public part of an imported key, is that of |key|; one that was not given is.
bool is_point_of(View given, const crypto::PublicKey& key) {
    const auto* const ec = std::get_if<crypto::EcPublicKey>(&key);
    const auto* const okp = std::get_if<crypto::OkpPublicKey>(&key);
    return given.empty() || (ec != nullptr && equal(given, ec->point)) ||
           (okp != nullptr &&
            (equal(given, okp->value) || (given[0] == 0x40 && equal(given.subspan(1), okp->value))));
}

}  // namespace

/// Puts |key| at |place|. Fingerprint and date of the one before do not fit it; a new key 1 has signed
/// nothing.
void Card::set_key(std::size_t place, const Key& key) {
    change([&](State& changed) {
        changed.keys[place] = key;
        changed.objects.erase(static_cast<std::uint32_t>(tag::fingerprint + place));
        changed.objects.erase(static_cast<std::uint32_t>(tag::date + place));
        if (place == signature_key) {
            changed.signatures = 0;
        }
    });
}

/// GENERATE ASYMMETRIC KEY PAIR: P1 80 makes a key, 81 tells the public one that is there.
Response Card::generate(const Command& command) {
    require((command.p1 == 0x80 || command.p1 == 0x81) && command.p2 == 0x00, status::wrong_parameters);
    TlvReader reader(command.data);
    const auto reference = reader.next();
    require(reference && !reader.next() && !reader.failed(), status::wrong_data);
    const std::size_t place = key_of_template(*reference);
    if (command.p1 == 0x80) {
        require_access(Access::admin);
        const KeyAlgorithm algorithm = state().algorithm(place);
        require(algorithm.may_generate, status::conditions_not_satisfied);
        set_key(place, make_key(state().sealing_key, place, origin_generated, generate_key(algorithm)));
    }
    return {BasicTlvWriter<SecretBytes>().put(0x7F49, public_key_fields(key_at(place).public_key)).take()};
}

/// PUT DATA with an odd instruction: a key of the algorithm that its attributes say.
Response Card::import_key(const Command& command) {
    require(command.p1 == 0x3F && command.p2 == 0xFF, status::wrong_parameters);
    require_access(Access::admin);
    const ImportedKey imported = read_header_list(command.data);
    const KeyAlgorithm algorithm = state().algorithm(imported.place);
    const auto parts = std::visit(imported, algorithm.kind);
    const auto key = parts ? crypto::PrivateKey::from_parts(*parts) : std::nullopt;
    require(key && algorithm.describes(key->public_key()), status::wrong_data);
    require(is_point_of(imported.part(public_point), key->public_key()), status::wrong_data);
    set_key(imported.place, make_key(state().sealing_key, imported.place, origin_imported, *key));
    return {};
}

}  // namespace jeton::softcard::openpgp
