#include "softcard/hsm_key_request.hpp"

#include <algorithm>

#include "softcard/hsm_facts.hpp"
#include "softcard/response.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

/// References of holders and authorities have 16 characters at most (TR-03110 part 3, A.6.1).
constexpr std::size_t longest_reference = 16;

Bytes reference_in(View value) {
    require(!value.empty() && value.size() <= longest_reference, status::wrong_data);
    return to_bytes(value);
}

/// Reads |field| if it is one of the terms; false when it is something else.
bool read_term(const Tlv& field, HsmKeyTerms& out) {
    switch (field.tag) {
        case 0x90:
            require(!field.value.empty() && field.value.size() <= 4, status::wrong_data);
            out.uses = static_cast<std::uint32_t>(load_be(field.value));
            return true;
        case 0x91:
            require(!field.value.empty() && field.value.size() <= 0xFF, status::wrong_data);
            out.algorithms = to_bytes(field.value);
            return true;
        case 0x92:
            require(field.value.size() == 1, status::wrong_data);
            out.domain = field.value[0];
            return true;
        default:
            return false;
    }
}

/// Data objects that this card may overlook: the profile of the certificate, the outer authority, which is
/// the device key, and the use of the certificate.
bool is_overlooked(std::uint32_t tag) {
    return tag == 0x5F29 || tag == 0x45 || tag == 0x65 || tag == 0x93;
}

CvcKeyTemplate key_in(View content) {
    const auto key = read_cvc_key_template(content);
    const auto lengths = hsm_rsa_bits();
    const bool known = key && (key->curve || std::ranges::find(lengths, key->modulus_bits) != lengths.end());
    require(known, status::wrong_data);
    return *key;
}

}  // namespace

HsmPairRequest read_hsm_pair_request(View data) {
    HsmPairRequest out;
    TlvReader reader(data);
    while (const std::optional<Tlv> field = reader.next()) {
        if (read_term(*field, out.terms) || is_overlooked(field->tag)) {
            continue;
        }
        switch (field->tag) {
            case 0x42:
                out.authority = reference_in(field->value);
                break;
            case 0x5F20:
                out.holder = reference_in(field->value);
                break;
            case 0x7F49:
                out.key = key_in(field->value);
                break;
            default:
                throw Refusal(status::wrong_data);
        }
    }
    const bool whole =
        !out.authority.empty() && !out.holder.empty() && out.key.algorithm != nullptr && !reader.failed();
    require(whole, status::wrong_data);
    return out;
}

HsmKeyTerms read_hsm_terms(View data) {
    HsmKeyTerms out;
    TlvReader reader(data);
    while (const std::optional<Tlv> field = reader.next()) {
        require(read_term(*field, out) || is_overlooked(field->tag), status::wrong_data);
    }
    require(!reader.failed(), status::wrong_data);
    return out;
}

}  // namespace jeton::softcard
