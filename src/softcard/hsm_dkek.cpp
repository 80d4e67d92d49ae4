// Key domains with their DKEKs, and the keys that leave and enter the card under them.
#include <algorithm>

#include "softcard/hsm_card.hpp"
#include "util/log.hpp"

namespace jeton::softcard {

namespace {

/// The domain after one more share: the DKEK is the sum, bit by bit, of all.
HsmDomain with_share(HsmDomain domain, Byte number, View share, View sealing_key) {
    domain.sum.resize(dkek_bytes);
    std::ranges::transform(domain.sum, share, domain.sum.begin(),
                           [](Byte one, Byte other) { return static_cast<Byte>(one ^ other); });
    --domain.missing;
    if (domain.missing == 0) {
        domain.check_value = dkek_check_value(domain.sum);
        domain.box = seal(sealing_key, domain.sum, hsm_domain_context(number));
        domain.sum.clear();
    }
    return domain;
}

}  // namespace

/// MANAGE KEY DOMAIN: P2 domain; P1 00 imports a share of its DKEK, or with no data tells how far it is; 01
/// makes a domain of as many shares as the data say. A card that was initialised without key domains does
/// not know the instruction.
Response HsmCard::manage_domain(const Command& command) {
    constexpr Byte import_or_status = 0x00;
    constexpr Byte create = 0x01;
    require(state().domain_count != 0, status::unknown_instruction);
    require(command.p2 < state().domain_count, status::wrong_parameters);
    require(command.p1 == import_or_status || command.p1 == create, status::wrong_parameters);
    if (command.p1 == create) {
        create_domain(command.p2, command.data);
    } else if (!command.data.empty()) {
        import_share(command.p2, command.data);
    }
    return domain_status(command.p2);
}

void HsmCard::create_domain(Byte domain, View data) {
    require_pin();
    require(!state().domains.contains(domain), hsm_status::exists);
    require(data.size() == 1 && data[0] != 0, status::wrong_data);
    change([&](HsmState& changed) {
        changed.domains.emplace(domain, HsmDomain{.shares = data[0], .missing = data[0]});
    });
}

void HsmCard::import_share(Byte domain, View share) {
    const auto found = state().domains.find(domain);
    require(found != state().domains.end(), status::reference_not_found);
    require(!found->second.is_complete(), status::conditions_not_satisfied);
    require(share.size() == dkek_bytes, status::wrong_length);
    const HsmDomain next = with_share(found->second, domain, share, state().sealing_key);
    change([&](HsmState& changed) { changed.domains.insert_or_assign(domain, next); });
}

/// Number of shares, how many are missing, and the check value of the DKEK: zeros until it is there.
Response HsmCard::domain_status(Byte domain) const {
    const auto found = state().domains.find(domain);
    require(found != state().domains.end(), status::reference_not_found);
    const HsmDomain& present = found->second;
    Response response{{static_cast<Byte>(present.shares), static_cast<Byte>(present.missing)}};
    append(response.data, present.check_value);
    response.data.resize(2 + dkek_check_bytes);
    return response;
}

/// The DKEK of a domain; 6A88 when it has none yet. The user's PIN is verified.
SecretBytes HsmCard::dkek(Byte domain) const {
    const auto found = state().domains.find(domain);
    const bool there = found != state().domains.end() && found->second.is_complete();
    require(there, status::reference_not_found);
    auto opened = m_volatile.unlocked.value().sealing_key.open(found->second.box, hsm_domain_context(domain));
    if (!opened) {
        log::error("software card: the DKEK does not open: the card's file was changed by hand");
        throw Refusal(status::memory_failure);
    }
    return std::move(*opened);
}

/// WRAP KEY: P1 key.
Response HsmCard::wrap(const Command& command) {
    require_pin();
    require(command.p2 == hsm_algorithm::wrap, status::wrong_parameters);
    require(command.data.empty(), status::wrong_length);
    const HsmKey& key = usable_key(command.p1, hsm_algorithm::wrap);
    const SecretBytes under = dkek(key.domain);
    return {to_secret(wrap_key(under, open(command.p1, key), key.algorithms))};
}

/// UNWRAP KEY: P1 key. The blob is in the data, or in the file 2F10. It goes to the domain whose DKEK it is
/// under.
Response HsmCard::unwrap(const Command& command) {
    require_pin();
    require(command.p2 == hsm_algorithm::unwrap, status::wrong_parameters);
    require_free(command.p1);
    const SecretBytes blob = command.data.empty() ? m_volatile.blob.value_or(SecretBytes{}) : command.data;
    const auto check = blob_check_value(blob);
    require(check.has_value(), status::wrong_data);
    const auto& domains = state().domains;
    const auto domain =
        std::ranges::find_if(domains, [&](const auto& row) { return equal(row.second.check_value, *check); });
    require(domain != domains.end(), status::reference_not_found);
    const auto unwrapped = unwrap_key(dkek(domain->first), blob);
    require(unwrapped.has_value(), status::wrong_data);
    HsmKey key{.kind = HsmKey::Aes{}, .algorithms = unwrapped->algorithms, .domain = domain->first};
    seal_hsm_key(state().sealing_key, command.p1, unwrapped->secret, key);
    change([&](HsmState& changed) { changed.keys.insert_or_assign(command.p1, key); });
    m_volatile.blob.reset();
    return {};
}

}  // namespace jeton::softcard
