#include "softcard/applications.hpp"

#include <algorithm>

#include "softcard/hsm_card.hpp"
#include "softcard/openpgp_card.hpp"
#include "softcard/piv_card.hpp"

namespace jeton::softcard {

namespace {

template <auto Part>
bool is_on(const CardState& card) {
    return (card.*Part).has_value();
}

template <typename Kind>
std::unique_ptr<Application> run(CardMemory& memory, const CardOptions& options) {
    return std::make_unique<Kind>(memory, options);
}

constexpr ApplicationKind kinds[] = {
    {"piv", is_on<&CardState::piv>,
     [](const CreateOptions& options, CardState& card) { card.piv = make_piv_state(options); }, run<PivCard>},
    {"openpgp", is_on<&CardState::openpgp>,
     [](const CreateOptions& options, CardState& card) { card.openpgp = openpgp::make_state(options); },
     run<openpgp::Card>},
    {"sc-hsm", is_on<&CardState::hsm>,
     [](const CreateOptions& options, CardState& card) { card.hsm = make_hsm_state(options, card.serial); },
     run<HsmCard>},
};

}  // namespace

std::span<const ApplicationKind> application_kinds() {
    return kinds;
}

const ApplicationKind* find_application(std::string_view name) {
    const auto* const found = std::ranges::find(kinds, name, &ApplicationKind::name);
    return found == std::end(kinds) ? nullptr : found;
}

std::vector<std::unique_ptr<Application>> run_applications(CardMemory& memory, const CardOptions& options) {
    std::vector<std::unique_ptr<Application>> out;
    for (const ApplicationKind& kind : kinds) {
        if (kind.run != nullptr) {
            out.push_back(kind.run(memory, options));
        }
    }
    return out;
}

}  // namespace jeton::softcard
