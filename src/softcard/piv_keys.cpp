// GENERAL AUTHENTICATE with the keys in the slots (SP 800-73-4 part 2, 3.2.4).
#include <algorithm>

#include "softcard/piv_card.hpp"
#include "softcard/piv_facts.hpp"
#include "util/log.hpp"
#include "util/tlv.hpp"

namespace jeton::softcard {

namespace {

constexpr std::chrono::seconds touch_lasts{15};

/// As an algorithm it says nothing (ISO/IEC 7816-4, 11.5.5).
constexpr Byte no_algorithm_named = 0x00;

/// The longest message that an EdDSA key signs: what the links of one command chain carry.
constexpr std::size_t longest_message = ApduFront::most_chained_bytes - 16;

Response in_template(View result) {
    return {BasicTlvWriter<SecretBytes>().nest(0x7C, [&](auto& out) { out.put(0x82, result); }).take()};
}

/// Computation is what a key is asked for: either field may be missing.
struct Computation {
    const crypto::PrivateKey& key;
    std::optional<View> challenge;
    std::optional<View> point;

    View needed_challenge() const {
        require(challenge.has_value() && !point, status::wrong_data);
        return *challenge;
    }

    Response agree() const {
        require(point.has_value() && !challenge, status::wrong_data);
        const std::optional<SecretBytes> shared = key.agree(*point);
        require(shared.has_value(), status::wrong_data);
        return in_template(*shared);
    }

    Response operator()(const RsaModulus& modulus) const {
        const View block = needed_challenge();
        require(block.size() == modulus.bytes(), status::wrong_data);
        const std::optional<SecretBytes> result = key.rsa_private(block);
        require(result.has_value(), status::wrong_data);
        return in_template(*result);
    }

    Response operator()(crypto::Curve curve) const {
        if (point) {
            return agree();
        }
        const View digest = needed_challenge();
        const bool fits = !digest.empty() && digest.size() <= crypto::curve_facts(curve).field_bytes;
        require(fits, status::wrong_data);
        return in_template(key.sign_ecdsa(digest));
    }

    Response operator()(crypto::OkpCurve curve) const {
        if (crypto::okp_facts(curve).signature_bytes == 0) {
            return agree();
        }
        const View message = needed_challenge();
        require(message.size() <= longest_message, status::wrong_data);
        return in_template(key.sign_eddsa(message));
    }
};

}  // namespace

bool PivCard::Authentication::is(bool has_witness, bool has_challenge, bool has_response,
                                 bool has_point) const {
    const bool answers = response && !response->empty();
    return witness.has_value() == has_witness && challenge.has_value() == has_challenge &&
           answers == has_response && point.has_value() == has_point;
}

/// Refuses unless the PIN was given as the policy of |key| asks.
void PivCard::require_pin(const Key& key) const {
    const bool satisfied = key.pin_policy == PinPolicy::never ||
                           (key.pin_policy == PinPolicy::once && pin_verified()) ||
                           (pin_verified() && m_volatile.pin_is_fresh);
    require(satisfied, status::security_not_satisfied);
}

/// Waits for a touch, if the policy asks for one now. A card that nobody touches gives up with 6982.
void PivCard::require_touch(TouchPolicy policy) {
    const auto now = std::chrono::steady_clock::now();
    const bool is_cached =
        policy == TouchPolicy::cached && m_volatile.touched && now - *m_volatile.touched < touch_lasts;
    if (policy == TouchPolicy::never || is_cached) {
        return;
    }
    const bool given = m_options.touch == Touch::given;
    log::info("software card: the key wants to be touched: {}", given ? "touched" : "nobody is there");
    require(given, status::security_not_satisfied);
    m_volatile.touched = now;
}

/// Gives the private half of |key|, which is in the slot |reference|. The PIN, where it needs one, is
/// verified.
OpenKey PivCard::private_key(Byte reference, const Key& key) {
    if (const auto* const clear = std::get_if<std::shared_ptr<const ClearKey>>(&key.secret)) {
        return {*clear, &(*clear)->key};
    }
    Unlocked& unlocked = m_volatile.unlocked.value();
    if (const auto known = unlocked.opened.find(reference);
        known != unlocked.opened.end() && known->second.key == key) {
        return known->second.opened;
    }
    OpenKey opened = open_key(unlocked.sealing_key, key);
    if (opened == nullptr) {
        log::error("software card: key {:02x} does not open: its file was changed by hand", reference);
        throw Refusal(status::memory_failure);
    }
    log::debug("software card: key {:02x} was opened", reference);
    unlocked.opened.insert_or_assign(reference, Unlocked::Opened{key, opened});
    return opened;
}

Response PivCard::use_key(const Command& command, const Authentication& request) {
    const auto found = piv().keys.find(command.p2);
    require(found != piv().keys.end(), status::wrong_parameters);
    const Key& key = found->second;
    require(command.p1 == key.algorithm, status::wrong_parameters);
    require_pin(key);
    const bool sound = !request.witness && (!request.response || request.response->empty());
    require(sound, status::wrong_data);
    require_touch(key.touch_policy);
    const OpenKey opened = private_key(command.p2, key);
    return std::visit(Computation{*opened, request.challenge, request.point},
                      find_key_algorithm(key.algorithm)->kind);
}

std::optional<PivCard::Authentication> PivCard::Authentication::read(View data) {
    struct Field {
        std::uint32_t tag;
        std::optional<View> Authentication::* place;
    };
    static constexpr Field known[] = {{0x80, &Authentication::witness},
                                      {0x81, &Authentication::challenge},
                                      {0x82, &Authentication::response},
                                      {0x85, &Authentication::point}};
    const std::optional<View> fields = find_tlv(data, 0x7C);
    if (!fields) {
        return std::nullopt;
    }
    Authentication out;
    TlvReader reader(*fields);
    while (const std::optional<Tlv> field = reader.next()) {
        const auto* const row = std::ranges::find(known, field->tag, &Field::tag);
        if (row == std::end(known) || (out.*row->place).has_value()) {
            return std::nullopt;
        }
        out.*row->place = field->value;
    }
    return reader.failed() ? std::nullopt : std::optional(out);
}

Response PivCard::general_authenticate(const Command& command) {
    require(command.p2 == management_key || is_key_slot(command.p2), status::wrong_parameters);
    const std::optional<Authentication> request = Authentication::read(command.data);
    require(request.has_value(), status::wrong_data);
    if (command.p2 != management_key) {
        return use_key(command, *request);
    }
    const bool fits =
        command.p1 == no_algorithm_named || command.p1 == static_cast<Byte>(piv().management.algorithm);
    require(fits, status::wrong_parameters);
    return authenticate_administrator(*request);
}

}  // namespace jeton::softcard
