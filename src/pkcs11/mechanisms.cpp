#include "pkcs11/mechanisms.hpp"

#include <algorithm>
#include <array>

#include "card/card_aes.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

using card::KeyType;
using card::Primitive;

// The families of keys.
constexpr unsigned rsa = 1;
constexpr unsigned weierstrass = 2;
constexpr unsigned edwards = 4;
constexpr unsigned montgomery = 8;

struct KeySize {
    KeyType type;
    CK_ULONG bits;
    unsigned family;
};

constexpr std::array key_sizes{
    KeySize{KeyType::rsa1024, 1024, rsa},
    KeySize{KeyType::rsa2048, 2048, rsa},
    KeySize{KeyType::rsa3072, 3072, rsa},
    KeySize{KeyType::rsa4096, 4096, rsa},
    KeySize{KeyType::p256, 256, weierstrass},
    KeySize{KeyType::p384, 384, weierstrass},
    KeySize{KeyType::p521, 521, weierstrass},
    KeySize{KeyType::ed25519, 255, edwards},
    KeySize{KeyType::x25519, 255, montgomery},
    KeySize{KeyType::brainpoolP256r1, 256, weierstrass},
    KeySize{KeyType::brainpoolP384r1, 384, weierstrass},
    KeySize{KeyType::brainpoolP512r1, 512, weierstrass},
    KeySize{KeyType::secp256k1, 256, weierstrass},
};

/// What a scheme needs of the card. A scheme with several rows takes the first primitive that the card has.
struct SchemeRow {
    Scheme scheme;
    Primitive primitive;
    unsigned families;
};

constexpr std::array scheme_rows{
    SchemeRow{Scheme::rsa_pkcs, Primitive::rsa_raw, rsa},
    SchemeRow{Scheme::rsa_pkcs, Primitive::rsa_pkcs1, rsa},
    SchemeRow{Scheme::rsa_x509, Primitive::rsa_raw, rsa},
    SchemeRow{Scheme::rsa_pss, Primitive::rsa_raw, rsa},
    SchemeRow{Scheme::rsa_oaep, Primitive::rsa_raw, rsa},
    SchemeRow{Scheme::rsa_pair, Primitive::rsa_raw, rsa},
    SchemeRow{Scheme::rsa_pair, Primitive::rsa_pkcs1, rsa},
    SchemeRow{Scheme::ecdsa, Primitive::ecdsa, weierstrass},
    SchemeRow{Scheme::ec_pair, Primitive::ecdsa, weierstrass},
    SchemeRow{Scheme::eddsa, Primitive::eddsa, edwards},
    SchemeRow{Scheme::edwards_pair, Primitive::eddsa, edwards},
    SchemeRow{Scheme::ecdh, Primitive::ecdh, weierstrass | montgomery},
    SchemeRow{Scheme::montgomery_pair, Primitive::ecdh, montgomery},
};

/// nullptr for what the software does alone.
const SchemeRow* find_scheme(Scheme scheme) {
    const auto* const found = std::ranges::find(scheme_rows, scheme, &SchemeRow::scheme);
    return found == scheme_rows.end() ? nullptr : found;
}

unsigned family_of(const crypto::PublicKey& key) {
    if (std::holds_alternative<crypto::RsaPublicKey>(key)) {
        return rsa;
    }
    const auto* okp = std::get_if<crypto::OkpPublicKey>(&key);
    if (okp == nullptr) {
        return weierstrass;
    }
    return okp->curve == crypto::OkpCurve::ed25519 ? edwards : montgomery;
}

/// What the card gets for a primitive, and who pads, as profiles call it.
struct PrimitiveRow {
    Primitive primitive;
    std::optional<card::MechanismRule::Input> input;
    bool card_pads;
};

constexpr std::array primitive_rows{
    PrimitiveRow{Primitive::rsa_raw, card::MechanismRule::Input::block, false},
    PrimitiveRow{Primitive::rsa_pkcs1, card::MechanismRule::Input::digestinfo, true},
    PrimitiveRow{Primitive::ecdsa, card::MechanismRule::Input::hash, false},
    PrimitiveRow{Primitive::eddsa, card::MechanismRule::Input::message, false},
    PrimitiveRow{Primitive::ecdh, std::nullopt, false},
};

/// allows tells whether the profile's rule for |mechanism|, if there is one, leaves this way for such keys.
bool allows(const card::Applet& applet, const MechanismRow& mechanism, Primitive primitive, CK_ULONG bits) {
    const auto& rules = applet.profile().mechanisms;
    const auto found = rules.find(mechanism.name);
    if (found == rules.end()) {
        return true;
    }
    const card::MechanismRule& rule = found->second;
    const auto* const row = std::ranges::find(primitive_rows, primitive, &PrimitiveRow::primitive);
    return bits >= rule.min_bits && bits <= rule.max_bits && (!rule.input || row->input == rule.input) &&
           (!rule.pad || row->card_pads == (*rule.pad == card::MechanismRule::Pad::card));
}

/// offers tells whether the card computes for |mechanism| with keys of |key|'s kind in the way of |row|.
bool offers(const card::Applet& applet, const MechanismRow& mechanism, const SchemeRow& row,
            const KeySize& key) {
    return row.scheme == mechanism.scheme && (key.family & row.families) != 0 &&
           applet.offers(row.primitive, key.type) && allows(applet, mechanism, row.primitive, key.bits);
}

/// find_scheme gives the first way in which the card computes for |mechanism| with |key|; nullptr when it
/// has none.
const SchemeRow* find_scheme(const card::Applet& applet, const MechanismRow& mechanism,
                             const crypto::PublicKey& key) {
    const auto type = card::key_type_of(key);
    const auto* const size = type ? std::ranges::find(key_sizes, *type, &KeySize::type) : key_sizes.end();
    const auto* const found = std::ranges::find_if(scheme_rows, [&](const SchemeRow& row) {
        return size != key_sizes.end() && offers(applet, mechanism, row, *size);
    });
    return found == scheme_rows.end() ? nullptr : found;
}

struct Sizes {
    CK_ULONG smallest = 0;
    CK_ULONG largest = 0;
};

/// offers tells whether the card computes for |mechanism| with keys of |key|'s kind, in one way or another.
bool offers(const card::Applet& applet, const MechanismRow& mechanism, const KeySize& key) {
    return std::ranges::any_of(scheme_rows,
                               [&](const SchemeRow& row) { return offers(applet, mechanism, row, key); });
}

/// The sizes of the keys with which the card carries out |row|; zeros when there are none.
Sizes sizes_on_card(const card::Applet& applet, const MechanismRow& row) {
    Sizes sizes;
    for (const KeySize& key : key_sizes) {
        const bool counts =
            offers(applet, row, key) && (!row.can(CKF_GENERATE_KEY_PAIR) || card::may_generate(key.type));
        if (counts) {
            sizes.smallest = sizes.smallest == 0 ? key.bits : std::min(sizes.smallest, key.bits);
            sizes.largest = std::max(sizes.largest, key.bits);
        }
    }
    return sizes;
}

bool is_enabled(const card::Profile& profile, const MechanismRow& row) {
    const auto rule = profile.mechanisms.find(row.name);
    return rule == profile.mechanisms.end() || rule->second.enabled;
}

bool offers_gcm(card::GcmRule::Mode mode, const card::CardAes& aes) {
    using Mode = card::GcmRule::Mode;
    const bool natively = mode != Mode::assisted && aes.has_gcm();
    const bool with_help = mode != Mode::native && aes.encrypts();
    return mode != Mode::none && (natively || with_help);
}

/// has_native_gcm tells whether |row| is GCM, which the card does itself.
bool has_native_gcm(const card::Profile& profile, const MechanismRow& row) {
    using Mode = card::GcmRule::Mode;
    const Mode mode = profile.gcm.mode;
    const auto rule = profile.mechanisms.find(row.name);
    return row.mode == crypto::AesMode::gcm && (mode == Mode::native || mode == Mode::native_then_assisted) &&
           rule != profile.mechanisms.end() && rule->second.command(card::Purpose::encrypt) != nullptr;
}

bool is_offered(const Token& token, const MechanismRow& row) {
    if (!is_enabled(token.profile(), row)) {
        return false;
    }
    return find_scheme(row.scheme) == nullptr || sizes_on_card(token.applet(), row).largest != 0;
}

}  // namespace

bool MechanismRow::fits(const crypto::PublicKey& key) const {
    const SchemeRow* row = find_scheme(scheme);
    return row != nullptr && !can(CKF_GENERATE_KEY_PAIR) && (row->families & family_of(key)) != 0;
}

bool computes(const card::Applet& applet, const MechanismRow& row, const crypto::PublicKey& key) {
    return find_scheme(applet, row, key) != nullptr;
}

bool computes(card::Card& card, const MechanismRow& row, std::size_t secret_key,
              crypto::Direction direction) {
    if (!is_enabled(card.profile(), row)) {
        return false;
    }
    const card::CardAes aes(card, secret_key);
    if (row.scheme != Scheme::aes) {
        return row.scheme == Scheme::aes_cmac && aes.authenticates();
    }
    switch (row.mode.value()) {
        case crypto::AesMode::gcm:
            return offers_gcm(card.profile().gcm.mode, aes);
        case crypto::AesMode::ctr:
            return aes.encrypts();
        default:
            return direction == crypto::Direction::encrypt ? aes.encrypts() : aes.decrypts();
    }
}

Primitive primitive_of(const card::Applet& applet, const MechanismRow& mechanism,
                       const crypto::PublicKey& key) {
    const SchemeRow* const row = find_scheme(applet, mechanism, key);
    require(row != nullptr, CKR_MECHANISM_INVALID, "the card does not compute this with the key");
    return row->primitive;
}

std::vector<const MechanismRow*> offered_mechanisms(const Token& token) {
    std::vector<const MechanismRow*> offered;
    for (const MechanismRow& row : mechanism_rows()) {
        if (is_offered(token, row)) {
            offered.push_back(&row);
        }
    }
    return offered;
}

const MechanismRow& find_mechanism(const Token& token, CK_MECHANISM_TYPE type, CK_FLAGS flags) {
    const auto rows = mechanism_rows();
    const auto found = std::ranges::find(rows, type, &MechanismRow::type);
    require(found != rows.end() && (found->flags & flags) == flags && is_offered(token, *found),
            CKR_MECHANISM_INVALID, "this token does not offer the mechanism for that");
    return *found;
}

CK_MECHANISM_INFO mechanism_info(const Token& token, const MechanismRow& row) {
    if (find_scheme(row.scheme) != nullptr) {
        const Sizes sizes = sizes_on_card(token.applet(), row);
        return {sizes.smallest, sizes.largest, row.flags};
    }
    const CK_FLAGS on_card = has_native_gcm(token.profile(), row) ? CKF_HW : 0;
    return {row.min_size, row.max_size, row.flags | on_card};
}

}  // namespace jeton::pkcs11
