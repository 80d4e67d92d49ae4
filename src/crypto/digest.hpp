// Message digests, and the host's random numbers.
#pragma once

#include <memory>
#include <span>

#include "util/bytes.hpp"

namespace jeton::crypto {

enum class Hash { sha1, sha224, sha256, sha384, sha512, sha3_224, sha3_256, sha3_384, sha3_512 };

/// digest_length is the output of |hash| in bytes (20 to 64).
std::size_t digest_length(Hash hash);

/// digest hashes |data| in one step.
Bytes digest(Hash hash, View data);

/// Digest hashes in parts. Copying it copies the state so far.
class Digest {
  public:
    explicit Digest(Hash hash);
    Digest(const Digest& other);
    Digest& operator=(const Digest& other);
    Digest(Digest&&) noexcept;
    Digest& operator=(Digest&&) noexcept;
    ~Digest();

    Hash hash() const { return m_hash; }
    void update(View data);

    /// finish gives the digest; the object must not be used afterwards.
    Bytes finish();

  private:
    struct State;
    Hash m_hash;
    std::unique_ptr<State> m_state;
};

/// random_bytes fills |out| from OpenSSL's private DRBG; throws Error when there is no entropy.
void random_bytes(std::span<Byte> out);

}  // namespace jeton::crypto
