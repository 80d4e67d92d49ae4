#include "card/card_aes.hpp"

#include <algorithm>
#include <optional>

#include "crypto/cmac.hpp"

namespace jeton::card {

namespace {

constexpr std::size_t block_bytes = crypto::aes_block_bytes;

constexpr std::size_t most_commands_in_burst = 64;
constexpr Milliseconds longest_burst{1000};

/// add puts |mask| over the start of |target| (XOR).
void add(std::span<Byte> target, View mask) {
    for (std::size_t i = 0; i < std::min(target.size(), mask.size()); ++i) {
        target[i] ^= mask[i];
    }
}

/// follows tells whether |next| is |block| plus 1, as numbers of 128 bits.
bool follows(View block, View next) {
    std::array<Byte, block_bytes> counter{};
    std::ranges::copy(block, counter.begin());
    for (std::size_t at = counter.size(); at-- > 0 && ++counter[at] == 0;) {
    }
    return equal(counter, next);
}

AesPrimitive gcm_in(crypto::Direction direction) {
    return direction == crypto::Direction::encrypt ? AesPrimitive::gcm_encrypt : AesPrimitive::gcm_decrypt;
}

}  // namespace

/// Turn gives the burst for the next command, and a new one when others may have waited long enough.
class CardAes::Turn {
  public:
    explicit Turn(Card& card) : m_card(card) {}

    Burst& next() {
        if (!m_burst || m_commands == most_commands_in_burst || m_end.passed()) {
            m_burst.reset();
            m_burst.emplace(m_card.begin());
            m_commands = 0;
            m_end = Deadline::after(longest_burst);
        }
        ++m_commands;
        return *m_burst;
    }

  private:
    Card& m_card;
    std::optional<Burst> m_burst;
    std::size_t m_commands = 0;
    Deadline m_end = Deadline::after(longest_burst);
};

CardAes::CardAes(Card& card, std::size_t secret_key) : m_card(card), m_index(secret_key) {}

std::size_t CardAes::most(AesPrimitive primitive, const AesInput& beside) const {
    return m_card.most_data(m_index, primitive, beside);
}

/// most_blocks is how many blocks go into one command, within what the profile allows.
std::size_t CardAes::most_blocks(AesPrimitive primitive) const {
    const std::size_t fit = most(primitive) / block_bytes;
    const std::size_t limit = m_card.profile().gcm.max_blocks_per_apdu;
    return limit == 0 ? fit : std::min(fit, limit);
}

bool CardAes::encrypts() const {
    return offers(AesPrimitive::ecb_encrypt) || offers(AesPrimitive::ctr) ||
           offers(AesPrimitive::cbc_encrypt);
}

bool CardAes::decrypts() const {
    return offers(AesPrimitive::ecb_decrypt) || offers(AesPrimitive::cbc_decrypt);
}

SecretBytes CardAes::compute(Turn& turn, AesPrimitive primitive, const AesInput& input) const {
    return turn.next().compute_aes(m_index, primitive, input);
}

/// each_by_itself has whole commands of blocks encrypted or decrypted in ECB mode.
SecretBytes CardAes::each_by_itself(Turn& turn, AesPrimitive primitive, View blocks) const {
    const std::size_t longest = most_blocks(primitive) * block_bytes;
    SecretBytes out;
    for (; !blocks.empty(); blocks = blocks.subspan(std::min(longest, blocks.size()))) {
        append(out, compute(turn, primitive, {.data = blocks.first(std::min(longest, blocks.size()))}));
    }
    return out;
}

/// counted has the card encrypt zeros in CTR mode: each run of blocks that count up costs one command.
SecretBytes CardAes::counted(Turn& turn, View blocks) const {
    const std::size_t longest = most_blocks(AesPrimitive::ctr) * block_bytes;
    SecretBytes out;
    while (!blocks.empty()) {
        std::size_t run = block_bytes;
        while (run < std::min(longest, blocks.size()) &&
               follows(blocks.subspan(run - block_bytes, block_bytes), blocks.subspan(run, block_bytes))) {
            run += block_bytes;
        }
        const Bytes zeros(run);
        append(out, compute(turn, AesPrimitive::ctr, {.data = zeros, .iv = blocks.first(block_bytes)}));
        blocks = blocks.subspan(run);
    }
    return out;
}

/// encrypt takes what makes the most blocks of one command. CBC with an IV of zeros encrypts its first block
/// by itself, and no other.
SecretBytes CardAes::encrypt(Turn& turn, View blocks) const {
    if (offers(AesPrimitive::ecb_encrypt)) {
        return each_by_itself(turn, AesPrimitive::ecb_encrypt, blocks);
    }
    if (offers(AesPrimitive::ctr)) {
        return counted(turn, blocks);
    }
    SecretBytes out;
    for (; !blocks.empty(); blocks = blocks.subspan(block_bytes)) {
        append(out, compute(turn, AesPrimitive::cbc_encrypt, {.data = blocks.first(block_bytes)}));
    }
    return out;
}

SecretBytes CardAes::encrypt(View blocks) {
    Turn turn(m_card);
    return encrypt(turn, blocks);
}

std::size_t CardAes::batch() const {
    if (offers(AesPrimitive::ecb_encrypt)) {
        return most_blocks(AesPrimitive::ecb_encrypt);
    }
    return offers(AesPrimitive::ctr) ? most_blocks(AesPrimitive::ctr) : 1;
}

/// decrypt: in CBC mode each block comes out with the one before it added, which is known.
SecretBytes CardAes::decrypt(View blocks) {
    Turn turn(m_card);
    if (offers(AesPrimitive::ecb_decrypt)) {
        return each_by_itself(turn, AesPrimitive::ecb_decrypt, blocks);
    }
    const std::size_t longest = most(AesPrimitive::cbc_decrypt) / block_bytes * block_bytes;
    SecretBytes out;
    while (!blocks.empty()) {
        const View part = blocks.first(std::min(longest, blocks.size()));
        SecretBytes plain = compute(turn, AesPrimitive::cbc_decrypt, {.data = part});
        add(std::span(plain).subspan(block_bytes), part);
        append(out, plain);
        blocks = blocks.subspan(part.size());
    }
    return out;
}

SecretBytes CardAes::cbc_encrypt(Turn& turn, View iv, View data) const {
    const bool has_cbc = offers(AesPrimitive::cbc_encrypt);
    const std::size_t longest =
        has_cbc ? most(AesPrimitive::cbc_encrypt) / block_bytes * block_bytes : block_bytes;
    SecretBytes last = to_secret(iv);
    SecretBytes out;
    for (; !data.empty(); data = data.subspan(std::min(longest, data.size()))) {
        SecretBytes part = to_secret(data.first(std::min(longest, data.size())));
        add(part, last);
        append(out, has_cbc ? compute(turn, AesPrimitive::cbc_encrypt, {.data = part}) : encrypt(turn, part));
        last = to_secret(View(out).last(block_bytes));
    }
    return out;
}

SecretBytes CardAes::cbc_encrypt(View iv, View data) {
    Turn turn(m_card);
    return cbc_encrypt(turn, iv, data);
}

SecretBytes CardAes::cbc_decrypt(View iv, View data) {
    SecretBytes out = decrypt(data);
    add(out, iv);
    if (out.size() > block_bytes) {
        add(std::span(out).subspan(block_bytes), data);
    }
    return out;
}

/// cmac is CBC encryption of the message with a last block that E(0) makes, where the card cannot do it.
SecretBytes CardAes::cmac(View message) {
    Turn turn(m_card);
    if (offers(AesPrimitive::cmac) && message.size() <= most(AesPrimitive::cmac)) {
        return compute(turn, AesPrimitive::cmac, {.data = message});
    }
    const std::size_t tail = message.empty() ? 0 : (message.size() - 1) % block_bytes + 1;
    const std::array<Byte, block_bytes> zeros{};
    SecretBytes chained = to_secret(message.first(message.size() - tail));
    append(chained, crypto::cmac_last_block(encrypt(turn, zeros), message.last(tail)));
    const SecretBytes code = cbc_encrypt(turn, zeros, chained);
    return to_secret(View(code).last(block_bytes));
}

bool CardAes::fits_gcm(crypto::Direction direction, const crypto::AesParameters& parameters,
                       std::size_t bytes) const {
    const std::size_t limit = most(gcm_in(direction), {.iv = parameters.iv, .aad = parameters.aad});
    return limit != 0 && bytes <= limit;
}

SecretBytes CardAes::gcm(crypto::Direction direction, const crypto::AesParameters& parameters, View data) {
    Turn turn(m_card);
    return compute(turn, gcm_in(direction), {.data = data, .iv = parameters.iv, .aad = parameters.aad});
}

}  // namespace jeton::card
