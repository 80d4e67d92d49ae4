#include "usb/mock_function.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "reader/ccid.hpp"
#include "reader/error.hpp"

namespace jeton::test {

namespace {

constexpr Milliseconds look{1};            ///< for an answer, between two looks for messages
constexpr Milliseconds idle{20};           ///< between two looks for notifications
constexpr Milliseconds patience{400};      ///< of the host, as far as we try it without a word
constexpr std::size_t longest = 1U << 20;  ///< of a message, whatever it says

}  // namespace

Bytes MockAnswer::message() const {
    Bytes all;
    for (const MockPacket& packet : packets) {
        append(all, packet.data);
    }
    return all;
}

void MockAnswer::set_message(View bytes, std::size_t size) {
    packets.clear();
    for (std::size_t at = 0; at < bytes.size(); at += size) {
        packets.push_back({to_bytes(bytes.subspan(at, std::min(size, bytes.size() - at)))});
    }
}

MockFunction::MockFunction(std::unique_ptr<reader::Device> device, std::size_t bulk_packet,
                           std::function<void()> news, std::function<void()> unplug)
    : m_device(std::move(device)),
      m_buffer(1U << 17),
      m_packet(bulk_packet),
      m_news(std::move(news)),
      m_unplug(std::move(unplug)) {
    m_device->claim();
    m_thread = std::thread([this] { run(); });
}

MockFunction::~MockFunction() {
    {
        const std::lock_guard lock(m_mutex);
        m_end = true;
    }
    m_wake.notify_all();
    m_thread.join();
}

void MockFunction::set_hooks(MockHooks hooks) {
    const std::lock_guard lock(m_mutex);
    m_hooks = std::move(hooks);
}

/// A message ends by its length; a transfer that is no beginning of one is passed on as it is.
bool MockFunction::write(const Bytes& transfer) {
    Bytes message;
    std::function<MockVerdict(const Bytes&)> on_message;
    {
        const std::lock_guard lock(m_mutex);
        append(m_partial, transfer);
        const bool whole =
            m_partial.size() < reader::ccid::header_size || m_partial.size() > longest ||
            m_partial.size() - reader::ccid::header_size >= load_le(View(m_partial).subspan(1, 4));
        if (!whole) {
            return true;
        }
        message = std::exchange(m_partial, {});
        on_message = m_hooks.on_message;
    }
    const MockVerdict verdict = on_message ? on_message(message) : MockVerdict::take;
    if (verdict == MockVerdict::unplug) {
        m_unplug();
    } else if (verdict == MockVerdict::take) {
        const std::lock_guard lock(m_mutex);
        m_messages.push_back(std::move(message));
        m_wake.notify_all();
    }
    return verdict != MockVerdict::stall;
}

std::optional<Bytes> MockFunction::request(Byte request, std::uint16_t value, const Bytes& data) {
    std::function<std::optional<Bytes>(Byte, std::uint16_t, const Bytes&)> on_request;
    {
        const std::lock_guard lock(m_mutex);
        on_request = m_hooks.on_request;
    }
    if (on_request) {
        return on_request(request, value, data);
    }
    try {
        const std::lock_guard lock(m_device_mutex);
        m_device->control(request, value, Deadline::after(Milliseconds(1000)));
        m_wake.notify_all();
        return Bytes();
    } catch (const reader::Error&) {
        return std::nullopt;
    }
}

std::optional<MockPacket> MockFunction::next_bulk() {
    const std::lock_guard lock(m_mutex);
    if (m_bulk.empty()) {
        return std::nullopt;
    }
    MockPacket packet = std::move(m_bulk.front());
    m_bulk.pop_front();
    return packet;
}

std::optional<MockPacket> MockFunction::next_interrupt() {
    const std::lock_guard lock(m_mutex);
    if (m_interrupts.empty()) {
        return std::nullopt;
    }
    MockPacket packet = std::move(m_interrupts.front());
    m_interrupts.pop_front();
    return packet;
}

std::size_t MockFunction::waiting_packets() {
    const std::lock_guard lock(m_mutex);
    return m_bulk.size();
}

void MockFunction::run() {
    while (true) {
        Bytes message;
        {
            std::unique_lock lock(m_mutex);
            m_wake.wait_for(lock, m_owes > 0 ? look : idle, [&] { return m_end || !m_messages.empty(); });
            if (m_end) {
                return;
            }
            if (!m_messages.empty()) {
                message = std::move(m_messages.front());
                m_messages.pop_front();
            }
        }
        if (!message.empty()) {
            take(message);
        }
        while (fetch()) {
        }
        notify();
    }
}

void MockFunction::take(const Bytes& message) {
    {
        const std::lock_guard lock(m_mutex);
        m_at_work = message;
        m_asked_for_time = Deadline::Clock::now();
    }
    const std::lock_guard lock(m_device_mutex);
    m_request = message;
    ++m_owes;
    m_device->bulk_write(message, Deadline::after(Milliseconds(1000)));
    const std::lock_guard done(m_mutex);
    m_at_work.reset();
}

bool MockFunction::tick() {
    const std::lock_guard lock(m_mutex);
    const auto now = Deadline::Clock::now();
    if (!m_at_work || now - m_asked_for_time < patience) {
        return false;
    }
    using reader::ccid::Request;
    const auto request = static_cast<Request>(m_at_work->at(0));
    if (request != Request::xfr_block && request != Request::icc_power_on) {
        return false;
    }
    m_asked_for_time = now;
    Bytes asks(reader::ccid::header_size);
    asks[0] = static_cast<Byte>(reader::ccid::answer_to(request));
    asks[5] = m_at_work->at(5);
    asks[6] = m_at_work->at(6);
    asks[7] = 0x80;
    asks[8] = 1;
    m_bulk.push_back({asks});
    return true;
}

/// fetch puts one answer of the Device into packets; false when there is none yet.
bool MockFunction::fetch() {
    MockAnswer answer;
    try {
        const std::lock_guard lock(m_device_mutex);
        if (m_owes <= 0) {
            return false;
        }
        const std::size_t got = m_device->bulk_read(m_buffer, Deadline::after(Milliseconds(0)));
        answer.request = m_request;
        answer.set_message(View(m_buffer).first(got), m_packet);
        if (got % m_packet == 0) {
            answer.packets.emplace_back();  // who reads more than a message would wait for its end otherwise
        }
        const bool goes_on = got > 7 && (m_buffer[7] & 0xC0) == 0x80;  // a time extension
        m_owes -= goes_on ? 0 : 1;
    } catch (const reader::Error&) {
        return false;
    }
    std::function<void(MockAnswer&)> on_answer;
    {
        const std::lock_guard lock(m_mutex);
        on_answer = m_hooks.on_answer;
    }
    if (on_answer) {
        on_answer(answer);
    }
    std::this_thread::sleep_for(answer.delay);
    {
        const std::lock_guard lock(m_mutex);
        m_bulk.insert(m_bulk.end(), answer.packets.begin(), answer.packets.end());
    }
    m_news();
    return true;
}

void MockFunction::notify() {
    std::array<Byte, 64> buffer{};
    std::size_t got = 0;
    {
        const std::lock_guard lock(m_device_mutex);
        got = m_device->interrupt_read(buffer, Deadline::after(Milliseconds(0)));
    }
    if (got > 0) {
        {
            const std::lock_guard lock(m_mutex);
            m_interrupts.push_back({to_bytes(View(buffer).first(got))});
        }
        m_news();
    }
}

}  // namespace jeton::test
