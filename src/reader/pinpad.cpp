#include "reader/pinpad.hpp"

#include <algorithm>
#include <optional>
#include <thread>

#include "reader/card_link.hpp"
#include "reader/parameters.hpp"
#include "reader/t1_wire.hpp"

namespace jeton::reader {

namespace {

using Kind = Error::Kind;

constexpr Byte seconds_to_type = 60;
constexpr Milliseconds verify_limit{90000};
constexpr Milliseconds modify_limit{270000};  ///< three entries
constexpr Byte operation_verify = 0;
constexpr Byte operation_modify = 1;
constexpr Byte bytes_ascii_left = 0x82;  ///< bmFormatString: unit bytes, position 0, left, ASCII
constexpr Byte validation_key = 2;
constexpr Byte ask_old_and_confirm = 3;  ///< bConfirmPIN
constexpr Byte usual_message = 0xFF;     ///< bNumberMessage: what the reader shows anyway
constexpr Byte three_messages = 3;
constexpr std::uint16_t english = 0x0409;
constexpr Byte longest_block = 15;  ///< bmPINBlockString has four bits

/// append_common adds bTimeOut, bmFormatString, bmPINBlockString and bmPINLengthFormat.
void append_common(Bytes& out, const PinEntry& entry) {
    append(out, Bytes{seconds_to_type, bytes_ascii_left, entry.block, 0});
}

/// append_limits adds wPINMaxExtraDigit, whose low byte is the most.
void append_limits(Bytes& out, const PinEntry& entry, const PinpadQuirks& quirks) {
    const Byte most = quirks.most_digits == 0 ? entry.most : std::min(entry.most, quirks.most_digits);
    const Byte least = std::min(std::max(entry.least, quirks.least_digits), most);
    out.push_back(quirks.swapped_digits ? least : most);
    out.push_back(quirks.swapped_digits ? most : least);
}

void append_language(Bytes& out) {
    out.push_back(english & 0xFF);
    out.push_back(english >> 8);
}

void append_verify(Bytes& out, const PinEntry& entry, const ClassDescriptor& reader,
                   const PinpadQuirks& quirks) {
    append_limits(out, entry, quirks);
    out.push_back(validation_key);
    out.push_back(quirks.messages.value_or(reader.lcd_layout != 0 ? usual_message : Byte{0}));
    append_language(out);
    out.push_back(0);  // bMsgIndex
}

void append_modify(Bytes& out, const PinEntry& entry, const ClassDescriptor& reader,
                   const PinpadQuirks& quirks) {
    out.push_back(0);  // bInsertionOffsetOld
    out.push_back(entry.block);
    append_limits(out, entry, quirks);
    out.push_back(ask_old_and_confirm);
    out.push_back(validation_key);
    const Byte usual = reader.lcd_layout != 0 ? three_messages : Byte{0};
    const Byte messages = quirks.modify_messages.value_or(quirks.messages.value_or(usual));
    out.push_back(messages);
    append_language(out);
    out.push_back(0);  // bMsgIndex1
    if (messages != 0 || quirks.modify_all_indexes) {
        out.push_back(1);
    }
    if (messages == three_messages || quirks.modify_all_indexes) {
        out.push_back(2);
    }
}

/// Cancelled is how a wire tells that the pad's person or clock ended the entry.
struct Cancelled {
    SecretBytes status;
};

/// Entry sends one PC_to_RDR_Secure.
class Entry {
  public:
    Entry(CcidPort& port, Byte slot, const PinEntry& entry, PadUse use)
        : m_port(port), m_slot(slot), m_entry(entry), m_use(use) {}

    SecretBytes send(View prologue) {
        const Bytes data =
            secure_structure(m_entry, m_use, m_port.descriptor(), m_port.quirks().pinpad, prologue);
        const ccid::Command command{
            .request = ccid::Request::secure, .slot = m_slot, .specific = {}, .data = data};
        const Milliseconds limit = m_use == PadUse::verify ? verify_limit : modify_limit;
        std::this_thread::sleep_for(Milliseconds(m_port.quirks().pinpad.pause));
        const ccid::Reply reply = m_port.exchange(command, {limit, limit});
        if (reply.status == ccid::CommandStatus::ok) {
            return to_secret(reply.data);
        }
        if (reply.icc == ccid::IccStatus::active && reply.error == ccid::error_code::pin_cancelled) {
            throw Cancelled{SecretBytes{0x64, 0x01}};
        }
        if (reply.icc == ccid::IccStatus::active && reply.error == ccid::error_code::pin_timeout) {
            throw Cancelled{SecretBytes{0x64, 0x00}};
        }
        if (reply.icc == ccid::IccStatus::inactive) {
            throw Error(Kind::no_card, "PIN pad: the card has lost its power: it was taken out");
        }
        throw ccid::failure(reply, "PIN pad");
    }

  private:
    CcidPort& m_port;
    Byte m_slot;
    const PinEntry& m_entry;
    PadUse m_use;
};

/// EntryWire lets the pad send the I-block; the blocks that follow go the usual way. The PIN is not there to
/// be sent twice.
class EntryWire final : public t1::Wire {
  public:
    EntryWire(Entry& entry, BlockWire& rest) : m_entry(entry), m_rest(rest) {}

    std::optional<SecretBytes> exchange(View block, Byte waiting) override {
        const bool information = (block[1] & 0x80) == 0;
        if (!information) {
            return m_rest.exchange(block, waiting);
        }
        if (m_sent || (block[1] & t1::pcb::more) != 0) {
            throw Error(Kind::protocol, "T=1: the command of a PIN pad cannot be sent again or in parts");
        }
        m_sent = true;
        SecretBytes answer = m_entry.send(block.first(t1::prologue_size));
        if (answer.size() == 2 && answer[0] == 0x64) {  // no block, but what became of the entry
            throw Cancelled{std::move(answer)};
        }
        return answer;
    }
    std::size_t room() const override { return m_rest.room(); }

  private:
    Entry& m_entry;
    BlockWire& m_rest;
    bool m_sent = false;
};

}  // namespace

bool can_enter_pins(const ClassDescriptor& reader, PadUse use) {
    const Byte bit = use == PadUse::verify ? 1 : 2;
    return (reader.pin_support & bit) != 0 && reader.level() != ExchangeLevel::character;
}

Bytes pin_template(const PinEntry& entry, PadUse use) {
    Bytes apdu(entry.header.begin(), entry.header.end());
    const std::size_t pins = use == PadUse::verify ? 1 : 2;
    apdu.push_back(static_cast<Byte>(entry.block * pins));
    apdu.resize(command_header_and_lc + entry.block * pins, entry.fill);
    return apdu;
}

Bytes secure_structure(const PinEntry& entry, PadUse use, const ClassDescriptor& reader,
                       const PinpadQuirks& quirks, View prologue) {
    if (entry.block > longest_block) {
        throw Error(Kind::unsupported, "PIN pad: the PIN's field is too long");
    }
    Bytes out{use == PadUse::verify ? operation_verify : operation_modify};
    append_common(out, entry);
    if (use == PadUse::verify) {
        append_verify(out, entry, reader, quirks);
    } else {
        append_modify(out, entry, reader, quirks);
    }
    append(out, prologue);
    append(out, pin_template(entry, use));
    return out;
}

SecretBytes enter_pins(CcidPort& port, Byte slot, CardProtocol& card, const PinEntry& entry, PadUse use) {
    Entry pad(port, slot, entry, use);
    SecretBytes answer;
    const t1::State before = card.t1;
    try {
        if (host_speaks(port.descriptor()) && card.number == 1) {
            const Milliseconds limit = use == PadUse::verify ? verify_limit : modify_limit;
            Xfr xfr(port, slot, {card.silence, limit});
            BlockWire blocks(xfr, card.t1.checksum);
            EntryWire wire(pad, blocks);
            answer = t1::transmit(wire, card.t1, pin_template(entry, use));
        } else {
            answer = pad.send(Bytes{0, 0, 0});
        }
    } catch (const Cancelled& cancelled) {
        card.t1 = before;  // the card was told nothing
        return cancelled.status;
    }
    if (answer.size() != 2) {
        throw Error(Kind::protocol, "PIN pad: the answer is no status word");
    }
    return answer;
}

}  // namespace jeton::reader
