// One card opening of the emulated reader: the card's power, its parameters, and its exchanges.
#pragma once

#include "reader/emulated_contacts.hpp"

namespace jeton::reader::emulated {

class EmulatedSlot {
  public:
    EmulatedSlot(std::shared_ptr<SimulatedCard> card, const EmulationOptions& options);

    /// look finds out whether the card is there, and still the same.
    void look();

    /// notice tells the presence if the host was not told yet: bit 0 present, bit 1 changed; else 0.
    Byte notice();

    ccid::IccStatus icc() const;

    /// answer carries out a message, other than Abort, whose length is right.
    Outgoing answer(const Incoming& in);

    /// drop forgets commands and responses of which parts are missing.
    void drop();

  private:
    struct Row {
        ccid::Request request;
        Outgoing (EmulatedSlot::*handle)(const Incoming&);
    };
    static const std::array<Row, 8> rows;

    Outgoing get_slot_status(const Incoming& in);
    Outgoing icc_power_on(const Incoming& in);
    Outgoing icc_power_off(const Incoming& in);
    Outgoing xfr_block(const Incoming& in);
    Outgoing get_parameters(const Incoming& in);
    Outgoing set_parameters(const Incoming& in);
    Outgoing reset_parameters(const Incoming& in);
    Outgoing secure(const Incoming& in);

    Outgoing xfr_extended(const Incoming& in);
    Outgoing run_card(View command);
    Outgoing send_part();
    Outgoing exchange_tpdu(View data);
    Outgoing exchange_characters(View data, std::size_t count);
    bool exchange_t0(View tpdu, Outgoing& out);
    void first_ifs();
    void default_parameters();
    bool has(std::uint32_t feature) const { return (m_features & feature) != 0; }
    bool speaks_apdus() const;
    std::size_t payload() const { return m_options.max_message - ccid::header_size; }

    std::shared_ptr<SimulatedCard> m_card;
    const EmulationOptions m_options;
    const std::uint32_t m_features;
    Contacts m_contacts;
    Byte m_protocol = 1;  ///< as the parameters have it
    Bytes m_parameters;
    bool m_present = false;
    bool m_powered = false;
    bool m_untouched = false;        ///< no block was sent since power on
    std::uint64_t m_insertion = 0;   ///< of the card, at the last look
    std::optional<bool> m_notified;  ///< presence that the host was told last
    SecretBytes m_command;           ///< the parts of a command that came so far
    SecretBytes m_response;          ///< a response of which parts are still to be sent
    std::size_t m_response_sent = 0;
};

}  // namespace jeton::reader::emulated
