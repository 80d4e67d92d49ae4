// Attestation: certificates by which the card says how a key came into being.
#pragma once

#include "softcard/piv_state.hpp"

namespace jeton::softcard {

/// add_attestation_key gives |state| a new key F9 and its certificate, which it signed itself.
void add_attestation_key(PivState& state);

/// attest gives the certificate of |key|, which is in the slot |reference| of the card with the number
/// |serial|, signed by the attestation key; nullopt when the card has no attestation key or no certificate
/// for it.
std::optional<Bytes> attest(const PivState& state, View serial, Byte reference, const Key& key);

}  // namespace jeton::softcard
