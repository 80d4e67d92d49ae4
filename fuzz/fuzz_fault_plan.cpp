// A fault plan of arbitrary text: what is accepted keeps its bounds, and reads the same again.
#include <cstdlib>

#include "reader/fault_plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace jeton::reader;
    const auto require = [](bool condition) {
        if (!condition) {
            std::abort();
        }
    };
    const auto parsed = parse_fault_plan({reinterpret_cast<const char*>(data), size});
    if (const auto* mistake = std::get_if<FaultMistake>(&parsed)) {
        require(mistake->line > 0 && mistake->line <= size + 1 && !mistake->expected.empty());
        return 0;
    }
    const FaultPlan& plan = std::get<FaultPlan>(parsed);
    require(plan.size() <= 32);
    for (const Fault& fault : plan) {
        require(fault.message > 0);
        require(fault.kind != Fault::Kind::swap || fault.card.starts_with('/'));
        const auto again = parse_fault_plan(fault.text);
        require(std::holds_alternative<FaultPlan>(again));
        const FaultPlan& same = std::get<FaultPlan>(again);
        require(same.size() == 1 && same[0].kind == fault.kind && same[0].message == fault.message);
        require(same[0].value == fault.value && same[0].card == fault.card);
    }
    return 0;
}
