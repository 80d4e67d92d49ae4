// Applet: AES with the command templates of a profile.
#include <algorithm>
#include <array>
#include <fmt/core.h>

#include "card/applet.hpp"
#include "card/command_template.hpp"
#include "crypto/aes.hpp"

namespace jeton::card {

namespace {

constexpr std::size_t block_bytes = crypto::aes_block_bytes;
constexpr std::size_t tag_bytes = 16;

/// TemplateRow tells which template of a mechanism carries out a primitive.
struct TemplateRow {
    AesPrimitive primitive;
    const char* mechanism;
    Purpose purpose;
    Verb verb;
};

constexpr std::array template_rows{
    TemplateRow{AesPrimitive::ecb_encrypt, "CKM_AES_ECB", Purpose::encrypt, Verb::encrypt},
    TemplateRow{AesPrimitive::ecb_encrypt, "CKM_AES_GCM", Purpose::block, Verb::encrypt},
    TemplateRow{AesPrimitive::ecb_decrypt, "CKM_AES_ECB", Purpose::decrypt, Verb::decipher},
    TemplateRow{AesPrimitive::cbc_encrypt, "CKM_AES_CBC", Purpose::encrypt, Verb::encrypt},
    TemplateRow{AesPrimitive::cbc_decrypt, "CKM_AES_CBC", Purpose::decrypt, Verb::decipher},
    TemplateRow{AesPrimitive::ctr, "CKM_AES_CTR", Purpose::encrypt, Verb::encrypt},
    TemplateRow{AesPrimitive::ctr, "CKM_AES_GCM", Purpose::block, Verb::encrypt},
    TemplateRow{AesPrimitive::gcm_encrypt, "CKM_AES_GCM", Purpose::encrypt, Verb::encrypt},
    TemplateRow{AesPrimitive::gcm_decrypt, "CKM_AES_GCM", Purpose::decrypt, Verb::decrypt_aead},
};

/// is_meant tells whether |row| is what the profile has its block template for, if it is that.
bool is_meant(const GcmRule& rule, const TemplateRow& row) {
    if (row.purpose != Purpose::block) {
        return true;
    }
    return rule.block == (row.primitive == AesPrimitive::ctr ? GcmRule::Block::ctr : GcmRule::Block::ecb);
}

struct Found {
    const CommandTemplate* command = nullptr;  ///< null: the profile has none
    Verb verb = Verb::encrypt;
};

Found find_template(const Profile& profile, AesPrimitive primitive) {
    for (const TemplateRow& row : template_rows) {
        const auto rule = profile.mechanisms.find(row.mechanism);
        const bool counts =
            row.primitive == primitive && rule != profile.mechanisms.end() && is_meant(profile.gcm, row);
        const CommandTemplate* const command = counts ? rule->second.command(row.purpose) : nullptr;
        if (command != nullptr) {
            return {command, row.verb};
        }
    }
    return {};
}

bool is_gcm(AesPrimitive primitive) {
    return primitive == AesPrimitive::gcm_encrypt || primitive == AesPrimitive::gcm_decrypt;
}

TemplateValues values_for(const SecretKeySlot& slot, AesPrimitive primitive, const AesInput& input) {
    const bool counts = primitive == AesPrimitive::ctr;
    return {.key_ref = slot.ref,
            .key_bits = slot.bits,
            .data = input.data,
            .iv = counts ? View() : input.iv,
            .aad = input.aad,
            .counter = counts ? input.iv : View(),
            .tag_bits = 8 * tag_bytes};
}

/// answer_length is how long the answer to |data| bytes is.
std::size_t answer_length(AesPrimitive primitive, std::size_t data) {
    if (primitive == AesPrimitive::gcm_encrypt) {
        return data + tag_bytes;
    }
    return primitive == AesPrimitive::gcm_decrypt ? data - std::min(data, tag_bytes) : data;
}

}  // namespace

std::size_t Applet::most_data(const Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                              const AesInput& input) const {
    const Found found = find_template(profile(), primitive);
    if (found.command == nullptr || slot.bits == 0) {  // constants are chosen by the length of the key
        return 0;
    }
    TransportRule rule = profile().transport;
    rule.max_command_data = channel.longest_data(is_gcm(primitive));
    const Bytes counter(primitive == AesPrimitive::ctr ? block_bytes : 0);
    TemplateValues values = values_for(slot, primitive, input);
    values.counter = counter;
    const std::size_t most = found.command->most_data(rule, values);
    return is_gcm(primitive) ? most : most / block_bytes * block_bytes;
}

SecretBytes Applet::compute_aes(Channel& channel, const SecretKeySlot& slot, AesPrimitive primitive,
                                const AesInput& input) {
    const Found found = find_template(profile(), primitive);
    if (found.command == nullptr) {
        throw Error(Error::Kind::unsupported, Verb::encrypt,
                    fmt::format("key {}: neither card nor profile have a command for this", slot.id));
    }
    const auto fields = found.command->run(channel, values_for(slot, primitive, input), found.verb);
    SecretBytes out;
    for (const char* const name : {"ciphertext", "plaintext", "tag"}) {
        if (const auto field = fields.find(name); field != fields.end()) {
            append(out, field->second);
        }
    }
    if (out.size() != answer_length(primitive, input.data.size())) {
        throw Error(Error::Kind::malformed, found.verb,
                    fmt::format("key {}: an answer of {} bytes", slot.id, out.size()));
    }
    return out;
}

}  // namespace jeton::card
