#include "crypto/ec_group.hpp"

#include <openssl/ec.h>
#include <openssl/objects.h>
#include <string>

#include "crypto/error.hpp"
#include "crypto/openssl.hpp"
#include "crypto/pkey.hpp"
#include "crypto/rsa_numbers.hpp"

namespace jeton::crypto {

namespace {

using Group = openssl::Handle<EC_GROUP, EC_GROUP_free>;
using Point = openssl::Handle<EC_POINT, EC_POINT_clear_free>;
using NumberContext = openssl::Handle<BN_CTX, BN_CTX_free>;

Group group_of(Curve curve) {
    const std::string name(curve_facts(curve).name);
    const int nist = EC_curve_nist2nid(name.c_str());
    const int id = nist != NID_undef ? nist : OBJ_sn2nid(name.c_str());
    return Group(
        openssl::required(EC_GROUP_new_by_curve_name_ex(openssl::context(), nullptr, id), "make a curve"));
}

NumberContext number_context() {
    return NumberContext(openssl::required(BN_CTX_new_ex(openssl::context()), "make numbers"));
}

openssl::BigNumber new_number() {
    return openssl::BigNumber(openssl::required(BN_secure_new(), "make a number"));
}

Bytes bytes_of(const BIGNUM* number, std::size_t length = 0) {
    return to_bytes(secret_number(number, length));
}

/// octets writes |point| uncompressed; nullopt for the point at infinity.
std::optional<SecretBytes> octets(const EC_GROUP* group, const EC_POINT* point, BN_CTX* context) {
    if (EC_POINT_is_at_infinity(group, point) == 1) {
        return std::nullopt;
    }
    const std::size_t length =
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, nullptr, 0, context);
    SecretBytes out(length);
    const std::size_t written =
        EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, out.data(), out.size(), context);
    openssl::require(length != 0 && written == length ? 1 : 0, "write a point");
    return out;
}

}  // namespace

DomainParameters domain_parameters(Curve curve) {
    const openssl::ErrorScope errors;
    const Group group = group_of(curve);
    const NumberContext context = number_context();
    const openssl::BigNumber prime = new_number();
    const openssl::BigNumber a = new_number();
    const openssl::BigNumber b = new_number();
    openssl::require(EC_GROUP_get_curve(group.get(), prime.get(), a.get(), b.get(), context.get()),
                     "read a curve");
    const std::size_t length = curve_facts(curve).field_bytes;
    const auto generator = octets(group.get(), EC_GROUP_get0_generator(group.get()), context.get());
    return {bytes_of(prime.get(), length),
            bytes_of(a.get(), length),
            bytes_of(b.get(), length),
            to_bytes(generator.value()),
            bytes_of(EC_GROUP_get0_order(group.get()), length),
            bytes_of(EC_GROUP_get0_cofactor(group.get()))};
}

std::optional<SecretBytes> agree_on_point(const PrivateKey& key, View peer) {
    const openssl::ErrorScope errors;
    const PublicKey public_key = key.public_key();
    const auto* const own = std::get_if<EcPublicKey>(&public_key);
    if (own == nullptr) {
        throw Error("not an EC key");
    }
    // OpenSSL checks that the point is on the curve when it makes a key of it.
    if (!make_pkey(EcPublicKey{own->curve, to_bytes(peer)})) {
        return std::nullopt;
    }
    const Group group = group_of(own->curve);
    const NumberContext context = number_context();
    const Point point(openssl::required(EC_POINT_new(group.get()), "make a point"));
    openssl::require(EC_POINT_oct2point(group.get(), point.get(), peer.data(), peer.size(), context.get()),
                     "read a point");
    const PrivateParts parts = key.parts().value();
    const SecretBytes& scalar = std::get<EcPrivateParts>(parts).scalar;
    const openssl::BigNumber number = new_number();
    openssl::required(BN_bin2bn(scalar.data(), static_cast<int>(scalar.size()), number.get()),
                      "read a number");
    BN_set_flags(number.get(), BN_FLG_CONSTTIME);
    openssl::require(
        EC_POINT_mul(group.get(), point.get(), nullptr, point.get(), number.get(), context.get()),
        "multiply a point");
    return octets(group.get(), point.get(), context.get());
}

}  // namespace jeton::crypto
