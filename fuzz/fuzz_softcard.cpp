// Feeds the software card with arbitrary commands, or with an arbitrary file. The first byte chooses:
//   divisible by 4   a sequence of steps for a card that has an EC key in 9A, 9C and 9E, and a global PIN.
//                    Beside PIV, which is selected, it has the application sc-hsm. A step begins with a
//                    byte n: 0 restarts the card, at most eight times, 1 verifies the PIN, 2 authenticates
//                    the administrator, 3 sends a command of 16-bit length; any other n is the length of a
//                    command. Then come the command's bytes.
//   even otherwise   the same for a card with OpenPGP beside PIV. OpenPGP is selected and has three keys on
//                    curves: 1 verifies PW1 for both of its uses, 2 verifies PW3.
//   odd              the rest is the text of a card's file.
#include <algorithm>
#include <cstdlib>
#include <memory>

#include "crypto/block_cipher.hpp"
#include "softcard/card_json.hpp"
#include "softcard/hsm_facts.hpp"
#include "softcard/soft_card.hpp"
#include "softcard/storage.hpp"
#include "util/tlv.hpp"

namespace {

using namespace jeton;
using namespace jeton::softcard;

constexpr std::size_t most_steps = 64;
constexpr std::size_t most_restarts = 8;  // each reads the whole card
constexpr Byte management_key_value[24] = {1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4,
                                           5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8};

/// Gives the OpenPGP application keys on curves, which take no time.
void add_openpgp_keys(openpgp::State& state) {
    struct Row {
        std::vector<Byte> attributes;
        crypto::PrivateKey key;
    };
    const Row rows[] = {
        {{0x16, 0x2B, 0x65, 0x70}, crypto::PrivateKey::generate_okp(crypto::OkpCurve::ed25519)},
        {{0x12, 0x2B, 0x65, 0x6E}, crypto::PrivateKey::generate_okp(crypto::OkpCurve::x25519)},
        {{0x13, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07},
         crypto::PrivateKey::generate_ec(crypto::Curve::p256)},
    };
    for (std::size_t place = 0; place < openpgp::key_count; ++place) {
        const auto tag = static_cast<std::uint32_t>(openpgp::tag::attributes + place);
        state.objects.insert_or_assign(tag, to_secret(rows[place].attributes));
        state.keys[place] = openpgp::make_key(state.sealing_key, place, origin_generated, rows[place].key);
    }
}

enum class Target { piv, openpgp };

SecretBytes make_card(const std::vector<std::string>& applets) {
    CreateOptions options;
    options.name = "fuzz";
    options.management_key = to_bytes(management_key_value);
    options.global_pin = "777777";
    options.pin_iterations = 1;
    options.applets = applets;
    CardState card = make_card_state(options);
    if (card.openpgp) {
        add_openpgp_keys(*card.openpgp);
        return write_card(card);
    }
    PivState& state = card.piv.value();
    for (const Byte reference : Bytes{0x9A, 0x9C, 0x9E}) {
        state.keys.emplace(reference,
                           make_key(state.sealing_key, reference, *find_key_algorithm(0x11),
                                    default_policy(reference), TouchPolicy::never, origin_generated,
                                    crypto::PrivateKey::generate_ec(crypto::Curve::p256)));
    }
    return write_card(card);
}

/// The text of the card that every input for |target| begins with; never freed. It has no
/// keys of the others: each command costs more on a card that keeps more.
const SecretBytes& fresh_card(Target target) {
    static const auto* const piv = new SecretBytes(make_card({"piv", "sc-hsm"}));
    static const auto* const both = new SecretBytes(make_card({"piv", "openpgp"}));
    return target == Target::piv ? *piv : *both;
}

/// Tells whether GENERATE ASYMMETRIC KEY PAIR of sc-hsm asks for an RSA key. 0.4.0.127.0.7.2.2.2.1 is the arc
/// of their algorithms in templates.
bool makes_hsm_rsa_key(View apdu) {
    constexpr Byte rsa_arc[] = {0x04, 0x00, 0x7F, 0x00, 0x07, 0x02, 0x02, 0x02, 0x01};
    const auto arc = std::ranges::search(apdu, rsa_arc);
    return std::ranges::any_of(hsm_rsa_bits(), [&](std::size_t bits) {
        const Byte length[] = {static_cast<Byte>(bits >> 8), static_cast<Byte>(bits & 0xFF)};
        return std::search(arc.end(), apdu.end(), std::begin(length), std::end(length)) != apdu.end();
    });
}

class Session {
  public:
    explicit Session(Target target)
        : m_target(target),
          m_medium(std::make_shared<Medium>()),
          m_card(std::make_unique<MemoryStorage>(m_medium)) {
        m_medium->bytes = fresh_card(target);
        restart();
    }

    void restart() {
        static constexpr Byte select_piv[] = {0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08};
        static constexpr Byte select_openpgp[] = {0x00, 0xA4, 0x04, 0x00, 0x06, 0xD2,
                                                  0x76, 0x00, 0x01, 0x24, 0x01};
        m_card.power_on();
        send(m_target == Target::piv ? View(select_piv) : View(select_openpgp));
    }

    /// Tells whether the command may make an RSA key, which takes too long.
    bool makes_rsa_key(View apdu) const {
        if (apdu.size() > 4 && apdu[1] == 0x46) {
            return makes_hsm_rsa_key(apdu);
        }
        if (apdu.size() <= 4 || apdu[1] != 0x47) {
            return false;
        }
        if (m_target == Target::piv) {
            const auto is_rsa = [](Byte byte) { return byte == 0x05 || byte == 0x07 || byte == 0x16; };
            return std::ranges::any_of(apdu.subspan(4), is_rsa);
        }
        const auto card = read_card(*m_medium->bytes);
        const auto* const state = std::get_if<CardState>(&card);
        for (std::size_t place = 0; state != nullptr && place < openpgp::key_count; ++place) {
            if (state->openpgp->algorithm(place).id == 0x01) {
                return true;
            }
        }
        return false;
    }

    SecretBytes send(View apdu) {
        const Bytes exact = to_bytes(apdu);
        SecretBytes response = m_card.transmit(exact);
        if (response.size() < 2) {
            std::abort();
        }
        return response;
    }

    void verify() {
        if (m_target == Target::openpgp) {
            const Byte for_signatures[] = {0x00, 0x20, 0x00, 0x81, 0x06, '1', '2', '3', '4', '5', '6'};
            const Byte for_the_rest[] = {0x00, 0x20, 0x00, 0x82, 0x06, '1', '2', '3', '4', '5', '6'};
            send(for_signatures);
            send(for_the_rest);
            return;
        }
        const Byte command[] = {0x00, 0x20, 0x00, 0x80, 0x08, '1', '2', '3', '4', '5', '6', 0xFF, 0xFF};
        send(command);
    }

    void become_administrator() {
        if (m_target == Target::openpgp) {
            const Byte command[] = {0x00, 0x20, 0x00, 0x83, 0x08, '1', '2', '3', '4', '5', '6', '7', '8'};
            send(command);
            return;
        }
        const Byte first[] = {0x00, 0x87, 0x0A, 0x9B, 0x04, 0x7C, 0x02, 0x80, 0x00};
        const SecretBytes response = send(first);
        const auto witness = find_tlv_path(response, {0x7C, 0x80});
        if (!witness || witness->size() != 16) {
            return;
        }
        const Bytes proof = crypto::crypt_block(crypto::BlockCipher::aes, crypto::Direction::decrypt,
                                                management_key_value, *witness);
        Bytes second{0x00, 0x87, 0x0A, 0x9B, 0x26};
        append(second, TlvWriter()
                           .nest(0x7C, [&](TlvWriter& out) { out.put(0x80, proof).put(0x81, Bytes(16)); })
                           .take());
        send(second);
    }

  private:
    Target m_target;
    std::shared_ptr<Medium> m_medium;
    SoftCard m_card;
};

void run_steps(Target target, View input) {
    Session session(target);
    std::size_t restarts = 0;
    for (std::size_t step = 0; step < most_steps && !input.empty(); ++step) {
        std::size_t length = input[0];
        input = input.subspan(1);
        switch (length) {
            case 0:
                if (++restarts > most_restarts) {
                    return;
                }
                session.restart();
                continue;
            case 1:
                session.verify();
                continue;
            case 2:
                session.become_administrator();
                continue;
            case 3:
                length =
                    static_cast<std::size_t>(load_be(input.first(std::min<std::size_t>(input.size(), 2))));
                input = input.subspan(std::min<std::size_t>(input.size(), 2));
                break;
            default:
                break;
        }
        const View apdu = input.first(std::min(length, input.size()));
        input = input.subspan(apdu.size());
        if (!session.makes_rsa_key(apdu)) {
            session.send(apdu);
        }
    }
}

/// Reads a file; what was read must be written as a text that reads the same.
void run_file(View text) {
    const auto card = read_card(text);
    if (const auto* const state = std::get_if<CardState>(&card)) {
        const SecretBytes written = write_card(*state);
        const auto again = read_card(written);
        if (!std::holds_alternative<CardState>(again) || write_card(std::get<CardState>(again)) != written) {
            std::abort();
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const View input(data, size);
    if (input[0] % 2 == 0) {
        run_steps(input[0] % 4 == 0 ? Target::piv : Target::openpgp, input.subspan(1));
    } else {
        run_file(input.subspan(1));
    }
    return 0;
}
