#include "pkcs11/card_cipher.hpp"

#include <algorithm>
#include <array>

#include "card/card_aes.hpp"
#include "crypto/assisted_gcm.hpp"
#include "pkcs11/error.hpp"

namespace jeton::pkcs11 {

namespace {

using crypto::AesMode;
using crypto::Direction;
using Result = crypto::AesCipher::Result;

constexpr std::size_t block_bytes = crypto::aes_block_bytes;
constexpr std::size_t whole_tag_bytes = 16;

// The longest message with GCM where the profile does not say, in bytes: where each block costs a command,
// and where not.
constexpr std::size_t longest_by_blocks = 65536;
constexpr std::size_t longest_by_batches = 1048576;

/// CardEngine holds what every such engine works with.
class CardEngine : public CipherEngine {
  public:
    CardEngine(std::shared_ptr<Token> token, std::size_t secret_key, Direction direction,
               crypto::AesParameters parameters)
        : m_token(std::move(token)),
          m_index(secret_key),
          m_direction(direction),
          m_parameters(std::move(parameters)),
          m_aes(m_token->card(), secret_key) {}

    std::size_t whole_length(std::size_t input) const override {
        return whole_aes_length(m_direction, m_parameters, input);
    }

  protected:
    card::Card& card() const { return m_token->card(); }
    std::size_t index() const { return m_index; }
    Direction direction() const { return m_direction; }
    bool encrypts() const { return m_direction == Direction::encrypt; }
    const crypto::AesParameters& parameters() const { return m_parameters; }
    card::CardAes& aes() { return m_aes; }
    const card::CardAes& aes() const { return m_aes; }

  private:
    std::shared_ptr<Token> m_token;
    std::size_t m_index;
    Direction m_direction;
    crypto::AesParameters m_parameters;
    card::CardAes m_aes;
};

/// BlockEngine does ECB and CBC: whole blocks as they come, padding at the end.
class BlockEngine final : public CardEngine {
  public:
    using CardEngine::CardEngine;

    std::size_t update_length(std::size_t input) const override { return ready(m_held.size() + input); }
    std::size_t finish_length() const override {
        return pads() && encrypts() ? (m_held.size() / block_bytes + 1) * block_bytes : m_held.size();
    }

    void update(View input, SecretBytes& out) override {
        append(m_held, input);
        const std::size_t whole = ready(m_held.size());
        append(out, transform(View(m_held).first(whole)));
        m_held.erase(m_held.begin(), m_held.begin() + static_cast<std::ptrdiff_t>(whole));
    }

    void finish(View last, SecretBytes& out) override {
        append(m_held, last);
        if (pads() && encrypts()) {
            const std::size_t padding = block_bytes - m_held.size() % block_bytes;
            m_held.insert(m_held.end(), padding, static_cast<Byte>(padding));
        }
        const bool is_whole = m_held.size() % block_bytes == 0 && !(pads() && m_held.empty());
        require_done(direction(), is_whole ? Result::done : Result::bad_length);
        SecretBytes rest = transform(m_held);
        if (pads() && !encrypts()) {
            rest.resize(unpadded_length(rest));
        }
        append(out, rest);
    }

  private:
    bool pads() const { return parameters().mode == AesMode::cbc_pad; }

    /// ready is how many of |held| bytes can be processed: the last block may be padding.
    std::size_t ready(std::size_t held) const {
        const std::size_t certain = pads() && !encrypts() && held > 0 ? held - 1 : held;
        return certain / block_bytes * block_bytes;
    }

    /// unpadded_length looks at the whole last block, whatever its padding is (RFC 5652, 6.3).
    static std::size_t unpadded_length(View plain) {
        const View block = plain.last(block_bytes);
        const unsigned padding = block.back();
        unsigned wrong = static_cast<unsigned>(padding == 0) | static_cast<unsigned>(padding > block_bytes);
        for (std::size_t i = 0; i < block_bytes; ++i) {
            const bool is_padding = block_bytes - i <= padding;
            wrong |= static_cast<unsigned>(is_padding) & static_cast<unsigned>(block[i] != padding);
        }
        require_done(Direction::decrypt, wrong == 0 ? Result::done : Result::bad_padding);
        return plain.size() - padding;
    }

    SecretBytes transform(View blocks) {
        if (blocks.empty()) {
            return {};
        }
        if (parameters().mode == AesMode::ecb) {
            return encrypts() ? aes().encrypt(blocks) : aes().decrypt(blocks);
        }
        const Bytes iv = m_chain.empty() ? parameters().iv : m_chain;
        SecretBytes out = encrypts() ? aes().cbc_encrypt(iv, blocks) : aes().cbc_decrypt(iv, blocks);
        m_chain = to_bytes((encrypts() ? View(out) : blocks).last(block_bytes));
        return out;
    }

    SecretBytes m_held;
    Bytes m_chain;  ///< the last block of ciphertext; empty before the first
};

/// CounterEngine does CTR: what is left of a block of keystream serves the next part.
class CounterEngine final : public CardEngine {
  public:
    CounterEngine(std::shared_ptr<Token> token, std::size_t secret_key, Direction direction,
                  crypto::AesParameters parameters)
        : CardEngine(std::move(token), secret_key, direction, std::move(parameters)),
          m_counter(this->parameters().iv) {}

    std::size_t update_length(std::size_t input) const override { return input; }
    std::size_t finish_length() const override { return 0; }

    void update(View input, SecretBytes& out) override { transform(input, aes().batch(), out); }
    void finish(View last, SecretBytes& out) override { transform(last, 1, out); }

  private:
    void transform(View input, std::size_t batch, SecretBytes& out) {
        if (input.size() > m_stream.size()) {
            const std::size_t missing = input.size() - m_stream.size();
            const std::size_t blocks = (missing + block_bytes - 1) / block_bytes;
            append(m_stream, aes().encrypt(next_counters((blocks + batch - 1) / batch * batch)));
        }
        for (std::size_t i = 0; i < input.size(); ++i) {
            out.push_back(input[i] ^ m_stream[i]);
        }
        m_stream.erase(m_stream.begin(), m_stream.begin() + static_cast<std::ptrdiff_t>(input.size()));
    }

    Bytes next_counters(std::size_t count) {
        Bytes out;
        out.reserve(count * block_bytes);
        for (std::size_t i = 0; i < count; ++i) {
            append(out, m_counter);
            for (std::size_t at = m_counter.size(); at-- > 0 && ++m_counter[at] == 0;) {
            }
        }
        return out;
    }

    Bytes m_counter;
    SecretBytes m_stream;
};

/// GcmEngine has the card do a message that goes into one command, where the card has GCM, and else helps. In
/// parts, plaintext is encrypted with help, or gathered where the profile has no help; ciphertext is gathered
/// always: nothing of it is given out before the tag was verified.
class GcmEngine final : public CardEngine {
  public:
    using CardEngine::CardEngine;

    std::size_t update_length(std::size_t input) const override { return streams() ? input : 0; }
    std::size_t finish_length() const override { return whole_length(m_held.size()); }

    void update(View input, SecretBytes& out) override {
        take(input.size());
        if (!streams()) {
            append(m_held, input);
            return;
        }
        begin_assistance();
        m_assisted->update(input, out);
    }

    void finish(View last, SecretBytes& out) override {
        take(last.size());
        if (m_assisted) {
            finish_assisted(last, out);
            return;
        }
        append(m_held, last);
        const bool whole_tag = encrypts() || parameters().tag_bytes == whole_tag_bytes;
        if (may_be_native() && whole_tag && aes().fits_gcm(direction(), parameters(), m_held.size())) {
            finish_native(out);
            return;
        }
        require(may_be_assisted(), too_long(), "more than the card takes in one command for GCM");
        begin_assistance();
        finish_assisted(m_held, out);
    }

  private:
    using Mode = card::GcmRule::Mode;

    const card::GcmRule& rule() const { return card().profile().gcm; }
    bool may_be_native() const {
        return (rule().mode == Mode::native || rule().mode == Mode::native_then_assisted) && aes().has_gcm();
    }
    bool may_be_assisted() const { return rule().mode != Mode::native && aes().encrypts(); }
    bool streams() const { return encrypts() && may_be_assisted(); }
    CK_RV too_long() const { return encrypts() ? CKR_DATA_LEN_RANGE : CKR_ENCRYPTED_DATA_LEN_RANGE; }

    /// take counts what comes against the longest message.
    void take(std::size_t bytes) {
        const std::size_t usual = aes().batch() > 1 ? longest_by_batches : longest_by_blocks;
        const std::size_t most = rule().max_bytes != 0 ? rule().max_bytes : usual;
        const std::size_t beside = encrypts() ? 0 : parameters().tag_bytes;
        require(bytes <= most + beside - m_total, too_long(),
                "a longer message than the profile lets through");
        m_total += bytes;
    }

    void begin_assistance() {
        if (!m_assisted) {
            m_assisted.emplace(direction(), parameters(), aes(), card().hash_key(index()));
        }
    }

    void finish_assisted(View last, SecretBytes& out) {
        const Result result = m_assisted->finish(last, out);
        if (rule().cache_h && !m_assisted->hash_key().empty()) {
            card().keep_hash_key(index(), m_assisted->hash_key());
        }
        require_done(direction(), result);
    }

    void finish_native(SecretBytes& out) {
        require_done(direction(),
                     encrypts() || m_held.size() >= whole_tag_bytes ? Result::done : Result::bad_length);
        const SecretBytes answer = aes().gcm(direction(), parameters(), m_held);
        const std::size_t cut = encrypts() ? whole_tag_bytes - parameters().tag_bytes : 0;
        append(out, View(answer).first(answer.size() - cut));
    }

    SecretBytes m_held;
    std::optional<crypto::AssistedGcm> m_assisted;
    std::size_t m_total = 0;
};

}  // namespace

std::unique_ptr<CipherEngine> make_card_aes_engine(std::shared_ptr<Token> token, std::size_t secret_key,
                                                   Direction direction, crypto::AesParameters parameters) {
    using Mode = card::GcmRule::Mode;
    const card::GcmRule& rule = token->profile().gcm;
    const bool is_gcm = parameters.mode == AesMode::gcm;
    if (is_gcm && direction == Direction::decrypt && parameters.tag_bytes < whole_tag_bytes) {
        const bool is_helped =
            rule.mode != Mode::native && rule.short_tag == card::GcmRule::ShortTag::assisted;
        require(is_helped || rule.mode == Mode::assisted, CKR_MECHANISM_PARAM_INVALID,
                "the card verifies tags of 128 bits alone");
    }
    require(token->card().claim_modes(secret_key, is_gcm), CKR_KEY_FUNCTION_NOT_PERMITTED,
            "a key is used with GCM or with other modes, not with both: each would give out secrets of the "
            "other");
    if (is_gcm) {
        return std::make_unique<GcmEngine>(std::move(token), secret_key, direction, std::move(parameters));
    }
    if (parameters.mode == AesMode::ctr) {
        return std::make_unique<CounterEngine>(std::move(token), secret_key, direction,
                                               std::move(parameters));
    }
    return std::make_unique<BlockEngine>(std::move(token), secret_key, direction, std::move(parameters));
}

}  // namespace jeton::pkcs11
