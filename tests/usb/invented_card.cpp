#include "usb/invented_card.hpp"

#include <algorithm>

#include "crypto/issue_certificate.hpp"
#include "util/tlv.hpp"

namespace jeton::test {

namespace {

constexpr const char* application = "F04E4F544544";
constexpr const char* puk = "16180339";
constexpr Byte seal_ref = 0x81;
constexpr Byte desk_ref = 0x82;

Bytes certificate_of(const crypto::PrivateKey& key, const char* name) {
    const Bytes subject = crypto::distinguished_name(name);
    return crypto::issue_certificate({.subject = subject,
                                      .issuer = subject,
                                      .serial_number = {0x01},
                                      .not_before = "20240101000000Z",
                                      .not_after = "20440101000000Z",
                                      .key = key.public_key(),
                                      .extensions = {},
                                      .issuer_key = key});
}

/// The keys are made once, for that takes time, and never destroyed.
const crypto::PrivateKey& seal_key() {
    static const auto* const key =
        new crypto::PrivateKey(crypto::PrivateKey::generate_ec(crypto::Curve::p256));
    return *key;
}

const crypto::PrivateKey& desk_key() {
    static const auto* const key = new crypto::PrivateKey(crypto::PrivateKey::generate_rsa(2048));
    return *key;
}

/// filled is the content of a file of |size| bytes.
Bytes filled(Bytes content, std::size_t size) {
    content.resize(size, 0xFF);
    return content;
}

/// pin_field is how the card stores and compares a PIN.
Bytes pin_field(const std::string& digits) {
    Bytes out = to_bytes(view_of(digits));
    out.resize(12, 0x00);
    return out;
}

}  // namespace

InventedCard::InventedCard() : m_seal(seal_key()), m_desk(desk_key()) {
    m_files["C001"] = filled(certificate_of(m_seal, "Seal of the town"), 1200);
    m_files["50154331"] = filled(certificate_of(m_desk, "Desk 7"), 2000);
    m_files["D001"] = to_bytes(view_of("The key is under the mat."));
}

Bytes InventedCard::power_on() {
    m_at_home = false;
    m_file.clear();
    m_verified = false;
    m_environment.clear();
    m_chain.clear();
    return from_hex("3B8580014E4F54454450").value();
}

/// parse takes short commands apart: the card knows no others.
std::optional<InventedCard::Command> InventedCard::parse(View command) {
    if (command.size() < 4) {
        return std::nullopt;
    }
    Command out{command[0], command[1], command[2], command[3], {}, 0};
    View rest = command.subspan(4);
    if (rest.size() > 1) {
        const std::size_t length = rest[0];
        if (length == 0 || rest.size() < 1 + length || rest.size() > 2 + length) {
            return std::nullopt;
        }
        out.data = to_bytes(rest.subspan(1, length));
        rest = rest.subspan(1 + length);
    }
    if (!rest.empty()) {
        out.le = rest[0] == 0 ? 256 : rest[0];
    }
    return out;
}

SecretBytes InventedCard::transmit(View command) {
    commands.push_back(to_hex(command));
    auto parsed = parse(command);
    if (parsed && parsed->cla == 0x10 && parsed->ins == 0x2A) {  // a link of a chain
        append(m_chain, parsed->data);
        return {0x90, 0x00};
    }
    if (parsed) {
        parsed->data.insert(parsed->data.begin(), m_chain.begin(), m_chain.end());
    }
    m_chain.clear();
    const auto [data, status] = parsed ? carry_out(*parsed) : Answer{{}, 0x6700};
    SecretBytes answer = to_secret(data);
    answer.push_back(static_cast<Byte>(status >> 8));
    answer.push_back(static_cast<Byte>(status));
    return answer;
}

InventedCard::Answer InventedCard::refuse(const Command& command, std::uint16_t status) {
    const Byte header[] = {command.cla, command.ins, command.p1, command.p2};
    unexpected.push_back(to_hex(header) + " " + to_hex(command.data));
    return {{}, status};
}

InventedCard::Answer InventedCard::carry_out(const Command& command) {
    if (command.cla != 0x00) {
        return refuse(command, 0x6E00);
    }
    if (command.ins == 0xA4) {
        return select(command);
    }
    if (command.ins == 0xB0 && command.data.empty() && !m_file.empty()) {
        return read_binary(command);
    }
    if (!m_at_home) {
        return refuse(command, 0x6985);
    }
    switch (command.ins) {
        case 0xCA:
            if (command.p2 == 0x5A) {
                return {from_hex("5A04 20261126").value(), 0x9000};
            }
            return command.p2 == 0x50 ? Answer{to_bytes(view_of("1 Market Square")), 0x9000}
                                      : refuse(command, 0x6A88);
        case 0x20:
            return verify(command);
        case 0x24:
            return change_pin(command);
        case 0x2C:
            return unblock(command);
        case 0x22: {
            const auto key = find_tlv(command.data, 0x84);
            const auto algorithm = find_tlv(command.data, 0x80);
            m_environment = {command.p2, algorithm && algorithm->size() == 1 ? algorithm->front() : Byte{0},
                             key && key->size() == 1 ? key->front() : Byte{0}};
            return {{}, 0x9000};
        }
        case 0x2A:
        case 0x86:
            return compute(command);
        default:
            return refuse(command, 0x6D00);
    }
}

InventedCard::Answer InventedCard::select(const Command& command) {
    const std::string name = to_hex(command.data);
    m_file.clear();
    if (command.p1 == 0x04) {
        m_at_home = name == application;
        m_verified = false;
        return m_at_home ? Answer{from_hex("6F088406" + name).value(), 0x9000} : Answer{{}, 0x6A82};
    }
    const bool is_path = command.p1 == 0x09 && command.data.size() > 2;
    const bool is_file = command.p1 == 0x02 && command.data.size() == 2;
    if (!m_at_home || command.p2 != 0x0C || !(is_path || is_file)) {
        return refuse(command, 0x6A86);
    }
    if (!m_files.contains(name)) {
        return {{}, 0x6A82};
    }
    m_file = name;
    m_at_home = is_file;
    m_verified = m_verified && is_file;
    return {{}, 0x9000};
}

InventedCard::Answer InventedCard::read_binary(const Command& command) const {
    if (m_file == "D001" && !m_verified) {
        return {{}, 0x6982};
    }
    const Bytes& content = m_files.at(m_file);
    const std::size_t offset = command.p1 * 256U + command.p2;
    if (offset > content.size()) {
        return {{}, 0x6B00};
    }
    const std::size_t length = std::min({command.le, std::size_t{231}, content.size() - offset});
    const Bytes part = to_bytes(View(content).subspan(offset, length));
    const bool ends = offset + length == content.size() && length < command.le;
    return {part, ends ? 0x6282 : 0x9000};
}

InventedCard::Answer InventedCard::verify(const Command& command) {
    if (command.p2 != 0x01) {
        return refuse(command, 0x6A88);
    }
    if (command.p1 == 0xFF && command.data.empty()) {
        m_verified = false;
        return {{}, 0x9000};
    }
    const auto counter = [this] {
        return static_cast<std::uint16_t>(m_tries == 0 ? 0x6983 : 0x63C0 + m_tries);
    };
    if (command.data.empty()) {
        return {{}, m_verified ? std::uint16_t{0x9000} : counter()};
    }
    if (command.data.size() != 12) {
        return refuse(command, 0x6700);
    }
    m_verified = m_tries > 0 && command.data == pin_field(m_pin);
    m_tries = m_verified ? 3 : m_tries > 0 ? m_tries - 1 : 0;
    return {{}, m_verified ? std::uint16_t{0x9000} : counter()};
}

InventedCard::Answer InventedCard::change_pin(const Command& command) {
    const View data = command.data;
    if (command.p1 != 0x00 || command.p2 != 0x01 || data.size() != 24) {
        return refuse(command, 0x6A86);
    }
    if (!equal(data.first(12), pin_field(m_pin))) {
        return {{}, static_cast<std::uint16_t>(0x63C0 + --m_tries)};
    }
    m_pin = to_text(data.subspan(12));
    m_pin.resize(m_pin.find('\0') == std::string::npos ? 12 : m_pin.find('\0'));
    return {{}, 0x9000};
}

InventedCard::Answer InventedCard::unblock(const Command& command) {
    const View data = command.data;
    if (command.p1 != 0x00 || command.p2 != 0x01 || data.size() != 20 ||
        !equal(data.first(8), view_of(puk))) {
        return refuse(command, 0x6982);
    }
    m_pin = to_text(data.subspan(8));
    m_pin.resize(m_pin.find('\0') == std::string::npos ? 12 : m_pin.find('\0'));
    m_tries = 3;
    return {{}, 0x9000};
}

/// compute: to sign, r and s of the seal, or a block of the desk that the card padded; to decipher, the
/// content of such a block; to agree, X.
InventedCard::Answer InventedCard::compute(const Command& command) const {
    if (!m_verified) {
        return {{}, 0x6982};
    }
    const std::uint32_t code = command.ins << 16U | command.p1 << 8U | command.p2;
    const Bytes signing_with_seal{0xB6, 0x04, seal_ref};
    const Bytes signing_with_desk{0xB6, 0x02, desk_ref};
    const Bytes deciphering{0xB8, 0x00, desk_ref};
    if (code == 0x2A9E9A && m_environment == signing_with_seal && command.data.size() == 32) {
        const auto signature = crypto::ecdsa_raw_from_der(m_seal.sign_ecdsa(command.data), 32);
        return button_held && signature ? Answer{*signature, 0x9000} : Answer{{}, 0x6985};
    }
    if (code == 0x2A9E9A && m_environment == signing_with_desk && command.data.size() <= 245) {
        Bytes block(256, 0xFF);
        block[0] = 0x00;
        block[1] = 0x01;
        block[255 - command.data.size()] = 0x00;
        std::copy(command.data.begin(), command.data.end(),
                  block.end() - static_cast<std::ptrdiff_t>(command.data.size()));
        const auto signature = m_desk.rsa_private(block);
        return signature ? Answer{to_bytes(*signature), 0x9000} : Answer{{}, 0x6A80};
    }
    if (code == 0x2A8086 && m_environment == deciphering && command.data.size() == 257) {
        const auto block = m_desk.rsa_private(View(command.data).subspan(1));
        const auto zero =
            block ? std::find(block->begin() + 2, block->end(), 0x00) : SecretBytes::const_iterator{};
        return block && (*block)[1] == 0x02 ? Answer{Bytes(zero + 1, block->end()), 0x9000}
                                            : Answer{{}, 0x6A80};
    }
    if (code == 0x860A00 + seal_ref && command.data.size() == 6 + 65) {
        const auto secret = m_seal.agree(View(command.data).subspan(6));
        Bytes answer = from_hex("7C228220").value();
        append(answer, secret ? View(*secret) : View{});
        return secret ? Answer{answer, 0x9000} : Answer{{}, 0x6A80};
    }
    return {{}, 0x6A80};
}

}  // namespace jeton::test
