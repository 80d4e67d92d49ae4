#include "softcard/hsm_state.hpp"

#include <algorithm>
#include <fmt/core.h>

#include "crypto/digest.hpp"
#include "softcard/cvc.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

/// The device key's holder: "UT", the country of examples, 9 characters that begin with this, and a number
/// (TR-03110 part 3, A.6.1).
constexpr std::string_view holder_start = "UTJ";
constexpr std::string_view first_sequence = "00001";
constexpr std::string_view issuer_name = "UTJETONDI00001";
constexpr std::string_view label = "SC-HSM (jeton)";
constexpr std::array<Byte, 6> valid_from{2, 4, 0, 1, 0, 1};
constexpr std::array<Byte, 6> valid_until{4, 4, 1, 2, 3, 1};
constexpr CvcRole issuer_role{0xC0, valid_from, valid_until};
constexpr CvcRole device_role{0x00, valid_from, valid_until};

/// The certificate of the device key, and that of its issuer, which signed both.
SecretBytes device_certificates(const crypto::PrivateKey& device_key, const std::string& name) {
    const auto issuer = crypto::PrivateKey::generate_ec(crypto::Curve::p256);
    const CvcAlgorithm& algorithm = cvc_ecdsa_sha256();
    const Bytes issuer_reference = to_bytes(view_of(issuer_name));
    SecretBytes chain = to_secret(make_cvc({.authority = issuer_reference,
                                            .holder = to_bytes(view_of(name)),
                                            .key = device_key.public_key(),
                                            .algorithm = algorithm,
                                            .tells_curve = false,
                                            .role = device_role},
                                           issuer, algorithm));
    append(chain, make_cvc({.authority = issuer_reference,
                            .holder = issuer_reference,
                            .key = issuer.public_key(),
                            .algorithm = algorithm,
                            .tells_curve = true,
                            .role = issuer_role},
                           issuer, algorithm));
    return chain;
}

/// CIAInfo (ISO/IEC 7816-15, 8.11): version, manufacturer, label, and the flags "login required" and
/// "random numbers".
SecretBytes token_info() {
    constexpr Byte version[] = {0x01};
    constexpr Byte flags[] = {0x04, 0x30};
    return BasicTlvWriter<SecretBytes>()
        .nest(0x30,
              [&](auto& out) {
                  out.put(0x02, version).put(0x0C, view_of("jeton")).put(0x80, view_of(label));
                  out.put(0x03, flags);
              })
        .take();
}

/// EF.DIR: the one application (ISO/IEC 7816-4, 12.2.2).
SecretBytes directory() {
    return BasicTlvWriter<SecretBytes>()
        .nest(0x61, [&](auto& out) { out.put(0x4F, hsm_application_id).put(0x50, view_of(label)); })
        .take();
}

Pin new_pin(const SealingKey& key, Byte reference, View value, unsigned tries, unsigned iterations) {
    return {key.wrap(reference, value, iterations), tries, tries, false};
}

/// Domain |number| with shares still to come; without any, the card makes a DKEK of its own.
HsmDomain make_domain(View sealing_key, Byte number, unsigned shares) {
    HsmDomain domain{.shares = shares, .missing = shares};
    if (shares == 0) {
        SecretBytes dkek(dkek_bytes);
        crypto::random_bytes(dkek);
        domain.check_value = dkek_check_value(dkek);
        domain.box = seal(sealing_key, dkek, hsm_domain_context(number));
    }
    return domain;
}

Bytes context_of(std::string_view purpose, std::initializer_list<Byte> bytes) {
    Bytes context = to_bytes(view_of(purpose));
    append(context, View(bytes.begin(), bytes.size()));
    return context;
}

/// What a sealed key is bound to: everything that stands beside it and decides over its use, but for the
/// number of uses, which changes.
Bytes key_context(Byte id, const HsmKey& key) {
    Bytes context = context_of("SC-HSM key", {id, key.domain, static_cast<Byte>(key.algorithms.size())});
    append(context, key.algorithms);
    if (const auto* const public_key = std::get_if<crypto::PublicKey>(&key.kind)) {
        append(context, crypto::spki(*public_key));
    }
    return context;
}

}  // namespace

bool HsmKey::allows(Byte algorithm) const {
    return algorithms.empty() || std::ranges::find(algorithms, algorithm) != algorithms.end();
}

HsmState initialised(const HsmState& before, const HsmInitialisation& choice) {
    HsmState state{.modes = before.modes,
                   .name = before.name,
                   .device_key = before.device_key,
                   .iterations = before.iterations,
                   .sealing_key = {},
                   .pins = {},
                   .pin_length = choice.pin.size(),
                   .options = choice.options,
                   .domain_count = choice.domain_count,
                   .domains = {},
                   .keys = {},
                   .files = {}};
    const SealingKey key = SealingKey::generate();
    state.sealing_key = key.public_key();
    state.pins.emplace(hsm_user_pin,
                       new_pin(key, hsm_user_pin, choice.pin, choice.user_tries, state.iterations));
    state.pins.emplace(hsm_so_pin, new_pin(key, hsm_so_pin, choice.so_pin, hsm_so_tries, state.iterations));
    if (choice.shares) {
        state.domain_count = std::max(state.domain_count, 1U);
        state.domains.emplace(Byte{0}, make_domain(state.sealing_key, 0, *choice.shares));
    }
    state.files[hsm_file::directory] = directory();
    state.files[hsm_file::token_info] = token_info();
    state.files[hsm_file::device_certificates] = before.files.at(hsm_file::device_certificates);
    return state;
}

HsmState make_hsm_state(const CreateOptions& options, View serial) {
    HsmState state;
    state.modes = options.aes;
    state.iterations = options.pin_iterations;
    state.name = std::string(holder_start) + to_hex(serial) + std::string(first_sequence);
    const auto device_key = crypto::PrivateKey::generate_ec(crypto::Curve::p256);
    state.device_key = device_key.to_der();
    state.files[hsm_file::directory] = directory();
    state.files[hsm_file::token_info] = token_info();
    state.files[hsm_file::device_certificates] = device_certificates(device_key, state.name);
    if (options.blank) {
        return state;
    }
    return initialised(state,
                       {.pin = to_secret(view_of(options.pin)), .so_pin = to_secret(view_of(options.puk))});
}

void seal_hsm_key(View sealing_key, Byte id, const HsmSecret& secret, HsmKey& key) {
    key.kind = hsm_key_kind(secret);
    const auto* const aes = std::get_if<std::shared_ptr<const SecretBytes>>(&secret);
    const SecretBytes plain =
        aes != nullptr ? **aes : std::get<std::shared_ptr<const crypto::PrivateKey>>(secret)->to_der();
    key.box = seal(sealing_key, plain, key_context(id, key));
}

std::optional<HsmSecret> open_hsm_key(const SealingKey& sealing_key, Byte id, const HsmKey& key) {
    auto plain = sealing_key.open(key.box, key_context(id, key));
    if (!plain) {
        return std::nullopt;
    }
    std::optional<HsmSecret> secret;
    if (std::holds_alternative<HsmKey::Aes>(key.kind)) {
        secret = std::make_shared<const SecretBytes>(std::move(*plain));
    } else if (auto private_key = crypto::PrivateKey::from_der(*plain)) {
        secret = std::make_shared<const crypto::PrivateKey>(std::move(*private_key));
    }
    return secret && hsm_key_kind(*secret) == key.kind ? secret : std::nullopt;
}

std::variant<HsmKey::Aes, crypto::PublicKey> hsm_key_kind(const HsmSecret& secret) {
    if (const auto* const aes = std::get_if<std::shared_ptr<const SecretBytes>>(&secret)) {
        return HsmKey::Aes{(*aes)->size()};
    }
    return std::get<std::shared_ptr<const crypto::PrivateKey>>(secret)->public_key();
}

Bytes hsm_domain_context(Byte domain) {
    return context_of("SC-HSM DKEK", {domain});
}

Bytes hsm_file_context(HsmFile file) {
    return context_of("SC-HSM file", {static_cast<Byte>(file >> 8), static_cast<Byte>(file & 0xFF)});
}

}  // namespace jeton::softcard
