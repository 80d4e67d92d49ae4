#include "card/applet.hpp"

#include <array>

#include "card/piv_applet.hpp"

namespace jeton::card {

namespace {

struct AppletKind {
    std::string_view name;  ///< as profiles write it
    std::unique_ptr<Applet> (*make)(std::shared_ptr<const Profile>);
};

template <typename Kind>
std::unique_ptr<Applet> make(std::shared_ptr<const Profile> profile) {
    return std::make_unique<Kind>(std::move(profile));
}

constexpr std::array<AppletKind, 1> applet_kinds{{{"piv", make<PivApplet>}}};

struct RsaSize {
    std::size_t bits;
    KeyType type;
};

constexpr std::array<RsaSize, 4> rsa_sizes{
    {{1024, KeyType::rsa1024}, {2048, KeyType::rsa2048}, {3072, KeyType::rsa3072}, {4096, KeyType::rsa4096}}};

struct CurveType {
    crypto::Curve curve;
    KeyType type;
};

constexpr std::array<CurveType, 3> curve_types{{{crypto::Curve::p256, KeyType::p256},
                                                {crypto::Curve::p384, KeyType::p384},
                                                {crypto::Curve::p521, KeyType::p521}}};

}  // namespace

std::optional<KeyType> key_type_of(const crypto::PublicKey& key) {
    if (const auto* rsa = std::get_if<crypto::RsaPublicKey>(&key)) {
        for (const RsaSize& row : rsa_sizes) {
            if (row.bits == rsa->modulus_bits()) {
                return row.type;
            }
        }
        return std::nullopt;
    }
    if (const auto* ec = std::get_if<crypto::EcPublicKey>(&key)) {
        for (const CurveType& row : curve_types) {
            if (row.curve == ec->curve) {
                return row.type;
            }
        }
    }
    return std::nullopt;
}

std::unique_ptr<Applet> make_applet(std::shared_ptr<const Profile> profile) {
    for (const AppletKind& kind : applet_kinds) {
        if (kind.name == profile->applet) {
            return kind.make(std::move(profile));
        }
    }
    return nullptr;
}

}  // namespace jeton::card
