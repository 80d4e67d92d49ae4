#include "reader/apdu_log.hpp"

#include <fmt/core.h>

namespace jeton::reader {

namespace {

constexpr std::size_t header_size = 4;

}  // namespace

std::string ApduLog::command(View apdu) {
    if (apdu.size() < header_size) {
        return fmt::format("> [{} bytes]", apdu.size());
    }
    m_secrets = m_tracker.command(apdu, true);
    if (m_secrets.command) {
        return fmt::format("> {} [{} bytes]", to_hex(apdu.first(header_size)), apdu.size() - header_size);
    }
    return "> " + to_hex(apdu);
}

std::string ApduLog::response(View apdu) const {
    if (apdu.size() < 2 || !m_secrets.response || apdu.size() == 2) {
        return "< " + to_hex(apdu);
    }
    return fmt::format("< [{} bytes] {}", apdu.size() - 2, to_hex(apdu.last(2)));
}

}  // namespace jeton::reader
