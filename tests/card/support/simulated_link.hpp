// A CardLink directly at the contacts of a SimulatedCard, for tests that let the world interfere: other
// processes that reset or change the card, readers that fail, cards that answer something else.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "reader/card_link.hpp"
#include "reader/error.hpp"
#include "reader/simulated_card.hpp"

namespace jeton::support {

class SimulatedLink final : public reader::CardLink {
  public:
    explicit SimulatedLink(std::shared_ptr<reader::SimulatedCard> card) : m_card(std::move(card)) {}

    // What a test sets.
    bool extended = true;
    bool others_wrote = false;                            ///< of the next Lease; then false again
    std::function<std::optional<Bytes>(View)> intercept;  ///< answers instead of the card, or throws

    // What a test looks at.
    std::vector<Bytes> sent;
    std::size_t resets = 0;
    std::size_t writes = 0;

    /// take_away is another process that used the card: the next Lease finds it reset.
    void take_away() { m_powered = false; }

    /// share is another process of this user that used the card and left it powered: the next Lease finds it
    /// so.
    void share() { m_shared = true; }

    /// exchange puts another card into the reader without the link's noticing.
    void exchange(std::shared_ptr<reader::SimulatedCard> card) {
        m_card = std::move(card);
        m_powered = false;
    }

    /// pull takes the card out.
    void pull() {
        m_present = false;
        ++m_insertion;
    }

    /// sent_since gives the INS bytes of the commands from the |count|th on, in hex.
    std::string sent_since(std::size_t count) const {
        std::string out;
        for (std::size_t i = count; i < sent.size(); ++i) {
            out += (out.empty() ? "" : " ") + to_hex(View(sent[i]).subspan(1, 1));
        }
        return out;
    }

    std::string name() const override { return "simulated reader"; }
    reader::LinkLimits limits() const override { return {.extended_apdu = extended}; }
    bool present() override { return m_present; }
    std::uint64_t insertion() const override { return m_insertion; }
    View atr() const override { return m_atr; }

    std::unique_ptr<reader::Lease> acquire(Deadline) override {
        if (m_leased) {
            throw std::logic_error("two Leases at once");
        }
        if (!m_present) {
            throw reader::Error(reader::Error::Kind::no_card, "no card");
        }
        const bool shared = std::exchange(m_shared, false);
        auto continuity = shared ? reader::Continuity::shared : reader::Continuity::kept;
        if (!std::exchange(m_powered, true)) {
            continuity = reader::Continuity::reset;
            m_atr = m_card->power_on();
        }
        return std::make_unique<SimulatedLease>(*this, continuity, std::exchange(others_wrote, false));
    }

    SecretBytes transmit(View command, Milliseconds) override {
        if (!m_leased) {
            throw std::logic_error("transmit without a Lease");
        }
        sent.push_back(to_bytes(command));
        if (intercept) {
            if (const auto answer = intercept(command)) {
                return to_secret(*answer);
            }
        }
        return m_card->transmit(command);
    }

    void reset() override {
        ++resets;
        m_atr = m_card->power_on();
    }

  private:
    class SimulatedLease final : public reader::Lease {
      public:
        SimulatedLease(SimulatedLink& link, reader::Continuity continuity, bool wrote)
            : m_link(link), m_continuity(continuity), m_wrote(wrote) {
            m_link.m_leased = true;
        }
        ~SimulatedLease() override { m_link.m_leased = false; }
        SimulatedLease(const SimulatedLease&) = delete;
        SimulatedLease& operator=(const SimulatedLease&) = delete;

        reader::Continuity continuity() const override { return m_continuity; }
        bool others_wrote() const override { return m_wrote; }
        void mark_written() override { ++m_link.writes; }

      private:
        SimulatedLink& m_link;
        reader::Continuity m_continuity;
        bool m_wrote;
    };

    std::shared_ptr<reader::SimulatedCard> m_card;
    Bytes m_atr;
    bool m_powered = false;
    bool m_shared = false;
    bool m_present = true;
    bool m_leased = false;
    std::uint64_t m_insertion = 1;
};

}  // namespace jeton::support
