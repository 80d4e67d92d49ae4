// C_InitToken with a fault at each message: what the card is then, it can be made as new by another try.
#include "pkcs11/fault_checks.hpp"

namespace jeton::test {
namespace {

constexpr int most_messages = 100;
constexpr const char* initialise_faults[] = {"pull N", "unplug N",  "never N",
                                             "cut N",  "corrupt N", "error N FE"};
const Allowed failures{CKR_DEVICE_REMOVED, CKR_DEVICE_ERROR, CKR_TOKEN_NOT_PRESENT};

std::string fault_at(std::string_view fault, int message) {
    std::string text(fault);
    return text.replace(text.find('N'), 1, std::to_string(message));
}

/// use_new_card logs the user in, with the PIN that a new card has or that the officer sets, and finds no
/// keys.
void use_new_card(Bench& bench) {
    require_ok(bench.open(), "open");
    if (bench.login(bench.pin) != CKR_OK) {
        require_ok(bench.login(bench.kind().unblocker, CKU_SO), "login of the officer");
        require_ok(bench.init_pin(bench.pin), "C_InitPIN");
        require_ok(bench->C_Logout(bench.session()), "logout");
        require_ok(bench.login(bench.pin), "login");
    }
    std::vector<CK_OBJECT_HANDLE> keys;
    require_ok(bench.find({number(CKA_CLASS, CKO_PRIVATE_KEY)}, keys), "find");
    require_that(keys.empty(), "there are still keys");
}

/// initialise_with_fault gives false when C_InitToken ended before |message|.
bool initialise_with_fault(Bench& bench, std::string_view fault, int message, Stopwatch& stopwatch) {
    const auto initialise = [&] {
        return stopwatch.time("C_InitToken", [&] { return bench.init_token(bench.kind().officer); });
    };
    bench.begin("card", "extended-apdu");
    bench.plan(fault_at(fault, message));
    const CK_RV rv = initialise();
    if (!bench.met()) {
        require_ok(rv, "C_InitToken");
        return false;
    }
    // The last messages only ask whether the card is there.
    require_that(rv == CKR_OK || std::ranges::find(failures, rv) != failures.end(),
                 fmt::format("C_InitToken: CKR {:#x}", rv));
    bench.no_plan();
    require_ok(initialise(), "the second try of C_InitToken");
    use_new_card(bench);
    require_that(read_counters(bench.card(), bench.kind()) == bench.kind().full, "tries are missing");
    return true;
}

class FaultInitialise : public testing::TestWithParam<FaultKind> {};

TEST_P(FaultInitialise, another_try_makes_the_card_as_new) {
    const CardTemplates templates(GetParam());
    Matrix matrix(std::string("faults while ") + GetParam().name + " is made as new");
    for (const char* fault : initialise_faults) {
        matrix.add("initialise", fault, [&, fault](Matrix::Cell& cell) {
            Bench bench(templates);
            for (int message = 1; message <= most_messages; ++message) {
                const bool met = cell.run_case(fault_at(fault, message), bench, [&] {
                    return initialise_with_fault(bench, fault, message, cell.stopwatch);
                });
                if (!met) {
                    return;
                }
            }
            ADD_FAILURE() << "there is no end of messages";
        });
    }
    matrix.run();
}

// Not of PIV: a card that was reset has another number and another management key, with which it goes on.
INSTANTIATE_TEST_SUITE_P(Cards, FaultInitialise, testing::ValuesIn(fault_kinds().subspan(1)), kind_name);

}  // namespace
}  // namespace jeton::test
