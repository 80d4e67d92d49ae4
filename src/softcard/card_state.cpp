#include "softcard/card_state.hpp"

#include "crypto/digest.hpp"
#include "softcard/applications.hpp"

namespace jeton::softcard {

CardState make_card_state(const CreateOptions& options) {
    CardState state;
    crypto::random_bytes(state.serial);
    state.serial[0] &= 0x7F;  // some hosts take it for a signed number
    for (const std::string& name : options.applets) {
        if (const ApplicationKind* const kind = find_application(name); kind != nullptr && kind->make) {
            kind->make(options, state);
        }
    }
    return state;
}

Bytes identity_of(const CardState& state) {
    Bytes identity = to_bytes(state.serial);
    for (const ApplicationKind& kind : application_kinds()) {
        identity.push_back(kind.is_on != nullptr && kind.is_on(state) ? 1 : 0);
    }
    return identity;
}

}  // namespace jeton::softcard
