#include "qemu/working_reader.hpp"

#include <algorithm>
#include <array>

#include "reader/ccid.hpp"
#include "reader/error.hpp"

namespace jeton::test {

namespace {

constexpr Milliseconds waiting_time{500};  ///< shorter than that of the card
constexpr Byte more_time = 0x80;           ///< bStatus

}  // namespace

bool WorkingReader::works_until(Deadline deadline) const {
    return m_work.valid() && m_work.wait_until(deadline.at()) != std::future_status::ready;
}

void WorkingReader::bulk_write(View message, Deadline deadline) {
    if (m_work.valid()) {
        m_work.get();
    }
    m_header = to_bytes(message.first(std::min(message.size(), reader::ccid::header_size)));
    m_ask = Deadline::after(waiting_time);
    m_work = std::async(std::launch::async,
                        [this, deadline, copy = to_bytes(message)] { m_reader->bulk_write(copy, deadline); });
}

std::size_t WorkingReader::bulk_read(std::span<Byte> buffer, Deadline deadline) {
    const Deadline end = std::min(deadline, m_ask);
    if (!works_until(end)) {
        return m_reader->bulk_read(buffer, deadline);
    }
    const auto block = static_cast<Byte>(reader::ccid::Request::xfr_block);
    if (!m_ask.passed() || m_header.size() < reader::ccid::header_size || m_header[0] != block) {
        throw reader::Error(reader::Error::Kind::timeout, "the card works");
    }
    m_ask = Deadline::after(waiting_time);
    const std::array<Byte, reader::ccid::header_size> answer{
        static_cast<Byte>(reader::ccid::Answer::data_block),
        0,
        0,
        0,
        0,
        m_header[5],
        m_header[6],
        more_time,
        1};
    std::ranges::copy(answer, buffer.begin());
    return answer.size();
}

void WorkingReader::control(Byte request, std::uint16_t value, Deadline deadline) {
    if (works_until(deadline)) {
        throw reader::Error(reader::Error::Kind::timeout, "the card works");
    }
    m_reader->control(request, value, deadline);
}

std::size_t WorkingReader::interrupt_read(std::span<Byte> buffer, Deadline deadline) {
    return works_until(deadline) ? 0 : m_reader->interrupt_read(buffer, deadline);
}

}  // namespace jeton::test
