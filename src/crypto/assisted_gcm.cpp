#include "crypto/assisted_gcm.hpp"

#include <algorithm>
#include <array>
#include <openssl/modes.h>

#include "crypto/error.hpp"
#include "crypto/gcm_iv.hpp"
#include "crypto/openssl.hpp"

namespace jeton::crypto {

namespace {

using Block = std::array<Byte, aes_block_bytes>;
using GcmContext = openssl::Handle<GCM128_CONTEXT, CRYPTO_gcm128_release>;

constexpr std::size_t usual_iv_bytes = 12;
constexpr std::size_t counter_bytes = 4;
constexpr std::size_t upper_bytes = aes_block_bytes - counter_bytes;

/// blocks_in counts the blocks that |bytes| bytes take up.
std::size_t blocks_in(std::size_t bytes) {
    return (bytes + aes_block_bytes - 1) / aes_block_bytes;
}

std::uint32_t counter_of(View block) {
    return static_cast<std::uint32_t>(load_be(block.last(counter_bytes)));
}

/// Keystream holds the encrypted counter blocks of one message that OpenSSL will ask for, and E(0). OpenSSL
/// calls back from C, where nothing can be thrown: all that it may ask for was fetched before.
class Keystream {
  public:
    /// begin sets J0, the block that counting starts from.
    void begin(View j0) { std::copy(j0.begin(), j0.end(), m_j0.begin()); }
    void set_hash_key(View hash_key) { m_hash_key = to_secret(hash_key); }
    const SecretBytes& hash_key() const { return m_hash_key; }

    /// counter_block is J0 with its last 32 bits increased by |number|, modulo 2^32 (SP 800-38D, 6.2).
    Block counter_block(std::size_t number) const {
        Block out = m_j0;
        const auto counter = static_cast<std::uint32_t>(counter_of(m_j0) + number);
        for (std::size_t i = 0; i < counter_bytes; ++i) {
            out[upper_bytes + i] = static_cast<Byte>(counter >> (24 - 8 * i));
        }
        return out;
    }

    /// add puts |blocks| after those that are held.
    void add(View blocks) { append(m_blocks, blocks); }

    /// drop forgets the blocks before the number |first|.
    void drop(std::size_t first) {
        const std::size_t count = std::min(first - m_first, m_blocks.size() / aes_block_bytes);
        const auto start = m_blocks.begin();
        m_blocks.erase(start, start + static_cast<std::ptrdiff_t>(count * aes_block_bytes));
        m_first += count;
    }

    /// end is the number of the first block that is not held.
    std::size_t end() const { return m_first + m_blocks.size() / aes_block_bytes; }

    /// find gives E(|block|); nullptr, and failed() from then on, for one that is not held.
    const Byte* find(View block) {
        const std::size_t number = counter_of(block) - counter_of(m_j0);  // modulo 2^32 in both directions
        const std::size_t place = static_cast<std::uint32_t>(number) - m_first;
        const bool is_counter = std::equal(m_j0.begin(), m_j0.begin() + upper_bytes, block.begin());
        if (is_counter && static_cast<std::uint32_t>(number) >= m_first &&
            place < m_blocks.size() / aes_block_bytes) {
            return m_blocks.data() + place * aes_block_bytes;
        }
        if (std::ranges::all_of(block, [](Byte byte) { return byte == 0; })) {
            return m_hash_key.data();
        }
        m_failed = true;
        return nullptr;
    }
    bool failed() const { return m_failed; }

  private:
    Block m_j0{};
    SecretBytes m_hash_key;
    SecretBytes m_blocks;
    std::size_t m_first = 0;
    bool m_failed = false;
};

// What OpenSSL calls.

void encrypt_block(const unsigned char* in, unsigned char* out, const void* key) {
    auto& keystream = *static_cast<Keystream*>(const_cast<void*>(key));
    if (const Byte* const block = keystream.find({in, aes_block_bytes})) {
        std::copy_n(block, aes_block_bytes, out);
    } else {
        std::fill_n(out, aes_block_bytes, Byte{0});
    }
}

void encrypt_counters(const unsigned char* in, unsigned char* out, std::size_t blocks, const void* key,
                      const unsigned char* first) {
    Block counter;
    std::copy_n(first, aes_block_bytes, counter.begin());
    for (std::size_t i = 0; i < blocks; ++i) {
        Block stream;
        encrypt_block(counter.data(), stream.data(), key);
        for (std::size_t byte = 0; byte < aes_block_bytes; ++byte) {
            out[i * aes_block_bytes + byte] = in[i * aes_block_bytes + byte] ^ stream[byte];
        }
        wipe(stream);
        for (std::size_t at = aes_block_bytes; at-- > upper_bytes && ++counter[at] == 0;) {
        }
    }
}

}  // namespace

struct AssistedGcm::State {
    Direction direction;
    AesParameters parameters;
    BlockEncryptor& encryptor;
    Keystream keystream{};
    GcmContext context{};   ///< from the first block on
    std::size_t total = 0;  ///< bytes that were encrypted or decrypted
    SecretBytes held{};     ///< decryption: ciphertext and tag so far

    void fetch(std::size_t bytes, bool whole_batches);
    void start(std::size_t counters, bool whole_batches);
    SecretBytes ask(bool with_hash_key, std::size_t first, std::size_t count);
    std::size_t rounded(std::size_t blocks, bool whole_batches) const;
    void process(View input, SecretBytes& out);
};

std::size_t AssistedGcm::State::rounded(std::size_t blocks, bool whole_batches) const {
    const std::size_t batch = std::max<std::size_t>(encryptor.batch(), 1);
    return whole_batches ? (blocks + batch - 1) / batch * batch : blocks;
}

/// ask fetches |count| counter blocks from the number |first| on, with one question.
SecretBytes AssistedGcm::State::ask(bool with_hash_key, std::size_t first, std::size_t count) {
    Bytes question(with_hash_key ? aes_block_bytes : 0);
    question.reserve(question.size() + count * aes_block_bytes);
    for (std::size_t i = 0; i < count; ++i) {
        append(question, keystream.counter_block(first + i));
    }
    SecretBytes answer = encryptor.encrypt(question);
    if (answer.size() != question.size()) {
        throw Error("not as many encrypted blocks as were asked for");
    }
    if (with_hash_key) {
        keystream.set_hash_key(View(answer).first(aes_block_bytes));
        answer.erase(answer.begin(), answer.begin() + aes_block_bytes);
    }
    return answer;
}

/// start fetches what every message needs, and |counters| counter blocks with it: E(0), without which J0 of
/// an IV that has not 12 bytes is not known, and E(J0).
void AssistedGcm::State::start(std::size_t counters, bool whole_batches) {
    const View iv = parameters.iv;
    if (iv.size() == usual_iv_bytes) {
        Block j0{};
        std::ranges::copy(iv, j0.begin());
        j0.back() = 1;
        keystream.begin(j0);
    } else {
        if (keystream.hash_key().empty()) {
            ask(true, 0, 0);
        }
        keystream.begin(first_counter_block(keystream.hash_key(), iv));
    }
    const bool with_hash_key = keystream.hash_key().empty();
    const std::size_t beside = with_hash_key ? 2 : 1;
    const std::size_t count = rounded(beside + counters, whole_batches) - (with_hash_key ? 1 : 0);
    keystream.add(ask(with_hash_key, 0, count));

    context.reset(openssl::required(CRYPTO_gcm128_new(&keystream, encrypt_block), "set up GCM"));
    CRYPTO_gcm128_setiv(context.get(), iv.data(), iv.size());
    if (!parameters.aad.empty() &&
        CRYPTO_gcm128_aad(context.get(), parameters.aad.data(), parameters.aad.size()) != 0) {
        throw Error("more additional data than GCM takes");
    }
}

/// fetch makes the keystream hold what the next |bytes| bytes need.
void AssistedGcm::State::fetch(std::size_t bytes, bool whole_batches) {
    const std::size_t needed = blocks_in(total + bytes);
    if (context == nullptr) {
        start(needed, whole_batches);
        return;
    }
    keystream.drop(blocks_in(total) + 1);  // a block that was begun is OpenSSL's already
    const std::size_t end = keystream.end();
    if (needed >= end) {
        keystream.add(ask(false, end, rounded(needed + 1 - end, whole_batches)));
    }
}

void AssistedGcm::State::process(View input, SecretBytes& out) {
    const std::size_t before = out.size();
    out.resize(before + input.size());
    const auto crypt =
        direction == Direction::encrypt ? CRYPTO_gcm128_encrypt_ctr32 : CRYPTO_gcm128_decrypt_ctr32;
    const bool worked = input.empty() || crypt(context.get(), input.data(), out.data() + before, input.size(),
                                               encrypt_counters) == 0;
    if (!worked || keystream.failed()) {
        out.resize(before);
        throw Error("GCM takes no more data, or asked for a block that was not fetched");
    }
    total += input.size();
}

AssistedGcm::AssistedGcm(Direction direction, AesParameters parameters, BlockEncryptor& encryptor,
                         SecretBytes hash_key)
    : m_state(std::make_unique<State>(State{direction, std::move(parameters), encryptor})) {
    const AesParameters& checked = m_state->parameters;
    if (checked.iv.empty() || checked.tag_bytes < smallest_gcm_tag || checked.tag_bytes > aes_block_bytes) {
        throw Error("GCM needs an IV and a tag of 4 to 16 bytes");
    }
    m_state->keystream.set_hash_key(hash_key);
}

AssistedGcm::AssistedGcm(AssistedGcm&&) noexcept = default;
AssistedGcm& AssistedGcm::operator=(AssistedGcm&&) noexcept = default;
AssistedGcm::~AssistedGcm() = default;

std::size_t AssistedGcm::update_length(std::size_t length) const {
    return m_state->direction == Direction::encrypt ? length : 0;
}

std::size_t AssistedGcm::finish_length() const {
    const std::size_t tag = m_state->parameters.tag_bytes;
    return m_state->direction == Direction::encrypt
               ? tag
               : m_state->held.size() - std::min(m_state->held.size(), tag);
}

const SecretBytes& AssistedGcm::hash_key() const {
    return m_state->keystream.hash_key();
}

void AssistedGcm::update(View input, SecretBytes& out) {
    const openssl::ErrorScope errors;
    if (m_state->direction == Direction::decrypt) {
        append(m_state->held, input);
        return;
    }
    m_state->fetch(input.size(), true);
    m_state->process(input, out);
}

AesCipher::Result AssistedGcm::finish(View last, SecretBytes& out) {
    const openssl::ErrorScope errors;
    const std::size_t tag_bytes = m_state->parameters.tag_bytes;
    if (m_state->direction == Direction::encrypt) {
        m_state->fetch(last.size(), false);
        m_state->process(last, out);
        Block tag;
        CRYPTO_gcm128_tag(m_state->context.get(), tag.data(), tag.size());
        append(out, View(tag).first(tag_bytes));
        return AesCipher::Result::done;
    }
    append(m_state->held, last);
    if (m_state->held.size() < tag_bytes) {
        return AesCipher::Result::bad_length;
    }
    const View ciphertext = View(m_state->held).first(m_state->held.size() - tag_bytes);
    const View tag = View(m_state->held).last(tag_bytes);
    SecretBytes plaintext;
    m_state->fetch(ciphertext.size(), false);
    m_state->process(ciphertext, plaintext);
    if (CRYPTO_gcm128_finish(m_state->context.get(), tag.data(), tag.size()) != 0) {
        return AesCipher::Result::bad_tag;
    }
    append(out, plaintext);
    return AesCipher::Result::done;
}

}  // namespace jeton::crypto
