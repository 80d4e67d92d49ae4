// Each operation with each fault at each message: what the application is told, how soon, and what is left
// when the reader works again.
#include "pkcs11/fault_checks.hpp"

namespace jeton::test {
namespace {

constexpr int last_message = 200;
constexpr Byte power_off_message = 0x63;
constexpr Byte status_message = 0x65;

/// What the application is told of a fault.
struct FaultRow {
    const char* fault;  ///< N is the number of the message, OTHER the file of the other card
    Allowed told;       ///< by most functions
    Allowed finding;    ///< by the function that finds the token
    Allowed looking;    ///< when the fault meets the look whether a known token is still there
    Allowed aside{};    ///< when it meets a question for the state of the card, or power off; empty: as above
    bool small = false;  ///< is in the small selection
};

const Allowed ok{CKR_OK};
const Allowed removed{CKR_DEVICE_REMOVED};
const Allowed absent{CKR_TOKEN_NOT_PRESENT};
const Allowed broken{CKR_DEVICE_ERROR};

const FaultRow fault_rows[] = {
    {"pull N", removed, absent, absent, {}, true},
    // A card that is exchanged before it has power is just another card.
    {"swap N OTHER", removed, {CKR_TOKEN_NOT_PRESENT, CKR_OK}, ok},
    {"unplug N", removed, absent, absent},
    // A look that fails leaves the question open: what follows answers it.
    {"corrupt N", broken, broken, ok, {}, true},
    {"corrupt N 0", broken, broken, ok},
    {"corrupt N 6", broken, broken, ok},
    {"corrupt N 7", broken, broken, ok},
    {"cut N", broken, broken, ok},
    {"cut N 0", broken, broken, ok},
    {"never N", broken, broken, ok},
    {"double N", ok, ok, ok, {}, true},
    {"delay N 300", ok, ok, ok},
    {"delay N 6000", broken, broken, broken},
    // A reply that says that the question failed tells where the card is all the same.
    {"error N FE", broken, broken, ok, ok, true},
    {"error N FB", broken, broken, ok, ok},
    {"error N 00", broken, broken, ok, ok},
    // Busy: the reader is asked again.
    {"error N E0", ok, ok, ok},
};

const Allowed& allowed(const FaultRow& row, Operation::Kind kind, int message, Byte type) {
    if (kind == Operation::Kind::looking && message == 1) {
        return row.looking;
    }
    if ((type == status_message || type == power_off_message) && !row.aside.empty()) {
        return row.aside;
    }
    return kind == Operation::Kind::finding ? row.finding : row.told;
}

/// selected: the selection has some faults, and T=0 and T=1 at the login alone.
bool selected(const Operation& operation, const FaultRow& row) {
    if (matrix_is_whole()) {
        return true;
    }
    const bool host_speaks = std::string_view(operation.exchange).starts_with("tpdu");
    return row.small && (!host_speaks || std::string_view(operation.name).starts_with("login"));
}

std::string fault_text(const Bench& bench, const FaultRow& row, int message) {
    std::string text = row.fault;
    text.replace(text.find('N'), 1, std::to_string(message));
    if (const auto other = text.find("OTHER"); other != std::string::npos) {
        text.replace(other, 5, bench.other_card().string());
    }
    return text;
}

/// Case is one operation with one fault at one message.
class Case {
  public:
    Case(Bench& bench, const Operation& operation, const FaultRow& row, Stopwatch& stopwatch)
        : m_bench(bench), m_operation(operation), m_row(row), m_stopwatch(stopwatch) {}

    /// run gives false when the operation ended before |message|.
    bool run(int message) {
        m_bench.begin(m_operation.card, m_operation.exchange);
        m_operation.prepare(m_bench);
        m_bench.plan(fault_text(m_bench, m_row, message));
        const CK_RV rv = m_stopwatch.time("the operation", [&] { return m_operation.run(m_bench); });
        const auto met = m_bench.met();
        require_one_of(rv, met ? allowed(m_row, m_operation.kind, message, *met) : ok, "the operation");
        if (!met) {
            return false;
        }
        require_counters(m_bench, "after the operation");
        go_on_with_the_other_card();
        m_bench.no_plan();
        use_the_old_session();
        require_counters(m_bench, "after the old session");
        start_anew(m_bench, m_stopwatch);
        if (m_operation.check != nullptr) {
            m_operation.check(m_bench, rv);
        }
        require_counters(m_bench, "in the end");
        return true;
    }

  private:
    CK_RV sign_again() {
        return m_stopwatch.time("a signature", [&] { return m_bench.sign(m_bench.key); });
    }

    /// Nothing of the old card's session goes to a card that was put in its place.
    void go_on_with_the_other_card() {
        if (std::string_view(m_row.fault).starts_with("swap") && m_bench.key != CK_INVALID_HANDLE) {
            require_one_of(sign_again(), {CKR_SESSION_HANDLE_INVALID}, "a signature after the swap");
            require_counters(m_bench, "after a signature with the other card");
        }
    }

    /// A session of a card that was out is dead; another one goes on, with its login or without.
    void use_the_old_session() {
        if (m_bench.key != CK_INVALID_HANDLE) {
            const bool was_out = m_row.told == removed;
            require_one_of(
                sign_again(),
                was_out ? Allowed{CKR_SESSION_HANDLE_INVALID} : Allowed{CKR_OK, CKR_KEY_HANDLE_INVALID},
                "the old session");
        }
    }

    Bench& m_bench;
    const Operation& m_operation;
    const FaultRow& m_row;
    Stopwatch& m_stopwatch;
};

void run_cell(const CardTemplates& templates, const Operation& operation, const FaultRow& row,
              Matrix::Cell& cell) {
    Bench bench(templates);
    Case one(bench, operation, row, cell.stopwatch);
    for (int message = 1; message <= last_message; ++message) {
        const bool met =
            cell.run_case(fault_text(bench, row, message), bench, [&] { return one.run(message); });
        if (!met) {
            return;
        }
    }
    ADD_FAILURE() << "there is no end of messages";
}

class FaultMatrix : public testing::TestWithParam<FaultKind> {};

TEST_P(FaultMatrix, each_operation_with_each_fault_at_each_message) {
    const CardTemplates templates(GetParam());
    const std::vector<Operation> all = operations(GetParam());
    Matrix matrix(std::string("fault matrix of ") + GetParam().name);
    for (const Operation& operation : all) {
        for (const FaultRow& row : fault_rows) {
            if (selected(operation, row)) {
                matrix.add(operation.name, row.fault,
                           [&](Matrix::Cell& cell) { run_cell(templates, operation, row, cell); });
            }
        }
    }
    matrix.run();
}

INSTANTIATE_TEST_SUITE_P(Cards, FaultMatrix, testing::ValuesIn(fault_kinds()), kind_name);

}  // namespace
}  // namespace jeton::test
