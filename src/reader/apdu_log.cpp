#include "reader/apdu_log.hpp"

#include <fmt/core.h>

#include "reader/card_link.hpp"

namespace jeton::reader {

std::string ApduLog::command(View apdu) {
    if (apdu.size() < command_header) {
        return fmt::format("> [{} bytes]", apdu.size());
    }
    m_secrets = m_tracker.command(apdu, true);
    if (m_secrets.command) {
        return fmt::format("> {} [{} bytes]", to_hex(apdu.first(command_header)),
                           apdu.size() - command_header);
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
