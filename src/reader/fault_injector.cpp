#include "reader/fault_injector.hpp"

#include <algorithm>
#include <stdexcept>
#include <thread>
#include <utility>

#include "reader/ccid.hpp"
#include "reader/error.hpp"
#include "util/log.hpp"

namespace jeton::reader {

namespace {

using FaultKind = Fault::Kind;

constexpr std::size_t place_of_seq = 6;
constexpr std::size_t place_of_status = 7;
constexpr std::size_t place_of_error = 8;
constexpr Byte icc_status_bits = 0x03;

[[noreturn]] void time_out(Deadline deadline) {
    std::this_thread::sleep_until(deadline.at());
    throw Error(Error::Kind::timeout, "fault injector: nothing to read");
}

/// FaultInjector finds the replies to the message with the fault by their bSeq.
class FaultInjector final : public Device {
  public:
    FaultInjector(std::unique_ptr<Device> device, std::shared_ptr<FaultControl> control)
        : m_device(std::move(device)), m_control(std::move(control)) {}

    Bytes descriptor() const override { return m_device->descriptor(); }
    std::optional<UsbIdentity> usb() const override { return m_device->usb(); }

    void claim() override {
        look();
        m_device->claim();
    }

    void release() noexcept override { m_device->release(); }
    void bulk_write(View message, Deadline deadline) override;
    std::size_t bulk_read(std::span<Byte> buffer, Deadline deadline) override;

    void control(Byte request, std::uint16_t value, Deadline deadline) override {
        look();
        m_device->control(request, value, deadline);
    }

    std::size_t interrupt_read(std::span<Byte> buffer, Deadline deadline) override {
        look();
        return m_device->interrupt_read(buffer, deadline);
    }

  private:
    /// Spoilt is what happens to the replies to one message.
    struct Spoilt {
        Fault fault;
        ccid::Request request;
        Byte seq = 0;
    };

    void look();
    void require_plugged() const;
    bool is_spoilt(View transfer) const;
    std::size_t spoil(std::span<Byte> buffer, std::size_t length);

    std::unique_ptr<Device> m_device;
    std::shared_ptr<FaultControl> m_control;
    std::uint64_t m_generation = 0;
    std::optional<Spoilt> m_spoilt;
    std::optional<Deadline> m_silent_until;
    SecretBytes m_again;  ///< a reply that comes a second time
};

/// look follows a change of the plan, which ends what the old one did to replies.
void FaultInjector::look() {
    m_control->look();
    if (m_generation != m_control->generation()) {
        m_generation = m_control->generation();
        m_spoilt.reset();
        m_silent_until.reset();
        m_again.clear();
    }
    require_plugged();
}

void FaultInjector::require_plugged() const {
    if (!m_control->plugged()) {
        throw Error(Error::Kind::gone, "fault injector: the reader was taken away");
    }
}

void FaultInjector::bulk_write(View message, Deadline deadline) {
    look();
    if (message.size() < ccid::header_size) {
        m_device->bulk_write(message, deadline);
        return;
    }
    const Fault* fault = m_control->next_message();
    if (fault != nullptr) {
        log::info("fault plan: \"{}\" meets message {}", fault->text, to_hex(message.first(1)));
    }
    require_plugged();
    if (m_spoilt && m_spoilt->seq == message[place_of_seq]) {
        m_spoilt.reset();  // the number came round again
    }
    if (fault == nullptr) {
        m_device->bulk_write(message, deadline);
        return;
    }
    if (fault->kind == FaultKind::delay) {
        m_silent_until = Deadline::after(Milliseconds(*fault->value));
    }
    m_spoilt = Spoilt{*fault, static_cast<ccid::Request>(message[0]), message[place_of_seq]};
    if (fault->kind == FaultKind::error) {
        // A question in its place gives a reply with the right state of the card, to be spoilt.
        const ccid::Command question{
            .request = ccid::Request::get_slot_status, .slot = message[5], .specific = {}, .data = {}};
        m_device->bulk_write(ccid::encode(question, message[place_of_seq]), deadline);
        return;
    }
    m_device->bulk_write(message, deadline);
    if (fault->kind == FaultKind::status && m_control->take_status()) {
        log::info("fault plan: \"{}\": this message sent no APDU to the card", fault->text);
    }
}

std::size_t FaultInjector::bulk_read(std::span<Byte> buffer, Deadline deadline) {
    require_plugged();
    if (!m_again.empty()) {
        const SecretBytes again = std::exchange(m_again, {});
        const std::size_t length = std::min(again.size(), buffer.size());
        std::copy_n(again.begin(), length, buffer.begin());
        return length;
    }
    if (m_silent_until) {
        if (deadline < *m_silent_until) {
            time_out(deadline);
        }
        std::this_thread::sleep_until(m_silent_until->at());
        m_silent_until.reset();
    }
    do {
        std::size_t length = 0;
        try {
            length = m_device->bulk_read(buffer, deadline);
        } catch (const Error& error) {
            if (error.kind() != Error::Kind::timeout) {
                throw;
            }
            time_out(deadline);
        }
        if (!is_spoilt(buffer.first(length))) {
            return length;
        }
        if (m_spoilt->fault.kind != FaultKind::never) {
            return spoil(buffer, length);
        }
    } while (!deadline.passed());
    time_out(deadline);
}

bool FaultInjector::is_spoilt(View transfer) const {
    return m_spoilt && transfer.size() >= ccid::header_size && transfer[place_of_seq] == m_spoilt->seq;
}

/// spoil does to the reply in |buffer| what the fault says, and gives its new length.
std::size_t FaultInjector::spoil(std::span<Byte> buffer, std::size_t length) {
    const Spoilt spoilt = *std::exchange(m_spoilt, std::nullopt);
    const std::span<Byte> reply = buffer.first(length);
    const auto& value = spoilt.fault.value;
    if (spoilt.fault.kind == FaultKind::corrupt) {
        const std::size_t first = std::min<std::size_t>(value.value_or(0), length);
        const std::size_t count = value ? std::min<std::size_t>(1, length - first) : length;
        for (Byte& byte : reply.subspan(first, count)) {
            byte = static_cast<Byte>(~byte);
        }
    } else if (spoilt.fault.kind == FaultKind::cut) {
        return std::min<std::size_t>(value.value_or(static_cast<std::uint32_t>(length / 2)), length);
    } else if (spoilt.fault.kind == FaultKind::twice) {
        m_again = to_secret(reply);
    } else if (spoilt.fault.kind == FaultKind::error) {
        const auto failed = static_cast<Byte>(static_cast<unsigned>(ccid::CommandStatus::failed) << 6);
        reply[0] = static_cast<Byte>(ccid::answer_to(spoilt.request));
        reply[place_of_status] = static_cast<Byte>(failed | (reply[place_of_status] & icc_status_bits));
        reply[place_of_error] = static_cast<Byte>(value.value_or(0));
    }
    return length;
}

/// FaultyCard is the card at whose contacts the reader is at this moment.
class FaultyCard final : public SimulatedCard {
  public:
    using Insert = std::function<std::shared_ptr<SimulatedCard>(const std::filesystem::path&)>;

    FaultyCard(std::shared_ptr<SimulatedCard> card, std::shared_ptr<FaultControl> control, Insert insert)
        : m_own(std::move(card)),
          m_control(std::move(control)),
          m_insert(std::move(insert)),
          m_current(m_own) {}

    bool present() override {
        follow();
        return m_current != nullptr && m_current->present();
    }

    std::uint64_t insertion() override {
        follow();
        return m_insertion + (m_current == nullptr ? 0 : m_current->insertion());
    }

    Bytes power_on() override {
        follow();
        return m_current == nullptr ? Bytes{} : m_current->power_on();
    }

    void power_off() override {
        follow();
        if (m_current != nullptr) {
            m_current->power_off();
        }
    }

    SecretBytes transmit(View command) override {
        follow();
        if (m_current == nullptr) {
            throw std::runtime_error("fault injector: the card was taken out");
        }
        if (const auto status = m_control->take_status()) {
            return {static_cast<Byte>(*status >> 8), static_cast<Byte>(*status & 0xFF)};
        }
        return m_current->transmit(command);
    }

  private:
    /// follow takes cards out and puts them in as the control says. A card that is out has no power.
    void follow() {
        if (m_insertion == m_control->insertion()) {
            return;
        }
        m_insertion = m_control->insertion();
        if (m_current != nullptr) {
            m_current->power_off();
        }
        switch (m_control->in_reader()) {
            case FaultControl::InReader::own:
                m_current = m_own;
                break;
            case FaultControl::InReader::none:
                m_current = nullptr;
                break;
            case FaultControl::InReader::other:
                m_current = m_insert(m_control->other_card());
                break;
        }
    }

    std::shared_ptr<SimulatedCard> m_own;
    std::shared_ptr<FaultControl> m_control;
    Insert m_insert;
    std::shared_ptr<SimulatedCard> m_current;
    std::uint64_t m_insertion = 0;
};

}  // namespace

std::unique_ptr<Device> make_fault_injector(std::unique_ptr<Device> device,
                                            std::shared_ptr<FaultControl> control) {
    return std::make_unique<FaultInjector>(std::move(device), std::move(control));
}

std::shared_ptr<SimulatedCard> make_faulty_card(
    std::shared_ptr<SimulatedCard> card, std::shared_ptr<FaultControl> control,
    std::function<std::shared_ptr<SimulatedCard>(const std::filesystem::path&)> insert) {
    return std::make_shared<FaultyCard>(std::move(card), std::move(control), std::move(insert));
}

}  // namespace jeton::reader
