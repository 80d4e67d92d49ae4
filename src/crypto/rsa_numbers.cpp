#include "crypto/rsa_numbers.hpp"

#include <algorithm>

#include "crypto/keys.hpp"
#include "crypto/pkey.hpp"

namespace jeton::crypto {

namespace {

using openssl::BigNumber;
using openssl::require;

using NumberContext = openssl::Handle<BN_CTX, BN_CTX_free>;

constexpr std::size_t largest_number_bytes = 2048;
constexpr int largest_factored_bits = 8192;
constexpr unsigned usual_exponent = 65537;

/// The bases that are tried to find the primes of a modulus: each fails with a probability of 1/2 at most.
constexpr std::array<BN_ULONG, 40> bases{2,   3,   5,   7,   11,  13,  17,  19,  23,  29,  31,  37,  41,  43,
                                         47,  53,  59,  61,  67,  71,  73,  79,  83,  89,  97,  101, 103, 107,
                                         109, 113, 127, 131, 137, 139, 149, 151, 157, 163, 167, 173};

/// Arithmetic is what OpenSSL computes, with results that own themselves. Numbers count as secret.
class Arithmetic {
  public:
    static BigNumber make() {
        BigNumber out(openssl::required(BN_new(), "make a number"));
        BN_set_flags(out.get(), BN_FLG_CONSTTIME);
        return out;
    }

    static BigNumber of(BN_ULONG value) {
        BigNumber out = make();
        require(BN_set_word(out.get(), value), "make a number");
        return out;
    }

    static BigNumber read(View bytes) {
        BigNumber out = make();
        openssl::required(BN_bin2bn(openssl::data(bytes), static_cast<int>(bytes.size()), out.get()),
                          "read a number");
        return out;
    }

    static BigNumber minus_one(const BigNumber& number) {
        BigNumber out = make();
        openssl::required(BN_copy(out.get(), number.get()), "copy a number");
        require(BN_sub_word(out.get(), 1), "subtract");
        return out;
    }

    BigNumber times(const BigNumber& a, const BigNumber& b) {
        BigNumber out = make();
        require(BN_mul(out.get(), a.get(), b.get(), m_context.get()), "multiply");
        return out;
    }

    BigNumber modulo(const BigNumber& a, const BigNumber& m) {
        BigNumber out = make();
        require(BN_nnmod(out.get(), a.get(), m.get(), m_context.get()), "divide");
        return out;
    }

    /// quotient gives a / b; null when a remainder is left.
    BigNumber quotient(const BigNumber& a, const BigNumber& b) {
        BigNumber out = make();
        const BigNumber rest = make();
        require(BN_div(out.get(), rest.get(), a.get(), b.get(), m_context.get()), "divide");
        return BN_is_zero(rest.get()) ? std::move(out) : nullptr;
    }

    BigNumber common_divisor(const BigNumber& a, const BigNumber& b) {
        BigNumber out = make();
        require(BN_gcd(out.get(), a.get(), b.get(), m_context.get()), "find a common divisor");
        return out;
    }

    /// inverse gives the inverse of a modulo m; null when there is none.
    BigNumber inverse(const BigNumber& a, const BigNumber& m) {
        BigNumber out = make();
        return BN_mod_inverse(out.get(), a.get(), m.get(), m_context.get()) != nullptr ? std::move(out)
                                                                                       : nullptr;
    }

    BigNumber power(const BigNumber& base, const BigNumber& exponent, const BigNumber& m) {
        BigNumber out = make();
        require(BN_mod_exp(out.get(), base.get(), exponent.get(), m.get(), m_context.get()),
                "compute a power");
        return out;
    }

    BigNumber square(const BigNumber& a, const BigNumber& m) {
        BigNumber out = make();
        require(BN_mod_sqr(out.get(), a.get(), m.get(), m_context.get()), "square");
        return out;
    }

  private:
    NumberContext m_context{openssl::required(BN_CTX_new_ex(openssl::context()), "make a number context")};
};

bool same(const BigNumber& a, const BigNumber& b) {
    return BN_cmp(a.get(), b.get()) == 0;
}

bool is_odd_above_one(const BigNumber& number) {
    return BN_is_odd(number.get()) && !BN_is_one(number.get());
}

/// agrees tells whether |given| is |number|, or was not given.
bool agrees(View given, const BigNumber& number) {
    return given.empty() || same(Arithmetic::read(given), number);
}

/// factor_by finds a factor of n from the power of |base|, where e * d - 1 = 2^twos * odd (NIST SP 800-56B,
/// appendix C); null when this base tells none.
BigNumber factor_by(Arithmetic& with, BN_ULONG base, const BigNumber& odd, int twos, const BigNumber& n) {
    const BigNumber top = Arithmetic::minus_one(n);
    BigNumber y = with.power(Arithmetic::of(base), odd, n);
    if (BN_is_one(y.get()) || same(y, top)) {
        return nullptr;
    }
    for (int i = 0; i < twos; ++i) {
        BigNumber x = with.square(y, n);
        if (BN_is_one(x.get())) {
            return with.common_divisor(Arithmetic::minus_one(y), n);
        }
        if (same(x, top)) {
            return nullptr;
        }
        y = std::move(x);
    }
    return nullptr;
}

/// factor finds a prime of |n| from both exponents; null when they do not belong to it.
BigNumber factor(Arithmetic& with, const BigNumber& n, const BigNumber& e, const BigNumber& d) {
    const BigNumber multiple = Arithmetic::minus_one(with.times(e, d));
    if (!is_odd_above_one(n) || BN_num_bits(n.get()) > largest_factored_bits || BN_is_zero(multiple.get()) ||
        BN_is_odd(multiple.get())) {
        return nullptr;
    }
    // Where this holds for one base and the key is right, it holds for all.
    if (!BN_is_one(with.power(Arithmetic::of(bases[0]), multiple, n).get())) {
        return nullptr;
    }
    int twos = 1;
    while (!BN_is_bit_set(multiple.get(), twos)) {
        ++twos;
    }
    const BigNumber odd = Arithmetic::make();
    require(BN_rshift(odd.get(), multiple.get(), twos), "shift");
    for (const BN_ULONG base : bases) {
        if (BigNumber prime = factor_by(with, base, odd, twos, n)) {
            return prime;
        }
    }
    return nullptr;
}

/// read_prime fills |out| unless |given| is empty; false for what is no prime at first sight.
bool read_prime(View given, BigNumber& out) {
    if (given.empty()) {
        return true;
    }
    out = Arithmetic::read(given);
    return is_odd_above_one(out);
}

/// find_primes fills the one of p and q that is missing, or both; false when what was given does not lead to
/// them.
bool find_primes(Arithmetic& with, const RsaNumbers::Given& given, RsaNumbers& out) {
    if (out.p && out.q) {
        return true;
    }
    if (given.modulus.empty()) {
        return false;
    }
    const BigNumber n = Arithmetic::read(given.modulus);
    BigNumber& known = out.q ? out.q : out.p;
    BigNumber& other = out.q ? out.p : out.q;
    if (!known && !given.private_exponent.empty()) {
        known = factor(with, n, out.e, Arithmetic::read(given.private_exponent));
    }
    other = known ? with.quotient(n, known) : nullptr;
    return other && is_odd_above_one(known) && is_odd_above_one(other);
}

/// order_of gives the least common multiple of p - 1 and q - 1.
BigNumber order_of(Arithmetic& with, const RsaNumbers& numbers) {
    const BigNumber p_minus = Arithmetic::minus_one(numbers.p);
    const BigNumber q_minus = Arithmetic::minus_one(numbers.q);
    return with.quotient(with.times(p_minus, q_minus), with.common_divisor(p_minus, q_minus));
}

/// find_exponent fills e: as given, from d where the primes are there, or the usual one.
bool find_exponent(Arithmetic& with, const RsaNumbers::Given& given, RsaNumbers& out) {
    if (!given.exponent.empty()) {
        out.e = Arithmetic::read(given.exponent);
    } else if (!out.p || !out.q || given.private_exponent.empty()) {
        out.e = Arithmetic::of(usual_exponent);
    } else {
        out.e = with.inverse(Arithmetic::read(given.private_exponent), order_of(with, out));
    }
    return out.e && is_odd_above_one(out.e);
}

/// fits_prime tells whether e * d is 1 modulo prime - 1.
bool fits_prime(Arithmetic& with, View d, const RsaNumbers& numbers, const BigNumber& prime_minus) {
    return d.empty() || BN_is_one(with.modulo(with.times(Arithmetic::read(d), numbers.e), prime_minus).get());
}

}  // namespace

SecretBytes secret_number(const BIGNUM* number, std::size_t length) {
    SecretBytes out(length != 0 ? length : static_cast<std::size_t>(BN_num_bytes(number)));
    require(BN_bn2binpad(number, out.data(), static_cast<int>(out.size())) >= 0 ? 1 : 0, "write a number");
    return out;
}

std::optional<RsaNumbers> RsaNumbers::complete(const Given& given) {
    for (const View view : {given.modulus, given.exponent, given.private_exponent, given.p, given.q, given.dp,
                            given.dq, given.qinv}) {
        if (view.size() > largest_number_bytes) {
            return std::nullopt;
        }
    }
    Arithmetic with;
    RsaNumbers out;
    if (!read_prime(given.p, out.p) || !read_prime(given.q, out.q) || !find_exponent(with, given, out) ||
        !find_primes(with, given, out) || same(out.p, out.q)) {
        return std::nullopt;
    }
    const BigNumber p_minus = Arithmetic::minus_one(out.p);
    const BigNumber q_minus = Arithmetic::minus_one(out.q);
    out.n = with.times(out.p, out.q);
    if (BN_num_bits(out.n.get()) > static_cast<int>(largest_modulus_bits)) {
        return std::nullopt;
    }
    out.dp = with.inverse(out.e, p_minus);
    out.dq = with.inverse(out.e, q_minus);
    out.qinv = with.inverse(out.q, out.p);
    out.d = with.inverse(out.e, order_of(with, out));
    const bool whole = out.dp && out.dq && out.qinv && out.d;
    if (!whole || !agrees(given.modulus, out.n) || !agrees(given.dp, out.dp) || !agrees(given.dq, out.dq) ||
        !agrees(given.qinv, out.qinv) || !fits_prime(with, given.private_exponent, out, p_minus) ||
        !fits_prime(with, given.private_exponent, out, q_minus)) {
        return std::nullopt;
    }
    return out;
}

std::optional<RsaNumbers> RsaNumbers::complete(const RsaPrivateParts& parts) {
    return complete({.modulus = {},
                     .exponent = parts.exponent,
                     .private_exponent = {},
                     .p = parts.p,
                     .q = parts.q,
                     .dp = parts.dp,
                     .dq = parts.dq,
                     .qinv = parts.qinv});
}

std::optional<RsaPrivateParts> complete_rsa(View modulus, View exponent, View private_exponent, View p,
                                            View q, View dp, View dq, View qinv) {
    const openssl::ErrorScope errors;
    const auto numbers = RsaNumbers::complete({.modulus = modulus,
                                               .exponent = exponent,
                                               .private_exponent = private_exponent,
                                               .p = p,
                                               .q = q,
                                               .dp = dp,
                                               .dq = dq,
                                               .qinv = qinv});
    if (!numbers) {
        return std::nullopt;
    }
    return RsaPrivateParts{secret_number(numbers->p.get()),    secret_number(numbers->q.get()),
                           secret_number(numbers->dp.get()),   secret_number(numbers->dq.get()),
                           secret_number(numbers->qinv.get()), to_bytes(secret_number(numbers->e.get()))};
}

}  // namespace jeton::crypto
