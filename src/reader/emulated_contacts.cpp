#include "reader/emulated_contacts.hpp"

#include <algorithm>
#include <utility>

#include "reader/atr.hpp"

namespace jeton::reader::emulated {

namespace {

constexpr Byte direct = 0x3B;
constexpr Byte default_speed = 0x11;
constexpr Byte pps_start = 0xFF;
constexpr Byte pps_has_speed = 0x10;
constexpr Byte bwi_cwi = 0x45;

Byte exclusive_or(View bytes) {
    Byte sum = 0;
    for (const Byte byte : bytes) {
        sum = static_cast<Byte>(sum ^ byte);
    }
    return sum;
}

Byte first_protocol(const ContactOptions& options) {
    return options.t0 ? 0 : 1;
}

}  // namespace

Bytes contact_atr(View atr, const ContactOptions& options) {
    const auto parsed = parse_atr(atr);
    const View historical = parsed ? parsed->historical : View();
    const bool td1 = options.t1 || options.specific_mode;
    Bytes out{direct, static_cast<Byte>(historical.size())};
    if (options.fi_di != default_speed) {
        out[1] |= 0x10;
        out.push_back(options.fi_di);
    }
    if (td1) {
        out[1] |= 0x80;
        out.push_back(static_cast<Byte>((options.specific_mode ? 0x10 : 0) | (options.t1 ? 0x80 : 0) |
                                        first_protocol(options)));
    }
    if (options.specific_mode) {
        out.push_back(first_protocol(options));
    }
    if (options.t1) {
        append(out, Bytes{static_cast<Byte>(options.crc ? 0x71 : 0x31), options.ifsc, bwi_cwi});
        if (options.crc) {
            out.push_back(1);
        }
    }
    append(out, historical);
    if (options.t1) {
        out.push_back(exclusive_or(View(out).subspan(1)));
    }
    return out;
}

Bytes Contacts::power_on() {
    m_said.clear();
    m_speaker = std::monostate();
    m_fresh = true;
    m_deaf = false;
    m_protocol = first_protocol(m_options);
    m_speed = m_options.specific_mode ? m_options.fi_di : default_speed;
    return contact_atr(m_card.power_on(), m_options);
}

void Contacts::begin() {
    if (m_protocol == 0) {
        m_speaker.emplace<T0Card>(m_card, m_command_time);
    } else {
        m_speaker.emplace<T1Card>(m_card, m_options, m_command_time);
    }
}

/// take_pps answers a PPS that comes first (9.3) and switches to what it asks for; false: it is none.
bool Contacts::take_pps(View bytes) {
    if (bytes.size() < 3 || bytes[0] != pps_start || m_options.specific_mode) {
        return false;
    }
    const Byte protocol = bytes[1] & 0x0F;
    const bool has_speed = (bytes[1] & pps_has_speed) != 0;
    const std::size_t length = has_speed ? 4 : 3;
    const bool offered = protocol == 0 ? m_options.t0 : protocol == 1 && m_options.t1;
    if (m_options.refuses_pps || bytes.size() != length || exclusive_or(bytes) != 0 || !offered) {
        m_deaf = true;
        return true;
    }
    m_protocol = protocol;
    m_speed = has_speed ? bytes[2] : default_speed;
    m_said.push_back({Milliseconds(0), to_secret(bytes)});
    return true;
}

void Contacts::say(View bytes) {
    m_said.clear();
    if (m_deaf) {
        return;
    }
    if (m_fresh) {
        m_fresh = false;
        if (take_pps(bytes)) {
            return;
        }
    }
    if (std::holds_alternative<std::monostate>(m_speaker)) {
        begin();
    }
    if (auto* t0 = std::get_if<T0Card>(&m_speaker)) {
        const std::vector<Utterance> said = t0->hear(bytes);
        m_said.assign(said.begin(), said.end());
    } else {
        m_said.push_back(std::get<T1Card>(m_speaker).hear(bytes));
    }
}

SecretBytes Contacts::listen(std::size_t count, Milliseconds& pause) {
    SecretBytes heard;
    while (heard.size() < count && !m_said.empty()) {
        Utterance& next = m_said.front();
        pause += std::exchange(next.pause, Milliseconds(0));
        const std::size_t taken = std::min(count - heard.size(), next.bytes.size());
        append(heard, View(next.bytes).first(taken));
        next.bytes.erase(next.bytes.begin(), next.bytes.begin() + static_cast<std::ptrdiff_t>(taken));
        if (next.bytes.empty()) {
            m_said.pop_front();
        }
    }
    return heard;
}

bool Contacts::negotiate(Byte protocol, Byte fi_di) {
    Bytes request{pps_start, protocol};
    if (fi_di != default_speed) {
        request[1] |= pps_has_speed;
        request.push_back(fi_di);
    }
    request.push_back(exclusive_or(request));
    say(request);
    Milliseconds pause{0};
    return equal(listen(request.size(), pause), request);
}

}  // namespace jeton::reader::emulated
