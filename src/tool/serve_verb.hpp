// jeton softcard serve: a software card in somebody else's virtual reader.
#pragma once

#include <string>

#include "tool/connection.hpp"
#include "tool/vpcd_card.hpp"

namespace jeton::tool {

struct SoftcardServe {
    std::string name;
    std::string vpcd = "localhost";  ///< as parse_endpoint reads it, with vpcd_port as standard
};

/// ServeEnd is how the service of a card came to its end.
enum class ServeEnd { peer, stop };

/// serve answers what comes over |connection| with |card| until the other side ends it or a signal comes.
/// |place| names the other side to people. Throws Failure and reader::Error.
ServeEnd serve(Connection& connection, VpcdCard& card, const std::string& place);

/// serve_softcard throws Failure or reader::Error with a sentence for people.
void serve_softcard(const SoftcardServe& request);

}  // namespace jeton::tool
