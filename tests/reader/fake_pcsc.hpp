// A pcscd in memory, behind the functions of libpcsclite: one reader with a SimpleCard, and levers for what
// other programs, people and the daemon do. It knows what pcscd does in each state; the tests in
// tests/clients know that too.
#pragma once

#include <algorithm>
#include <cstring>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>

#include "reader/pcsc_library.hpp"
#include "reader/simple_card.hpp"

namespace jeton::reader::test {

class FakePcsc {
  public:
    FakePcsc() { current() = this; }
    ~FakePcsc() { current() = nullptr; }
    FakePcsc(const FakePcsc&) = delete;
    FakePcsc& operator=(const FakePcsc&) = delete;

    static inline const std::string reader = "Fake Reader 00 00";

    const pcsc::Library library{
        .establish_context = [](pcsc::Dword, const void*, const void*,
                                pcsc::Long* context) { return me().establish(*context); },
        .release_context = [](pcsc::Long context) { return me().release(context); },
        .list_readers = [](pcsc::Long context, const char*, char* names,
                           pcsc::Dword* size) { return me().list(context, names, *size); },
        .get_status_change = [](pcsc::Long context, pcsc::Dword, pcsc::ReaderState* state,
                                pcsc::Dword) { return me().state(context, *state); },
        .connect = [](pcsc::Long context, const char*, pcsc::Dword, pcsc::Dword, pcsc::Long* handle,
                      pcsc::Dword* protocol) { return me().connect(context, *handle, *protocol); },
        .reconnect = [](pcsc::Long handle, pcsc::Dword, pcsc::Dword, pcsc::Dword what,
                        pcsc::Dword* protocol) { return me().reconnect(handle, what, *protocol); },
        .disconnect = [](pcsc::Long handle, pcsc::Dword) { return me().disconnect(handle); },
        .begin_transaction = [](pcsc::Long handle) { return me().begin(handle); },
        .end_transaction = [](pcsc::Long handle, pcsc::Dword) { return me().end(handle); },
        .status = [](pcsc::Long handle, char*, pcsc::Dword*, pcsc::Dword*, pcsc::Dword*, Byte* atr,
                     pcsc::Dword* size) { return me().status(handle, atr, *size); },
        .transmit =
            [](pcsc::Long handle, const pcsc::IoRequest* send_as, const Byte* command, pcsc::Dword size,
               pcsc::IoRequest*, Byte* response, pcsc::Dword* room) {
                return me().transmit(handle, *send_as, View(command, size), response, *room);
            },
        .control = [](pcsc::Long handle, pcsc::Dword code, const void*, pcsc::Dword, void* out,
                      pcsc::Dword room,
                      pcsc::Dword* returned) { return me().control(handle, code, out, room, *returned); },
        .get_attrib = [](pcsc::Long handle, pcsc::Dword what, Byte* value,
                         pcsc::Dword* size) { return me().attribute(handle, what, value, *size); },
    };

    // What happens outside.
    void insert() { change(true); }
    void pull() { change(false); }
    void reset_by_others() {
        for (auto& [handle, event] : cards) {
            event = pcsc::code::reset_card;
        }
        card.power_on();
    }
    void restart() {  ///< nothing that was known before is known now
        contexts.clear();
        cards.clear();
        events = card.inserted ? 1 : 0;
    }

    SimpleCard card;
    bool running = true;
    bool plugged = true;
    pcsc::Dword events = 1;
    pcsc::Dword card_protocol = pcsc::protocol_t1;
    bool locked_by_others = false;            ///< another program is in a transaction
    bool exclusive_by_others = false;         ///< another program has the card to itself
    std::function<void()> at_begin;           ///< happens when a transaction is asked for, once
    std::function<pcsc::Long()> at_transmit;  ///< gives a result other than success, once
    std::map<pcsc::Dword, Bytes> controls;    ///< what the driver answers
    std::optional<Bytes> channel;             ///< SCARD_ATTR_CHANNEL_ID
    std::map<pcsc::Long, int> contexts;
    std::map<pcsc::Long, pcsc::Long> cards;  ///< handle -> the event that it was not told of yet
    std::optional<pcsc::Long> transaction;
    pcsc::Dword last_protocol = 0;
    int connections = 0;

  private:
    static FakePcsc*& current() {
        static FakePcsc* pcsc = nullptr;
        return pcsc;
    }
    static FakePcsc& me() { return *current(); }

    void change(bool inserted) {
        card.inserted = inserted;
        ++events;
        for (auto& [handle, event] : cards) {
            event = pcsc::code::removed_card;
        }
    }

    pcsc::Long establish(pcsc::Long& context) {
        if (!running) {
            return pcsc::code::no_service;
        }
        context = ++m_last;
        contexts[context] = 0;
        return pcsc::code::success;
    }
    pcsc::Long release(pcsc::Long context) {
        return contexts.erase(context) == 1 ? pcsc::code::success : pcsc::code::invalid_handle;
    }
    pcsc::Long check(pcsc::Long context) const {
        if (!running) {
            return pcsc::code::no_service;
        }
        return contexts.contains(context) ? pcsc::code::success : pcsc::code::invalid_handle;
    }
    /// usable is about a handle: those of a lost context are unknown, the locks and events of others are
    /// told.
    pcsc::Long usable(pcsc::Long handle) {
        if (!running) {
            return pcsc::code::no_service;
        }
        if (!cards.contains(handle)) {
            return pcsc::code::invalid_handle;
        }
        if (!plugged) {
            return pcsc::code::reader_unavailable;
        }
        return locked_by_others ? pcsc::code::sharing_violation : cards[handle];
    }

    pcsc::Long list(pcsc::Long context, char* names, pcsc::Dword& size) {
        if (const pcsc::Long wrong = check(context); wrong != pcsc::code::success) {
            return wrong;
        }
        if (!plugged) {
            return pcsc::code::no_readers;
        }
        const std::string list = reader + std::string(1, '\0') + "Other 01 00" + std::string(2, '\0');
        std::memcpy(names, list.data(), std::min<std::size_t>(list.size(), size));
        size = list.size();
        return pcsc::code::success;
    }
    pcsc::Long state(pcsc::Long context, pcsc::ReaderState& out) {
        if (const pcsc::Long wrong = check(context); wrong != pcsc::code::success) {
            return wrong;
        }
        if (!plugged || out.name != reader) {
            return pcsc::code::unknown_reader;
        }
        out.event = events << 16 | (card.inserted ? pcsc::state_present : 0x10);
        return pcsc::code::success;
    }
    pcsc::Long connect(pcsc::Long context, pcsc::Long& handle, pcsc::Dword& out_protocol) {
        if (const pcsc::Long wrong = check(context); wrong != pcsc::code::success) {
            return wrong;
        }
        if (exclusive_by_others) {
            return pcsc::code::sharing_violation;
        }
        if (!card.inserted) {
            return pcsc::code::no_smartcard;
        }
        ++connections;
        handle = ++m_last;
        cards[handle] = pcsc::code::success;
        out_protocol = card_protocol;
        return pcsc::code::success;
    }
    pcsc::Long reconnect(pcsc::Long handle, pcsc::Dword what, pcsc::Dword& out_protocol) {
        const pcsc::Long state = usable(handle);
        if (state != pcsc::code::success && state != pcsc::code::reset_card) {
            return state;
        }
        if (what == pcsc::reset_card) {
            card.power_on();
        }
        cards[handle] = pcsc::code::success;
        out_protocol = card_protocol;
        return pcsc::code::success;
    }
    pcsc::Long disconnect(pcsc::Long handle) {
        if (transaction == handle) {
            transaction.reset();
        }
        return cards.erase(handle) == 1 ? pcsc::code::success : pcsc::code::invalid_handle;
    }
    pcsc::Long begin(pcsc::Long handle) {
        if (auto happens = std::exchange(at_begin, nullptr)) {
            happens();
        }
        const pcsc::Long wrong = usable(handle);
        if (wrong == pcsc::code::sharing_violation) {
            throw std::logic_error("libpcsclite would wait here, without end");
        }
        if (wrong == pcsc::code::success) {
            transaction = handle;
        }
        return wrong;
    }
    pcsc::Long end(pcsc::Long handle) {
        const bool ours = transaction == handle;
        transaction.reset();
        return ours ? pcsc::code::success : pcsc::code::not_transacted;
    }
    pcsc::Long status(pcsc::Long handle, Byte* atr, pcsc::Dword& size) {
        if (const pcsc::Long wrong = usable(handle); wrong != pcsc::code::success) {
            return wrong;
        }
        size = std::min<pcsc::Dword>(size, card.atr.size());
        std::copy_n(card.atr.begin(), size, atr);
        return pcsc::code::success;
    }
    pcsc::Long transmit(pcsc::Long handle, const pcsc::IoRequest& send_as, View command, Byte* response,
                        pcsc::Dword& room) {
        if (transaction != handle) {
            throw std::logic_error("a command outside of a transaction");
        }
        if (auto result = std::exchange(at_transmit, nullptr)) {
            return result();
        }
        if (const pcsc::Long wrong = usable(handle); wrong != pcsc::code::success) {
            return wrong;
        }
        last_protocol = send_as.protocol;
        const SecretBytes answer = card.transmit(command);
        if (answer.size() > room) {
            return 0x8010'0008;
        }
        std::ranges::copy(answer, response);
        room = answer.size();
        return pcsc::code::success;
    }
    pcsc::Long control(pcsc::Long handle, pcsc::Dword code, void* out, pcsc::Dword room,
                       pcsc::Dword& returned) {
        if (const pcsc::Long wrong = usable(handle); wrong != pcsc::code::success) {
            return wrong;
        }
        const auto found = controls.find(code);
        if (found == controls.end()) {
            return pcsc::code::unsupported_feature;
        }
        returned = std::min<pcsc::Dword>(room, found->second.size());
        std::memcpy(out, found->second.data(), returned);
        return pcsc::code::success;
    }
    pcsc::Long attribute(pcsc::Long handle, pcsc::Dword what, Byte* value, pcsc::Dword& size) {
        if (const pcsc::Long wrong = usable(handle); wrong != pcsc::code::success) {
            return wrong;
        }
        const Bytes content = what == pcsc::attribute_channel ? channel.value_or(Bytes()) : card.atr;
        if (content.empty() || content.size() > size) {
            return pcsc::code::unsupported_feature;
        }
        std::ranges::copy(content, value);
        size = content.size();
        return pcsc::code::success;
    }

    pcsc::Long m_last = 100;
};

}  // namespace jeton::reader::test
