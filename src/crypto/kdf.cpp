#include "crypto/kdf.hpp"

#include <openssl/core_names.h>
#include <string>
#include <vector>

#include "crypto/error.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

namespace {

constexpr std::size_t most_digests = 255;
constexpr std::size_t longest_info = 1024;

/// Parameters is a list of OSSL_PARAM; what they point to must live longer. OpenSSL only reads it.
class Parameters {
  public:
    Parameters& octets(const char* name, View value) {
        m_list.push_back(
            OSSL_PARAM_construct_octet_string(name, const_cast<Byte*>(openssl::data(value)), value.size()));
        return *this;
    }
    Parameters& number(const char* name, unsigned& value) {
        m_list.push_back(OSSL_PARAM_construct_uint(name, &value));
        return *this;
    }
    Parameters& switched(const char* name, int& value) {
        m_list.push_back(OSSL_PARAM_construct_int(name, &value));
        return *this;
    }
    Parameters& hash(Hash hash) {
        m_list.push_back(OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST,
                                                          const_cast<char*>(openssl::md_name(hash)), 0));
        return *this;
    }

    SecretBytes derive(openssl::Derivation derivation, std::size_t length) {
        m_list.push_back(OSSL_PARAM_construct_end());
        const openssl::KdfContext context(
            openssl::required(EVP_KDF_CTX_new(openssl::kdf(derivation)), "make a key derivation"));
        SecretBytes out(length);
        openssl::require(EVP_KDF_derive(context.get(), out.data(), out.size(), m_list.data()),
                         "derive a key");
        return out;
    }

  private:
    std::vector<OSSL_PARAM> m_list;
};

}  // namespace

SecretBytes pbkdf2(Hash hash, View password, View salt, unsigned iterations, std::size_t length) {
    const openssl::ErrorScope errors;
    if (iterations == 0 || length == 0) {
        throw Error("PBKDF2 needs iterations and a length");
    }
    int any_size = 1;  // the lengths of RFC 8018, without the lower bounds of NIST SP 800-132
    return Parameters()
        .hash(hash)
        .octets(OSSL_KDF_PARAM_PASSWORD, password)
        .octets(OSSL_KDF_PARAM_SALT, salt)
        .number(OSSL_KDF_PARAM_ITER, iterations)
        .switched(OSSL_KDF_PARAM_PKCS5, any_size)
        .derive(openssl::Derivation::pbkdf2, length);
}

SecretBytes hkdf(Hash hash, View secret, View salt, View info, std::size_t length) {
    const openssl::ErrorScope errors;
    if (secret.empty() || info.size() > longest_info || length == 0 ||
        length > most_digests * digest_length(hash)) {
        throw Error("HKDF needs a secret, and a length of 255 digests at most");
    }
    int mode = EVP_KDF_HKDF_MODE_EXTRACT_AND_EXPAND;
    return Parameters()
        .switched(OSSL_KDF_PARAM_MODE, mode)
        .hash(hash)
        .octets(OSSL_KDF_PARAM_KEY, secret)
        .octets(OSSL_KDF_PARAM_SALT, salt)
        .octets(OSSL_KDF_PARAM_INFO, info)
        .derive(openssl::Derivation::hkdf, length);
}

}  // namespace jeton::crypto
