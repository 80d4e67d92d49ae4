// DER as X.509 and PKCS use it, strictly: one-byte tags, shortest lengths, nothing between or behind objects.
// Private to src/crypto. (Cards write BER more freely: util/tlv.hpp.)
#pragma once

#include <array>
#include <optional>

#include "util/bytes.hpp"
#include "util/tlv.hpp"

namespace jeton::crypto {

inline constexpr Byte der_integer = 0x02;
inline constexpr Byte der_bit_string = 0x03;
inline constexpr Byte der_octet_string = 0x04;
inline constexpr Byte der_null = 0x05;
inline constexpr Byte der_oid = 0x06;
inline constexpr Byte der_printable_string = 0x13;
inline constexpr Byte der_sequence = 0x30;

/// The contents of the OBJECT IDENTIFIERs of RSA and EC keys (RFC 3279, 2.3.1; RFC 5480, 2.1.1).
inline constexpr std::array<Byte, 9> rsa_oid{0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
inline constexpr std::array<Byte, 7> ec_oid{0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01};

/// DerReader takes objects off the front of a view; what was not taken stays. An answer of nullopt leaves the
/// reader where it was.
class DerReader {
  public:
    explicit DerReader(View data) : m_rest(data) {}

    /// next takes an object with |tag| and gives its content.
    std::optional<View> next(Byte tag);

    /// next_whole takes an object with |tag| and gives it with its tag and length.
    std::optional<View> next_whole(Byte tag);

    /// next_unsigned takes an INTEGER that is not negative and gives its bytes without leading zeros. It
    /// allows more leading zeros than DER does: some cards write r and s in a fixed length.
    std::optional<View> next_unsigned();

    bool at_end() const { return m_rest.empty(); }

    /// rest is what was not taken yet.
    View rest() const { return m_rest; }

  private:
    View m_rest;
};

/// only_object gives the content of |der| when it is exactly one object with |tag|.
std::optional<View> only_object(View der, Byte tag);

/// put_unsigned adds |number|, big-endian, as an INTEGER.
template <typename Vector>
void put_unsigned(BasicTlvWriter<Vector>& writer, View number) {
    const View significant = without_leading_zeros(number);
    Vector content;
    content.reserve(significant.size() + 1);
    if (significant.empty() || (significant.front() & 0x80) != 0) {
        content.push_back(0x00);
    }
    append(content, significant);
    writer.put(der_integer, content);
}

}  // namespace jeton::crypto
