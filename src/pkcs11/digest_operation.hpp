// C_Digest*: a hash in this process.
#pragma once

#include "crypto/digest.hpp"
#include "pkcs11/ck.hpp"

namespace jeton::pkcs11 {

class DigestOperation {
  public:
    explicit DigestOperation(crypto::Hash hash) : m_digest(hash) {}

    std::size_t length() const { return crypto::digest_length(m_digest.hash()); }
    bool is_multi_part() const { return m_multi_part; }

    void update(View data) {
        m_multi_part = true;
        m_digest.update(data);
    }

    Bytes finish(View last = {}) {
        m_digest.update(last);
        return m_digest.finish();
    }

  private:
    crypto::Digest m_digest;
    bool m_multi_part = false;
};

}  // namespace jeton::pkcs11
