// Each status word as the card's answer to each command of each operation: the application is told what the
// tables of fault_status_rows.hpp say.
#include <map>
#include <optional>

#include "pkcs11/fault_checks.hpp"
#include "pkcs11/fault_status_rows.hpp"

namespace jeton::test {
namespace {

using namespace words;

constexpr const char* names[] = {"recognise",
                                 "list",
                                 "login",
                                 "login as SO",
                                 "sign",
                                 "decrypt",
                                 "generate",
                                 "change PIN",
                                 "write certificate",
                                 "delete certificate",
                                 "unblock",
                                 "sign after hand-over",
                                 "generate, retired slot",
                                 "delete key",
                                 "write data"};

/// Those of PIV cards: deleting a key is a command that not all of them have.
constexpr std::string_view left_out_of_piv[] = {"delete key", "write data"};

constexpr int last_message = 100;

/// command_name names the APDU with this header and so many bytes behind it.
std::string command_name(View header, std::size_t rest, std::string_view logged, unsigned kind) {
    if (header[1] == 0x20) {
        return rest == 0 ? "pin status" : "verify";
    }
    const auto* const row = std::ranges::find_if(name_rows, [&](const NameRow& it) {
        return it.ins == header[1] && (it.kinds & kind) != 0 &&
               logged.find(it.logged) != std::string_view::npos;
    });
    return row == std::end(name_rows) ? "another" : row->name;
}

/// met_command is the command that the card did not carry out, from the log: the last one before the fault.
std::optional<std::string> met_command(const Bench& bench) {
    const std::string log = bench.log();
    const auto fault = log.find("\" meets message 6F");
    const auto begin = log.rfind(" > ", fault);
    if (fault == std::string::npos || begin == std::string::npos) {
        return std::nullopt;
    }
    const std::string line = log.substr(begin + 3, log.find('\n', begin) - begin - 3);
    const auto header = from_hex(line.substr(0, 8));
    const auto bracket = line.find('[');
    const std::size_t rest = bracket == std::string::npos
                                 ? line.size() / 2 - 4
                                 : std::strtoul(line.c_str() + bracket + 1, nullptr, 10);
    return header ? std::optional(command_name(*header, rest, line, bench.kind().mask)) : std::nullopt;
}

/// misleads: a card that says that it is done without having done it, or that it has no key history when it
/// has one, cannot be helped.
bool misleads(std::uint16_t status, CK_RV told) {
    return status >> 8 == 0x61 || status == 0x6381 || (status == 0x6A82 && told == OK);
}

/// Case is one operation in which the card answers one command with a status word.
class Case {
  public:
    Case(Bench& bench, const Operation& operation, Stopwatch& stopwatch)
        : m_bench(bench), m_operation(operation), m_stopwatch(stopwatch) {}

    void run(int message, const std::string& command, std::uint16_t status, CK_RV told) {
        m_bench.begin(m_operation.card, m_operation.exchange);
        m_operation.prepare(m_bench);
        m_bench.plan(fmt::format("status {} {:04X}", message, status));
        const CK_RV rv = m_stopwatch.time("the operation", [&] { return m_operation.run(m_bench); });
        require_that(met_command(m_bench) == command, "another command was met");
        require_one_of(rv, {told}, "the operation");
        require_counters(m_bench, "after the operation");
        insert_anew();
        start_anew(m_bench, m_stopwatch);
        if (m_operation.check != nullptr && !misleads(status, told)) {
            m_operation.check(m_bench, CKR_GENERAL_ERROR);  // it did not carry out one of the commands
        }
        require_counters(m_bench, "in the end");
    }

  private:
    /// insert_anew takes the card out and puts it in, which ends what followed from its words.
    void insert_anew() {
        m_bench.plan("pull 1");
        CK_SLOT_INFO info{};
        m_bench->C_GetSlotInfo(m_bench.slot(), &info);
        require_that((info.flags & CKF_TOKEN_PRESENT) == 0, "the card is still there");
        m_bench.no_plan();
        if (m_bench.pin != SoftCards::pin) {  // the card said that the PIN was changed
            m_bench.pin_in_doubt = std::exchange(m_bench.pin, SoftCards::pin);
        }
    }

    Bench& m_bench;
    const Operation& m_operation;
    Stopwatch& m_stopwatch;
};

/// commands_of gives the names of the commands that |operation| sends, by the number of the message.
std::map<int, std::string> commands_of(Bench& bench, const Operation& operation) {
    std::map<int, std::string> commands;
    for (int message = 1; message <= last_message; ++message) {
        bench.begin(operation.card, operation.exchange);
        operation.prepare(bench);
        bench.plan(fmt::format("double {}", message));
        require_one_of(operation.run(bench), {OK}, operation.name);
        const bool met = bench.met().has_value();
        if (const auto command = met ? met_command(bench) : std::nullopt) {
            commands[message] = *command;
        }
        bench.end();
        if (!met) {
            return commands;
        }
    }
    throw std::runtime_error("there is no end of messages");
}

struct Told {
    std::uint16_t status;
    CK_RV rv;
};

CK_RV told_about(const ToldRow& row, Asked asked, unsigned kind) {
    const auto* const otherwise = std::ranges::find_if(otherwise_rows, [&](const OtherwiseRow& it) {
        return (it.kinds & kind) != 0 && it.asked == asked && it.status == row.status;
    });
    return otherwise == std::end(otherwise_rows) ? row.told[asked] : otherwise->told;
}

/// told_of gives what the application is to be told: all status words for the command that |operation| is
/// about, a few for the others, and for what comes once more (|time| counts from 1).
std::vector<Told> told_of(const Operation& operation, const std::string& command, int time, unsigned kind) {
    std::vector<Told> out;
    const auto fits = [&](const auto& row) {
        const bool is_of_operation =
            row.operation == nullptr || row.operation == std::string_view(operation.name);
        return (row.kinds & kind) != 0 && is_of_operation && command == row.command;
    };
    if (const auto* about = std::ranges::find_if(about_rows, fits); about != std::end(about_rows)) {
        for (const ToldRow& row : told_rows) {
            if (time == 1 || std::ranges::find(few, row.status) != std::end(few)) {
                out.push_back({row.status, told_about(row, about->asked, kind)});
            }
        }
        return out;
    }
    const auto* beside = std::ranges::find_if(
        beside_rows, [&](const BesideRow& row) { return fits(row) && (row.time == 0 || row.time == time); });
    require_that(beside != std::end(beside_rows), "there is no row for the command \"" + command + "\"");
    for (std::size_t i = 0; i < std::size(few); ++i) {
        out.push_back({few[i], beside->told[i]});
    }
    return out;
}

void run_cell(const CardTemplates& templates, const Operation& operation, int message,
              const std::string& command, const std::vector<Told>& told, Matrix::Cell& cell) {
    Bench bench(templates);
    Case one(bench, operation, cell.stopwatch);
    for (const auto& [status, rv] : told) {
        cell.run_case(fmt::format("status {} {:04X}", message, status), bench,
                      [&, sw = status, expected = rv] {
                          one.run(message, command, sw, expected);
                          return true;
                      });
    }
}

/// wants tells whether the operation is one of this kind of card.
bool wants(const FaultKind& kind, const Operation& operation) {
    const bool left_out = kind.mask == piv_faults &&
                          std::ranges::find(left_out_of_piv, operation.name) != std::end(left_out_of_piv);
    return !left_out && std::ranges::find(names, std::string_view(operation.name)) != std::end(names);
}

class StatusMatrix : public testing::TestWithParam<FaultKind> {};

TEST_P(StatusMatrix, each_status_word_to_each_command_of_each_operation) {
    const CardTemplates templates(GetParam());
    const std::vector<Operation> all = operations(GetParam());
    Matrix matrix(std::string("status matrix of ") + GetParam().name);
    for (const Operation& operation : all) {
        if (!wants(GetParam(), operation)) {
            continue;
        }
        Bench bench(templates);
        std::map<std::string, int> times;
        for (const auto& [number, command] : commands_of(bench, operation)) {
            std::vector<Told> told = told_of(operation, command, ++times[command], GetParam().mask);
            matrix.add(
                operation.name, fmt::format("{} {}", number, command),
                [&templates, &operation, message = number, command, told = std::move(told)](
                    Matrix::Cell& cell) { run_cell(templates, operation, message, command, told, cell); });
        }
    }
    matrix.run();
}

INSTANTIATE_TEST_SUITE_P(Cards, StatusMatrix, testing::ValuesIn(fault_kinds()), kind_name);

}  // namespace
}  // namespace jeton::test
