#include "softcard/attestation.hpp"

#include <ctime>
#include <fmt/core.h>

#include "crypto/certificate.hpp"
#include "crypto/digest.hpp"
#include "crypto/issue_certificate.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::size_t serial_number_bytes = 16;
constexpr std::uint32_t certificate_tag = 0x70;
constexpr std::uint32_t certificate_info_tag = 0x71;
constexpr std::uint32_t error_detection_tag = 0xFE;

/// The arc below which the extensions of such certificates have their numbers: 1.3.6.1.4.1.41482.3.
constexpr std::array<Byte, 9> extension_arc{0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xC4, 0x0A, 0x03};
constexpr Byte version_extension = 0x03;
constexpr Byte serial_extension = 0x07;
constexpr Byte policy_extension = 0x08;

crypto::CertificateExtension extension(Byte number, View value) {
    Bytes oid = to_bytes(extension_arc);
    oid.push_back(number);
    return {.oid = std::move(oid), .value = to_bytes(value), .critical = false};
}

/// basicConstraints (RFC 5280, 4.2.1.9): an authority.
crypto::CertificateExtension authority_extension() {
    return {.oid = {0x55, 0x1D, 0x13}, .value = {0x30, 0x03, 0x01, 0x01, 0xFF}, .critical = true};
}

/// The card's serial number as an INTEGER.
Bytes serial_integer(View serial) {
    Bytes content{0x00};
    append(content, serial);
    while (content.size() > 1 && content[0] == 0 && (content[1] & 0x80) == 0) {
        content.erase(content.begin());
    }
    return TlvWriter().put(0x02, content).take();
}

/// A random serial number whose first byte is neither 0 nor negative.
Bytes random_serial_number() {
    Bytes number(serial_number_bytes);
    crypto::random_bytes(number);
    number[0] = static_cast<Byte>((number[0] & 0x7F) | 0x40);
    return number;
}

/// Today, as a certificate says it.
std::string today() {
    const std::time_t now = std::time(nullptr);
    std::tm moment{};
    gmtime_r(&now, &moment);
    return fmt::format("{:04}{:02}{:02}000000Z", moment.tm_year + 1900, moment.tm_mon + 1, moment.tm_mday);
}

/// The certificate in the content of a certificate object.
std::optional<crypto::Certificate> certificate_in(const PivState& state) {
    const auto object = state.objects.find(object::attestation_certificate);
    const auto der = object == state.objects.end() ? std::nullopt : find_tlv(object->second, certificate_tag);
    return der ? crypto::parse_certificate(*der) : std::nullopt;
}

}  // namespace

void add_attestation_key(PivState& state) {
    constexpr Byte p256 = 0x11;
    constexpr Byte not_compressed[] = {0x00};
    auto private_key = crypto::PrivateKey::generate_ec(crypto::Curve::p256);
    const Bytes name = crypto::distinguished_name("PIV attestation, jeton software card");
    const Bytes certificate = crypto::issue_certificate({.subject = name,
                                                         .issuer = name,
                                                         .serial_number = random_serial_number(),
                                                         .not_before = today(),
                                                         .not_after = "20991231235959Z",
                                                         .key = private_key.public_key(),
                                                         .extensions = {authority_extension()},
                                                         .issuer_key = private_key});
    state.objects[object::attestation_certificate] = BasicTlvWriter<SecretBytes>()
                                                         .put(certificate_tag, certificate)
                                                         .put(certificate_info_tag, not_compressed)
                                                         .put(error_detection_tag, {})
                                                         .take();
    state.keys.insert_or_assign(
        attestation_key,
        make_key(state.sealing_key, attestation_key, *find_key_algorithm(p256), PinPolicy::never,
                 TouchPolicy::never, origin_generated, std::move(private_key)));
}

std::optional<Bytes> attest(const PivState& state, View serial, Byte reference, const Key& key) {
    const auto issuer = state.keys.find(attestation_key);
    const auto certificate = certificate_in(state);
    if (issuer == state.keys.end() || !certificate || certificate->not_before.empty() ||
        certificate->not_after.empty()) {
        return std::nullopt;
    }
    const Byte policies[] = {static_cast<Byte>(key.pin_policy), static_cast<Byte>(key.touch_policy)};
    return crypto::issue_certificate(
        {.subject = crypto::distinguished_name(fmt::format("PIV attestation {:02x}", reference)),
         .issuer = certificate->subject,
         .serial_number = random_serial_number(),
         .not_before = certificate->not_before + "000000Z",
         .not_after = certificate->not_after + "235959Z",
         .key = key.public_key,
         .extensions = {extension(version_extension, card_version),
                        extension(serial_extension, serial_integer(serial)),
                        extension(policy_extension, policies)},
         .issuer_key = std::get<std::shared_ptr<const ClearKey>>(issuer->second.secret)->key});
}

}  // namespace jeton::softcard
