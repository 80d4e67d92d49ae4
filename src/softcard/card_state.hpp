// What a card keeps without power: its serial number and the memory of each of its applications.
#pragma once

#include <array>
#include <optional>

#include "softcard/hsm_state.hpp"
#include "softcard/openpgp_state.hpp"
#include "softcard/piv_state.hpp"
#include "util/bytes.hpp"

namespace jeton::softcard {

struct CardState {
    std::array<Byte, 4> serial{};
    std::optional<PivState> piv;  ///< nullopt: the card does not have this application
    std::optional<openpgp::State> openpgp;
    std::optional<HsmState> hsm;
};

/// make_card_state is a new card with a random serial number and the applications of |options|, each as it is
/// when nobody used it yet.
CardState make_card_state(const CreateOptions& options);

/// identity_of tells one card from another: its serial number and which applications it has.
Bytes identity_of(const CardState& state);

}  // namespace jeton::softcard
