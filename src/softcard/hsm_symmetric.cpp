// What AES keys compute: CBC with an IV of zeros and CMAC, which every card of this kind has, and the modes
// that object identifiers name.
#include <algorithm>

#include "crypto/aes.hpp"
#include "crypto/cmac.hpp"
#include "softcard/hsm_card.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

using crypto::AesMode;
using crypto::Direction;

/// The longest data of a command with object identifiers, in bytes, as cards have it that have all modes.
constexpr std::size_t longest_native_data = 2028;
constexpr std::size_t gcm_tag_bytes = 16;

struct AlgorithmRow {
    Byte id;
    std::array<bool, 3> in_modes;  ///< in the order of AesModes
};

constexpr AlgorithmRow algorithm_rows[] = {
    {hsm_algorithm::cbc_encrypt, {true, true, false}},
    {hsm_algorithm::cbc_decrypt, {true, true, false}},
    {hsm_algorithm::cmac, {true, true, false}},
    {hsm_algorithm::extended_encrypt, {true, false, true}},
    {hsm_algorithm::extended_decrypt, {true, false, true}},
};

bool has_algorithm(AesModes modes, Byte id) {
    const auto* const row = std::ranges::find(algorithm_rows, id, &AlgorithmRow::id);
    return row != std::end(algorithm_rows) && row->in_modes.at(static_cast<std::size_t>(modes));
}

/// SymmetricRequest is the data of a command with an object identifier: 06 mode, 81 input, 82 IV, 83
/// additional data.
struct SymmetricRequest {
    View oid, input, iv, additional;
};

/// Reads the data; other objects are refused, as is an input that is not there.
SymmetricRequest read_symmetric_request(View data) {
    SymmetricRequest out;
    bool has_input = false;
    TlvReader reader(data);
    while (const std::optional<Tlv> field = reader.next()) {
        switch (field->tag) {
            case 0x06:
                out.oid = field->value;
                break;
            case 0x81:
                out.input = field->value;
                has_input = true;
                break;
            case 0x82:
                out.iv = field->value;
                break;
            case 0x83:
                out.additional = field->value;
                break;
            default:
                throw Refusal(status::wrong_length);
        }
    }
    require(has_input && !reader.failed(), status::wrong_length);
    return out;
}

SecretBytes compute(Direction direction, View key, crypto::AesParameters parameters, View input) {
    crypto::AesCipher cipher(direction, key, std::move(parameters));
    SecretBytes out;
    cipher.update(input, out);
    const auto result = cipher.finish(out);
    require(result != crypto::AesCipher::Result::bad_tag, hsm_status::execution_error);
    require(result == crypto::AesCipher::Result::done, status::wrong_length);
    return out;
}

bool is_blocks(View data) {
    return !data.empty() && data.size() % crypto::aes_block_bytes == 0;
}

/// What |request| must be in |mode|: the IV of GCM is there, that of CBC and CTR is a block or zeros, ECB
/// takes one block unless the card has nothing else.
crypto::AesParameters parameters_of(const SymmetricRequest& request, AesMode mode, AesModes modes) {
    crypto::AesParameters out;
    out.mode = mode;
    out.iv = to_bytes(request.iv);
    if (mode == AesMode::gcm) {
        require(!request.iv.empty(), status::wrong_length);
        out.aad = to_bytes(request.additional);
        out.tag_bytes = gcm_tag_bytes;
        return out;
    }
    require(request.additional.empty(), status::wrong_length);
    if (mode == AesMode::ecb) {
        const bool fits = modes == AesModes::ecb ? is_blocks(request.input)
                                                 : request.input.size() == crypto::aes_block_bytes;
        require(fits && request.iv.empty(), status::wrong_length);
        return out;
    }
    if (request.iv.empty()) {
        out.iv.resize(crypto::aes_block_bytes);
    }
    require(out.iv.size() == crypto::aes_block_bytes, status::wrong_length);
    return out;
}

/// Commands with an object identifier. Their refusals are 6700 for what is malformed.
SecretBytes extended(AesModes modes, Direction direction, View key, View data) {
    require(modes != AesModes::native || data.size() <= longest_native_data, status::wrong_length);
    const SymmetricRequest request = read_symmetric_request(data);
    const auto mode = find_aes_mode(request.oid, key.size());
    require(mode && (modes != AesModes::ecb || *mode == AesMode::ecb), status::wrong_length);
    return compute(direction, key, parameters_of(request, *mode, modes), request.input);
}

SecretBytes cbc(Direction direction, View key, View data) {
    require(is_blocks(data), status::wrong_length);
    crypto::AesParameters parameters;
    parameters.mode = AesMode::cbc;
    parameters.iv.resize(crypto::aes_block_bytes);
    return compute(direction, key, std::move(parameters), data);
}

SecretBytes compute(AesModes modes, Byte algorithm, View key, View data) {
    switch (algorithm) {
        case hsm_algorithm::cbc_encrypt:
            return cbc(Direction::encrypt, key, data);
        case hsm_algorithm::cbc_decrypt:
            return cbc(Direction::decrypt, key, data);
        case hsm_algorithm::cmac:
            return to_secret(crypto::aes_cmac(key, data));
        case hsm_algorithm::extended_encrypt:
            return extended(modes, Direction::encrypt, key, data);
        default:
            return extended(modes, Direction::decrypt, key, data);
    }
}

}  // namespace

/// The symmetric command: P1 key, P2 algorithm.
Response HsmCard::symmetric(const Command& command) {
    require_pin();
    require(has_algorithm(state().modes, command.p2), status::wrong_parameters);
    const HsmKey& key = usable_key(command.p1, command.p2);
    require(std::holds_alternative<HsmKey::Aes>(key.kind), status::conditions_not_satisfied);
    const HsmSecret secret = open(command.p1, key);
    Response response{compute(state().modes, command.p2,
                              *std::get<std::shared_ptr<const SecretBytes>>(secret), command.data)};
    spend_use(command.p1);
    return response;
}

}  // namespace jeton::softcard
