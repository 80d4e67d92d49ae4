// A software card in memory, and the host side that tests need to talk to it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "crypto/certificate.hpp"
#include "crypto/keys.hpp"
#include "softcard/soft_card.hpp"
#include "softcard/storage.hpp"

namespace jeton::softcard {

/// Answer is a response APDU taken apart.
struct Answer {
    Bytes data;
    unsigned status = 0;
    bool operator==(const Answer&) const = default;
};

void PrintTo(const Answer& answer, std::ostream* out);

Answer split(View response);

/// hex reads digits that a test wrote down; a wrong one ends the test program.
Bytes hex(std::string_view text);

/// fixed_options have a known management key: AES-192 with the well-known value. A PIN costs next to nothing.
CreateOptions fixed_options();

/// new_medium is a new card in memory.
std::shared_ptr<Medium> new_medium(const CreateOptions& options = fixed_options());

/// GuardedStorage passes everything on, and calls |before_write| with each content before it is written: to
/// look at it, or to throw as a full disk does.
class GuardedStorage final : public Storage {
  public:
    using Guard = std::function<void(View)>;
    GuardedStorage(std::shared_ptr<Medium> medium, std::shared_ptr<Guard> before_write)
        : m_storage(std::move(medium)), m_before_write(std::move(before_write)) {}

    std::string name() const override { return m_storage.name(); }
    std::optional<Version> version() const override { return m_storage.version(); }
    std::optional<Content> read() const override { return m_storage.read(); }
    Version write(View bytes) override {
        if (*m_before_write) {
            (*m_before_write)(bytes);
        }
        return m_storage.write(bytes);
    }

  private:
    MemoryStorage m_storage;
    std::shared_ptr<Guard> m_before_write;
};

/// CardUnderTest is a powered card with the PIV application selected.
class CardUnderTest {
  public:
    explicit CardUnderTest(std::shared_ptr<Medium> medium = new_medium(), const CardOptions& options = {});

    Medium& medium() { return *m_medium; }
    reader::SimulatedCard& card() { return m_card; }

    /// before_write guards the storage, see GuardedStorage.
    void before_write(GuardedStorage::Guard guard) { *m_guard = std::move(guard); }

    /// restart powers the card off and on and selects the application.
    void restart();

    /// send transmits one APDU, as it stands.
    Answer send(View apdu);
    Answer send(std::string_view digits) { return send(hex(digits)); }

    /// command sends header and data in one extended APDU, or as a chain of short ones with GET RESPONSE.
    Answer command(std::string_view header, View data);
    Answer command_in_short_links(std::string_view header, View data);

    /// verify gives the PIN of fixed_options, become_administrator proves the management key, AES unless
    /// |algorithm| says otherwise, by mutual authentication; try_administrator gives what the last step
    /// answers.
    void verify();
    void become_administrator(View key = {}, std::optional<ManagementAlgorithm> algorithm = {});
    Answer try_administrator(View key, ManagementAlgorithm algorithm);

    /// block_pins gives wrong PINs and PUKs until both are blocked.
    void block_pins();

    /// generate makes a key and gives its public part as the card told it.
    crypto::PublicKey generate(Byte reference, Byte algorithm, std::string_view more = "");

    /// authenticate sends GENERAL AUTHENTICATE with 82 00 and |tag| |value|, and gives what 82 holds in the
    /// answer.
    Answer authenticate(Byte algorithm, Byte reference, std::uint32_t tag, View value);

    /// import brings |key| into a slot; |more| are policies.
    Answer import(Byte reference, Byte algorithm, const crypto::PrivateKey& key, std::string_view more = "");

    /// attest gives the certificate that attests the key in a slot.
    std::optional<crypto::Certificate> attest(Byte reference);

  private:
    std::shared_ptr<Medium> m_medium;
    std::shared_ptr<GuardedStorage::Guard> m_guard = std::make_shared<GuardedStorage::Guard>();
    SoftCard m_card;
};

}  // namespace jeton::softcard
