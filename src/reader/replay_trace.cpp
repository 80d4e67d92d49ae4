#include "reader/replay_trace.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "reader/card_link.hpp"
#include "reader/ccid.hpp"
#include "reader/descriptor.hpp"
#include "reader/pcapng.hpp"
#include "reader/pcapng_usb.hpp"
#include "reader/secret_mask.hpp"
#include "reader/t1_block.hpp"

namespace jeton::reader {

namespace {

using pcapng::UsbPacket;

constexpr Byte functional_descriptor = 0x21;
constexpr Byte no_level = 0xFF;

/// Place is a card opening on a bus.
struct Place {
    std::uint16_t bus = 0;
    Byte address = 0;
    Byte slot = 0;
    bool operator==(const Place&) const = default;
};

/// find_level looks for the class descriptor of a CCID interface among those of a configuration.
std::optional<ExchangeLevel> find_level(View configuration) {
    while (configuration.size() >= 2 && configuration[0] >= 2 && configuration[0] <= configuration.size()) {
        if (configuration[1] == functional_descriptor) {
            if (const auto parsed = parse_class_descriptor(configuration.first(configuration[0]))) {
                return parsed->level();
            }
        }
        configuration = configuration.subspan(configuration[0]);
    }
    return std::nullopt;
}

/// Assembly puts APDUs together from the data of messages to and from one card.
class Assembly {
  public:
    explicit Assembly(Recording& out) : m_out(out) {}

    void power_on(View atr) {
        if (!m_powered && !atr.empty()) {
            m_out.atr = to_bytes(atr);
        }
        m_powered = m_powered || !atr.empty();
        m_after_power_on = true;
        drop();
        m_sent_number = no_level;
        m_received_number = no_level;
    }
    bool powered() const { return m_powered; }

    /// to_card takes the data of an XfrBlock message with wLevelParameter |part|.
    void to_card(ExchangeLevel level, View data, Byte part, bool masked) {
        const bool tpdus = level == ExchangeLevel::tpdu || level == ExchangeLevel::character;
        m_blocks = tpdus && shape_of(data, std::nullopt) == TpduShape::block;
        if (m_blocks) {
            block_to_card(data, masked);
        } else if (level != ExchangeLevel::extended_apdu) {
            begin(data, masked);
        } else if (part == ccid::chain::whole || part == ccid::chain::first) {
            begin(data, masked);
        } else if (part != ccid::chain::go_on) {
            add(m_command, data, longest_command, masked);
        }
    }

    /// from_card takes the data of its answer, of a DataBlock message with |chain|.
    void from_card(ExchangeLevel level, View data, Byte chain, bool masked) {
        if (m_blocks) {
            block_from_card(data, masked);
            return;
        }
        add(m_response, data, longest_response, masked);
        const bool more =
            level == ExchangeLevel::extended_apdu &&
            (chain == ccid::chain::first || chain == ccid::chain::middle || chain == ccid::chain::go_on);
        if (!more) {
            finish();
        }
    }

    void drop() {
        m_command.clear();
        m_response.clear();
        m_masked = false;
    }

  private:
    void begin(View data, bool masked) {
        drop();
        add(m_command, data, longest_command, masked);
    }

    void add(Bytes& out, View data, std::size_t limit, bool masked) {
        if (out.size() + data.size() <= limit) {
            append(out, data);
        }
        m_masked = m_masked || masked;
    }

    void block_to_card(View block, bool masked) {
        const Byte pcb = block[1];
        if ((pcb & 0x80) != 0) {
            if (pcb == 0xC0) {
                drop();
                m_sent_number = no_level;
            }
            return;
        }
        const auto number = static_cast<Byte>(pcb & 0x40);
        if (std::exchange(m_sent_number, number) == number) {
            return;  // once more
        }
        if (!m_chaining) {
            drop();
        }
        add(m_command, block.subspan(t1::prologue_size, block[2]), longest_command, masked);
        m_chaining = (pcb & 0x20) != 0;
    }

    void block_from_card(View block, bool masked) {
        if (!is_block(block) || (block[1] & 0x80) != 0) {
            return;
        }
        const auto number = static_cast<Byte>(block[1] & 0x40);
        if (std::exchange(m_received_number, number) == number) {
            return;
        }
        add(m_response, block.subspan(t1::prologue_size, block[2]), longest_response, masked);
        if ((block[1] & 0x20) == 0) {
            finish();
        }
    }

    void finish() {
        if (m_command.size() >= 4 && m_response.size() >= 2) {
            m_out.exchanges.push_back({std::exchange(m_command, {}), std::exchange(m_response, {}),
                                       std::exchange(m_after_power_on, false), m_masked});
        }
        drop();
    }

    Recording& m_out;
    Bytes m_command;
    Bytes m_response;
    bool m_masked = false;
    bool m_powered = false;
    bool m_after_power_on = false;
    bool m_blocks = false;
    bool m_chaining = false;
    Byte m_sent_number = no_level;
    Byte m_received_number = no_level;
};

/// Listener follows the packets of a capture.
class Listener {
  public:
    void take(const UsbPacket& packet, bool masked) {
        const bool in = (packet.endpoint & pcapng::in_endpoint) != 0;
        if (packet.type == pcapng::TransferType::control && in && packet.completes) {
            if (const auto level = find_level(packet.data)) {
                m_levels[{packet.bus, packet.address}] = *level;
            }
        } else if (packet.type == pcapng::TransferType::bulk && in == packet.completes &&
                   packet.data.size() >= ccid::header_size) {
            in ? from_reader(packet, masked) : to_reader(packet, masked);
        }
    }

    Recording finish() {
        if (!m_assembly.powered()) {
            throw RecordingError("is a capture in which no card was powered");
        }
        return std::move(m_recording);
    }

  private:
    struct Pending {
        Byte type = 0;
        Byte seq = 0;
    };

    static Place place_of(const UsbPacket& packet) { return {packet.bus, packet.address, packet.data[5]}; }

    ExchangeLevel level() const {
        const auto found = m_levels.find({m_place->bus, m_place->address});
        return found == m_levels.end() ? ExchangeLevel::short_apdu : found->second;
    }

    void to_reader(const UsbPacket& packet, bool masked) {
        const View message = packet.data;
        const auto request = static_cast<ccid::Request>(message[0]);
        if (load_le(message.subspan(1, 4)) != message.size() - ccid::header_size) {
            return;
        }
        if (request == ccid::Request::icc_power_on && (!m_place || !m_assembly.powered())) {
            m_place = place_of(packet);
        }
        if (!m_place || place_of(packet) != *m_place) {
            return;
        }
        m_pending = Pending{message[0], message[6]};
        if (request == ccid::Request::xfr_block) {
            m_assembly.to_card(level(), message.subspan(ccid::header_size), message[8], masked);
        }
    }

    void from_reader(const UsbPacket& packet, bool masked) {
        const auto reply = ccid::parse_reply(packet.data);
        if (!reply || !m_place || place_of(packet) != *m_place || !m_pending ||
            reply->seq != m_pending->seq || reply->status == ccid::CommandStatus::time_extension) {
            return;
        }
        const auto request = static_cast<ccid::Request>(std::exchange(m_pending, std::nullopt)->type);
        const bool good =
            reply->status == ccid::CommandStatus::ok && reply->answer == ccid::Answer::data_block;
        if (request == ccid::Request::icc_power_on) {
            m_assembly.power_on(good ? reply->data.first(std::min<std::size_t>(reply->data.size(), 33))
                                     : View());
        } else if (request == ccid::Request::xfr_block) {
            good ? m_assembly.from_card(level(), reply->data, reply->specific, masked) : m_assembly.drop();
        }
    }

    Recording m_recording;
    Assembly m_assembly{m_recording};
    std::map<std::pair<std::uint16_t, Byte>, ExchangeLevel> m_levels;
    std::optional<Place> m_place;
    std::optional<Pending> m_pending;
};

}  // namespace

Recording read_trace(View file) {
    pcapng::Reader reader(file);
    Listener listener;
    while (const auto packet = reader.next()) {
        if (const auto usb = pcapng::parse_usb(packet->link, packet->data)) {
            listener.take(*usb, is_mask_remark(packet->comment));
        }
    }
    if (!reader.error().empty()) {
        throw RecordingError(reader.error());
    }
    return listener.finish();
}

}  // namespace jeton::reader
